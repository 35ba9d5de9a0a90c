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

export function lighting(): LightingEffect {
  // Roofs get everything, walls towards the west and north less: the two wall tones of the look
  const strength = dark() ? 1.0 : 0.62;
  return new LightingEffect({
    ambient: new AmbientLight({ color: [255, 255, 255], intensity: dark() ? 1.15 : 1.9 }),
    sun: new DirectionalLight({ color: [255, 255, 255], intensity: strength * 1.6, direction: [-0.25, 0.35, -1] }),
    sky: new DirectionalLight({ color: [255, 255, 255], intensity: strength * 0.45, direction: [1, -0.6, -0.4] }),
  });
}

export interface Painting {
  visible: boolean;
  column: Column | null;
  index: number;
  selected: string | null;
}

export function buildingLayer(data: Building[], painting: Painting): SolidPolygonLayer<Building> {
  const roof = bytes("map-roof");
  const edge = bytes("map-edge");
  const chosen = bytes("accent");
  const colour = (building: Building): Rgba => {
    if (building.id === painting.selected) return chosen;
    if (!painting.column) return roof;
    return colourOf(painting.column, building.values[painting.index] ?? null) ?? bytes("map-wall-2");
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
    material: { ambient: 0.42, diffuse: 0.55, shininess: 4, specularColor: [0, 0, 0] },
    updateTriggers: { getFillColor: [painting.column?.iri, painting.selected, dark()], getLineColor: [dark()] },
    ...{ beforeId: BELOW_NAMES },
  } as ConstructorParameters<typeof SolidPolygonLayer<Building>>[0]);
}
