// Buildings in three dimensions: light roofs with a thin edge, two tones of wall, coloured by any attribute.

import { AmbientLight, DirectionalLight, LightingEffect } from "@deck.gl/core";
import { SolidPolygonLayer } from "@deck.gl/layers";
import type { Column, Row } from "../data";
import { bytes, dark } from "../theme";
import { BELOW_NAMES } from "./ground";
import { colourOf, type Rgba } from "./scale";

export const BUILDINGS = "buildings";
const HEIGHT_UNKNOWN_METRES = 6;

export interface Building {
  id: string;
  name: string;
  rings: number[][][];
  height: number;
  values: (number | null)[];
}

export function toBuildings(rows: Row[], columns: Column[]): Building[] {
  const height = columns.findIndex((column) => column.iri.endsWith("/height"));
  const storeys = columns.findIndex((column) => column.iri.endsWith("/floorsAboveGround"));
  return rows.flatMap(([id, name, geometry, , ...values]) => {
    const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.type === "MultiPolygon" ? geometry.coordinates : [];
    const metres = values[height] ?? (values[storeys] ?? 0) * 3.2;
    return polygons.map((rings) => ({ id, name, rings, values, height: metres > 0 ? metres : HEIGHT_UNKNOWN_METRES }));
  });
}

// Light from straight above makes the roof; a low one turns the walls towards it into the lighter of two tones.
// The strengths are the ratios of the tokens roof, wall-1 and wall-2.
export function lighting(): LightingEffect {
  const [walls, side, top] = dark() ? [0.56, 0.2, 0.44] : [0.78, 0.11, 0.22];
  const white: [number, number, number] = [255, 255, 255];
  return new LightingEffect({
    ambient: new AmbientLight({ color: white, intensity: walls }),
    top: new DirectionalLight({ color: white, intensity: top, direction: [0, 0, -1] }),
    side: new DirectionalLight({ color: white, intensity: side, direction: [0.85, 0.5, 0] }),
  });
}

export interface Painting {
  visible: boolean;
  column: Column | null;
  index: number;
  selected: string | null;
}

// Buildings cover the map: kinds are told apart by let-down colours, so that what is alive stays on top.
// The legend mixes the same (styles/product.css)
const COLOUR_SHARE = 0.62;

function mixed(colour: Rgba, ground: Rgba): Rgba {
  const part = (index: 0 | 1 | 2) => Math.round(colour[index] * COLOUR_SHARE + ground[index] * (1 - COLOUR_SHARE));
  return [part(0), part(1), part(2), 255];
}

export function buildingLayer(data: Building[], painting: Painting): SolidPolygonLayer<Building> {
  const roof = bytes("map-roof");
  const edge = bytes("map-edge", painting.column ? 90 : 150);
  const chosen = bytes("accent");
  const colour = (building: Building): Rgba => {
    if (building.id === painting.selected) return chosen;
    if (!painting.column) return roof;
    const found = colourOf(painting.column, building.values[painting.index] ?? null);
    if (!found) return bytes("map-wall-2");
    return painting.column.scale?.kind === "categories" ? mixed(found, roof) : found;
  };
  return new SolidPolygonLayer<Building>({
    id: BUILDINGS,
    data,
    visible: painting.visible,
    extruded: true,
    wireframe: true,
    pickable: true,
    getPolygon: (building: Building) => building.rings as never,
    getElevation: (building: Building) => building.height,
    getFillColor: colour,
    getLineColor: edge,
    material: { ambient: 1, diffuse: 1, shininess: 1, specularColor: [0, 0, 0] },
    updateTriggers: { getFillColor: [painting.column?.iri, painting.selected, dark()], getLineColor: [dark()] },
    ...{ beforeId: BELOW_NAMES },
  } as ConstructorParameters<typeof SolidPolygonLayer<Building>>[0]);
}
