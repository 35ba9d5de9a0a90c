// One layer of the city file on the map: its data, how it is drawn, what changes when a value arrives.

import type { GeoJSONSource, LayerSpecification, Map } from "maplibre-gl";
import { getJson, number, type Change, type Column, type LayerConfig, type LayerData, type Row } from "../data";
import { token } from "../theme";
import { BELOW_NAMES, BELOW_VALUES, FONT, groundIds } from "./ground";
import { markerName } from "./markers";
import { cssColourOf, stepOf, toneOf } from "./scale";

const DIGITS_MAX = 4;

export interface Seen {
  id: string;
  name: string;
  at: [number, number];
  value: number | null;
  observed: number | null;
}

export class CityLayer {
  readonly config: LayerConfig;
  columns: Column[] = [];
  rows = new globalThis.Map<string, Row>();
  loaded = false;
  visible: boolean;

  constructor(config: LayerConfig, visible: boolean) {
    this.config = config;
    this.visible = visible;
  }

  get column(): Column | null {
    return this.columns.find((column) => column.iri === this.config.attribute) ?? null;
  }

  async load(): Promise<void> {
    if (this.config.ground) {
      this.loaded = true;
      return;
    }
    const data = await getJson<LayerData>(this.config.url);
    this.columns = data.columns;
    this.rows = new globalThis.Map(data.rows.map((row) => [row[0], row]));
    this.loaded = true;
  }

  valueOf(row: Row): number | null {
    const index = this.columns.findIndex((column) => column.iri === this.config.attribute);
    return index < 0 ? null : ((row[4 + index] as number | null | undefined) ?? null);
  }

  // Returns whether a row of this layer has changed
  apply(change: Change): boolean {
    const row = this.rows.get(change.id);
    if (change.kind === "deleted") return this.rows.delete(change.id);
    if (!row) return false;
    let changed = false;
    this.columns.forEach((column, index) => {
      const news = change.values[column.iri];
      if (!news) return;
      row[4 + index] = numeric(news.value, column);
      if (news.observed !== null) row[3] = news.observed;
      changed = true;
    });
    return changed;
  }

  stale(row: Row, now: number): boolean {
    const after = this.config.staleAfter;
    return after !== null && row[3] !== null && now - row[3] > after;
  }

  features(selected: string | null): GeoJSON.FeatureCollection {
    const now = Date.now();
    const column = this.column;
    const features = [...this.rows.values()].map((row): GeoJSON.Feature => {
      const value = this.valueOf(row);
      const stale = this.stale(row, now);
      const properties: Record<string, unknown> = { id: row[0], name: row[1], selected: row[0] === selected };
      if (this.config.style === "value") {
        const step = stepOf(column?.scale ?? null, value);
        properties.icon = markerName({ step, stale, text: stale || value === null ? "–" : short(value, column) });
        properties.colour = column?.scale && step && !stale ? token(toneOf(column.scale, step)) : token("rule-control");
      } else {
        properties.colour = cssColourOf(column, value) ?? token(`cat-${this.config.tone}`);
      }
      return { type: "Feature", geometry: row[2], properties };
    });
    return { type: "FeatureCollection", features };
  }

  seen(): Seen[] {
    return [...this.rows.values()].map((row) => ({
      id: row[0],
      name: row[1],
      at: middle(row[2]),
      value: this.valueOf(row),
      observed: row[3],
    }));
  }

  // --- on the map ---

  get source(): string {
    return `layer-${this.config.id}`;
  }

  add(map: Map, selected: string | null): void {
    if (this.config.ground) return this.show(map);
    map.addSource(this.source, { type: "geojson", data: this.features(selected) });
    for (const [layer, below] of this.specifications()) map.addLayer(layer, below);
    this.show(map);
  }

  update(map: Map, selected: string | null): void {
    (map.getSource(this.source) as GeoJSONSource | undefined)?.setData(this.features(selected));
  }

  repaint(map: Map): void {
    for (const [layer] of this.specifications()) {
      for (const [name, value] of Object.entries(layer.paint ?? {})) map.setPaintProperty(layer.id, name, value);
    }
  }

  show(map: Map): void {
    for (const id of this.ids()) if (map.getLayer(id)) map.setLayoutProperty(id, "visibility", this.visible ? "visible" : "none");
  }

  ids(): string[] {
    if (this.config.ground) return groundIds(this.config.ground);
    return this.specifications().map(([layer]) => layer.id);
  }

  // Each with the layer that it is drawn under
  private specifications(): [LayerSpecification, string | undefined][] {
    if (this.config.ground) return [];
    const source = this.source;
    const colour = ["get", "colour"] as never;
    switch (this.config.style) {
      case "value":
        return [
          [{ id: `${source}-dots`, type: "circle", source, paint: { "circle-radius": 3.5, "circle-color": colour, "circle-stroke-width": 1, "circle-stroke-color": token("map-halo") } }, undefined],
          [{ id: source, type: "symbol", source, filter: ["!", ["get", "selected"]], layout: { "icon-image": ["get", "icon"], "icon-anchor": "bottom", "icon-padding": 1, "symbol-z-order": "viewport-y" } }, undefined],
        ];
      case "point":
        return [[this.points(source, colour), BELOW_VALUES], [this.names(source), BELOW_VALUES]];
      case "line":
        return [
          [{ id: source, type: "line", source, layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": colour, "line-width": ["interpolate", ["linear"], ["zoom"], 10, 1, 16, 3.5], "line-opacity": 0.85 } }, BELOW_NAMES],
        ];
      case "area":
        return [
          [{ id: source, type: "fill", source, paint: { "fill-color": colour, "fill-opacity": 0.5 } }, BELOW_NAMES],
          [{ id: `${source}-edge`, type: "line", source, paint: { "line-color": token("rule-control"), "line-width": 0.5, "line-opacity": 0.6 } }, BELOW_NAMES],
          [this.cells(source, colour), BELOW_NAMES],
        ];
      case "building":
        return []; // drawn by deck.gl, see buildings.ts
    }
  }

  // Rings of the layer's colour; discs with an edge where the colour tells a value
  private points(source: string, colour: never): LayerSpecification {
    const valued = this.config.attribute !== null;
    return {
      id: source, type: "circle", source, filter: ["==", ["geometry-type"], "Point"],
      paint: {
        "circle-radius": ["interpolate", ["exponential", 1.4], ["zoom"], 10, 1.4, 14, 3.2, 17, 6.5],
        "circle-color": valued ? colour : ["step", ["zoom"], colour, 14, token("surface")],
        "circle-stroke-color": valued ? token("map-label") : colour,
        "circle-stroke-width": ["step", ["zoom"], 0, 13, valued ? 1 : 2],
      },
    };
  }

  private names(source: string): LayerSpecification {
    return {
      id: `${source}-names`, type: "symbol", source, minzoom: 15.2,
      layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": 12, "text-anchor": "top", "text-offset": [0, 0.8], "text-max-width": 8 },
      paint: { "text-color": token("map-label"), "text-halo-color": token("map-halo"), "text-halo-width": 1.5 },
    };
  }

  // An area whose source gives only its centre is a coloured disc
  private cells(source: string, colour: never): LayerSpecification {
    return {
      id: `${source}-cells`, type: "circle", source, filter: ["==", ["geometry-type"], "Point"],
      paint: { "circle-radius": ["interpolate", ["exponential", 2], ["zoom"], 9, 1.2, 16, 60], "circle-color": colour, "circle-opacity": 0.55, "circle-pitch-alignment": "map" },
    };
  }
}

// A code is known to the map by its number
function numeric(value: number | string | boolean, column: Column): number | null {
  if (typeof value === "number" && column.scale?.kind !== "categories") return value;
  const found = column.scale?.codes.indexOf(String(value)) ?? -1;
  return found < 0 ? null : found;
}

export function short(value: number, column: Column | null): string {
  const text = number(value, column?.decimals ?? null);
  if (text.replace(/\D/g, "").length <= DIGITS_MAX) return text;
  return new Intl.NumberFormat(document.documentElement.lang, { notation: "compact", maximumFractionDigits: 1 }).format(value);
}

export function middle(geometry: GeoJSON.Geometry): [number, number] {
  if (geometry.type === "Point") return [geometry.coordinates[0] as number, geometry.coordinates[1] as number];
  if (geometry.type === "GeometryCollection") return geometry.geometries[0] ? middle(geometry.geometries[0]) : [0, 0];
  const points = (geometry.coordinates as unknown[]).flat(geometry.type === "LineString" ? 0 : geometry.type === "MultiPolygon" ? 2 : 1) as number[][];
  if (geometry.type === "LineString") return points[points.length >> 1] as [number, number];
  const sum = points.reduce<[number, number]>(([x, y], point) => [x + (point[0] ?? 0), y + (point[1] ?? 0)], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}
