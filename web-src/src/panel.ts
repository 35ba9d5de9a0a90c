// The panel beside the map: what was chosen, written by the server, with values that change in place.

import { refreshAges } from "./age";
import { startCharts } from "./chart";
import { getHtml, need, type Change, type CityConfig } from "./data";

const REFRESH_AFTER_MS = 1_000;

export interface Panel {
  show(id: string | null): Promise<void>;
  // What the panel shows, and where it is
  chosen(): { id: string; name: string; at: [number, number] } | null;
  refresh(): Promise<void>;
  apply(changes: Change[]): void;
}

export function startPanel(config: CityConfig, select: (id: string | null) => void): Panel {
  const frame = need<HTMLElement>("#panel");
  const place = need<HTMLElement>("#selection");
  const overview = need<HTMLElement>("#overview");
  let chosen: string | null = place.dataset.id || null;
  let timer = 0;

  const address = (id: string) => `${config.urls.panel}?${new URLSearchParams({ id })}`;

  async function show(id: string | null): Promise<void> {
    chosen = id;
    overview.hidden = id !== null;
    if (id === null) {
      place.replaceChildren();
      return;
    }
    place.setAttribute("aria-busy", "true");
    const fresh = await getHtml(address(id));
    if (chosen !== id) return;
    place.replaceChildren(fresh);
    place.dataset.id = id;
    place.removeAttribute("aria-busy");
    frame.scrollTop = 0;
    frame.classList.remove("peek");
    startCharts(place);
    place.querySelector<HTMLElement>("h2")?.focus({ preventScroll: true });
  }

  // Only what differs is replaced, so that focus, selection and open tables stay
  async function refresh(): Promise<void> {
    const id = chosen;
    if (id === null) return;
    const fresh = await getHtml(address(id));
    if (chosen !== id) return;
    for (const part of fresh.querySelectorAll<HTMLElement>("[data-part]")) {
      const old = place.querySelector<HTMLElement>(`[data-part="${part.dataset.part}"]`);
      if (!old || old.innerHTML === part.innerHTML) continue;
      const open = old.querySelector("details")?.open ?? false;
      old.replaceWith(part);
      const details = part.querySelector("details");
      if (details) details.open = open;
      startCharts(part);
    }
    refreshAges(place);
  }

  frame.addEventListener("click", (event) => {
    const target = event.target as Element;
    if (target.closest(".close")) {
      event.preventDefault();
      select(null);
      need<HTMLElement>("#map canvas").focus();
    }
    if (target.closest(".grip")) frame.classList.toggle(frame.classList.contains("peek") ? "peek" : "tall");
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && chosen !== null && frame.contains(document.activeElement)) select(null);
  });

  return {
    show,
    refresh,
    chosen() {
      const head = place.querySelector<HTMLElement>("header[data-at]");
      const [x, y] = (head?.dataset.at ?? "").split(",").map(Number);
      if (!head || chosen === null || x === undefined || y === undefined) return null;
      return { id: chosen, name: head.dataset.name ?? "", at: [x, y] };
    },
    apply(changes) {
      if (timer || !changes.some((change) => change.id === chosen)) return;
      timer = window.setTimeout(() => {
        timer = 0;
        void refresh();
      }, REFRESH_AFTER_MS);
    },
  };
}
