"""Queries that read much, in a process of their own: the event loop stays free for the others (docs/decisions, 2).

The process is started at the first such query, reads through its own connection, and ends with the server.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Final

import apsw

from madang.errors import QueryTooWide, StoreBroken
from madang.lifeline import end_with
from madang.ngsild.query import Query, Window
from madang.settings import LIMITS
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.connection import open_reader
from madang.store.sqlite.indexes import ValueIndexes
from madang.store.sqlite.plan import Catalog
from madang.store.sqlite.scan import Answer, Scan, make_plan
from madang.trust.access import Access

_OPEN: Final[dict[str, apsw.Connection]] = {}
_READERS_MAX: Final = 1


class ScanProcess:
    """The process, and a queue before it that is not longer than a few queries."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._pool: ProcessPoolExecutor | None = None
        self._places = asyncio.Semaphore(_READERS_MAX)

    async def answer(self, query: Query, window: Window, access: Access, *, rendered: bool) -> Answer:
        """The answer to a query. Raises QueryTooWide if it takes longer than the limit."""
        too_wide = QueryTooWide(
            f"The query would read for more than {LIMITS.query_ms_max} ms; name a type, add a condition that an index "
            "serves, or ask again in a minute: an index for it is being built where that is possible"
        )
        try:
            async with asyncio.timeout(LIMITS.query_ms_max / 1000), self._places:
                return await asyncio.wrap_future(
                    self._process().submit(_answer, self._path, query, window, access, rendered)
                )
        except TimeoutError as error:
            self.close()
            raise too_wide from error
        except BrokenProcessPool as error:
            self.close()
            raise StoreBroken("The process that reads wide queries ended unexpectedly; ask again") from error

    def _process(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, context, end_with, (os.getpid(),))
        return self._pool

    def close(self) -> None:
        """End the process, also in the middle of a query."""
        pool, self._pool = self._pool, None
        if pool is not None:
            for process in list((pool._processes or {}).values()):  # noqa: SLF001 the pool itself can only wait
                process.kill()
            pool.shutdown(wait=False, cancel_futures=True)


def _answer(path: str, query: Query, window: Window, access: Access, rendered: bool) -> Answer:
    """Runs in the process: the whole generator at once."""
    connection = _OPEN.get(path)
    if connection is None:
        connection = _OPEN[path] = open_reader(Path(path))
    terms = Terms(connection)
    made, cursor = make_plan(query, window, Catalog(terms, ValueIndexes(connection)), access)
    slices = Scan(connection, terms, made, rendered=rendered).answer(query, window, cursor)
    while True:
        try:
            next(slices)
        except StopIteration as finished:
            answer: Answer = finished.value
            return answer
