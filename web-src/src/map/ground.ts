// The ground of the map: earth, green, water, streets in three classes with casing, and the names of all of them.
// Colours are tokens, read when the theme is known and again when it changes.

import type { LayerSpecification, StyleSpecification } from "maplibre-gl";
import { token } from "../theme";

export const FONT = ["Pretendard Variable"];
export const FONT_STRONG = ["Madang SemiBold", "Pretendard Variable"]; // the first name only tells the weight
export const GROUND_SOURCES = ["green", "water", "roads", "places"] as const;
const NAME_SOURCES = ["roads-names", "green-names", "water-names"] as const;
// Where a layer of the city is put: areas and lines under the names, then dots, then values over everything
export const BELOW_NAMES = "names-roads";
export const BELOW_VALUES = "slot-values";

const EMPTY: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };

type Width = [number, number][]; // zoom, pixels

const WIDTHS: Record<number, Width> = {
  1: [[9, 0.8], [12, 2.4], [14, 6], [16, 15], [18, 34]],
  2: [[10, 0.5], [12, 1.2], [14, 3.6], [16, 10], [18, 24]],
  3: [[12, 0.4], [14, 1.8], [16, 6], [18, 16]],
  4: [[14, 0.6], [16, 1.6], [18, 4]],
};

function width(rank: number, more: number): unknown {
  const stops = (WIDTHS[rank] ?? []).flatMap(([zoom, pixels]) => [zoom, pixels + more]);
  return ["interpolate", ["exponential", 1.5], ["zoom"], ...stops];
}

function road(rank: number, casing: boolean): LayerSpecification {
  const paint: Record<string, unknown> = {
    "line-color": token(casing ? "map-casing" : rank === 4 ? "map-casing" : `map-road-${rank}`),
    "line-width": width(rank, casing ? 1.6 : 0),
  };
  if (rank === 4) paint["line-dasharray"] = [2, 1.5];
  return {
    id: `roads-${casing ? "casing-" : ""}${rank}`,
    type: "line",
    source: "roads",
    minzoom: [9, 9, 10, 12, 15][rank],
    filter: ["==", ["get", "rank"], rank],
    layout: { "line-cap": rank === 4 ? "butt" : "round", "line-join": "round" },
    paint,
  } as LayerSpecification;
}

function name(id: string, source: string, colour: string, more: { layout?: object; paint?: object; minzoom?: number; filter?: unknown }): LayerSpecification {
  return {
    id,
    type: "symbol",
    source,
    minzoom: more.minzoom ?? 0,
    ...(more.filter ? { filter: more.filter } : {}),
    layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": 12.5, "text-padding": 6, ...more.layout },
    paint: { "text-color": token(colour), "text-halo-color": token("map-halo"), "text-halo-width": 1.5, ...more.paint },
  } as LayerSpecification;
}

export function groundLayers(): LayerSpecification[] {
  const line = { "symbol-placement": "line", "text-max-angle": 30, "symbol-spacing": 380 };
  return [
    { id: "ground", type: "background", paint: { "background-color": token("map-ground") } },
    { id: "green", type: "fill", source: "green", paint: { "fill-color": token("map-green") } },
    { id: "water", type: "fill", source: "water", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": token("map-water"), "fill-outline-color": token("map-water-edge") } },
    { id: "water-lines", type: "line", source: "water", filter: ["==", ["geometry-type"], "LineString"], paint: { "line-color": token("map-water"), "line-width": ["interpolate", ["exponential", 1.5], ["zoom"], 11, 1, 16, 8] } },
    road(3, true), road(2, true), road(1, true), road(4, false), road(3, false), road(2, false), road(1, false),
    name("names-roads", "roads-names", "map-label", { minzoom: 13.2, layout: { ...line, "text-size": 11.5 }, filter: ["any", ["<", ["get", "rank"], 3], [">=", ["zoom"], 15]] }),
    name("names-green", "green-names", "map-label-green", { minzoom: 13.5, paint: { "text-halo-color": token("map-green") } }),
    // A river is named again wherever it is in view, a pond once in its middle
    name("names-river", "water", "map-label-water", { minzoom: 11.5, filter: ["get", "large"], paint: { "text-halo-color": token("map-water") }, layout: { "text-letter-spacing": 0.14, "text-size": 13.5 } }),
    name("names-water", "water-names", "map-label-water", { minzoom: 14, paint: { "text-halo-color": token("map-water") } }),
    name("names-streams", "water", "map-label-water", { minzoom: 12.5, filter: ["==", ["geometry-type"], "LineString"], layout: { ...line, "text-letter-spacing": 0.14 } }),
    name("names-places", "places", "map-label", { layout: { "text-font": FONT_STRONG, "text-size": 14.5, "text-letter-spacing": 0.02 } }),
    { id: BELOW_VALUES, type: "background", layout: { visibility: "none" } },
  ];
}

export function groundStyle(): StyleSpecification {
  const sources = Object.fromEntries([...GROUND_SOURCES, ...NAME_SOURCES].map((id) => [id, { type: "geojson" as const, data: EMPTY }]));
  return { version: 8, sources, layers: groundLayers() };
}

// The layers that draw a part of the ground, names included
export function groundIds(part: string): string[] {
  const own = (layer: LayerSpecification) => "source" in layer && typeof layer.source === "string" && layer.source.startsWith(part);
  return groundLayers().filter(own).map((layer) => layer.id);
}
