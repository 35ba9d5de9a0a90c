"""The bookkeeping of sources in a tenant's file: state, lease, what each run saw, and the quarantine.

A source's mark is written by the committer in the transaction of the entities it speaks of; all else here are
small transactions of their own that go through the same writer, so that nothing writes beside it.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple

import apsw
import msgspec

from madang.clock import Clock
from madang.errors import Busy, NotFound
from madang.settings import LIMITS
from madang.store.base import Rejected, SourceMark, SourceStatus

_COLUMNS: Final = """SELECT s.id, s.fingerprint, s.run, s.complete, s.state, s.started, s.finished,
    (SELECT count(*) FROM source_entity e WHERE e.source = s.id),
    (SELECT count(*) FROM quarantine q WHERE q.source = s.id), s.problem FROM source s"""
_SEEN: Final = """INSERT INTO source_entity (source, id, digest, run) VALUES (?, ?, ?, ?)
    ON CONFLICT (source, id) DO UPDATE SET digest = excluded.digest, run = excluded.run"""
_REJECT: Final = """INSERT INTO quarantine (source, run, time, place, original, reason)
    VALUES (?, ?, ?, ?, ?, ?)"""

Writing = Callable[[Callable[[apsw.Connection], Any]], Awaitable[Any]]


def write_mark(connection: apsw.Connection, mark: SourceMark, now: int) -> None:
    """Write a source's mark in the running transaction. Rejected rows over the limit are counted, not kept."""
    connection.execute("UPDATE source SET state = ? WHERE id = ?", (mark.state, mark.source))
    connection.executemany(_SEEN, [(mark.source, id_, digest, mark.run) for id_, digest in mark.seen])
    if mark.rejected:
        kept = connection.execute("SELECT count(*) FROM quarantine WHERE source = ?", (mark.source,)).get
        room = max(0, LIMITS.quarantine_rows_max - int(kept))
        rows = [(mark.source, mark.run, now, r.place, r.original, r.reason) for r in mark.rejected[:room]]
        connection.executemany(_REJECT, rows)


class SqliteSources:
    """Implements `store.base.Sources`. writing: runs a function inside a transaction of the store's writer."""

    def __init__(self, reader: apsw.Connection, writing: Writing, clock: Clock) -> None:
        self._reader = reader
        self._writing = writing
        self._clock = clock

    async def all(self) -> list[SourceStatus]:
        rows = self._reader.execute(f"{_COLUMNS} ORDER BY s.id").fetchall()
        return [_status(row) for row in rows]

    async def status(self, source: str) -> SourceStatus | None:
        row = self._reader.execute(f"{_COLUMNS} WHERE s.id = ?", (source,)).fetchone()
        return _status(row) if row is not None else None

    async def begin(
        self, source: str, fingerprint: str, holder: str, *, follow: bool = False
    ) -> SourceStatus:
        opening = _Opening(source, fingerprint, holder, follow, self._clock.now())
        await self._writing(lambda connection: _begin(connection, opening))
        status = await self.status(source)
        assert status is not None
        return status

    async def digests(self, source: str, ids: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for identifier in ids:
            row = self._reader.execute(
                "SELECT digest FROM source_entity WHERE source = ? AND id = ?", (source, identifier)
            ).fetchone()
            if row is not None:
                found[identifier] = row[0]
        return found

    async def unseen(self, source: str, run: int, limit: int) -> list[str]:
        rows = self._reader.execute(
            "SELECT id FROM source_entity WHERE source = ? AND run < ? LIMIT ?", (source, run, limit)
        )
        return [identifier for (identifier,) in rows]

    async def forget(self, source: str, ids: Sequence[str]) -> None:
        rows = [(source, identifier) for identifier in ids]
        await self._writing(
            lambda connection: connection.executemany(
                "DELETE FROM source_entity WHERE source = ? AND id = ?", rows
            )
        )

    async def finish(self, source: str, problem: str = "") -> None:
        now = self._clock.now()
        await self._writing(lambda connection: _finish(connection, source, problem, now))

    async def rejected(self, source: str, limit: int, after: int = 0) -> list[tuple[int, Rejected]]:
        rows = self._reader.execute(
            "SELECT number, place, original, reason FROM quarantine WHERE source = ? AND number > ? ORDER BY number LIMIT ?",
            (source, after, limit),
        )
        return [(number, Rejected(place, original, reason)) for number, place, original, reason in rows]

    async def remove(self, source: str) -> None:
        def remove(connection: apsw.Connection) -> None:
            for table, column in (("source_entity", "source"), ("quarantine", "source"), ("source", "id")):
                connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (source,))  # noqa: S608 names from above

        await self._writing(remove)


class _Opening(NamedTuple):
    """What `begin` was asked for, and when."""

    source: str
    fingerprint: str
    holder: str
    follow: bool
    now: int


def _status(row: tuple[Any, ...]) -> SourceStatus:
    return msgspec.convert(
        dict(zip(SourceStatus.__struct_fields__, row, strict=True)), SourceStatus, strict=False
    )


def _begin(connection: apsw.Connection, opening: _Opening) -> None:
    source, fingerprint, holder, follow, now = opening
    row = connection.execute(
        "SELECT fingerprint, run, complete, holder FROM source WHERE id = ?", (source,)
    ).fetchone()
    if row is None:
        connection.execute(
            "INSERT INTO source VALUES (?, ?, 1, 0, x'', ?, 0, '', ?)", (source, fingerprint, now, holder)
        )
        return
    before, run, complete, held_by = row
    if held_by and held_by != holder and _lives(held_by):
        raise Busy(f"Source {source} is being read by process {held_by} already; wait for it or stop it")
    if not complete and before == fingerprint:
        connection.execute("UPDATE source SET holder = ?, problem = '' WHERE id = ?", (holder, source))
        return
    if not follow:
        connection.execute("DELETE FROM quarantine WHERE source = ?", (source,))
        connection.execute("UPDATE source SET state = x'' WHERE id = ?", (source,))
    connection.execute(
        """UPDATE source SET fingerprint = ?, run = ?, complete = 0, started = ?, problem = '', holder = ?
           WHERE id = ?""",
        (fingerprint, run + 1, now, holder, source),
    )


def _lives(holder: str) -> bool:
    """holder: a process number. Only this machine's processes can hold the home folder."""
    if not holder.isdigit() or int(holder) == os.getpid():
        return False
    try:
        os.kill(int(holder), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _finish(connection: apsw.Connection, source: str, problem: str, now: int) -> None:
    row = connection.execute("SELECT run FROM source WHERE id = ?", (source,)).fetchone()
    if row is None:
        raise NotFound(f"Source {source} is not known to the store")
    if problem:
        connection.execute("UPDATE source SET problem = ?, holder = '' WHERE id = ?", (problem, source))
    else:
        connection.execute(
            "UPDATE source SET complete = 1, finished = ?, problem = '', holder = '' WHERE id = ?",
            (now, source),
        )
