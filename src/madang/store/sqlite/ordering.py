"""The order of orderBy (CIM 009 §4.23): what an entity is sorted by, and where a page begins in that order.

Values of different types come in the order of §4.23.2, entities without the value at the end in either
direction. Texts are ordered without regard to case, then by code point.
"""

from __future__ import annotations

from functools import total_ordering
from typing import Any, Final

from madang.errors import BadRequestData, NotSupported
from madang.ngsild.comparison import CLOCK, DATE, MOMENT, TARGET, VOCABULARY, Key, keys, moment_key
from madang.ngsild.entity import Entity, Kind
from madang.ngsild.query import Order
from madang.store.sqlite.plan_steps import Position

# The driver in cursors of ordered pages
ORDERED: Final = "order"
_ABSENT: Final = 10
# A later key of a text in the form of a time says what it is
_RANKS: Final = {"b": 4, CLOCK: 5, DATE: 6, MOMENT: 7, "s": 1, TARGET: 1, VOCABULARY: 1}
_COMPOUND: Final = 2

Rank = tuple[int, float | str, str]
_NOTHING: Final[Rank] = (_ABSENT, 0, "")


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
                absent = own[0] == _ABSENT or its[0] == _ABSENT
                return (own < its) is (absent or not descending)
        return self.row < other.row

    @property
    def position(self) -> Position:
        """As a cursor holds it."""
        return (*(part for rank in self.ranks for part in rank), self.row)


class Ordering:
    """What a window's order asks for. reads: the attributes (IRIs) that it takes, without those of `masked`, which
    no entity has.

    Raises NotSupported for an order by distance or by type.
    """

    def __init__(self, order: tuple[Order, ...], masked: frozenset[str] = frozenset()) -> None:
        if any(key.distance_from is not None or key.path[0] == "@type" for key in order):
            raise NotSupported(
                "Order by distance or type is not offered yet; order by the value of an attribute"
            )
        self._order = order
        self._descending = tuple([key.descending for key in order])
        self.reads = frozenset(key.path[0] for key in order if not key.path[0].startswith("@")) - masked

    def place(self, entity: Entity, row: int) -> Place:
        """The place of an entity of which at least the attributes `reads` are decoded."""
        ranks = [
            _rank(entity, key.path) if key.path[0] in self.reads or key.path[0][0] == "@" else _NOTHING
            for key in self._order
        ]
        return Place(tuple(ranks), row, self._descending)

    def read(self, position: Position) -> Place:
        """The place that a cursor holds. Raises BadRequestData if it holds none of this order."""
        parts, row = position[:-1], position[-1] if position else None
        ranks = tuple(zip(parts[::3], parts[1::3], parts[2::3], strict=False))
        if (
            not isinstance(row, int)
            or len(parts) != 3 * len(self._order)
            or not all(
                isinstance(rank, int)
                and isinstance(text, str)
                and isinstance(value, int | float if rank in (0, _COMPOUND, _ABSENT) else str)
                for rank, value, text in ranks
            )
        ):
            raise BadRequestData("The cursor does not fit the order; start again from the first page")
        return Place(ranks, row, self._descending)  # type: ignore[arg-type]  # checked above


def _rank(entity: Entity, path: tuple[str, ...]) -> Rank:
    """The least of what the entity has at the path."""
    match path[0]:
        case "@id":
            return 1, entity.id, ""
        case "@createdAt":
            return 7, moment_key(entity.created_at), ""
        case "@modifiedAt":
            return 7, moment_key(entity.modified_at), ""
    found = [
        rank
        for attribute in entity.instances(path[0])
        if (rank := _rank_of_members(attribute.members(), path[1:])) is not None
    ]
    return min(found) if found else _NOTHING


def _rank_of_members(members: dict[str, Any], rest: tuple[str, ...]) -> Rank | None:
    """The rank of an attribute's value, or of that of a sub-attribute or member below it."""
    for name in rest:
        inner = members.get(name)
        if isinstance(inner, str):
            return _rank_of_keys(keys(Kind.PROPERTY, inner))
        if not isinstance(inner, dict):
            return None
        members = inner
    kind = Kind(members["type"])
    value = members.get(kind.value_member)
    if kind is Kind.LANGUAGE_PROPERTY and isinstance(value, dict):
        value = next(iter(value.values()), None)
        kind = Kind.PROPERTY
    if isinstance(value, dict | list):
        return _rank_of_keys(keys(kind, value)[:1]) or (_COMPOUND, 0, "")
    return _rank_of_keys(keys(kind, value))


def _rank_of_keys(found: list[Key]) -> Rank | None:
    """The last key says most of what the value is: a text in the form of a time has two."""
    if not found:
        return None
    key = found[-1]
    if isinstance(key, float):
        return 0, key, ""
    text = key[1:]
    return (1, text.casefold(), text) if _RANKS[key[0]] == 1 else (_RANKS[key[0]], text, "")
