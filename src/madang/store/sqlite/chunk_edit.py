"""Corrections of what is folded: an instance that is erased or replaced rewrites the one chunk that holds it.

`history_edit.py` corrects what is still in change rows, and comes here for the rest. Every correction is counted in
the entity's mark, so that a step of folding that was computed before it is not written after it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import apsw

from madang.ngsild.evolution import Instance
from madang.store.sqlite import codec, fold
from madang.store.sqlite.chunks import Chunk, encode_all
from madang.store.sqlite.codec import FIELD_SEPARATOR

_NOTE: Final = """INSERT INTO folded (row, until, edits) VALUES (?, 0, 1)
    ON CONFLICT (row) DO UPDATE SET edits = edits + 1"""
_HOLDING: Final = """SELECT number, dataset, n, columns, origins, bodies FROM chunk
    WHERE row = ?1 AND term = ?2 AND sequence <= ?3 AND until >= ?3 ORDER BY dataset, sequence, number"""
_NEAREST: Final = """SELECT number, dataset, n, columns, origins, bodies FROM chunk
    WHERE row = ? AND term = ? AND dataset = ? ORDER BY sequence > ?, abs(sequence - ?), number DESC LIMIT 1"""


def note(connection: apsw.Connection, row: int) -> None:
    """The entity's history is being corrected."""
    connection.execute(_NOTE, (row,))


def edit_instance(
    connection: apsw.Connection, row: int, named: tuple[bytes, int, bytes], edited: Callable[[bytes], bytes]
) -> bool:
    """Put what `edited` makes of an instance's segment in its place. Returns whether there is such an instance.

    named: the attribute's term, the sequence and the place of the instance."""
    term, sequence, place = named
    holding: list[Any] = connection.execute(_HOLDING, (row, int(term), sequence)).fetchall()
    for number, dataset, *chunk in holding:
        instances = Chunk(term, *chunk).instances()
        for at, instance in enumerate(instances):
            if instance.sequence == sequence and instance.place == place:
                moved_to, replacement = _after(instance, edited(_segment(instance, term, dataset)))
                if replacement is not None and moved_to == dataset:
                    instances[at] = replacement
                    rewrite(connection, (row, term, dataset), number, instances)
                    return True
                del instances[at]
                rewrite(connection, (row, term, dataset), number, instances)
                if replacement is not None:
                    _insert(connection, (row, term, moved_to), replacement)
                return True
    return False


def _segment(instance: Instance, term: bytes, dataset: str) -> bytes:
    flags = codec.REMOVED if instance.deleted else codec.CONTEXTUAL if instance.contextual else b""
    return FIELD_SEPARATOR.join(
        (term, dataset.encode(), flags, instance.created, instance.modified, instance.body)
    )


def _after(instance: Instance, segment: bytes) -> tuple[str, Instance | None]:
    """(datasetId, the instance that a segment says), None if it is erased."""
    _, dataset, flags, created, modified, body = segment.split(FIELD_SEPARATOR, 5)
    if flags == codec.ERASED:
        return dataset.decode(), None
    contextual = flags == codec.CONTEXTUAL
    return dataset.decode(), Instance(
        body, instance.sequence, instance.place, created, modified, contextual, flags == codec.REMOVED
    )


def _insert(connection: apsw.Connection, series: tuple[int, bytes, str], instance: Instance) -> None:
    """Add an instance to a series that it was not written to, where its sequence and place put it."""
    row, term, dataset = series
    at = instance.sequence
    found: Any = connection.execute(_NEAREST, (row, int(term), dataset, at, at)).fetchone()
    if found is None:
        rewrite(connection, series, 0, [instance])
        return
    number, _, *chunk = found
    instances = [*Chunk(term, *chunk).instances(), instance]
    instances.sort(key=lambda one: (one.sequence, int(one.place.partition(b"-")[2])))
    rewrite(connection, series, number, instances)


def rewrite(
    connection: apsw.Connection, series: tuple[int, bytes, str], number: int, instances: list[Instance]
) -> None:
    """Put the instances in the place of the chunk with this number (0: a new one); without any it goes."""
    row, term, dataset = series
    if not instances:
        connection.execute("DELETE FROM chunk WHERE number = ?", (number,))
        return
    for at, stored in enumerate(encode_all(instances)):
        made = fold.Made(0 if at else number, int(term), dataset, stored)
        fold.write_chunk(connection, row, made)
