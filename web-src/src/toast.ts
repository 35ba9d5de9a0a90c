// A word at the foot of the page that goes by itself.

import { need } from "./data";

const TOAST_MS = 6_000;

let toastTimer = 0;

export function toast(words: string): void {
  const place = need<HTMLElement>("#toast");
  place.textContent = words;
  place.hidden = false;
  window.clearTimeout(toastTimer);
  toastTimer = window.setTimeout(() => (place.hidden = true), TOAST_MS);
}
