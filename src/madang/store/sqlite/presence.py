"""Which attributes the entities of each type have, of which kind: counters that discovery reads.

A row of `attribute_count` counts instances; type 0 stands for any type, so that entities of two types are
counted once there. An update that keeps an attribute's kind costs no row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import apsw

from madang.ngsild.entity import Attribute, Kind
from madang.store.base import AttributeCount
from madang.store.sqlite import codec
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.combinations import Combinations
from madang.store.sqlite.connection import open_reader
from madang.store.sqlite.mask import PLAIN
from madang.store.sqlite.read import of_combination
from madang.store.sqlite.row_sight import RowSight
from madang.store.sqlite.verdict import Depends

ANY_TYPE: Final = 0
_COUNTS: Final = "SELECT type, attribute, kind, n FROM attribute_count WHERE n > 0"
_ADD: Final = """INSERT INTO attribute_count VALUES (?, ?, ?, ?)
    ON CONFLICT (type, attribute, kind) DO UPDATE SET n = n + excluded.n"""
_COMBINATIONS: Final = "SELECT types FROM combination WHERE n > 0"

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


async def attribute_counts(
    connection: apsw.Connection, terms: Terms, sight: RowSight | None
) -> list[AttributeCount]:
    """The counters; of a caller who does not see everything, what is left of them."""
    if sight is None:
        return _named(connection.execute(_COUNTS), terms)
    # All of one moment: a difference between two moments would tell of what is hidden
    own = open_reader(Path(connection.filename))
    try:
        own.execute("BEGIN")
        counts = await _seen_counts(own, terms, sight)
    finally:
        own.close()
    return _named([(*key, n) for key, n in counts.items() if n > 0], terms)


def _named(counted: Iterable[Any], terms: Terms) -> list[AttributeCount]:
    return [
        AttributeCount(terms.iri(type_) if type_ != ANY_TYPE else "", terms.iri(term), Kind(kind), n)
        for type_, term, kind, n in counted
    ]


async def _seen_counts(connection: apsw.Connection, terms: Terms, sight: RowSight) -> Counter[Key]:
    """All counters, from which what is hidden is taken. What only one combination of types has, they know; else the
    entities are looked at."""
    counts = Counter({(type_, term, kind): n for type_, term, kind, n in connection.execute(_COUNTS)})
    combinations: list[str] = [types for (types,) in connection.execute(_COMBINATIONS)]
    together = Counter(number for types in combinations for number in types.split())
    whole = counts.copy()
    for types in combinations:
        verdict = sight.verdict(types)
        if verdict is PLAIN:
            continue
        numbers = [int(number) for number in types.split()]
        if isinstance(verdict, Depends) or len(numbers) > 1 or together[types.strip()] > 1:
            counts.subtract(await _hidden_of_rows(connection, terms, sight, types))
            continue
        for (type_, term, kind), n in whole.items():
            if type_ == numbers[0] and (verdict is None or verdict.hides(terms.iri(term))):
                counts[type_, term, kind] -= n
                counts[ANY_TYPE, term, kind] -= n
    return counts


async def _hidden_of_rows(
    connection: apsw.Connection, terms: Terms, sight: RowSight, types: str
) -> Counter[Key]:
    """What is hidden of the entities with just these types."""
    shapes: Counter[Shape] = Counter()
    numbers = [int(number) for number in types.split()]
    async for rows in of_combination(connection, types):
        for row in rows:
            mask = sight.mask(row)
            attributes = codec.decode_segments(row[-1], terms)
            shapes[_shape(numbers, [one for one in attributes if mask is None or mask.hides(one.name)])] += 1
    counts: Counter[Key] = Counter()
    for shape, n in shapes.items():
        for key in _keys(shape, terms):
            counts[key] += n
    return counts
