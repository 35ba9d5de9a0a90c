// The chosen thing on the map: its name in the accent on a stem, over a ring on the ground. One element of the page,
// so that its letters are as sharp as the page's.

import maplibregl, { type Map } from "maplibre-gl";
import type { Row } from "../data";
import { middle, short, type CityLayer } from "./layers";
import { stepOf } from "./scale";

export class Pill {
  private marker: maplibregl.Marker;
  private element: HTMLElement;

  constructor(private map: Map) {
    this.element = document.createElement("div");
    this.element.className = "pill";
    this.element.setAttribute("aria-hidden", "true");
    this.marker = new maplibregl.Marker({ element: this.element, anchor: "bottom" });
  }

  show(row: Row, layer: CityLayer): void {
    this.element.replaceChildren();
    const label = document.createElement("span");
    label.className = "pill-label";
    const value = layer.valueOf(row);
    if (layer.config.style === "value" && value !== null) {
      const figure = document.createElement("span");
      figure.className = `pill-value tone-${stepOf(layer.column?.scale ?? null, value) || 4}`;
      figure.textContent = short(value, layer.column);
      label.append(figure);
    }
    const name = document.createElement("span");
    name.textContent = row[1];
    label.append(name);
    this.element.append(label);
    this.marker.setLngLat(middle(row[2])).addTo(this.map);
  }

  hide(): void {
    this.marker.remove();
  }
}
