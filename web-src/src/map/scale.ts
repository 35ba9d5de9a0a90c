// A value's colour: seven steps for amounts, categories for codes. Always tokens, never a colour of our own.

import type { Column, Scale } from "../data";
import { bytes, token } from "../theme";

export type Rgba = [number, number, number, number];
const CATEGORIES_MAX = 7;

// 1 to 7; 0 where there is no value. Fewer steps are spread over the ramp
export function stepOf(scale: Scale | null, value: number | null): number {
  if (!scale || value === null) return 0;
  if (scale.kind === "categories") return scale.tones[value] ?? CATEGORIES_MAX;
  const found = scale.breaks.findIndex((end) => value <= end);
  return spread(found < 0 ? scale.breaks.length : found, scale.breaks.length);
}

function spread(index: number, last: number): number {
  return last === 0 ? 4 : 1 + Math.round((index / last) * 6);
}

export function toneOf(scale: Scale, step: number): string {
  return scale.kind === "categories" ? `cat-${step}` : `seq-${step}`;
}

export function colourOf(column: Column, value: number | null): Rgba | null {
  const step = stepOf(column.scale, value);
  return column.scale && step ? bytes(toneOf(column.scale, step)) : null;
}

export function cssColourOf(column: Column | null, value: number | null): string | null {
  const step = stepOf(column?.scale ?? null, value);
  return column?.scale && step ? token(toneOf(column.scale, step)) : null;
}

// The legend: what stands in it, from the lowest step to the highest
export function legend(column: Column, target: HTMLElement): void {
  target.replaceChildren();
  const scale = column.scale;
  if (!scale) return;
  const title = document.createElement("span");
  title.textContent = column.label;
  if (column.unit) {
    const unit = document.createElement("span");
    unit.className = "muted";
    unit.textContent = ` ${column.unit}`;
    title.append(unit);
  }
  const list = document.createElement("ul");
  list.className = scale.kind === "categories" ? "legend" : "steps-ramp";
  scale.texts.forEach((text, index) => {
    const item = document.createElement("li");
    if (scale.kind === "categories") {
      const swatch = document.createElement("span");
      swatch.className = `swatch cat-${Math.min(CATEGORIES_MAX, index + 1)}`;
      item.append(swatch, text);
    } else {
      item.className = `tone-${spread(index, scale.texts.length - 1)}`;
      item.textContent = text;
    }
    list.append(item);
  });
  target.append(title, list);
}
