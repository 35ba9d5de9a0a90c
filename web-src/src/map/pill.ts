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

  showRow(row: Row, layer: CityLayer): void {
    const value = layer.valueOf(row);
    const figure = document.createElement("span");
    if (layer.config.style === "value" && value !== null) {
      figure.className = `pill-value tone-${stepOf(layer.column?.scale ?? null, value) || 4}`;
      figure.textContent = short(value, layer.column);
    }
    this.show(row[1], middle(row[2]), figure);
  }

  show(name: string, at: [number, number], figure?: HTMLElement): void {
    const label = document.createElement("span");
    label.className = "pill-label";
    if (figure?.textContent) label.append(figure);
    const words = document.createElement("span");
    words.textContent = name;
    label.append(words);
    this.element.replaceChildren(label);
    this.marker.setLngLat(at).addTo(this.map);
  }

  hide(): void {
    this.marker.remove();
  }
}
