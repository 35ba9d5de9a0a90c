"""Correcting history inside the write transaction: what `DeleteHistory` and `PatchInstance` do to change rows.

A segment that goes leaves an empty one flagged "e", so that the instanceIds beside it stay; the change rows
themselves stay too, for they number the writes of the tenant. What is folded is corrected by `chunk_edit.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apsw
import msgspec

from madang.errors import NotFound
from madang.ngsild.changes import DeleteHistory, Outcome, PatchInstance
from madang.ngsild.evolution import parse_instance_id
from madang.store.sqlite import chunk_edit, codec
from madang.store.sqlite.codec import FIELD_SEPARATOR, SEGMENT_SEPARATOR, Terms


def apply(
    connection: apsw.Connection, terms: Terms, change: DeleteHistory | PatchInstance, now: int
) -> Outcome:
    """Make the change, which stands in the file when the transaction commits. Raises NotFound."""
    row = _row(connection, change.id)
    chunk_edit.note(connection, row)
    if isinstance(change, PatchInstance):
        _replace_instance(connection, terms, row, change, now)
        return Outcome(change.id, updated=(change.attribute.name,))
    if change.name is None:
        _erase_all(connection, row, change.id)
        return Outcome(change.id, deleted=True)
    if change.instance_id is not None:
        _edit_instance(connection, terms, row, (change.id, change.name, change.instance_id), _erased)
    else:
        _erase_attribute(connection, terms, row, change)
    return Outcome(change.id, removed=(change.name,))


def _row(connection: apsw.Connection, entity_id: str) -> int:
    found: Any = connection.execute(
        "SELECT row FROM entity WHERE id = ?1 UNION ALL SELECT row FROM past WHERE id = ?1", (entity_id,)
    ).get
    if found is None:
        raise NotFound(f"Entity {entity_id} has no history")
    return int(found)


def _erase_all(connection: apsw.Connection, row: int, entity_id: str) -> None:
    folded = chunk_edit.erase_all(connection, row)
    connection.execute("UPDATE change SET data = x'' WHERE row = ? AND data != x''", (row,))
    if connection.changes() == 0 and not folded:
        raise NotFound(f"Entity {entity_id} has no history")


def _erase_attribute(connection: apsw.Connection, terms: Terms, row: int, change: DeleteHistory) -> None:
    assert change.name is not None
    term = _term(terms, change.id, change.name)
    dataset = (change.dataset_id or "").encode()
    rewritten = []
    for sequence, data in _rows(connection, row):
        parts = data.split(SEGMENT_SEPARATOR)
        erased = [
            _erased(part)
            if _is_of(part, term) and (change.every or part.split(FIELD_SEPARATOR, 2)[1] == dataset)
            else part
            for part in parts
        ]
        if erased != parts:
            rewritten.append((SEGMENT_SEPARATOR.join(erased), sequence))
    folded = chunk_edit.erase_attribute(connection, row, term, None if change.every else dataset)
    if not rewritten and not folded:
        instance = f" with datasetId {change.dataset_id}" if change.dataset_id else ""
        raise NotFound(f"The history of {change.id} has no attribute '{change.name}'{instance}")
    connection.executemany("UPDATE change SET data = ? WHERE sequence = ?", rewritten)


def _replace_instance(
    connection: apsw.Connection, terms: Terms, row: int, change: PatchInstance, now: int
) -> None:
    def replaced(segment: bytes) -> bytes:
        created = int(segment.split(FIELD_SEPARATOR, 4)[3])
        stamped = msgspec.structs.replace(change.attribute, created_at=created, modified_at=now)
        return codec.encode_segment(stamped, terms)

    named = (change.id, change.attribute.name, change.instance_id)
    _edit_instance(connection, terms, row, named, replaced)


def _edit_instance(
    connection: apsw.Connection,
    terms: Terms,
    row: int,
    named: tuple[str, str, str],
    edited: Callable[[bytes], bytes],
) -> None:
    """Put what `edited` makes of one segment in its place. named: entity id, attribute IRI, instanceId."""
    entity_id, name, instance_id = named
    term = _term(terms, entity_id, name)
    parsed = parse_instance_id(instance_id)
    if parsed is not None:
        sequence, place = parsed
        if chunk_edit.edit_instance(connection, row, (term, sequence, place), edited):
            return
        number, _, count = place.partition(b"-")
        data = connection.execute(
            "SELECT data FROM change WHERE sequence = ? AND row = ?", (sequence, row)
        ).get
        parts = data.split(SEGMENT_SEPARATOR) if isinstance(data, bytes) else []
        same = [index for index, part in enumerate(parts) if _is_of(part, term)]
        if number == term and int(count) < len(same):
            index = same[int(count)]
            if parts[index].split(FIELD_SEPARATOR, 3)[2] != codec.ERASED:
                parts[index] = edited(parts[index])
                joined = SEGMENT_SEPARATOR.join(parts)
                connection.execute("UPDATE change SET data = ? WHERE sequence = ?", (joined, sequence))
                return
    raise NotFound(f"The history of '{name}' of {entity_id} has no instance {instance_id}")


def _term(terms: Terms, entity_id: str, name: str) -> bytes:
    number = terms.find(name)
    if number is None:
        raise NotFound(f"The history of {entity_id} has no attribute '{name}'")
    return str(number).encode()


def _rows(connection: apsw.Connection, row: int) -> list[Any]:
    return connection.execute(
        "SELECT sequence, data FROM change WHERE row = ? AND data != x''", (row,)
    ).fetchall()


def _is_of(segment: bytes, term: bytes) -> bool:
    """Whether the segment is one of this attribute, erased ones included: they count for the place of others."""
    return segment.startswith(term + FIELD_SEPARATOR)


def _erased(segment: bytes) -> bytes:
    return codec.erased(segment.split(FIELD_SEPARATOR, 1)[0])
