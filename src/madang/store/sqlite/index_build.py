"""Building value indexes over the entities that are there, in slices between the commits of others.

From the moment an index is declared every write keeps it; the build adds what was there before. It remembers
how far it came, so that a restart goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from madang.settings import LIMITS
from madang.store.sqlite.codec import decode_segments
from madang.store.sqlite.indexes import ValueIndex
from madang.store.sqlite.place import Place
from madang.store.sqlite.values import index_values, is_plain

_LOG: Final = logging.getLogger(__name__)
_SLICE_ROWS: Final = 128
_WAIT_SECONDS_MAX: Final = 2.0
_ENTITIES: Final = """SELECT e.row, e.segments FROM entity_type t CROSS JOIN entity e ON e.row = t.row
    WHERE t.type = ? AND t.row > ? ORDER BY t.row LIMIT ?"""

Commit = Callable[[Callable[[Place], Any]], Awaitable[None]]


class IndexBuilder:
    """Takes wishes and builds one index after the other. commit: runs a step inside a commit of the store."""

    def __init__(self, place: Place, commit: Commit) -> None:
        self._place = place
        self._commit = commit
        self._wished: dict[tuple[str, str], asyncio.Event] = {}
        self._task: asyncio.Task[None] | None = None
        if place.registry.unready():
            self._start()

    async def want(self, type_: str, attribute: str) -> bool:
        """Wish for an index (IRIs). Returns whether it is there now, so that planning anew is worth it.

        Whoever wishes first does not wait. Those who come while it is built wait a moment, for reading everything
        beside each other they would only delay it. At most so many are built as the limit says.
        """
        under_way = self._wished.get((type_, attribute))
        if under_way is None:
            if self._place.registry.n < LIMITS.value_indexes_max:
                self._wished[type_, attribute] = asyncio.Event()
                self._start()
            return False
        try:
            async with asyncio.timeout(_WAIT_SECONDS_MAX):
                await under_way.wait()
        except TimeoutError:
            return False
        return True

    def is_idle(self) -> bool:
        return self._task is None or self._task.done()

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="build value indexes")

    async def _run(self) -> None:
        try:
            while self._wished or self._place.registry.unready():
                await self._build_all()
        finally:
            while self._wished:
                self._wished.popitem()[1].set()

    async def _build_all(self) -> None:
        """Declare what is wished for, build what is not ready, and tell those who wait."""
        for wish in list(self._wished):
            await self._commit(partial(_declare, wish))
        for index in self._place.registry.unready():
            await self._build(index)
        for wish in [wish for wish in self._wished if not self._is_unready(wish)]:
            self._wished.pop(wish).set()

    def _is_unready(self, wish: tuple[str, str]) -> bool:
        """Whether the wish came too late for the indexes that were just built."""
        type_, attribute = (self._place.terms.find(iri) for iri in wish)
        if type_ is None or attribute is None:
            return False
        index = self._place.registry.find(type_, attribute)
        return index is None or not index.ready

    async def _build(self, index: ValueIndex) -> None:
        done = False

        def step(place: Place) -> None:
            nonlocal done
            done = _build_slice(place, index)

        while not done:
            await self._commit(step)
            await asyncio.sleep(0)
        self._place.registry.set_ready(index.number)
        names = self._place.terms.iri(index.type), self._place.terms.iri(index.attribute)
        _LOG.info("Values of %s of %s are indexed now", names[1], names[0])

    async def close(self) -> None:
        """Stop after the step that runs; the rest is built after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


def _declare(wish: tuple[str, str], place: Place) -> None:
    type_, attribute = (place.terms.find(iri) for iri in wish)
    if type_ is not None and attribute is not None:
        place.registry.declare([(type_, attribute)], ready=False)


def _build_slice(place: Place, index: ValueIndex) -> bool:
    """Index the next entities of the type. Returns whether that was the end."""
    connection = place.connection
    last = connection.execute("SELECT built_row FROM value_index WHERE number = ?", (index.number,)).get
    rows: list[Any] = connection.execute(_ENTITIES, (index.type, last, _SLICE_ROWS)).fetchall()
    name = place.terms.iri(index.attribute)
    found: list[tuple[int, float | str, int]] = []
    for row, segments in rows:
        attributes = [one for one in decode_segments(segments, place.terms) if one.name == name]
        values = [value for one in attributes for value in index_values(one)]
        if not is_plain(values):
            place.registry.note_mixed(index.number)
        found.extend((index.number, value, row) for value in values)
    for table, kind in (("number_value", float), ("text_value", str)):
        connection.executemany(
            f"INSERT OR IGNORE INTO {table} VALUES (?, ?, ?)",  # noqa: S608 one of the two above
            [entry for entry in found if isinstance(entry[1], kind)],
        )
    if len(rows) < _SLICE_ROWS:
        connection.execute("UPDATE value_index SET state = 'ready' WHERE number = ?", (index.number,))
        return True
    connection.execute("UPDATE value_index SET built_row = ? WHERE number = ?", (rows[-1][0], index.number))
    return False
