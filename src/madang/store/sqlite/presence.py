"""Which attributes the entities of each type have, of which kind: counters that discovery reads.

A row of `attribute_count` counts instances; type 0 stands for any type, so that entities of two types are
counted once there. An update that keeps an attribute's kind costs no row.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import apsw

from madang.ngsild.entity import Attribute, Kind
from madang.ngsild.matcher import compile_query
from madang.settings import LIMITS
from madang.store.base import AttributeCount
from madang.store.sqlite import codec
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.combinations import Combinations
from madang.store.sqlite.read import COLUMNS
from madang.trust.access import Access

ANY_TYPE: Final = 0
_COUNTS: Final = "SELECT type, attribute, kind, n FROM attribute_count WHERE n > 0"
_ADD: Final = """INSERT INTO attribute_count VALUES (?, ?, ?, ?)
    ON CONFLICT (type, attribute, kind) DO UPDATE SET n = n + excluded.n"""
_ENTITIES: Final = f"SELECT e.row, {COLUMNS} FROM entity e WHERE e.row > ? ORDER BY e.row LIMIT ?"  # noqa: S608 constant

# (type, attribute, kind): numbers of terms and the name of the kind
Key = tuple[int, int, str]
# Numbers of an entity's types, and of each instance the name with the letters of the body that tell its kind
Shape = tuple[tuple[int, ...], tuple[tuple[str, bytes], ...]]
_KIND_OF_LETTERS: Final = {kind.value[:5].encode(): kind.value for kind in Kind}


class Presence:
    """What a commit adds to the counters and takes from them. Entities of one source are of few shapes."""

    def __init__(self) -> None:
        self._shapes: Counter[Shape] = Counter()
        self._types: Counter[tuple[int, ...]] = Counter()

    def add(self, old: tuple[list[int], list[Attribute]], new: tuple[list[int], list[Attribute]]) -> None:
        """Count one entity's change. old, new: numbers of its types, and the instances that differ."""
        before, after = _shape(*old), _shape(*new)
        if before != after:
            self._shapes[after] += 1
            self._shapes[before] -= 1
            if before[0] != after[0]:
                self._types[after[0]] += 1
                self._types[before[0]] -= 1

    def write(self, connection: apsw.Connection, terms: Terms, combinations: Combinations) -> None:
        counts: Counter[Key] = Counter()
        for shape, n in self._shapes.items():
            for key in _keys(shape, terms):
                counts[key] += n
        changed = [(*key, n) for key, n in counts.items() if n]
        if changed:
            connection.executemany(_ADD, changed)
        if self._types:
            combinations.add(
                {codec.join_types(types): n for types, n in self._types.items() if types}, connection
            )


def _shape(types: Iterable[int], attributes: Iterable[Attribute]) -> Shape:
    return tuple(types), tuple([(attribute.name, attribute.body[9:14]) for attribute in attributes])


def _keys(shape: Shape, terms: Terms) -> list[Key]:
    types, instances = shape
    found = [(terms.number(name), _KIND_OF_LETTERS[letters]) for name, letters in instances]
    return [(type_, term, kind) for type_ in (*types, ANY_TYPE) for term, kind in found]


async def attribute_counts(connection: apsw.Connection, terms: Terms, access: Access) -> list[AttributeCount]:
    """The counters, or with a filter a count of what the caller can see, in slices."""
    if access.filter is None:
        counted: Iterable[Any] = connection.execute(_COUNTS).fetchall()
    else:
        counted = [(*key, n) for key, n in (await _count(connection, terms, access)).items()]
    found = [
        AttributeCount(terms.iri(type_) if type_ != ANY_TYPE else "", terms.iri(term), Kind(kind), n)
        for type_, term, kind, n in counted
    ]
    return [count for count in found if count.attribute not in access.mask]


async def _count(connection: apsw.Connection, terms: Terms, access: Access) -> Counter[Key]:
    assert access.filter is not None
    matches = compile_query(access.filter)
    counts: Counter[Key] = Counter()
    last = 0
    while True:
        rows: list[Any] = connection.execute(_ENTITIES, (last, LIMITS.slice_entities_max)).fetchall()
        for row in rows:
            entity = codec.decode_entity(row[1:], terms)
            if matches(entity):
                types = [terms.number(type_) for type_ in entity.types]
                counts.update(_keys(_shape(types, entity.attributes), terms))
        if len(rows) < LIMITS.slice_entities_max:
            return counts
        last = rows[-1][0]
        await asyncio.sleep(0)
