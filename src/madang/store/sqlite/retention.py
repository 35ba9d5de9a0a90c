"""Which parts of a history are older than their type is to be kept, and the steps that take them away.

What is kept is decided by the time of observation, or of writing where there is none. A chunk that is wholly too old
goes; of one that is so in part, that part goes once it is a tenth of the time that is kept, so that a chunk is not
written anew every hour.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import Any, Final

import apsw
import msgspec

from madang.ngsild.temporal import TemporalQuery
from madang.store.sqlite.chunks import Chunk, encode_all
from madang.store.sqlite.fold import Made, Step, state

_CHUNKS_A_STEP: Final = 32
_PART: Final = 10
_BY_ANY_TIME: Final = TemporalQuery()

_OLD: Final = """SELECT row, number, term, dataset, n, coalesce(latest, written_last) FROM chunk
    WHERE coalesce(earliest, written_first) < ? ORDER BY row"""
_CHUNK: Final = "SELECT columns, origins, bodies FROM chunk WHERE number = ?"
_TYPES: Final = """SELECT types FROM entity WHERE row = ?1
    UNION ALL SELECT types FROM past WHERE row = ?1 AND NOT EXISTS (SELECT 1 FROM entity WHERE row = ?1)"""
_TAILS: Final = "SELECT DISTINCT row FROM change WHERE time < ? AND data != x''"


class Cutoff(msgspec.Struct, frozen=True):
    """Of entities of a type (its number as text, "" for those that no other names) goes what is before `moment`.

    kept: microseconds before now that stay."""

    type: str
    moment: int
    kept: int


Cutoffs = tuple[Cutoff, ...]


def _for_types(types: str, cutoffs: Cutoffs) -> Cutoff | None:
    """What holds for an entity: of the rules for its types the one that keeps most, else the one for all others."""
    named = [cutoff for cutoff in cutoffs if cutoff.type and cutoff.type in types.split()]
    fitting = named or [cutoff for cutoff in cutoffs if not cutoff.type]
    return min(fitting, key=lambda cutoff: cutoff.moment, default=None)


def old_tails(connection: apsw.Connection, cutoffs: Cutoffs) -> Iterator[int]:
    """Entities of which something unfolded is too old: folded, it can go."""
    found: list[Any] = connection.execute(_TAILS, (max(cutoff.moment for cutoff in cutoffs),)).fetchall()
    for (row,) in found:
        cutoff = _of_row(connection, row, cutoffs)
        if cutoff is not None and _has_old_tail(connection, row, cutoff.moment):
            yield row


def _has_old_tail(connection: apsw.Connection, row: int, moment: int) -> bool:
    statement = (
        "SELECT EXISTS (SELECT 1 FROM change WHERE row = ? AND sequence > ? AND time < ? AND data != x'')"
    )
    return bool(connection.execute(statement, (row, state(connection, row)[0], moment)).get)


def _of_row(connection: apsw.Connection, row: int, cutoffs: Cutoffs) -> Cutoff | None:
    types: Any = connection.execute(_TYPES, (row,)).get
    return None if types is None else _for_types(types, cutoffs)


def expired(connection: apsw.Connection, cutoffs: Cutoffs) -> Iterator[Step]:
    """The steps that take away what is too old."""
    found: list[Any] = connection.execute(_OLD, (max(cutoff.moment for cutoff in cutoffs),)).fetchall()
    rule = cache(_for_types)
    for row, group in groupby(found, lambda fields: fields[0]):
        types: Any = connection.execute(_TYPES, (row,)).get
        cutoff = rule(types or "", cutoffs)
        if cutoff is None:
            continue
        chunks = list(group)
        for start in range(0, len(chunks), _CHUNKS_A_STEP):
            step = _without_old(connection, row, chunks[start : start + _CHUNKS_A_STEP], cutoff)
            if step.removed or step.chunks:
                yield step


def _without_old(connection: apsw.Connection, row: int, chunks: list[Any], cutoff: Cutoff) -> Step:
    until, edits = state(connection, row)
    removed: list[int] = []
    made: list[Made] = []
    for _, number, term, dataset, n, latest in chunks:
        if latest < cutoff.moment:
            removed.append(number)
            continue
        blobs: Any = connection.execute(_CHUNK, (number,)).fetchone()
        chunk = Chunk(str(term).encode(), n, *blobs)
        times = chunk.times(_BY_ANY_TIME.timeproperty, None)
        if cutoff.moment - int(times.min()) > cutoff.kept // _PART:
            kept = (times >= cutoff.moment).nonzero()[0]
            made += [Made(number, term, dataset, stored) for stored in encode_all(chunk.instances(kept))]
    return Step(row, until, edits, until, made, [], 0, removed)
