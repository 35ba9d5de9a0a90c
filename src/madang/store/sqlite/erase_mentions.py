"""What names erased entities elsewhere in a tenant's file: links to them, now and in the histories of others; changes that
wait to be notified, notifications that could not be; rejected rows.

It is found by reading, in slices between which others are served; each thing found is then put right inside a commit.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, Final

import apsw
import orjson

from madang.ngsild.unlinking import mentions, needles_of, without_links
from madang.store.sqlite import chunk_edit, codec, outbox
from madang.store.sqlite.chunks import Chunk
from madang.store.sqlite.codec import FIELD_SEPARATOR, SEGMENT_SEPARATOR
from madang.store.sqlite.place import Place
from madang.store.sqlite.relink import relink

_ROWS: Final = 2000
_CHUNKS: Final = 32
_TOLD_MAX: Final = 100
_LINKING: Final = "SELECT DISTINCT row FROM relation WHERE target = ?"
_CHANGES: Final = "SELECT sequence, row, data FROM change WHERE sequence > ? AND sequence <= ?"
_LAST: Final = "SELECT coalesce(max({}), 0) FROM {}"
# Of chunks of numbers only the forms of their bodies could hold a link, as they are
_CHUNKS_OF: Final = """SELECT number, row, term, dataset, n, columns, origins, bodies FROM chunk
    WHERE number > ? AND number <= ? AND (total IS NULL OR instr(bodies, 'urn:'))"""
_ENTITIES: Final = "SELECT id, segments FROM entity WHERE row > ? AND row <= ?"

Counts = dict[str, int]
Work = Callable[[], Counts]


class Mentions:
    """ids: of what is erased. texts: names and addresses of the person."""

    def __init__(
        self, reader: apsw.Connection, place: Place, ids: frozenset[str], texts: tuple[str, ...]
    ) -> None:
        self._reader = reader
        self._place = place
        self._ids = ids
        self._texts = texts
        self._needles = needles_of(ids)

    async def works(self) -> AsyncIterator[Work]:
        """What is to be done inside a commit each; says how much it was."""
        for identifier in self._ids:
            rows: list[Any] = self._reader.execute(_LINKING, (identifier,)).fetchall()
            for (row,) in rows:
                yield partial(self._unlink, row)
        async for work in self._in_changes():
            yield work
        async for work in self._in_chunks():
            yield work
        yield self._undelivered
        yield self._rejected

    async def left(self) -> tuple[str, ...]:
        """Ids of entities in which one of the texts stands."""
        found: list[str] = []
        if not self._texts:
            return ()
        stands_in = _any_of([orjson.dumps(text).decode()[1:-1] for text in self._texts])
        last = int(self._reader.execute(_LAST.format("row", "entity")).get)
        for start in range(0, last, _ROWS):
            rows = self._reader.execute(_ENTITIES, (start, start + _ROWS))
            found += [str(identifier) for identifier, segments in rows if stands_in(segments.decode())]
            if len(found) >= _TOLD_MAX:
                break
            await asyncio.sleep(0)
        return tuple(found[:_TOLD_MAX])

    def _unlink(self, row: int) -> Counts:
        return {"links": int(relink(self._place, row, lambda entity: without_links(entity, self._ids)))}

    async def _in_changes(self) -> AsyncIterator[Work]:
        last = int(self._reader.execute(_LAST.format("sequence", "change")).get)
        for start in range(0, last, _ROWS):
            rows = self._reader.execute(_CHANGES, (start, start + _ROWS))
            found = [(sequence, row) for sequence, row, data in rows if mentions(data, self._needles)]
            if found:
                yield partial(self._rewrite_changes, found)
            await asyncio.sleep(0)

    def _rewrite_changes(self, found: list[tuple[int, int]]) -> Counts:
        execute = self._place.connection.execute
        for sequence, row in found:
            data: Any = execute("SELECT data FROM change WHERE sequence = ?", (sequence,)).get
            if not data:
                continue
            chunk_edit.note(self._place.connection, row)
            parts = [self._segment(part) for part in data.split(SEGMENT_SEPARATOR)]
            joined = SEGMENT_SEPARATOR.join(parts)
            execute("UPDATE change SET data = ? WHERE sequence = ?", (joined, sequence))
        return {"links in histories": len(found)}

    def _segment(self, part: bytes) -> bytes:
        if not mentions(part, self._needles):
            return part
        return codec.erased(part.split(FIELD_SEPARATOR, 1)[0])

    async def _in_chunks(self) -> AsyncIterator[Work]:
        last = int(self._reader.execute(_LAST.format("number", "chunk")).get)
        for start in range(0, last, _CHUNKS):
            rows: list[Any] = self._reader.execute(_CHUNKS_OF, (start, start + _CHUNKS)).fetchall()
            for number, row, term, dataset, *chunk in rows:
                name = str(term).encode()
                bodies = [one.body for one in Chunk(name, *chunk).instances()]
                if any(mentions(body, self._needles) for body in bodies):
                    yield partial(self._rewrite_chunk, number, (row, name, dataset))
            await asyncio.sleep(0)

    def _rewrite_chunk(self, number: int, series: tuple[int, bytes, str]) -> Counts:
        connection = self._place.connection
        statement = "SELECT n, columns, origins, bodies FROM chunk WHERE number = ?"
        found: Any = connection.execute(statement, (number,)).fetchone()
        if found is None:
            return {}
        instances = Chunk(series[1], *found).instances()
        kept = [one for one in instances if not mentions(one.body, self._needles)]
        chunk_edit.note(connection, series[0])
        chunk_edit.rewrite(connection, series, number, kept)
        return {"links in histories": len(instances) - len(kept)}

    def waiting(self) -> Counts:
        """Changes that wait to be notified: those of the erased, and those that name them, go."""
        connection = self._place.connection
        n = 0
        for identifier in self._ids:
            rows: list[Any] = connection.execute(
                "SELECT sequence, changes FROM outbox WHERE instr(changes, ?)", (identifier.encode(),)
            ).fetchall()
            for sequence, blob in rows:
                left, gone = outbox.without(blob, self._ids, self._needles)
                n += gone
                connection.execute("UPDATE outbox SET changes = ? WHERE sequence = ?", (left, sequence))
        return {"waiting notifications": n}

    def _undelivered(self) -> Counts:
        connection = self._place.connection
        n = 0
        for needle in self._needles:
            connection.execute("DELETE FROM dead_letter WHERE instr(message, ?)", (needle,))
            n += connection.changes()
        return {"undelivered notifications": n}

    def _rejected(self) -> Counts:
        """Rows of sources that could not be read, if they hold an id or one of the texts."""
        connection = self._place.connection
        rows: list[Any] = connection.execute("SELECT number, original, reason FROM quarantine").fetchall()
        stands_in = _any_of([*self._ids, *self._texts])
        gone = [(number,) for number, original, reason in rows if stands_in(original) or stands_in(reason)]
        connection.executemany("DELETE FROM quarantine WHERE number = ?", gone)
        return {"rejected rows": len(gone)}


def _any_of(texts: list[str]) -> Callable[[str], object]:
    """Whether one of the texts stands in another, not as a part of a longer number or Latin word: Korean words have
    endings."""
    escaped = "|".join(map(re.escape, texts))
    return re.compile(f"(?<![A-Za-z0-9])(?:{escaped})(?![A-Za-z0-9])").search
