"""The order of orderBy (CIM 009 §4.23): what an entity is sorted by, and where a page begins in that order.

Values of different types come in the order of §4.23.2, texts in that of the key's collation; what is measured by
distance stands before what is no geometry. Entities without the value are at the end in either direction.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import total_ordering
from typing import Any, Final

import orjson

from madang.collation import SortKey, sort_key
from madang.errors import BadRequestData
from madang.ngsild.comparison import CLOCK, DATE, MOMENT, TARGET, VOCABULARY, Key, keys, moment_key
from madang.ngsild.entity import VALUE_MEMBERS, Attribute, Entity, Kind
from madang.ngsild.ordering import distance_from
from madang.ngsild.query import Order
from madang.store.sqlite.mask import MODIFIED
from madang.store.sqlite.plan_steps import Position

# The driver in cursors of ordered pages
ORDERED: Final = "order"
_NEAR: Final = -1
_NUMBER: Final = 0
_TEXT: Final = 1
_OBJECT: Final = 2
_ARRAY: Final = 3
_NULL: Final = 8
_ABSENT: Final = 10
# A later key of a text in the form of a time says what it is
_RANKS: Final = {"b": 4, CLOCK: 5, DATE: 6, MOMENT: 7, "s": _TEXT, TARGET: _TEXT, VOCABULARY: _TEXT}
# Longer texts are in order by what they begin with, so that a cursor fits into a link
_CHARACTERS_MAX: Final = 128

Rank = tuple[int, float | str, str]
_NOTHING: Final[Rank] = (_ABSENT, "", "")
_JSON_NULL: Final[Rank] = (_NULL, "", "")


@total_ordering
class Place:
    """Where an entity stands in the order. ranks: of each key. row: its row number, the last to decide."""

    __slots__ = ("_descending", "ranks", "row")

    def __init__(self, ranks: tuple[Rank, ...], row: int, descending: tuple[bool, ...]) -> None:
        self.ranks = ranks
        self.row = row
        self._descending = descending

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Place) and self.ranks == other.ranks and self.row == other.row

    def __hash__(self) -> int:
        return hash((self.ranks, self.row))

    def __lt__(self, other: Place) -> bool:
        for own, its, descending in zip(self.ranks, other.ranks, self._descending, strict=True):
            if own != its:
                kinds = own[0], its[0]
                # What has no value, or no place, is behind what has one in either direction
                fixed = max(kinds) >= _NULL or (own[0] != its[0] and min(kinds) == _NEAR)
                return (own < its) is (fixed or not descending)
        return self.row < other.row

    @property
    def position(self) -> Position:
        """As a cursor holds it."""
        return (*(part for rank in self.ranks for part in rank), self.row)


class Ordering:
    """What a window's order asks for. reads: the attributes (IRIs) that it takes, and "@modifiedAt" if it takes that.
    types: whether it takes the entities' types.
    """

    def __init__(self, order: tuple[Order, ...]) -> None:
        self._descending = tuple([key.descending for key in order])
        names = frozenset(key.path[0] for key in order)
        self.reads = frozenset(name for name in names if name[0] != "@" or name in MODIFIED)
        self.types = "@type" in names
        self._ranks = [_rank_of(key) for key in order]

    def place(self, entity: Entity, row: int) -> Place:
        """The place of an entity of which at least the attributes `reads` are decoded."""
        return Place(tuple([rank(entity) for rank in self._ranks]), row, self._descending)

    def read(self, position: Position) -> Place:
        """The place that a cursor holds. Raises BadRequestData if it holds none of this order."""
        parts, row = position[:-1], position[-1] if position else None
        ranks = tuple(zip(parts[::3], parts[1::3], parts[2::3], strict=False))
        if (
            not isinstance(row, int)
            or len(parts) != 3 * len(self._ranks)
            or not all(
                isinstance(rank, int)
                and isinstance(text, str)
                and isinstance(value, int | float if rank in (_NEAR, _NUMBER) else str)
                for rank, value, text in ranks
            )
        ):
            raise BadRequestData("The cursor does not fit the order; start again from the first page")
        return Place(ranks, row, self._descending)  # type: ignore[arg-type]  # checked above


def _rank_of(order: Order) -> Callable[[Entity], Rank]:
    """What an entity is sorted by, for one key of the order."""
    collate = sort_key(order.collation)
    match order.path[0]:
        case "@id":
            return lambda entity: _rank_of_text(entity.id, collate)
        case "@type":
            return lambda entity: _rank_of_texts(entity.types, collate)
        case "@scope":
            return lambda entity: _rank_of_texts(entity.scope, collate)
        case "@createdAt":
            return lambda entity: (7, moment_key(entity.created_at), "")
        case "@modifiedAt":
            return lambda entity: (7, moment_key(entity.modified_at), "")
    name, rest, inside = order.path[0], order.path[1:], order.members
    metres = distance_from(order.distance_from) if order.distance_from is not None else None

    def rank(entity: Entity) -> Rank:
        """The least of what the entity has at the path."""
        found = []
        for attribute in entity.attributes:
            if attribute.name == name:
                reached = _value_at(attribute, rest, inside)
                if reached is not None:
                    kind, value = reached
                    near = metres is not None and kind is Kind.GEO_PROPERTY and not inside
                    found.append(
                        (_NEAR, metres(value), "") if near and metres else _rank(kind, value, collate)
                    )
        return min(found) if found else _NOTHING

    return rank


def _value_at(
    attribute: Attribute, rest: tuple[str, ...], inside: tuple[str, ...]
) -> tuple[Kind, Any] | None:
    """(kind, value) of an attribute, or of the sub-attribute or member below it; None where there is none."""
    if len(rest) == 1 and rest[0] in ("createdAt", "modifiedAt"):
        moment = attribute.created_at if rest[0] == "createdAt" else attribute.modified_at
        return Kind.PROPERTY, moment_key(moment)[1:]
    members = attribute.members()
    for name in rest:
        inner = members.get(name)
        if isinstance(inner, list) and inner and isinstance(inner[0], dict):
            inner = inner[0]
        if isinstance(inner, str):
            return Kind.PROPERTY, inner
        if not isinstance(inner, dict):
            return None
        members = inner
    kind = Kind(members["type"])
    value = members.get(VALUE_MEMBERS[kind])
    for step in inside:
        if not isinstance(value, dict) or step not in value:
            return None
        kind, value = Kind.PROPERTY, value[step]
    return kind, value


def _rank(kind: Kind, value: Any, collate: SortKey) -> Rank:
    """The rank of a value of an attribute of that kind."""
    if kind is Kind.LANGUAGE_PROPERTY and isinstance(value, dict):
        kind, value = Kind.PROPERTY, next(iter(value.values()), None)
    if isinstance(value, dict) and "@value" in value:
        value = value["@value"]
    if value is None:
        return _JSON_NULL
    if isinstance(value, dict | list):
        kinds = _ARRAY if isinstance(value, list) else _OBJECT
        return kinds, orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()[:_CHARACTERS_MAX], ""
    return _rank_of_key(keys(kind, value)[-1], collate)


def _rank_of_key(key: Key, collate: SortKey) -> Rank:
    if isinstance(key, float):
        return _NUMBER, key, ""
    if _RANKS[key[0]] == _TEXT:
        return _rank_of_text(key[1:], collate)
    return _RANKS[key[0]], key[1:], ""


def _rank_of_text(text: str, collate: SortKey) -> Rank:
    """By the collation, then by code point where that sees no difference."""
    start = text[:_CHARACTERS_MAX]
    return _TEXT, collate(start).decode("latin-1"), start


def _rank_of_texts(texts: tuple[str, ...], collate: SortKey) -> Rank:
    """Of one text as of that text, of several as of an array."""
    if not texts:
        return _NOTHING
    if len(texts) == 1:
        return _rank_of_text(texts[0], collate)
    return _ARRAY, orjson.dumps(sorted(texts)).decode()[:_CHARACTERS_MAX], ""
