"""Pages of a query: short ones in the event loop slice by slice, long ones in the process for wide queries.

A query that an index would have served leaves a wish for it, which is built in the background.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import apsw

from madang.ngsild.entity import Entity
from madang.ngsild.query import Query, Window
from madang.ngsild.representation import render_whole
from madang.store.base import Page, RenderedPage
from madang.store.sqlite.index_build import IndexBuilder
from madang.store.sqlite.plan import Catalog
from madang.store.sqlite.read import masked
from madang.store.sqlite.scan import Answer, Scan, make_plan
from madang.store.sqlite.scan_process import Question, ScanProcess
from madang.store.sqlite.write import Place
from madang.trust.access import Access

# Slices of at most 512 entities that a query may read in the event loop before it moves out
_SLICES_IN_LOOP_MAX: Final = 16


class Pages:
    """Answers the queries on one tenant's file."""

    def __init__(self, connection: apsw.Connection, place: Place, path: Path, builder: IndexBuilder) -> None:
        self._connection = connection
        self._place = place
        self._builder = builder
        self._wide = ScanProcess(path)

    async def page(self, query: Query, window: Window, access: Access) -> Page:
        answer = await self._answer(query, window, access, rendered=False)
        entities = tuple([masked(item, access) for item in answer.items if isinstance(item, Entity)])
        return Page(entities, answer.total, answer.next_cursor)

    async def rendered_page(self, query: Query, window: Window, access: Access) -> RenderedPage:
        if access.mask:
            page = await self.page(query, window, access)
            bodies = tuple([render_whole(entity, self._place.context) for entity in page.entities])
            return RenderedPage(bodies, page.total, page.next_cursor)
        answer = await self._answer(query, window, access, rendered=True)
        return RenderedPage(answer.items, answer.total, answer.next_cursor)  # type: ignore[arg-type]  # rendered: all bytes

    async def _answer(self, query: Query, window: Window, access: Access, *, rendered: bool) -> Answer:
        catalog = Catalog(self._place.terms, self._place.registry, self._connection)
        made, cursor = make_plan(query, window, catalog, access)
        if made.wanted_index is not None and await self._builder.want(*made.wanted_index):
            made, cursor = make_plan(query, window, catalog, access)
        slices = Scan(self._connection, self._place.terms, made, rendered=rendered).answer(
            query, window, cursor
        )
        for _ in range(_SLICES_IN_LOOP_MAX):
            try:
                next(slices)
            except StopIteration as finished:
                answer: Answer = finished.value
                return answer
            await asyncio.sleep(0)
        slices.close()
        return await self._wide.answer(Question(query, window, access, rendered))

    async def close(self) -> None:
        await self._wide.close()
