// The stream of changes as it happens. The browser reconnects by itself and says where it was (Last-Event-ID).

import type { Change } from "./data";

export interface Progress {
  done: boolean;
}

export interface Listener {
  changes(changes: Change[]): void;
  // Changes were missed: whatever shows live data loads it anew
  resync(): void;
  progress(progress: Progress): void;
  connected(on: boolean): void;
}

export function follow(url: string, listener: Listener): EventSource {
  const stream = new EventSource(url);
  stream.addEventListener("open", () => listener.connected(true));
  stream.addEventListener("error", () => listener.connected(false));
  stream.addEventListener("changes", (event) => listener.changes(JSON.parse(event.data) as Change[]));
  stream.addEventListener("progress", (event) => listener.progress(JSON.parse(event.data) as Progress));
  stream.addEventListener("resync", () => listener.resync());
  return stream;
}
