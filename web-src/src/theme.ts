// Light and dark: what the reader chose is kept in a cookie, so that the server writes it into the next page.

const YEAR = 31_536_000;
const listeners = new Set<() => void>();

export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// A token as the four bytes that the graphics card wants
export function bytes(name: string, alpha = 255): [number, number, number, number] {
  const hex = token(name);
  const part = (from: number) => Number.parseInt(hex.slice(from, from + 2), 16);
  return [part(1), part(3), part(5), alpha];
}

export function dark(): boolean {
  return getComputedStyle(document.documentElement).colorScheme === "dark";
}

// Calls back when the colours of the page have changed
export function onTheme(listener: () => void): void {
  listeners.add(listener);
}

export function startTheme(): void {
  const changed = () => requestAnimationFrame(() => listeners.forEach((listener) => listener()));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  for (const choice of document.querySelectorAll<HTMLInputElement>('input[name="theme"]')) {
    choice.addEventListener("change", () => {
      const theme = choice.id === "theme-dark" ? "dark" : "light";
      document.documentElement.dataset.theme = theme;
      document.cookie = `theme=${theme}; path=/; max-age=${YEAR}; samesite=lax`;
      changed();
    });
  }
}
