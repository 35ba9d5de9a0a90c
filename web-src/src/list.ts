// A list of one type: j and k move, Enter opens; its map once that comes into view.

import { block, need } from "./data";

const rows = [...document.querySelectorAll<HTMLTableRowElement>(".table-work tbody tr")];
let at = -1;

function move(to: number): void {
  if (!rows.length) return;
  rows[at]?.classList.remove("at");
  rows[at]?.removeAttribute("aria-current");
  at = Math.max(0, Math.min(rows.length - 1, to));
  const row = rows[at];
  row?.classList.add("at");
  row?.setAttribute("aria-current", "true");
  row?.querySelector<HTMLElement>("a")?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  const target = event.target as HTMLElement;
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "j") move(at + 1);
  if (event.key === "k") move(at - 1);
});

const frame = document.querySelector<HTMLElement>("#place");
if (frame) void import("./map/small").then(({ smallMap }) => smallMap(need("#place"), block("place-data")));
