"""The city live: GET /stream sends changes as they are committed, as server-sent events.

One follower of the hub serves every page of a tenant. It gathers what comes within a moment; for each audience, those
who see the same of the graph, it reads the new values once and hands the same text to all of it. A page that is too
slow, or comes back after too long, is told to start anew (`resync`). The follower also knows when an entity of each
type last changed, whoever may see it, by which map data is kept. It ends by itself when the hub closes.
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
from madang.trust.access import Access
from madang.trust.view import View
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


class Audience:
    """Who sees the same. access: what that is. batches: (after, up to, text) of what was sent last."""

    def __init__(self, access: Access, last: int) -> None:
        self.access = access
        self.clients: set[asyncio.Queue[tuple[int, str]]] = set()
        self.batches: deque[tuple[int, int, str]] = deque(maxlen=BATCHES_KEPT_MAX)
        self.last = last

    def publish(self, last: int, text: str) -> None:
        self.batches.append((self.last, last, text))
        self.last = last
        for queue in self.clients:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                text = event(RESYNC, {}, last)
            queue.put_nowait((last, text))

    def missed(self, after: int | None) -> list[str]:
        """What came between `after` and now; a resync where that is not known any more."""
        if after is None or after >= self.last:
            return []
        if self.batches and self.batches[0][0] <= after:
            return [text for _, last, text in self.batches if last > after]
        return [event(RESYNC, {}, self.last)]


class Live:
    """Follows one tenant."""

    def __init__(self, site: Site, tenant: str) -> None:
        self._site = site
        self._everything = Access(tenant=tenant)
        self._task: asyncio.Task[None] | None = None
        self._audiences: dict[View | None, Audience] = {}
        self._waiting: dict[str, ChangeRow] = {}
        self._begun = 0
        self._last = 0
        self._versions: dict[str, int] = {}

    # --- following ---

    async def start(self) -> None:
        """Begin to follow, at the first page that needs it."""
        if self._task is None or self._task.done():
            store = self._site.hub.store(self._everything)
            self._begun = self._last = await store.last_sequence()
            self._versions.clear()
            self._audiences.clear()
            self._task = asyncio.create_task(self._follow())

    async def version(self, types: tuple[str, ...]) -> int:
        """Number of the last change of an entity of these types, as far as it is known."""
        await self.start()
        return max(self._versions.get(iri, self._begun) for iri in types)

    async def _follow(self) -> None:
        async with asyncio.TaskGroup() as group:
            flushing = group.create_task(self._flush())
            async for change in live.watch(self._site.hub, self._everything, self._begun):
                if change.kind == "lost":
                    self._begun = self._last = change.sequence
                    self._versions.clear()
                    self._waiting.clear()
                    for audience in self._audiences.values():
                        audience.publish(change.sequence, event(RESYNC, {}, change.sequence))
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
            self._last = max(change.sequence for change in waiting.values())
            self._audiences = {view: one for view, one in self._audiences.items() if one.clients}
            for audience in list(self._audiences.values()):
                await self._tell(audience, list(waiting.values()), self._last)

    async def _tell(self, audience: Audience, changes: list[ChangeRow], last: int) -> None:
        if len(changes) > BATCH_ENTITIES_MAX:
            audience.publish(last, event(RESYNC, {}, last))
            return
        found = await self._read(audience.access, changes)
        if found or audience.access.view is None:
            audience.publish(last, event("changes", found, last))

    async def _read(self, access: Access, changes: list[ChangeRow]) -> list[dict[str, object]]:
        """What a page needs of each change: the present values of the attributes that were written.

        Nothing of what is recorded when it is read: nobody asked for it."""
        hub = self._site.hub
        store = hub.store(access)
        public = [change for change in changes if access.recorded.isdisjoint(change.types)]
        shown = [one for change in public if (one := await live.seen(store, access, change)) is not None]
        ids = tuple(change.id for change in shown if change.kind != "deleted")
        found: dict[str, Entity] = {}
        if ids:
            page = await entities.query(hub, access, Query(ids=ids), Window(limit=len(ids)))
            found = {entity.id: entity for entity in page.entities}
        return [describe(change, found.get(change.id)) for change in shown]

    # --- serving ---

    async def respond(self, request: Request, access: Access) -> Response:
        """GET /stream?after=SEQUENCE, or with Last-Event-ID. access: of who reads, in this tenant."""
        await self.start()
        if sum(len(one.clients) for one in self._audiences.values()) >= LIMITS.stream_clients_max:
            return Response(
                "Too many pages follow the city live; try again later", 503, {"Retry-After": "30"}
            )
        given = request.headers.get("last-event-id") or request.query_params.get("after", "")
        after = int(given) if given.isascii() and given.isdigit() else None
        headers = {**SECURITY_HEADERS, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(
            self._events(self._audience(access), after), headers=headers, media_type="text/event-stream"
        )

    def _audience(self, access: Access) -> Audience:
        known = self._audiences.get(access.view)
        if known is None:
            # What one of them is shown is shown to all, so nothing of it says who they are
            plain = Access(tenant=access.tenant, subject="stream", view=access.view, recorded=access.recorded)
            known = self._audiences[access.view] = Audience(plain, self._last)
        return known

    async def _events(self, audience: Audience, after: int | None) -> AsyncIterator[str]:
        queue: asyncio.Queue[tuple[int, str]] = asyncio.Queue(CLIENT_BATCHES_MAX)
        audience.clients.add(queue)
        self._audiences[audience.access.view] = audience
        try:
            yield f"retry: {RETRY_MS}\n\n"
            for text in audience.missed(after):
                yield text
            progress = ""
            loading = True
            while True:
                if loading:
                    loading, news = await self._progress(audience.access)
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
            audience.clients.discard(queue)

    async def _progress(self, access: Access) -> tuple[bool, str]:
        """Whether sources are still being read for the first time, and the event that says how far they are; how many
        entities they have is for who may see all."""
        states = await source_states(self._site, access)
        loading = any(state.loading for state in states)
        read = [(state.entities if access.view is None else 0, state.percent) for state in states]
        return loading, event("progress", {"done": not loading, "entities": read})


class Lives:
    """The followers of the tenants, each begun when a page needs it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._of: dict[str, Live] = {}

    def of(self, tenant: str) -> Live:
        known = self._of.get(tenant)
        if known is None:
            known = self._of[tenant] = Live(self._site, tenant)
        return known


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
