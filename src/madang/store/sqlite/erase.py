"""Erasing entities for good: every row of the file that holds something of them, and then the file's unused bytes.

First the entity loses all it has, without a word to anybody, for the row that tells of a change would hold it again. Then
it is deleted like any other, so that followers hear of it; then its history, its place among the deleted and its id go.
The rows that number the tenant's writes stay, as writes of nobody (`NOBODY`). What names it elsewhere goes as well:
`erase_mentions.py`. Pages that SQLite has freed keep their bytes until the file is written anew: `compact`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final

import apsw

from madang.errors import Busy
from madang.ngsild.changes import Delete
from madang.ngsild.entity import Entity
from madang.ngsild.representation import render_whole
from madang.store.persons import Remains
from madang.store.sqlite import chunk_edit, codec
from madang.store.sqlite.codec import DELETED
from madang.store.sqlite.committer import Apart, Committer
from madang.store.sqlite.erase_mentions import Mentions, Work
from madang.store.sqlite.index_difference import IndexDifference
from madang.store.sqlite.place import Place

NOBODY: Final = "urn:ngsi-ld:Erased:1"
"""The id under which writes of erased entities are numbered."""
_SLICE: Final = 32
_TRIES: Final = 3
_IN_MEMORY_BYTES_MAX: Final = 256 * 1024**2

_LOAD: Final = "SELECT row, id, types, scopes, created, modified, expires, segments FROM entity WHERE id = ?"
_PRESENT: Final = "SELECT 1 FROM entity WHERE id = ?"
_STRIP: Final = "UPDATE entity SET scopes = '', expires = NULL, segments = x'', rendered = ? WHERE row = ?"
_DISOWN: Final = "UPDATE change SET row = ?, id = ?, kind = ?, data = x'' WHERE row = ?"
_OF_PERSON: Final = (
    "DELETE FROM consent WHERE person = ?1",
    """UPDATE person_request SET subject = '', person = '', text = '', answer = ''
        WHERE person = ?1 OR subject IN (SELECT subject FROM person_link WHERE person = ?1)""",
    "DELETE FROM person_link WHERE person = ?1",
)
_OLDER: Final = """SELECT e.id FROM entity_type t CROSS JOIN entity e ON e.row = t.row
    WHERE t.type = ?1 AND e.modified < ?2 LIMIT ?3"""
_GONE_BEFORE: Final = "SELECT id FROM past WHERE deleted < ?1 AND instr(types, ?2) LIMIT ?3"


class Erasing:
    """What of a store's file takes entities out of it."""

    def __init__(self, place: Place, reader: apsw.Connection, committer: Committer) -> None:
        self._place = place
        self._reader = reader
        self._committer = committer

    def older(self, reader: apsw.Connection, types: Sequence[str], before: int, limit: int) -> list[str]:
        """As in `store.persons.Persons`."""
        found: dict[str, None] = {}
        for type_ in types:
            number = self._place.terms.find(type_)
            if number is None:
                continue
            rows = [
                *reader.execute(_OLDER, (number, before, limit)),
                *reader.execute(_GONE_BEFORE, (before, f" {number} ", limit)),
            ]
            found |= {str(identifier): None for (identifier,) in rows}
        return list(found)[:limit]

    async def erase(
        self, ids: Sequence[str], texts: Sequence[str], deleted: Callable[[], Awaitable[None]] | None
    ) -> Remains:
        """As in `store.persons.Persons`."""
        types: Counter[str] = Counter()
        other: Counter[str] = Counter()
        wanted = list(dict.fromkeys(ids))
        mentions = Mentions(self._reader, self._place, frozenset(wanted), tuple(texts))
        for start in range(0, len(wanted), _SLICE):
            part = wanted[start : start + _SLICE]
            for _ in range(_TRIES):
                changes = [Delete(one) for one in part]
                await self._committer.apart(partial(self._strip, part, mentions, other), Apart.OWN, changes)
                await self._committer.apart(partial(self._bury, part, types), Apart.OWN)
                # Who writes it anew at the very moment writes to the history that was to go
                if not any(self._reader.execute(_PRESENT, (one,)).get for one in part):
                    break
        if deleted is not None:
            await deleted()
        async for work in mentions.works():
            await self._committer.apart(partial(_counted, work, other), Apart.OWN)
        left = await mentions.left()
        return Remains(dict(types), {name: n for name, n in other.items() if n}, left)

    def _strip(
        self, ids: list[str], mentions: Mentions, counts: Counter[str], _connection: apsw.Connection
    ) -> None:
        """Take all that entities have, except their types, also from what waits to be notified."""
        place = self._place
        execute = place.connection.execute
        for identifier in ids:
            found: Any = execute(_LOAD, (identifier,)).fetchone()
            if found is None:
                continue
            row, *rest = found
            entity = codec.decode_entity(tuple(rest), place.terms)
            bare = Entity(identifier, entity.types, (), (), entity.created_at, entity.modified_at)
            difference = IndexDifference(place)
            difference.add(row, entity, bare)
            difference.write()
            execute(_STRIP, (render_whole(bare, place.context), row))
            execute("DELETE FROM expiry WHERE row = ?", (row,))
        counts.update(mentions.waiting())

    def _bury(self, ids: list[str], types: Counter[str], _connection: apsw.Connection) -> None:
        """Take the history and the names of deleted entities. types: gets how many there were of each."""
        place = self._place
        execute = place.connection.execute
        for identifier in ids:
            for statement in _OF_PERSON:
                execute(statement, (identifier,))
            execute("DELETE FROM source_entity WHERE id = ?", (identifier,))
            found: Any = execute("SELECT row, types FROM past WHERE id = ?", (identifier,)).fetchone()
            if found is None or identifier == NOBODY:
                continue
            row, text = found
            types.update(codec.decode_types(text, place.terms)[:1])
            # A step of folding that was computed before must not bring it back
            chunk_edit.note(place.connection, row)
            execute("DELETE FROM chunk WHERE row = ?", (row,))
            execute(_DISOWN, (nobody(place), NOBODY, DELETED, row))
            execute("DELETE FROM past WHERE row = ?", (row,))

    async def compact(self) -> None:
        """As in `store.persons.Persons`. Raises Busy where somebody read all the while, or there is no room on the disk, so
        that it is to be tried again."""
        done: list[bool] = []
        try:
            await self._committer.apart(lambda connection: done.append(_write_anew(connection)), Apart.NONE)
        except apsw.Error as error:
            raise Busy(f"The store could not be written anew: {error}") from error
        if not done[0]:
            raise Busy(
                "The store was read all the while; what was erased is gone from the data, but not from the disk yet"
            )


def nobody(place: Place) -> int:
    """The row number of those that have been erased."""
    execute = place.connection.execute
    found: Any = execute("SELECT row FROM past WHERE id = ?", (NOBODY,)).get
    if found is None:
        place.counters.row += 1
        found = place.counters.row
        types = codec.encode_types((), place.terms)
        execute("INSERT INTO past (id, row, types, deleted) VALUES (?, ?, ?, 0)", (NOBODY, found, types))
    return int(found)


def _counted(work: Work, counts: Counter[str], _connection: apsw.Connection) -> None:
    counts.update(work())


def _write_anew(connection: apsw.Connection) -> bool:
    """Write the file anew and empty its log; False where a reader kept the log."""
    size = int(connection.pragma("page_count") or 0) * int(connection.pragma("page_size") or 0)
    if size > _IN_MEMORY_BYTES_MAX:
        connection.pragma("temp_store", "file")
    try:
        connection.execute("VACUUM")
    finally:
        connection.pragma("temp_store", "memory")
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() or (1, 0, 0)
    return not busy
