// Markers with the value in them: a circle on a stem, drawn on a canvas at the screen's own resolution and kept by
// MapLibre under a name that says everything that it shows. Stale values are dashed and hollow.

import type { Map } from "maplibre-gl";
import { token } from "../theme";

const RADIUS = 12.5;
const EDGE = 2;
const STEM = 26;
const FOOT = 1.75;
const FONT_SIZE = 12;
const PADDING = 4.5;

export interface Marker {
  step: number; // 1 to 7 of the sequential colours, 0 for none
  text: string;
  stale: boolean;
}

export function markerName(marker: Marker): string {
  return `value|${marker.step}|${marker.stale ? "stale" : ""}|${marker.text}`;
}

function parse(name: string): Marker | null {
  const [kind, step, stale, ...text] = name.split("|");
  return kind === "value" ? { step: Number(step), stale: stale === "stale", text: text.join("|") } : null;
}

function draw(marker: Marker): ImageData {
  const scale = Math.min(3, Math.max(1, window.devicePixelRatio));
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
  const font = `650 ${FONT_SIZE}px ${token("font")}`;
  pen.font = font;
  const half = Math.max(RADIUS, pen.measureText(marker.text).width / 2 + PADDING);
  const width = Math.ceil(2 * (half + EDGE));
  const height = Math.ceil(2 * (RADIUS + EDGE) + STEM + FOOT);
  canvas.width = width * scale;
  canvas.height = height * scale;
  pen.scale(scale, scale);
  const [x, y, bottom] = [width / 2, RADIUS + EDGE, height - FOOT];
  pen.strokeStyle = pen.fillStyle = token("map-label");
  pen.lineWidth = 1.25;
  pen.beginPath();
  pen.moveTo(x, y + RADIUS);
  pen.lineTo(x, bottom);
  pen.stroke();
  pen.beginPath();
  pen.arc(x, bottom, FOOT, 0, 2 * Math.PI);
  pen.fill();
  pen.beginPath();
  pen.roundRect(x - half, y - RADIUS, 2 * half, 2 * RADIUS, RADIUS);
  pen.fillStyle = marker.stale || !marker.step ? token("surface") : token(`seq-${marker.step}`);
  pen.fill();
  pen.lineWidth = marker.stale ? 1.5 : EDGE;
  if (marker.stale) pen.setLineDash([3, 2.5]);
  pen.strokeStyle = marker.stale ? token("warn") : marker.step ? token("surface") : token("rule-control");
  pen.stroke();
  pen.font = font;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillStyle = marker.stale ? token("warn") : marker.step ? token(`on-seq-${marker.step}`) : token("ink-2");
  pen.fillText(marker.text, x, y + 0.75);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

export class Markers {
  private known = new Set<string>();

  constructor(private map: Map) {
    map.on("styleimagemissing", (event) => this.add(event.id));
  }

  private add(name: string): void {
    const marker = parse(name);
    if (!marker || this.map.hasImage(name)) return;
    const pixelRatio = Math.min(3, Math.max(1, window.devicePixelRatio));
    this.map.addImage(name, draw(marker), { pixelRatio });
    this.known.add(name);
  }

  redraw(): void {
    for (const name of this.known) {
      const marker = parse(name);
      if (marker && this.map.hasImage(name)) this.map.updateImage(name, draw(marker));
    }
  }
}
