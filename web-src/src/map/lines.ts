// Street segments of one name become one long line, so that its name finds room on it.

import type { Position } from "../data";

export interface Named {
  name: string;
  rank: number;
  line: Position[];
}

const key = (point: Position): string => `${point[0].toFixed(5)},${point[1].toFixed(5)}`;

export function joinLines(segments: Named[]): Named[] {
  const byName = new Map<string, Named[]>();
  for (const segment of segments) {
    const group = byName.get(segment.name);
    if (group) group.push(segment);
    else byName.set(segment.name, [segment]);
  }
  return [...byName.values()].flatMap(chain);
}

// Segments that share an end are put one after the other until none fits
function chain(segments: Named[]): Named[] {
  const open = new Map<string, Set<Named>>();
  const edit = (segment: Named, add: boolean) => {
    for (const end of [segment.line[0], segment.line.at(-1)]) {
      if (!end) continue;
      const there = open.get(key(end)) ?? new Set();
      if (add) there.add(segment);
      else there.delete(segment);
      open.set(key(end), there);
    }
  };
  for (const segment of segments) edit(segment, true);
  const joined: Named[] = [];
  const used = new Set<Named>();
  for (const segment of segments) {
    if (used.has(segment)) continue;
    used.add(segment);
    edit(segment, false);
    const line = [...segment.line];
    let rank = segment.rank;
    for (const forward of [true, false]) {
      for (;;) {
        const end = forward ? line.at(-1) : line[0];
        const next = end && [...(open.get(key(end)) ?? [])][0];
        if (!next || !end) break;
        used.add(next);
        edit(next, false);
        rank = Math.min(rank, next.rank);
        const starts = key(next.line[0] as Position) === key(end);
        const points = starts === forward ? next.line : [...next.line].reverse();
        if (forward) line.push(...points.slice(1));
        else line.unshift(...points.slice(0, -1));
      }
    }
    joined.push({ name: segment.name, rank, line });
  }
  return joined;
}
