"""Folding: a step takes the oldest change rows of one entity's tail and makes chunks of what they hold.

`make_step` reads and computes, in the folding process; `write_step` writes what it found, inside a commit of the
serving process, unless the history was corrected or folded meanwhile. Chunks, the mark how far the entity is folded
and the going of the change rows are one transaction, so no instance is ever there twice or not at all.
"""

from __future__ import annotations

from typing import Any, Final

import apsw
import msgspec

from madang.ngsild.evolution import Instance
from madang.store.sqlite import codec
from madang.store.sqlite.chunks import VALUES_MAX, Chunk, Stored, encode_all
from madang.store.sqlite.codec import FIELD_SEPARATOR, SEGMENT_SEPARATOR
from madang.store.sqlite.tail import EVERYTHING, Key, Tail, collect, with_kind_before

STEP_ROWS_MAX: Final = 256
STEP_BYTES_MAX: Final = 512 * 1024
# A chunk with fewer values takes what comes next into itself; a fuller one is left as it is
_FULL_ENOUGH: Final = VALUES_MAX // 2

_STATE: Final = "SELECT until, edits FROM folded WHERE row = ?"
_ROWS: Final = """SELECT sequence, data FROM change INDEXED BY change_by_row
    WHERE row = ? AND sequence > ? ORDER BY sequence LIMIT ?"""
_LAST: Final = """SELECT number, n, columns, origins, bodies FROM chunk
    WHERE row = ? AND term = ? AND dataset = ? ORDER BY sequence DESC, number DESC LIMIT 1"""
_FIELDS: Final = ", ".join(Stored.__struct_fields__)
_MARKS: Final = ", ".join("?" for _ in Stored.__struct_fields__)
_INSERT: Final = f"INSERT INTO chunk (row, term, dataset, {_FIELDS}) VALUES (?, ?, ?, {_MARKS})"  # noqa: S608 constant
_UPDATE: Final = f"UPDATE chunk SET ({_FIELDS}) = ({_MARKS}) WHERE number = ?"  # noqa: S608 constant
_MARK: Final = "INSERT OR REPLACE INTO folded (row, until, edits) VALUES (?, ?, ?)"
_FORGET: Final = "DELETE FROM change INDEXED BY change_by_row WHERE row = ? AND sequence <= ?"


class Made(msgspec.Struct, frozen=True, array_like=True):
    """A chunk to write. number: of the row whose place it takes, 0 for a new one."""

    number: int
    term: int
    dataset: str
    stored: Stored


class Step(msgspec.Struct, frozen=True, array_like=True):
    """What one step does to the history of the entity with this row number.

    until, edits: its mark when this was read. folded: the change up to which all is in chunks then. emptied: change
    rows that keep no more than the names in them, (sequence, data). forgotten: the change up to which rows go. removed:
    chunks that go.
    """

    row: int
    until: int
    edits: int
    folded: int
    chunks: list[Made]
    emptied: list[tuple[int, bytes]]
    forgotten: int
    removed: list[int] = []


def state(connection: apsw.Connection, row: int) -> tuple[int, int]:
    """(the change up to which the entity's history is in chunks, how often that was corrected)."""
    found: Any = connection.execute(_STATE, (row,)).fetchone()
    return (0, 0) if found is None else found


def make_step(connection: apsw.Connection, row: int, kept_from: int) -> Step | None:
    """The next step for an entity, None where it has no tail. kept_from: the first change that live readers need."""
    with connection:  # one state of the file for all that is read
        until, edits = state(connection, row)
        rows = _oldest(connection, row, until)
        if not rows:
            return None
        tail: Tail = {}
        collect(rows, EVERYTHING, tail)
        chunks = [
            made
            for key, instances in tail.items()
            if instances
            for made in _chunks(connection, row, key, instances)
        ]
    emptied = [(sequence, _names_of(data)) for sequence, data in rows if sequence >= kept_from]
    last = rows[-1][0]
    return Step(row, until, edits, last, chunks, emptied, min(last, kept_from - 1))


def _oldest(connection: apsw.Connection, row: int, until: int) -> list[tuple[int, bytes]]:
    rows: list[Any] = []
    size = 0
    for sequence, data in connection.execute(_ROWS, (row, until, STEP_ROWS_MAX)):
        rows.append((sequence, data))
        size += len(data)
        if size > STEP_BYTES_MAX:
            break
    return rows


def _chunks(connection: apsw.Connection, row: int, key: Key, instances: list[Instance]) -> list[Made]:
    """The chunks that the instances of a series make, with what the series' last chunk holds if it has room."""
    term, dataset = key
    last: Any = connection.execute(_LAST, (row, int(term), dataset.decode())).fetchone()
    number = 0
    if last is not None:
        chunk = Chunk(term, *last[1:])
        if instances[0].deleted:
            instances = with_kind_before(instances, dataset, chunk.last_kind)
        if chunk.n < _FULL_ENOUGH:
            number = last[0]
            instances = chunk.instances() + instances
    return [
        Made(0 if at else number, int(term), dataset.decode(), stored)
        for at, stored in enumerate(encode_all(instances))
    ]


def _names_of(data: bytes) -> bytes:
    """What is left of a folded change row: for each attribute in it an empty segment."""
    terms = dict.fromkeys(part.split(FIELD_SEPARATOR, 1)[0] for part in data.split(SEGMENT_SEPARATOR) if part)
    return SEGMENT_SEPARATOR.join([codec.erased(term) for term in terms])


def write_step(connection: apsw.Connection, step: Step) -> bool:
    """Write the step; False if the history is no longer as it was read."""
    if state(connection, step.row) != (step.until, step.edits):
        return False
    for made in step.chunks:
        write_chunk(connection, step.row, made)
    connection.executemany("DELETE FROM chunk WHERE number = ?", [(number,) for number in step.removed])
    connection.execute(_MARK, (step.row, step.folded, step.edits + (step.folded == step.until)))
    connection.execute(_FORGET, (step.row, step.forgotten))
    connection.executemany(
        "UPDATE change SET data = ? WHERE sequence = ?", [(data, sequence) for sequence, data in step.emptied]
    )
    return True


def write_chunk(connection: apsw.Connection, row: int, made: Made) -> None:
    fields = msgspec.structs.astuple(made.stored)
    if made.number:
        connection.execute(_UPDATE, (*fields, made.number))
    else:
        connection.execute(_INSERT, (row, made.term, made.dataset, *fields))
