"""Pages of a query: short ones in the event loop slice by slice, long ones in the process for wide queries.

A query that an index would have served leaves a wish for it, which is built in the background.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

import apsw

from madang.ngsild.context import Context
from madang.ngsild.entity import Entity
from madang.ngsild.evolution import Evolution
from madang.ngsild.query import Query, Window
from madang.ngsild.representation import render_whole
from madang.ngsild.temporal import TemporalQuery
from madang.settings import LIMITS
from madang.store.base import Page, RenderedPage
from madang.store.sqlite.cutting import Cutters
from madang.store.sqlite.index_build import IndexBuilder
from madang.store.sqlite.mask import PLAIN, Mask
from madang.store.sqlite.place import Place
from madang.store.sqlite.plan import Catalog
from madang.store.sqlite.rewrite import COLUMNS, Rewriter
from madang.store.sqlite.row_sight import COLUMNS as ENTITY_COLUMNS
from madang.store.sqlite.row_sight import Kept, RowSight, Sights, is_whole
from madang.store.sqlite.scan import Answer, Scan, make_plan
from madang.store.sqlite.scan_process import Question, ScanProcess, Summing
from madang.store.sqlite.verdict import Depends
from madang.trust.access import Access

# Slices of at most 512 entities that a query may read in the event loop before it moves out
_SLICES_IN_LOOP_MAX: Final = 16
_BY_ID: Final = f"SELECT {COLUMNS} FROM entity e WHERE e.id = ?"  # noqa: S608 constant
_KEPT: Final = "SELECT types, rendered FROM entity WHERE id = ?"
_SEEN: Final = f"SELECT {ENTITY_COLUMNS}, e.rendered FROM entity e WHERE e.id = ?"  # noqa: S608 constant


class Pages:
    """Answers the queries on one tenant's file."""

    def __init__(self, connection: apsw.Connection, place: Place, path: Path, builder: IndexBuilder) -> None:
        self._connection = connection
        self._place = place
        self._builder = builder
        self._wide = ScanProcess(path)
        self._rewriters: dict[Context, Rewriter] = {}
        self.sights = Sights(Kept(place.terms, place.counters.combinations, Cutters(place.context)))

    async def page(self, query: Query, window: Window, access: Access) -> Page:
        answer = await self._answer(query, window, access, rendered=False)
        entities = tuple([item for item in answer.items if isinstance(item, Entity)])
        return Page(entities, answer.total, answer.next_cursor)

    async def rendered_page(
        self, query: Query, window: Window, access: Access, context: Context | None = None
    ) -> RenderedPage:
        as_kept = context is None or context is self._place.context
        rewriter = self.rewriter(context) if context is not None and not as_kept else None
        answer = await self._answer(query, window, access, rendered=as_kept, rewriter=rewriter)
        return RenderedPage(answer.items, answer.total, answer.next_cursor)  # type: ignore[arg-type]  # rendered: all bytes

    def rewritten(self, entity_id: str, context: Context) -> bytes | None:
        """One entity as on such a page; None if there is none."""
        row: Any = self._connection.execute(_BY_ID, (entity_id,)).fetchone()
        return self.rewriter(context)(row) if row is not None else None

    def seen(self, entity_id: str, sight: RowSight, context: Context | None) -> bytes | None:
        """The same for a caller who may not see everything. context: None for the default one."""
        if context is None:
            # Most of what is asked for is seen as a whole
            found: Any = self._connection.execute(_KEPT, (entity_id,)).fetchone()
            if found is None:
                return None
            verdict = sight.verdict(found[0])
            if not isinstance(verdict, Depends):
                return _cut(sight, verdict, found[1])
        row: Any = self._connection.execute(_SEEN, (entity_id,)).fetchone()
        mask = sight.mask(row[:7]) if row is not None else None
        if mask is None or context is None:
            return _cut(sight, mask, row[7]) if row is not None else None
        return self.rewriter(context).masked((*row[:3], row[6]), mask)

    def rewriter(self, context: Context) -> Rewriter:
        """The one that writes under this @context; kept, because what it has seen makes it quick."""
        known = self._rewriters.get(context)
        if known is None:
            if len(self._rewriters) >= LIMITS.contexts_cached_max:
                self._rewriters.clear()
            known = self._rewriters[context] = Rewriter(context, self._place.terms)
        return known

    async def _answer(
        self,
        query: Query,
        window: Window,
        access: Access,
        *,
        rendered: bool,
        rewriter: Rewriter | None = None,
    ) -> Answer:
        catalog = Catalog(self._place.terms, self._place.registry, self._connection, self.sights)
        made, cursor = make_plan(query, window, catalog, access)
        if made.wanted_index is not None and await self._builder.want(*made.wanted_index):
            made, cursor = make_plan(query, window, catalog, access)
        scan = Scan(
            *(self._connection, self._place.terms, made),
            rendered=rendered,
            rewriter=rewriter,
            ordered=bool(window.order),
        )
        slices = scan.answer(query, window, cursor)
        for _ in range(_SLICES_IN_LOOP_MAX):
            try:
                next(slices)
            except StopIteration as finished:
                answer: Answer = finished.value
                if made.outlook is None or made.outlook.version == self.sights.kept.combinations.version:
                    return answer
                break  # entities with other types than any before them have come meanwhile
            await asyncio.sleep(0)
        slices.close()
        as_kept = rendered and is_whole(access)
        found = await self._wide.answer(Question(query, window, access, as_kept))
        if as_kept or not (rendered or rewriter is not None):
            return found
        shown = rewriter.context if rewriter is not None else self._place.context
        bodies = tuple([render_whole(item, shown) for item in found.items if isinstance(item, Entity)])
        return Answer(bodies, found.next_cursor, found.total)

    async def summed(self, entity_id: str, temporal: TemporalQuery, access: Access) -> Evolution | None:
        """A long history, summed up beside the event loop."""
        return await self._wide.evolution(Summing(entity_id, temporal, access))

    async def close(self) -> None:
        await self._wide.close()


def _cut(sight: RowSight, mask: Mask | None, kept: bytes) -> bytes | None:
    """What is seen of the bytes in which an entity is kept."""
    if mask is None or mask is PLAIN:
        return kept if mask is not None else None
    return sight.cutter(mask)(kept)
