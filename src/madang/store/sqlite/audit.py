"""A chain of events in an SQLite file; `audit_rows.py` says what its rows are, `audit_check.py` whether they are right."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import apsw

from madang.ngsild.temporal import SECOND
from madang.store.audit import Event, Head, Recorded, Tally, Verdict, Wanted
from madang.store.sqlite import audit_check, audit_cut, audit_rows
from madang.store.sqlite.connection import open_reader

Writing = Callable[[Callable[[apsw.Connection], Any]], Awaitable[Any]]
Result = TypeVar("Result")
HOUR: Final = 3600 * SECOND
_FIRST: Final = "SELECT min(time) FROM audit WHERE time >= ? AND time < ?"
_TALLIES: Final = """SELECT subject, deed, count(*), sum(things) FROM audit WHERE time >= ? AND time < ?
    GROUP BY subject, deed"""


class SqliteChain:
    """Implements `store.audit.Chain`. path: of the file. writing: runs a function in a transaction of the file's writer."""

    def __init__(self, reader: apsw.Connection, writing: Writing) -> None:
        self.path = Path(reader.filename)
        self._reader = reader
        self._writing = writing

    async def append(self, events: Sequence[Event], now: int) -> None:
        await self._writing(lambda connection: audit_rows.write(connection, now, events))

    async def page(self, wanted: Wanted, limit: int, before: int = 0) -> list[Recorded]:
        conditions, values = _conditions(self._reader, wanted)
        if before:
            conditions.append("number < ?")
            values.append(before)
        where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
        rows: list[Any] = self._reader.execute(
            f"SELECT {audit_rows.COLUMNS} FROM audit {where}ORDER BY number DESC LIMIT ?",  # noqa: S608 constants
            (*values, limit),
        ).fetchall()
        return [audit_rows.read(self._reader, row) for row in rows]

    async def tallies(self, since: int, until: int) -> list[Tally]:
        found: list[Tally] = []
        # Hour by hour, so that others are served between; hours without events are skipped
        hour = since
        while (first := self._first(hour, until)) is not None:
            hour = first - (first - since) % HOUR
            rows: list[Any] = self._reader.execute(_TALLIES, (hour, hour + HOUR)).fetchall()
            found += [Tally(hour, subject, audit_rows.deed_of(deed), *sums) for subject, deed, *sums in rows]
            hour += HOUR
            await asyncio.sleep(0)
        return found

    def _first(self, since: int, until: int) -> int | None:
        row: Any = self._reader.execute(_FIRST, (since, until)).fetchone()
        return int(row[0]) if row[0] is not None else None

    async def head(self) -> Head:
        return audit_rows.head_of(self._reader)

    async def verify(self, known: Sequence[Head] = ()) -> Verdict:
        # With a reader of its own the check reads the file as it is now, whatever is written meanwhile
        connection = open_reader(self.path)
        try:
            checking = audit_check.check(connection, known)
            while True:
                try:
                    next(checking)
                except StopIteration as finished:
                    verdict: Verdict = finished.value
                    return verdict
                await asyncio.sleep(0)
        finally:
            connection.close()

    async def cut(self, before: int, now: int) -> int:
        gone = await self._done(lambda connection: audit_cut.begin(connection, before, now))
        more = True
        while more:
            more = await self._done(audit_cut.clear)
        return gone

    async def forget(self, entities: Sequence[str]) -> int:
        def work(connection: apsw.Connection) -> int:
            before = connection.total_changes()
            connection.executemany("DELETE FROM audit_name WHERE entity = ?", [(one,) for one in entities])
            return connection.total_changes() - before

        return await self._done(work)

    async def _done(self, work: Callable[[apsw.Connection], Result]) -> Result:
        """Run the work in a transaction of the writer; what it returned."""
        done: list[Result] = []
        await self._writing(lambda connection: done.append(work(connection)))
        return done[0]


def _conditions(connection: apsw.Connection, wanted: Wanted) -> tuple[list[str], list[Any]]:
    """What is wanted as conditions of SQL, and their values."""
    asked = (
        ("subject = ?", wanted.subject or None),
        ("deed = ?", wanted.deed.value if wanted.deed is not None else None),
        ("object = ?", wanted.object or None),
        ("time >= ?", wanted.since),
        ("time < ?", wanted.until),
    )
    conditions = [condition for condition, value in asked if value is not None]
    values: list[Any] = [value for _, value in asked if value is not None]
    if wanted.entity:
        conditions.append("number IN (SELECT number FROM audit_entity WHERE token = ?)")
        values.append(audit_rows.known_token(connection, wanted.entity) or b"")
    return conditions, values
