// What every page does: theme, the search key, menus that close, copying, ages that go on.

import { refreshAges } from "./age";
import { t } from "./data";
import { startTheme } from "./theme";
import { toast } from "./toast";

const AGES_EVERY_MS = 20_000;

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function startKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target)) {
      const input = document.querySelector<HTMLInputElement>('.search input[type="search"]');
      if (input) {
        event.preventDefault();
        input.focus();
        input.select();
      }
    }
    if (event.key === "Escape") {
      for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
        menu.open = false;
        menu.querySelector<HTMLElement>("summary")?.focus();
      }
    }
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
      if (!menu.contains(event.target as Node)) menu.open = false;
    }
  });
}

// data-copy="address" copies the page's address; data-copy="#id" the text of an element
function startCopying(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-copy]");
    if (!button) return;
    const what = button.dataset.copy ?? "";
    const text = what === "address" ? location.href : (document.querySelector(what)?.textContent ?? what);
    navigator.clipboard.writeText(text).then(
      () => toast(t("copy.done")),
      () => toast(t("copy.failed")),
    );
  });
}

// Forms that are sent as soon as a choice is made keep their button for those without scripts
function startForms(): void {
  document.addEventListener("change", (event) => {
    const control = event.target as HTMLElement;
    if (control.matches("[data-submit]")) control.closest("form")?.requestSubmit();
  });
}

startTheme();
startKeys();
startCopying();
startForms();
window.setInterval(refreshAges, AGES_EVERY_MS);
