"""Correcting history inside the write transaction: what `DeleteHistory` and `PatchInstance` do to change rows.

Here are the instances that are named; `history_erase.py` erases whole series and histories. What is folded is
corrected by `chunk_edit.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apsw
import msgspec

from madang.errors import NotFound
from madang.ngsild.changes import DeleteHistory, Outcome, PatchInstance
from madang.ngsild.evolution import parse_instance_id
from madang.store.sqlite import chunk_edit, codec, history_erase
from madang.store.sqlite.codec import FIELD_SEPARATOR, SEGMENT_SEPARATOR, Terms
from madang.store.sqlite.history_erase import What


def apply(
    connection: apsw.Connection, terms: Terms, change: DeleteHistory | PatchInstance, now: int
) -> Outcome:
    """Make the change, which stands in the file when the transaction commits. Raises NotFound."""
    row = _row(connection, change.id)
    chunk_edit.note(connection, row)
    if isinstance(change, PatchInstance):
        _replace_instance(connection, terms, row, change, now)
        return Outcome(change.id, updated=(change.attribute.name,))
    if change.instance_id is not None:
        assert change.name is not None
        _edit_instance(connection, terms, row, (change.id, change.name, change.instance_id), _erased)
        return Outcome(change.id, removed=(change.name,))
    if change.name is None:
        rest = history_erase.erase(connection, What(row, None, None), change)
        return Outcome(change.id, deleted=True, rest=rest)
    dataset = None if change.every else (change.dataset_id or "").encode()
    what = What(row, _term(terms, change.id, change.name), dataset)
    return Outcome(change.id, removed=(change.name,), rest=history_erase.erase(connection, what, change))


def _row(connection: apsw.Connection, entity_id: str) -> int:
    found: Any = connection.execute(
        "SELECT row FROM entity WHERE id = ?1 UNION ALL SELECT row FROM past WHERE id = ?1", (entity_id,)
    ).get
    if found is None:
        raise NotFound(f"Entity {entity_id} has no history")
    return int(found)


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


def _is_of(segment: bytes, term: bytes) -> bool:
    """Whether the segment is one of this attribute, erased ones included: they count for the place of others."""
    return segment.startswith(term + FIELD_SEPARATOR)


def _erased(segment: bytes) -> bytes:
    return codec.erased(segment.split(FIELD_SEPARATOR, 1)[0])
