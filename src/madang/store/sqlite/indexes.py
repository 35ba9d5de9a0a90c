"""What an entity contributes to each index table, and the rows that a change of it adds and removes.

Pure up to the registry of value indexes, which says for which (type, attribute) values are indexed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import apsw
import msgspec
import orjson

from madang.ngsild.entity import Attribute, Entity, Kind
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.values import index_values

PLACES_MAX: Final = 64  # geometries of one entity that can be indexed; a slot is row * 64 + n
_RELATIONS: Final = frozenset((Kind.RELATIONSHIP, Kind.LIST_RELATIONSHIP))
# The 10th byte of a canonical body is the first letter of its type; only these can be geometries or relations
GEOMETRY_LETTER: Final = ord("G")
RELATION_LETTERS: Final = frozenset(b"RL")

Place = tuple[int, float, float, float, float, int, str]


class ValueIndex(msgspec.Struct):
    """One row of the registry. plain: no entity has had more than one value in it."""

    number: int
    type: int
    attribute: int
    ready: bool
    plain: bool


class ValueIndexes:
    """The registry of value indexes, in memory and in the file."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._by_pair: dict[tuple[int, int], ValueIndex] = {}
        self._by_number: dict[int, ValueIndex] = {}
        self.attributes: frozenset[int] = frozenset()
        self.reload()

    def reload(self) -> None:
        """Read the registry anew."""
        self._by_pair.clear()
        for row in self._connection.execute("SELECT number, type, attribute, state, plain FROM value_index"):
            number, type_, attribute, state, plain = row
            self._by_pair[type_, attribute] = ValueIndex(
                number, type_, attribute, state == "ready", bool(plain)
            )
        self._by_number = {index.number: index for index in self._by_pair.values()}
        self.attributes = frozenset(attribute for _, attribute in self._by_pair)

    def find(self, type_: int, attribute: int) -> ValueIndex | None:
        return self._by_pair.get((type_, attribute))

    @property
    def n(self) -> int:
        """How many indexes there are."""
        return len(self._by_number)

    def unready(self) -> list[ValueIndex]:
        return [index for index in self._by_pair.values() if not index.ready]

    def has(self, type_: int | None, attribute: int | None) -> bool:
        return (type_, attribute) in self._by_pair

    def declare(self, pairs: Sequence[tuple[int, int]], *, ready: bool) -> None:
        """Add indexes of (type, attribute); without `ready` they must be built over the entities that are there."""
        self._connection.executemany(
            "INSERT OR IGNORE INTO value_index (type, attribute, state) VALUES (?, ?, ?)",
            [(*pair, "ready" if ready else "building") for pair in pairs],
        )
        self.reload()

    def set_ready(self, number: int) -> None:
        """From now on readers use the index: the commit that completed it is there to be read."""
        self._by_number[number].ready = True

    def note_mixed(self, number: int) -> None:
        """An entity has several values in this index: from now on a reader must expect that."""
        index = self._by_number[number]
        if index.plain:
            self._connection.execute("UPDATE value_index SET plain = 0 WHERE number = ?", (number,))
            index.plain = False


def relations(attributes: list[Attribute], terms: Terms) -> set[tuple[str, int]]:
    """(target, term) of every relationship among the attributes."""
    found: set[tuple[str, int]] = set()
    for attribute in attributes:
        if attribute.body[9] not in RELATION_LETTERS or attribute.kind not in _RELATIONS:
            continue
        members = attribute.members()
        term = terms.number(attribute.name)
        if attribute.kind is Kind.LIST_RELATIONSHIP:
            found.update((item["object"], term) for item in members["objectList"])
        else:
            targets = members["object"]
            found.update((target, term) for target in (targets if isinstance(targets, list) else [targets]))
    return found


def places(entity: Entity | None, row: int, terms: Terms) -> list[Place]:
    """The R-tree rows of an entity: slot, west, east, south, north, term, shape."""
    if entity is None:
        return []
    found: list[Place] = []
    for attribute in entity.attributes:
        if attribute.body[9] != GEOMETRY_LETTER or len(found) == PLACES_MAX:
            continue
        geometry = attribute.members()["value"]
        positions = [geometry["coordinates"]] if geometry["type"] == "Point" else list(_positions(geometry))
        longitudes = [position[0] for position in positions]
        latitudes = [position[1] for position in positions]
        shape = geometry["coordinates"][:2] if geometry["type"] == "Point" else geometry
        found.append(
            (
                row * PLACES_MAX + len(found),
                min(longitudes),
                max(longitudes),
                min(latitudes),
                max(latitudes),
                terms.number(attribute.name),
                orjson.dumps(shape).decode(),
            )
        )
    return found


def _positions(geometry: dict[str, object]) -> list[list[float]]:
    """All positions of a well-formed geometry, flat."""
    stack: list[object] = [geometry["coordinates"]]
    found: list[list[float]] = []
    while stack:
        item = stack.pop()
        if isinstance(item, list) and item and isinstance(item[0], int | float):
            found.append(item)
        elif isinstance(item, list):
            stack.extend(item)
    return found


def values(
    types: list[int], attributes: list[Attribute], terms: Terms, registry: ValueIndexes
) -> dict[int, list[float | str]]:
    """The indexed values by index number, of an entity of these types with these attribute instances."""
    found: dict[int, list[float | str]] = {}
    for attribute in attributes:
        term = terms.number(attribute.name)
        if term not in registry.attributes:
            continue
        for type_ in types:
            index = registry.find(type_, term)
            if index is not None:
                found.setdefault(index.number, []).extend(index_values(attribute))
    return found


def names(entity: Entity, name_attributes: frozenset[str]) -> str:
    """All names of an entity in every language, lower case, for the search; "" if it has none."""
    texts: list[str] = []
    for attribute in entity.attributes:
        if attribute.name in name_attributes:
            members = attribute.members()
            value = members.get("value", members.get("languageMap"))
            found = value.values() if isinstance(value, dict) else [value]
            texts.extend(text.lower() for text in found if isinstance(text, str))
    return "\n".join(dict.fromkeys(texts))
