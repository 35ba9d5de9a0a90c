// The list of layers: what is shown, how many there are, and what the colours mean.

import { need } from "./data";
import type { CityLayer } from "./map/layers";
import type { CityMap } from "./map/map";
import { legend } from "./map/scale";
import { writeView } from "./map/view";
import { onTheme } from "./theme";

interface Hooks {
  show(layer: CityLayer, visible: boolean): void;
  colour(attribute: string | null): void;
}

export interface LayerList {
  loaded(map: CityMap): void;
  // The legends follow what has been loaded
  legends(): void;
  counts(overview: HTMLElement): void;
}

export function startLayerList(layers: CityLayer[], hooks: Hooks): LayerList {
  const root = need<HTMLElement>("#layers");
  const valueLegend = need<HTMLElement>("#legend-value");
  const picker = need<HTMLSelectElement>("#building-colour");
  const pickerFrame = need<HTMLElement>("#building-frame");
  const buildingLegend = need<HTMLElement>("#legend-building");
  let shown: CityLayer | undefined;
  let map: CityMap | undefined;

  const boxes = [...root.querySelectorAll<HTMLInputElement>("input[data-layer]")];
  const layerOf = (box: HTMLInputElement) => layers.find((layer) => layer.config.id === box.dataset.layer);

  const summary = () => {
    need<HTMLElement>("#layers-shown").textContent = String(layers.filter((layer) => layer.visible).length);
  };

  const drawLegends = () => {
    if (!shown?.visible || !shown.column?.scale) shown = layers.find((layer) => layer.visible && layer.config.style !== "building" && layer.column?.scale);
    valueLegend.hidden = !shown?.column;
    need<HTMLElement>(".muted:last-child", valueLegend).hidden = shown?.config.staleAfter === null;
    if (shown?.column) legend(shown.column, need(".legend-body", valueLegend));
    const buildings = layers.find((layer) => layer.config.style === "building");
    pickerFrame.hidden = !buildings?.visible || !buildings.loaded;
    fillPicker();
    const column = map?.buildingColumns.find((candidate) => candidate.iri === map?.colour);
    buildingLegend.hidden = !column;
    if (column) legend(column, buildingLegend);
  };

  // Buildings bring the attributes by which they can be coloured when they are loaded
  function fillPicker(): void {
    const columns = map?.buildingColumns.filter((column) => column.scale) ?? [];
    if (picker.options.length === columns.length + 1) return;
    picker.replaceChildren(...[...picker.options].slice(0, 1), ...columns.map((column) => new Option(column.label, column.iri)));
    picker.value = map?.colour ?? "";
  }

  for (const box of boxes) {
    const layer = layerOf(box);
    if (!layer) continue;
    box.checked = layer.visible;
    box.addEventListener("change", () => {
      layer.visible = box.checked;
      if (box.checked) shown = layer;
      writeView({ layers: layers.filter((one) => one.visible).map((one) => one.config.id).join(",") });
      hooks.show(layer, box.checked);
      summary();
      drawLegends();
    });
  }
  picker.addEventListener("change", () => {
    hooks.colour(picker.value || null);
    drawLegends();
  });
  onTheme(drawLegends);
  summary();

  return {
    loaded(ready) {
      map = ready;
      drawLegends();
    },
    legends: drawLegends,
    counts(overview) {
      for (const box of boxes) {
        const fresh = overview.querySelector<HTMLElement>(`[data-count="${CSS.escape(box.dataset.layer ?? "")}"]`);
        const target = box.closest("label")?.querySelector(".n");
        if (fresh && target) target.textContent = fresh.textContent;
      }
    },
  };
}
