// What is in view, as a list: the way to the same things without a pointer and without a map.

import { need, number, t } from "./data";
import type { CityLayer, Seen } from "./map/layers";

const THINGS_MAX = 60;
const WAIT_MS = 250;

export interface Overview {
  list(seen: { layer: CityLayer; things: Seen[] }[]): void;
}

export function startOverview(select: (id: string, at: [number, number]) => void): Overview {
  const place = need<HTMLElement>("#in-view");
  const count = need<HTMLElement>("#in-view-count");
  let timer = 0;

  function draw(seen: { layer: CityLayer; things: Seen[] }[]): void {
    const order = ["value", "point", "area", "line", "building"];
    const groups = [...seen].sort((a, b) => order.indexOf(a.layer.config.style) - order.indexOf(b.layer.config.style));
    const total = groups.reduce((sum, group) => sum + group.things.length, 0);
    const share = Math.max(6, Math.ceil(THINGS_MAX / Math.max(1, groups.filter((group) => group.things.length).length)));
    const items = groups.flatMap(({ layer, things }) =>
      things
        .filter((thing) => thing.name || layer.config.style !== "building")
        .sort((a, b) => (b.value ?? 0) - (a.value ?? 0) || a.name.localeCompare(b.name))
        .slice(0, share)
        .map((thing) => item(layer, thing)),
    );
    place.replaceChildren(...items.slice(0, THINGS_MAX));
    count.textContent = t(total === 0 ? "client.in-view-none" : items.length === total ? "client.in-view-all" : "client.in-view", { count: number(total), shown: Math.min(items.length, THINGS_MAX) });
  }

  function item(layer: CityLayer, thing: Seen): HTMLLIElement {
    const line = document.createElement("li");
    const kind = document.createElement("span");
    kind.className = "kind";
    kind.textContent = layer.config.name;
    const link = document.createElement("a");
    const query = new URLSearchParams(location.search);
    query.set("select", thing.id);
    link.href = `?${query}`;
    link.textContent = thing.name || (thing.id.split(":").at(-1) ?? thing.id);
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      select(thing.id, thing.at);
    });
    const text = document.createElement("span");
    text.append(link);
    if (layer.config.style === "value" && thing.value !== null) {
      text.append(` ${number(thing.value, layer.column?.decimals ?? null)}`);
      const unit = document.createElement("span");
      unit.className = "unit";
      unit.textContent = `\u202f${layer.config.unit}`;
      text.append(unit);
    }
    line.append(kind, text);
    return line;
  }

  return {
    list(seen) {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => draw(seen), WAIT_MS);
    },
  };
}
