// The map of the city page: MapLibre for the ground and the layers, deck.gl for the buildings among them.

import { MapboxOverlay } from "@deck.gl/mapbox";
import maplibregl, { type GeoJSONSource, type Map, type MapMouseEvent } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import { getJson, type Change, type CityConfig, type Column, type LayerData } from "../data";
import { onTheme } from "../theme";
import { loadFont } from "./font";
import { BUILDINGS, buildingLayer, lighting, toBuildings, type Building } from "./buildings";
import { groundLayers, groundStyle } from "./ground";
import { groundFeatures } from "./groundnames";
import { CityLayer, type Seen } from "./layers";
import { Markers } from "./markers";
import { Pill } from "./pill";
import { BEARING, PITCH, readView, writeView } from "./view";

const CLICK_PIXELS = 8;
const UPDATE_EVERY_MS = 500;
const OPENING_ZOOM_IN = 1.35; // a tilted view of the middle says more than the whole from afar

export interface Hooks {
  select(id: string | null): void;
  moved(): void;
  layersLoaded(): void;
}

export interface Chosen {
  id: string;
  name: string;
  at: [number, number];
}

export class CityMap {
  readonly map: Map;
  readonly layers: CityLayer[];
  private overlay: MapboxOverlay;
  private markers: Markers;
  private pill: Pill;
  private buildings: Building[] = [];
  private dirty = new Set<CityLayer>();
  private selected: string | null;
  private chosen: Chosen | null = null;
  colour: string | null;

  constructor(container: HTMLElement, private config: CityConfig, private hooks: Hooks, layers: CityLayer[]) {
    const view = readView();
    this.layers = layers;
    this.selected = view.select;
    const buildings = layers.find((layer) => layer.config.style === "building")?.config.attribute ?? null;
    this.colour = view.colour === "none" ? null : (view.colour ?? buildings);
    const [west, south, east, north] = config.extent;
    const placed = view.centre
      ? { center: view.centre, zoom: view.zoom }
      : { bounds: [[west, south], [east, north]] as [[number, number], [number, number]] };
    this.map = new maplibregl.Map({
      container,
      style: groundStyle(),
      ...placed,
      pitch: view.pitch,
      bearing: view.bearing,
      maxPitch: 70,
      attributionControl: false,
      fadeDuration: 0,
      canvasContextAttributes: { antialias: true },
    });
    this.markers = new Markers(this.map);
    this.pill = new Pill(this.map);
    this.overlay = new MapboxOverlay({ interleaved: true, layers: [], effects: [lighting()] });
    this.map.on("load", () => void this.start(view.centre === null));
    this.map.on("moveend", () => this.moved());
    this.map.on("click", (event) => this.hooks.select(this.at(event)));
    this.map.on("mousemove", (event) => {
      this.map.getCanvas().style.cursor = this.featureAt(event) ? "pointer" : "";
    });
    onTheme(() => this.repaint());
  }

  private async start(overview: boolean): Promise<void> {
    if (overview) this.map.jumpTo({ zoom: this.map.getZoom() + OPENING_ZOOM_IN, pitch: PITCH, bearing: BEARING });
    this.map.addControl(this.overlay);
    for (const layer of this.layers) if (layer.config.ground) layer.show(this.map);
    // The list has the topmost layer first; they are added from the ground up
    const wanted = this.layers.filter((layer) => layer.visible).reverse();
    await Promise.allSettled([this.loadGround(), ...wanted.map((layer) => layer.load())]);
    for (const layer of wanted) this.draw(layer);
    this.hooks.layersLoaded();
    this.moved();
    window.setInterval(() => this.flush(), UPDATE_EVERY_MS);
    this.map.getContainer().dataset.ready = "true";
  }

  // --- data ---

  async loadGround(): Promise<void> {
    const data = Object.fromEntries(
      await Promise.all(
        Object.entries(this.config.ground).map(async ([id, ground]) => [id, await getJson<LayerData>(ground.url)] as const),
      ),
    );
    const text = Object.values(data).flatMap((part) => part.rows.map((row) => row[1])).join("");
    await loadFont(text);
    for (const [part, content] of Object.entries(data)) {
      for (const [id, features] of Object.entries(groundFeatures(part, content))) this.setSource(id, features);
    }
  }

  private setSource(id: string, features: GeoJSON.Feature[]): void {
    (this.map.getSource(id) as GeoJSONSource | undefined)?.setData({ type: "FeatureCollection", features });
  }

  async load(layer: CityLayer): Promise<void> {
    await layer.load();
    this.draw(layer);
  }

  private draw(layer: CityLayer): void {
    if (!layer.loaded) return;
    if (layer.config.style === "building") {
      this.buildings = toBuildings([...layer.rows.values()], layer.columns);
      this.drawBuildings();
    } else if (this.map.getSource(layer.source)) layer.update(this.map, this.selected);
    else layer.add(this.map, this.selected);
    this.movePill();
  }

  async reload(): Promise<void> {
    await Promise.allSettled([this.loadGround(), ...this.layers.filter((layer) => layer.loaded || layer.visible).map((layer) => this.load(layer))]);
    this.hooks.layersLoaded();
  }

  apply(changes: Change[]): void {
    for (const layer of this.layers) {
      if (layer.loaded && changes.map((change) => layer.apply(change)).some(Boolean)) this.dirty.add(layer);
    }
  }

  private flush(): void {
    for (const layer of this.dirty) if (layer.config.style !== "building") layer.update(this.map, this.selected);
    if (this.dirty.size > 0) this.movePill();
    this.dirty.clear();
  }

  // --- what is shown ---

  async show(layer: CityLayer, visible: boolean): Promise<void> {
    layer.visible = visible;
    if (visible && !layer.loaded) await this.load(layer);
    if (layer.config.style === "building") this.drawBuildings();
    else layer.show(this.map);
    this.hooks.moved();
  }

  get buildingColumns(): Column[] {
    return this.layers.find((layer) => layer.config.style === "building")?.columns ?? [];
  }

  colourBuildings(attribute: string | null): void {
    this.colour = attribute;
    this.drawBuildings();
  }

  private drawBuildings(): void {
    const layer = this.layers.find((candidate) => candidate.config.style === "building");
    if (!layer?.loaded) return;
    const index = layer.columns.findIndex((column) => column.iri === this.colour);
    const painting = { visible: layer.visible, column: layer.columns[index] ?? null, index, selected: this.selected };
    this.overlay.setProps({ layers: [buildingLayer(this.buildings, painting)], effects: [lighting()] });
  }

  private repaint(): void {
    for (const layer of groundLayers()) {
      for (const [name, value] of Object.entries(layer.paint ?? {})) this.map.setPaintProperty(layer.id, name, value);
    }
    this.markers.redraw();
    for (const layer of this.layers) {
      if (!this.map.getSource(layer.source)) continue;
      layer.repaint(this.map);
      layer.update(this.map, this.selected);
    }
    this.drawBuildings();
    this.movePill();
  }

  // --- choosing ---

  private featureAt(event: MapMouseEvent): string | null {
    const { x, y } = event.point;
    const near: [[number, number], [number, number]] = [[x - CLICK_PIXELS, y - CLICK_PIXELS], [x + CLICK_PIXELS, y + CLICK_PIXELS]];
    const drawn = this.layers.filter((layer) => layer.visible && layer.loaded && layer.config.style !== "building");
    const points = drawn.filter((layer) => layer.config.style === "value" || layer.config.style === "point");
    const query = (layers: CityLayer[], place: typeof near | [number, number]) => {
      const ids = layers.flatMap((layer) => layer.ids()).filter((id) => this.map.getLayer(id));
      return ids.length ? this.map.queryRenderedFeatures(place, { layers: ids })[0]?.properties.id : undefined;
    };
    return query(points, [x, y]) ?? query(points, near) ?? query(drawn.filter((layer) => layer.config.style === "line"), near) ?? null;
  }

  private at(event: MapMouseEvent): string | null {
    const feature = this.featureAt(event);
    if (feature) return feature;
    const building = this.overlay.pickObject({ x: event.point.x, y: event.point.y, layerIds: [BUILDINGS] })?.object as Building | undefined;
    if (building) return building.id;
    const areas = this.layers.filter((layer) => layer.visible && layer.config.style === "area").flatMap((layer) => layer.ids());
    const known = areas.filter((id) => this.map.getLayer(id));
    const ground = ["green", "water", "roads-1", "roads-2", "roads-3"];
    return this.map.queryRenderedFeatures(event.point, { layers: [...known, ...ground] })[0]?.properties.id ?? null;
  }

  select(id: string | null): void {
    const both = [this.selected, id];
    this.selected = id;
    for (const layer of this.layers) {
      if (layer.config.style === "value" && both.some((one) => one !== null && layer.rows.has(one))) layer.update(this.map, id);
    }
    this.drawBuildings();
    this.movePill();
  }

  // The chosen thing carries its name in the accent, also when it is in no layer
  private movePill(): void {
    const id = this.selected;
    const layer = this.layers.find((one) => id !== null && one.visible && one.rows.has(id));
    const row = id !== null ? layer?.rows.get(id) : undefined;
    if (layer && row) this.pill.showRow(row, layer);
    else if (this.chosen?.id === id && this.chosen) this.pill.show(this.chosen.name, this.chosen.at);
    else this.pill.hide();
  }

  // Where the panel says that the chosen thing is
  place(chosen: Chosen): void {
    this.chosen = chosen;
    this.movePill();
    const { x, y } = this.map.project(chosen.at);
    const { clientWidth, clientHeight } = this.map.getContainer();
    const room = this.room();
    const free = x > room.left && y > room.top && x < clientWidth - room.right && y < clientHeight - room.bottom;
    if (!free) this.fly(chosen.at, this.map.getZoom());
  }

  // What the tools, the foot and on the phone the panel cover of the map, in pixels
  private room(): { left: number; right: number; top: number; bottom: number } {
    const height = this.map.getContainer().clientHeight;
    if (matchMedia("(max-width: 52rem)").matches) return { left: 20, right: 20, top: 130, bottom: height * 0.47 + 100 };
    return { left: 330, right: 60, top: 90, bottom: 110 };
  }

  fly(at: [number, number], zoom = Math.max(this.map.getZoom(), 16)): void {
    const room = this.room();
    const offset: [number, number] = [(room.left - room.right) / 2, (room.top - room.bottom) / 2];
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.map.easeTo({ center: at, zoom, offset, duration: calm ? 0 : 600 });
  }

  seen(): { layer: CityLayer; things: Seen[] }[] {
    const bounds = this.map.getBounds();
    return this.layers
      .filter((layer) => layer.visible && layer.loaded)
      .map((layer) => ({ layer, things: layer.seen().filter((thing) => bounds.contains(thing.at)) }));
  }

  private moved(): void {
    const { lat, lng } = this.map.getCenter();
    const parts = [lat.toFixed(5), lng.toFixed(5), this.map.getZoom().toFixed(2), this.map.getPitch().toFixed(0), this.map.getBearing().toFixed(0)];
    writeView({ at: parts.join(",") });
    this.hooks.moved();
  }
}
