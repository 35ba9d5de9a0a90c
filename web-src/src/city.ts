// The city page: tools, panel and stream work at once; the map library comes after them.

import { refreshAges } from "./age";
import { startCharts } from "./chart";
import { block, getHtml, need, t, type Change, type CityConfig } from "./data";
import { startLayerList } from "./layerlist";
import { follow } from "./live";
import { CityLayer } from "./map/layers";
import type { CityMap } from "./map/map";
import { readView, writeView } from "./map/view";
import { startOverview, type Overview } from "./overview";
import { startPanel, type Panel } from "./panel";
import { startSearch } from "./search";
import { toast } from "./toast";

const HOURS_EVERY_MS = 300_000;
const ANEW_AFTER_MS = 3_000;
const config = block<CityConfig>("city");
const view = readView();
const layers = config.layers.map((layer) => new CityLayer(layer, view.layers ? view.layers.includes(layer.id) : layer.visible));

let map: CityMap | null = null;
const panel: Panel = startPanel(config, (id) => select(id));
const overview: Overview = startOverview((id, at) => select(id, at));
const list = startLayerList(layers, {
  show: (layer, visible) => {
    map?.show(layer, visible).then(list.legends, () => toast(t("client.layer-failed", { name: layer.config.name })));
  },
  colour: (attribute) => {
    writeView({ colour: attribute ?? "none" });
    map?.colourBuildings(attribute);
  },
});

function select(id: string | null, at: [number, number] | null = null): void {
  writeView({ select: id }, true);
  choose(id);
  if (at) map?.fly(at);
}

function choose(id: string | null): void {
  map?.select(id);
  void panel.show(id).then(place);
}

function place(): void {
  const chosen = panel.chosen();
  if (chosen) map?.place(chosen);
}

startSearch(config, (found) => select(found.id, found.place));
window.addEventListener("popstate", () => {
  choose(readView().select);
});

function follows(): void {
  const types = [...new Set(config.layers.flatMap((layer) => layer.types))];
  const url = `${config.urls.stream}?${new URLSearchParams({ after: String(config.sequence), types: types.join(",") })}`;
  follow(url, {
    changes: (changes: Change[]) => {
      map?.apply(changes);
      panel.apply(changes);
    },
    resync: anew,
    progress: (progress) => {
      void refreshOverview();
      if (progress.done) anew();
    },
    connected: (on) => {
      if (!on && !document.body.classList.contains("offline")) toast(t("client.offline"));
      document.body.classList.toggle("offline", !on);
    },
  });
}

// Everything anew, but not more often than the eye follows: while sources load, changes are missed all the time
let waiting = 0;
function anew(): void {
  if (waiting) return;
  waiting = window.setTimeout(() => {
    waiting = 0;
    void map?.reload();
    void panel.refresh();
    void refreshOverview();
  }, ANEW_AFTER_MS);
}

async function refreshOverview(): Promise<void> {
  const fresh = await getHtml(config.urls.overview);
  for (const part of fresh.querySelectorAll<HTMLElement>("[data-part]")) {
    const old = document.querySelector(`#overview [data-part="${part.dataset.part}"]`);
    old?.replaceWith(part);
  }
  list.counts(need<HTMLElement>("#overview"));
  refreshAges();
}

async function startMap(): Promise<void> {
  const container = need<HTMLElement>("#map");
  try {
    const { CityMap } = await import("./map/map");
    map = new CityMap(container, config, {
      select: (id) => select(id),
      moved: () => map && overview.list(map.seen()),
      layersLoaded: () => {
        if (map) list.loaded(map);
        place();
      },
    }, layers);
  } catch (error) {
    console.warn(error);
    need<HTMLElement>("#map-problem").hidden = false;
    return;
  }
  need("#zoom-in").addEventListener("click", () => map?.map.zoomIn());
  need("#zoom-out").addEventListener("click", () => map?.map.zoomOut());
  const north = need<HTMLElement>("#north");
  north.addEventListener("click", () => map?.map.resetNorthPitch());
  map.map.on("rotate", () => need<SVGElement>("svg", north).style.setProperty("transform", `rotate(${-(map?.map.getBearing() ?? 0)}deg)`));
  new ResizeObserver(() => map?.map.resize()).observe(container);
}

async function startHours(): Promise<void> {
  const bar = need<HTMLElement>("#hours");
  bar.replaceChildren(await getHtml(config.urls.hours));
  bar.hidden = bar.childElementCount === 0;
}

startCharts();
follows();
void startHours();
window.setInterval(() => void startHours(), HOURS_EVERY_MS);
void startMap();
