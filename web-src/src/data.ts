// What the server hands to the city page, and the small helpers that every island shares.

export type Position = [number, number];

export interface Scale {
  kind: "steps" | "categories";
  // steps: upper ends of all steps but the last; categories: unused
  breaks: number[];
  texts: string[];
  // categories: the code of each number, and the colour of each
  codes: string[];
  tones: number[];
}

export interface Column {
  iri: string;
  label: string;
  unit: string;
  decimals: number | null;
  scale: Scale | null;
}

export interface LayerConfig {
  id: string;
  name: string;
  style: "value" | "point" | "line" | "area" | "building";
  types: string[];
  attribute: string | null;
  unit: string;
  label: string;
  url: string;
  list: string;
  tone: number;
  visible: boolean;
  count: number;
  staleAfter: number | null; // milliseconds
  ground: string | null; // the part of the ground that it switches
}

export interface GroundConfig {
  url: string;
  label: "road" | "water" | "green" | "place";
}

export interface CityConfig {
  language: string;
  city: string;
  extent: [number, number, number, number];
  ground: Record<string, GroundConfig>;
  layers: LayerConfig[];
  urls: { panel: string; search: string; stream: string; overview: string; hours: string };
  loading: boolean;
  sequence: number;
}

// A row: id, name, geometry, milliseconds of the observation or null, then one value for each column
export type Row = [string, string, GeoJSON.Geometry, number | null, ...(number | null)[]];

export interface LayerData {
  sequence: number;
  columns: Column[];
  rows: Row[];
}

export interface Change {
  id: string;
  types: string[];
  kind: "created" | "updated" | "deleted";
  values: Record<string, { value: number | string | boolean; observed: number | null }>;
}

export function block<T>(id: string): T {
  const element = document.getElementById(id);
  if (!element?.textContent) throw new Error(`The page has no data block ${id}`);
  return JSON.parse(element.textContent) as T;
}

let words: Record<string, string> | undefined;

// A message of the page, with {placeholders} filled
export function t(key: string, values: Record<string, string | number> = {}): string {
  words ??= block<Record<string, string>>("messages");
  const message = words[key];
  if (message === undefined) throw new Error(`The page has no message ${key}`);
  return message.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

export function need<T extends Element>(selector: string, root: ParentNode = document): T {
  const element = root.querySelector<T>(selector);
  if (!element) throw new Error(`The page has no ${selector}`);
  return element;
}

export async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return (await response.json()) as T;
}

export async function getHtml(url: string): Promise<DocumentFragment> {
  const response = await fetch(url, { headers: { Accept: "text/html" } });
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  return template.content;
}

export function number(value: number, decimals: number | null = null): string {
  const size = Math.abs(value);
  const digits = decimals ?? (size >= 1000 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
  return new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: digits })
    .format(value)
    .replace("-", "\u2212");
}
