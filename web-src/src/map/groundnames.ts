// Names of areas and streets, put where they can be read: a street's on its whole length, a park's in its middle.

import type { LayerData, Position, Row } from "../data";
import { joinLines } from "./lines";

const LARGE_DEGREES = 0.02; // about 2 km: longer waters are named more than once
const RANK_MINOR = 3;
const SCAN_LINES = 7;

export type Features = GeoJSON.Feature[];

// The features of a part of the ground by the source that draws them
export function groundFeatures(part: string, data: LayerData): Record<string, Features> {
  const features = data.rows.map(feature);
  if (part === "roads") return { roads: features, "roads-names": streetNames(features) };
  if (part === "places") return { places: features.map(centred) };
  const named = features.filter((one) => one.properties?.name && !one.properties.large && /Polygon/.test(one.geometry.type));
  return { [part]: features, [`${part}-names`]: named.map(centred) };
}

function feature(row: Row): GeoJSON.Feature {
  const properties = { id: row[0], name: row[1], rank: row[4] ?? RANK_MINOR, large: large(row[2]) };
  return { type: "Feature", geometry: row[2], properties };
}

function streetNames(features: Features): Features {
  const named = features.flatMap((one) =>
    one.properties?.name && one.geometry.type === "LineString"
      ? [{ name: one.properties.name as string, rank: one.properties.rank as number, line: one.geometry.coordinates as Position[] }]
      : [],
  );
  return joinLines(named).map(({ name, rank, line }) => ({
    type: "Feature",
    geometry: { type: "LineString", coordinates: line },
    properties: { name, rank },
  }));
}

function rings(geometry: GeoJSON.Geometry): Position[][] {
  if (geometry.type === "Polygon") return geometry.coordinates as Position[][];
  if (geometry.type !== "MultiPolygon") return [];
  const size = (polygon: number[][][]) => polygon[0]?.length ?? 0;
  return ([...geometry.coordinates].sort((a, b) => size(b) - size(a))[0] ?? []) as Position[][];
}

function large(geometry: GeoJSON.Geometry): boolean {
  const points = rings(geometry)[0] ?? [];
  const span = (axis: 0 | 1) => Math.max(...points.map((point) => point[axis])) - Math.min(...points.map((point) => point[axis]));
  return points.length > 0 && Math.max(span(0), span(1)) > LARGE_DEGREES;
}

function centred(one: GeoJSON.Feature): GeoJSON.Feature {
  const found = widest(rings(one.geometry));
  return found ? { ...one, geometry: { type: "Point", coordinates: found } } : one;
}

// The middle of the widest stretch inside a polygon, along a few horizontal lines
function widest(polygon: Position[][]): Position | null {
  const outer = polygon[0];
  if (!outer) return null;
  const ys = outer.map((point) => point[1]);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  let best: { width: number; at: Position } | null = null;
  for (let index = 1; index <= SCAN_LINES; index += 1) {
    const y = low + ((high - low) * index) / (SCAN_LINES + 1);
    const cuts = polygon.flatMap((ring) => crossings(ring, y)).sort((a, b) => a - b);
    for (let cut = 0; cut + 1 < cuts.length; cut += 2) {
      const [from, to] = [cuts[cut] as number, cuts[cut + 1] as number];
      if (!best || to - from > best.width) best = { width: to - from, at: [(from + to) / 2, y] };
    }
  }
  return best?.at ?? null;
}

function crossings(ring: Position[], y: number): number[] {
  return ring.slice(1).flatMap((to, index) => {
    const from = ring[index] as Position;
    if (from[1] > y === to[1] > y) return [];
    return [from[0] + ((y - from[1]) / (to[1] - from[1])) * (to[0] - from[0])];
  });
}
