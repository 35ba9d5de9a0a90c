// Where the reader stands, in the page's address: every view can be shared.

export interface View {
  centre: [number, number] | null;
  zoom: number;
  pitch: number;
  bearing: number;
  layers: string[] | null;
  colour: string | null;
  select: string | null;
}

export const PITCH = 50;
export const BEARING = -24;

export function readView(): View {
  const query = new URLSearchParams(location.search);
  const at = (query.get("at") ?? "").split(",").map(Number);
  const placed = at.length >= 3 && at.every(Number.isFinite);
  const layers = query.get("layers");
  return {
    centre: placed ? [at[1] as number, at[0] as number] : null,
    zoom: placed ? (at[2] as number) : 13,
    pitch: placed ? (at[3] ?? PITCH) : PITCH,
    bearing: placed ? (at[4] ?? BEARING) : BEARING,
    layers: layers === null ? null : layers.split(",").filter(Boolean),
    colour: query.get("colour"),
    select: query.get("select"),
  };
}

// changes: null removes a member. push: the step is one that "back" should undo
export function writeView(changes: Record<string, string | null>, push = false): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  const address = text ? `?${text}` : location.pathname;
  if (push) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}
