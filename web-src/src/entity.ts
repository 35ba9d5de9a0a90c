// An entity's page: the pointer on its chart, and its place on a small map once that comes into view.

import { startCharts } from "./chart";
import { block } from "./data";

startCharts();

const frame = document.querySelector<HTMLElement>("#place");
if (frame) {
  new IntersectionObserver((entries, observer) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    void import("./map/small").then(({ smallMap }) => smallMap(frame, block("place-data")));
  }).observe(frame);
}
