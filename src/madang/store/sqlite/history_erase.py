"""Erasing history inside the write transaction, a slice at a time: what `DeleteHistory` does to chunks and change rows.

A segment that goes leaves an empty one flagged "e", so that the instanceIds beside it stay; the change rows
themselves stay too, for they number the writes of the tenant. A long history takes several commits, so that other
writers need not wait for it: each says what is left to do, bounded by what had been written when it began.
"""

from __future__ import annotations

from typing import Any, Final

import apsw
import msgspec

from madang.errors import NotFound
from madang.ngsild.changes import DeleteHistory
from madang.store.sqlite import chunk_edit, codec
from madang.store.sqlite.chunks import Chunk
from madang.store.sqlite.codec import FIELD_SEPARATOR, SEGMENT_SEPARATOR

ROWS_MAX: Final = 256
BYTES_MAX: Final = 1024**2
CHUNKS_MAX: Final = 32

_LAST: Final = """SELECT max(coalesce((SELECT max(sequence) FROM change), 0),
    coalesce((SELECT max(until) FROM chunk WHERE row = ?), 0))"""
_ROWS: Final = """SELECT sequence, data FROM change INDEXED BY change_by_row
    WHERE row = ? AND sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?"""
_CHUNKS_OF_ALL: Final = """SELECT number, term, dataset, until, n, columns, origins, bodies FROM chunk
    WHERE row = ?1 AND sequence <= ?2 LIMIT ?3"""
_CHUNKS_OF_TERM: Final = """SELECT number, term, dataset, until, n, columns, origins, bodies FROM chunk
    WHERE row = ?1 AND term = ?4 AND sequence <= ?2 LIMIT ?3"""
_CHUNKS_OF_SERIES: Final = """SELECT number, term, dataset, until, n, columns, origins, bodies FROM chunk
    WHERE row = ?1 AND term = ?4 AND dataset = ?5 AND sequence <= ?2 LIMIT ?3"""


class What(msgspec.Struct, frozen=True):
    """What goes of the history in a row: of one term, None for all, and one datasetId, None for every one."""

    row: int
    term: bytes | None
    dataset: bytes | None

    def takes(self, segment: bytes) -> bool:
        term, dataset, flags, _ = segment.split(FIELD_SEPARATOR, 3)
        return (
            flags != codec.ERASED
            and (self.term is None or term == self.term)
            and (self.dataset is None or dataset == self.dataset)
        )


def erase(connection: apsw.Connection, what: What, change: DeleteHistory) -> DeleteHistory | None:
    """Erase one slice; what is left to erase after it, None if nothing is. Raises NotFound if there was nothing."""
    until = change.until or int(connection.execute(_LAST, (what.row,)).get)
    found = _erase_chunks(connection, what, until)
    if found == CHUNKS_MAX:
        return msgspec.structs.replace(change, until=until)
    rows, after = _tail(connection, what.row, change.after, until)
    rewritten = [(data, sequence) for sequence, old in rows if (data := _without(old, what)) != old]
    connection.executemany("UPDATE change SET data = ? WHERE sequence = ?", rewritten)
    if after is not None:
        return msgspec.structs.replace(change, until=until, after=after)
    if not found and not rewritten and not change.until:
        raise _nothing(change)
    return None


def _tail(
    connection: apsw.Connection, row: int, after: int, until: int
) -> tuple[list[tuple[int, bytes]], int | None]:
    """(a slice of the unfolded change rows, the last of them if there may be more)."""
    rows: list[Any] = []
    size = 0
    for sequence, data in connection.execute(_ROWS, (row, after, until, ROWS_MAX)):
        rows.append((sequence, data))
        size += len(data)
        if size > BYTES_MAX:
            return rows, sequence
    return rows, rows[-1][0] if len(rows) == ROWS_MAX else None


def _without(data: bytes, what: What) -> bytes:
    """The segments of a change row, without what goes."""
    if not data or what.term is None:
        return b""
    return SEGMENT_SEPARATOR.join(
        [
            codec.erased(part.split(FIELD_SEPARATOR, 1)[0]) if what.takes(part) else part
            for part in data.split(SEGMENT_SEPARATOR)
        ]
    )


def _erase_chunks(connection: apsw.Connection, what: What, until: int) -> int:
    """Erase some of the chunks, and of those that hold younger instances too the older ones. Returns how many."""
    values: tuple[Any, ...] = (what.row, until, CHUNKS_MAX)
    statement = _CHUNKS_OF_ALL
    if what.term is not None:
        statement, values = _CHUNKS_OF_TERM, (*values, int(what.term))
        if what.dataset is not None:
            statement, values = _CHUNKS_OF_SERIES, (*values, what.dataset.decode())
    rows: list[Any] = connection.execute(statement, values).fetchall()
    for number, term, dataset, last, *chunk in rows:
        kept = []
        name = str(term).encode()
        if last > until:
            kept = [one for one in Chunk(name, *chunk).instances() if one.sequence > until]
        chunk_edit.rewrite(connection, (what.row, name, dataset), number, kept)
    return len(rows)


def _nothing(change: DeleteHistory) -> NotFound:
    if change.name is None:
        return NotFound(f"Entity {change.id} has no history")
    instance = f" with datasetId {change.dataset_id}" if change.dataset_id else ""
    return NotFound(f"The history of {change.id} has no attribute '{change.name}'{instance}")
