// Search by name in either language: suggestions as a listbox; Enter without a choice opens the page of results.

import { getJson, need, type CityConfig } from "./data";

const WAIT_MS = 150;

export interface Found {
  id: string;
  name: string;
  other: string;
  kind: string;
  place: [number, number] | null;
}

export function startSearch(config: CityConfig, choose: (found: Found) => void): void {
  const form = need<HTMLFormElement>("#search");
  const input = need<HTMLInputElement>("input", form);
  const list = need<HTMLUListElement>("#search-results");
  const count = need<HTMLElement>("#search-count");
  let found: Found[] = [];
  let active = -1;
  let timer = 0;
  let asked = "";

  const close = () => {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  const mark = (index: number) => {
    active = index;
    [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === index)));
    if (index >= 0) {
      input.setAttribute("aria-activedescendant", `found-${index}`);
      list.children[index]?.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  };

  const take = (index: number) => {
    const one = found[index];
    if (!one) return;
    close();
    input.value = one.name;
    choose(one);
  };

  const draw = (empty: string) => {
    list.replaceChildren(
      ...found.map((one, index) => {
        const item = document.createElement("li");
        item.id = `found-${index}`;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        const name = document.createElement("span");
        name.textContent = one.name;
        const kind = document.createElement("small");
        kind.textContent = [one.kind, one.other].filter(Boolean).join("\u00a0· ");
        item.append(name, kind);
        item.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          take(index);
        });
        return item;
      }),
    );
    count.textContent = found.length ? String(found.length) : empty;
    list.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(found.length > 0));
    mark(-1);
  };

  const ask = async () => {
    const text = input.value.trim();
    asked = text;
    if (!text) {
      found = [];
      close();
      return;
    }
    const answer = await getJson<{ found: Found[]; words: string }>(`${config.urls.search}?${new URLSearchParams({ text })}`);
    if (asked !== text) return;
    found = answer.found;
    draw(answer.words);
  };

  input.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), WAIT_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) return;
      const step = event.key === "ArrowDown" ? 1 : -1;
      mark((active + step + found.length) % found.length);
    }
    if (event.key === "Enter" && !list.hidden && found.length) {
      event.preventDefault();
      take(Math.max(0, active));
    }
  });
  input.addEventListener("blur", close);
}
