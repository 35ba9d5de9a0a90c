"""The city live: GET /stream sends changes as they are committed, as server-sent events.

One follower of the hub serves every page. It gathers what comes within a moment, reads the new values once and
hands the same text to all; a page that is too slow, or comes back after too long, is told to start anew
(`resync`). The follower also knows when an entity of each type last changed, by which map data is kept.
It ends by itself when the hub closes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from madang.hub import entities, live
from madang.ngsild.entity import Entity
from madang.ngsild.query import Query, Window
from madang.ngsild.times import parse_moment
from madang.settings import LIMITS
from madang.store.base import ChangeRow
from madang.trust.access import OPEN
from madang.web.headers import SECURITY_HEADERS
from madang.web.site import Site, source_states

GATHER_SECONDS = 0.4
BATCH_ENTITIES_MAX = 300
BATCHES_KEPT_MAX = 256
CLIENT_BATCHES_MAX = 32
HEARTBEAT_SECONDS = 15.0
PROGRESS_SECONDS = 1.0
RETRY_MS = 2000
RESYNC = "resync"


class Live:
    """Follows the default tenant as anyone may see it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._task: asyncio.Task[None] | None = None
        self._clients: set[asyncio.Queue[tuple[int, str]]] = set()
        self._batches: deque[tuple[int, int, str]] = deque(maxlen=BATCHES_KEPT_MAX)  # after, up to, text
        self._waiting: dict[str, ChangeRow] = {}
        self._begun = 0
        self._last = 0
        self._versions: dict[str, int] = {}

    # --- following ---

    async def start(self) -> None:
        """Begin to follow, at the first page that needs it."""
        if self._task is None or self._task.done():
            store = self._site.hub.store(OPEN)
            self._begun = self._last = await store.last_sequence()
            self._versions.clear()
            self._batches.clear()
            self._task = asyncio.create_task(self._follow())

    async def version(self, types: tuple[str, ...]) -> int:
        """Number of the last change of an entity of these types, as far as it is known."""
        await self.start()
        return max(self._versions.get(iri, self._begun) for iri in types)

    async def _follow(self) -> None:
        async with asyncio.TaskGroup() as group:
            flushing = group.create_task(self._flush())
            async for change in live.watch(self._site.hub, OPEN, self._begun):
                if change.kind == "lost":
                    self._begun = change.sequence
                    self._versions.clear()
                    self._waiting.clear()
                    self._publish(change.sequence, event(RESYNC, {}, change.sequence))
                    continue
                for iri in change.types:
                    self._versions[iri] = change.sequence
                self._waiting[change.id] = change
            flushing.cancel()

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(GATHER_SECONDS)
            if not self._waiting:
                continue
            waiting, self._waiting = self._waiting, {}
            last = max(change.sequence for change in waiting.values())
            if not self._clients:
                self._batches.clear()
                self._last = last
            elif len(waiting) > BATCH_ENTITIES_MAX:
                self._publish(last, event(RESYNC, {}, last))
            else:
                self._publish(last, event("changes", await self._read(list(waiting.values())), last))

    async def _read(self, changes: list[ChangeRow]) -> list[dict[str, object]]:
        """What a page needs of each change: the present values of the attributes that were written."""
        ids = tuple(change.id for change in changes if change.kind != "deleted")
        found: dict[str, Entity] = {}
        if ids:
            page = await entities.query(self._site.hub, OPEN, Query(ids=ids), Window(limit=len(ids)))
            found = {entity.id: entity for entity in page.entities}
        return [describe(change, found.get(change.id)) for change in changes]

    def _publish(self, last: int, text: str) -> None:
        self._batches.append((self._last, last, text))
        self._last = last
        for queue in self._clients:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                text = event(RESYNC, {}, last)
            queue.put_nowait((last, text))

    # --- serving ---

    async def respond(self, request: Request) -> Response:
        """GET /stream?after=SEQUENCE, or with Last-Event-ID."""
        await self.start()
        if len(self._clients) >= LIMITS.stream_clients_max:
            return Response(
                "Too many pages follow the city live; try again later", 503, {"Retry-After": "30"}
            )
        given = request.headers.get("last-event-id") or request.query_params.get("after", "")
        after = int(given) if given.isascii() and given.isdigit() else None
        headers = {**SECURITY_HEADERS, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._events(after), headers=headers, media_type="text/event-stream")

    async def _events(self, after: int | None) -> AsyncIterator[str]:
        queue: asyncio.Queue[tuple[int, str]] = asyncio.Queue(CLIENT_BATCHES_MAX)
        self._clients.add(queue)
        try:
            yield f"retry: {RETRY_MS}\n\n"
            for text in self._missed(after):
                yield text
            progress = ""
            loading = True
            while True:
                if loading:
                    loading, news = await self._progress()
                    if news != progress:
                        if progress or loading:
                            yield news
                        progress = news
                wait = PROGRESS_SECONDS if loading else HEARTBEAT_SECONDS
                try:
                    _, text = await asyncio.wait_for(queue.get(), wait)
                    yield text
                except TimeoutError:
                    yield ": \n\n"
        finally:
            self._clients.discard(queue)

    def _missed(self, after: int | None) -> list[str]:
        """What came between `after` and now; a resync where that is not known any more."""
        if after is None or after >= self._last:
            return []
        if self._batches and self._batches[0][0] <= after:
            return [text for _, last, text in self._batches if last > after]
        return [event(RESYNC, {}, self._last)]

    async def _progress(self) -> tuple[bool, str]:
        """Whether sources are still being read for the first time, and the event that says how far they are."""
        states = await source_states(self._site, OPEN)
        loading = any(state.loading for state in states)
        entities_read = [(state.entities, state.percent) for state in states]
        return loading, event("progress", {"done": not loading, "entities": entities_read})


def event(name: str, value: object, sequence: int | None = None) -> str:
    number = f"id: {sequence}\n" if sequence is not None else ""
    return f"{number}event: {name}\ndata: {orjson.dumps(value).decode()}\n\n"


def describe(change: ChangeRow, entity: Entity | None) -> dict[str, object]:
    """values: attribute IRI to the value where it is a number, a text or a flag, and when it was observed (ms)."""
    values: dict[str, object] = {}
    for attribute in entity.attributes if entity else ():
        if attribute.name not in change.names or attribute.dataset_id is not None:
            continue
        members = attribute.members()
        value = members.get("value")
        if isinstance(value, (int, float, str, bool)):
            stamp = members.get("observedAt")
            values[attribute.name] = {
                "value": value,
                "observed": parse_moment(stamp) // 1000 if stamp else None,
            }
    return {"id": change.id, "types": change.types, "kind": change.kind, "values": values}
