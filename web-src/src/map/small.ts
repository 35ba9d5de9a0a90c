// A small still map: some things on the city's ground, nothing more. Fit to what it shows.

import maplibregl from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import { getJson, type GroundConfig, type LayerData } from "../data";
import { onTheme, token } from "../theme";
import { groundLayers, groundStyle } from "./ground";
import { groundFeatures } from "./groundnames";
import { loadFont } from "./font";
import { middle } from "./layers";

export interface Place {
  ground: Record<string, GroundConfig>;
  // id, name, geometry
  things: [string, string, GeoJSON.Geometry][];
  link: string | null; // where a click on a thing leads, with {id}
  zoom: number;
}

type Paint = Record<string, unknown>;

function paints(): [string, "fill" | "line" | "circle", Paint, string][] {
  const accent = token("accent");
  return [
    ["things-fill", "fill", { "fill-color": accent, "fill-opacity": 0.3 }, "Polygon"],
    ["things-line", "line", { "line-color": accent, "line-width": 2.5 }, ""],
    ["things-point", "circle", { "circle-radius": 6, "circle-color": accent, "circle-stroke-width": 2, "circle-stroke-color": token("surface") }, "Point"],
  ];
}

function bounds(geometries: GeoJSON.Geometry[]): maplibregl.LngLatBounds {
  const found = new maplibregl.LngLatBounds();
  for (const geometry of geometries) {
    if (geometry.type === "GeometryCollection") continue;
    const flat = (geometry.coordinates as unknown[]).flat(Infinity) as number[];
    if (geometry.type !== "Point" && flat.length > 1) {
      for (let index = 0; index + 1 < flat.length; index += 2) found.extend([flat[index] as number, flat[index + 1] as number]);
    } else found.extend(middle(geometry));
  }
  return found;
}

export async function smallMap(container: HTMLElement, place: Place): Promise<void> {
  const fit = { padding: 48, maxZoom: place.zoom };
  const map = new maplibregl.Map({
    container,
    style: groundStyle(),
    bounds: bounds(place.things.map((thing) => thing[2])),
    fitBoundsOptions: fit,
    attributionControl: false,
    cooperativeGestures: false,
    scrollZoom: false,
    fadeDuration: 0,
  });
  map.on("load", async () => {
    const features = place.things.map(([id, name, geometry]): GeoJSON.Feature => ({ type: "Feature", geometry, properties: { id, name } }));
    map.addSource("things", { type: "geojson", data: { type: "FeatureCollection", features } });
    for (const [id, type, paint, filter] of paints()) {
      map.addLayer({ id, type, source: "things", paint, ...(filter ? { filter: ["==", ["geometry-type"], filter] } : {}) } as maplibregl.LayerSpecification);
    }
    for (const [id, ground] of Object.entries(place.ground)) {
      const data = await getJson<LayerData>(ground.url);
      await loadFont(data.rows.map((row) => row[1]).join(""));
      for (const [source, ready] of Object.entries(groundFeatures(id, data))) {
        (map.getSource(source) as maplibregl.GeoJSONSource | undefined)?.setData({ type: "FeatureCollection", features: ready });
      }
    }
    container.dataset.ready = "true";
  });
  const link = place.link;
  if (link) {
    map.on("click", (event) => {
      const found = map.queryRenderedFeatures(event.point, { layers: paints().map(([id]) => id) })[0];
      if (found) location.href = link.replace("{id}", encodeURIComponent(found.properties.id as string));
    });
  }
  onTheme(() => {
    const all = [...groundLayers().map((layer) => [layer.id, layer.paint] as const), ...paints().map(([id, , paint]) => [id, paint] as const)];
    for (const [id, paint] of all) for (const [name, value] of Object.entries(paint ?? {})) map.setPaintProperty(id, name, value);
  });
}
