"""Pages of a query. (First form: candidates by type or all in row order, every condition in Python.)"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import apsw

from madang.ngsild.entity import Entity
from madang.ngsild.matcher import compile_query
from madang.ngsild.query import Query, Window
from madang.ngsild.representation import render_whole
from madang.settings import LIMITS
from madang.store.base import Page, RenderedPage
from madang.store.sqlite.codec import decode_entity
from madang.store.sqlite.read import COLUMNS, filter_of, visible
from madang.store.sqlite.write import Place
from madang.trust.access import Access

Build = Callable[[Callable[[Place], Any]], Awaitable[None]]


class Pages:
    def __init__(self, connection: apsw.Connection, place: Place, path: Path, build: Build) -> None:
        self._connection = connection
        self._place = place

    async def page(self, query: Query, window: Window, access: Access) -> Page:
        matches = compile_query(query, access.mask)
        allowed = filter_of(access)
        found: list[Entity] = []
        total = 0
        skip = window.offset
        last = int(window.cursor or 0)
        start = last if not window.count else 0
        position = start
        next_cursor = ""
        while True:
            rows = self._connection.execute(
                f"SELECT e.row, {COLUMNS} FROM entity e WHERE e.row > ? ORDER BY e.row LIMIT ?",
                (position, LIMITS.slice_entities_max),
            ).fetchall()
            for row in rows:
                entity = visible(decode_entity(row[1:], self._place.terms), access, allowed)
                if entity is None or not matches(entity):
                    continue
                total += 1
                if row[0] <= last:
                    continue
                if skip:
                    skip -= 1
                elif len(found) < window.limit:
                    found.append(entity)
                    position_of_last = row[0]
                else:
                    next_cursor = str(position_of_last) if found else ""
                    if not window.count:
                        return Page(tuple(found), None, next_cursor)
            if len(rows) < LIMITS.slice_entities_max:
                return Page(tuple(found), total if window.count else None, next_cursor)
            position = rows[-1][0]
            await asyncio.sleep(0)

    async def rendered_page(self, query: Query, window: Window, access: Access) -> RenderedPage:
        page = await self.page(query, window, access)
        bodies = tuple(render_whole(entity, self._place.context) for entity in page.entities)
        return RenderedPage(bodies, page.total, page.next_cursor)

    async def close(self) -> None:
        return
