"""Driving a query from a value index: which conditions of q an index can answer, and the walks that do."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import structs

from madang.ngsild.comparison import Interval, Key
from madang.ngsild.entity import Entity
from madang.ngsild.expression import ENTITY_MOMENTS, Comparison, Within, intervals, is_negative
from madang.ngsild.selection import TypeExpression
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.indexes import ValueIndex, ValueIndexes
from madang.store.sqlite.plan_conditions import Condition, Conditions, has_types, none_of
from madang.store.sqlite.plan_steps import Position, Walk
from madang.store.sqlite.values import INDEXED_CHARACTERS_MAX, index_values


class Asked(msgspec.Struct, frozen=True):
    """A condition of q that a value index can answer: the attribute's value is in one of the intervals."""

    condition: Comparison | Within
    wanted: tuple[Interval, ...]

    @property
    def name(self) -> str:
        return self.condition.path.names[0]


class ValueDrive(msgspec.Struct, frozen=True):
    """Walks over the indexes of one attribute. decides: the conditions that they answer."""

    walks: tuple[Walk, ...]
    decides: tuple[Asked, ...]


def comparable(conditions: Conditions) -> list[Asked]:
    """The conditions of q that a value index could answer, the ones that select least first."""
    found = [
        Asked(expression, wanted)
        for expression in conditions.q
        if isinstance(expression, Comparison | Within)
        and _is_indexable(expression, conditions.masked)
        and not any(map(_is_cut, wanted := intervals(expression)))
    ]
    return sorted(found, key=_width) if len(found) > 1 else found


def _is_indexable(condition: Comparison | Within, masked: frozenset[str]) -> bool:
    name = condition.path.names[0]
    return (
        condition.path.plain
        and name not in masked
        and name not in ENTITY_MOMENTS
        and not is_negative(condition)
    )


def _is_cut(interval: Interval) -> bool:
    """Whether an end of it is a text longer than what indexes hold."""
    return any(
        isinstance(end, str) and len(end) >= INDEXED_CHARACTERS_MAX for end in (interval.low, interval.high)
    )


def _width(asked: Asked) -> int:
    """How much of an index it is likely to select: equality, range, one-sided."""
    if isinstance(asked.condition, Within):
        return 1
    return 0 if asked.wanted[0].single else 2


def missing_index(conditions: Conditions, terms: Terms, indexes: ValueIndexes) -> tuple[str, str] | None:
    """The (type, attribute) IRIs of an index that would drive the query, if it were there and ready; None if none
    is missing."""
    for asked in comparable(conditions):
        for types in conditions.types:
            for names in types.alternatives:
                known = [_find(indexes, terms, type_, asked.name) for type_ in names]
                if not any(index is not None and index.ready for index in known):
                    return names[0], asked.name
    return None


def _find(indexes: ValueIndexes, terms: Terms, type_: str, name: str) -> ValueIndex | None:
    type_number, attribute = terms.find(type_), terms.find(name)
    return indexes.find(type_number, attribute) if type_number is not None and attribute is not None else None


def value_drive(
    every: list[Asked], asked: Asked, types: TypeExpression, terms: Terms, indexes: ValueIndexes
) -> ValueDrive | None:
    """The walks for one condition over the entities of the types; None if an index for one of them is not ready.

    every: all conditions of the query that an index could answer.
    """
    chosen: list[tuple[str, ValueIndex]] = []
    for names in types.alternatives:
        for type_ in names:
            index = _find(indexes, terms, type_, asked.name)
            if index is not None and index.ready:
                chosen.append((type_, index))
                break
        else:
            return None
    wanted = asked.wanted
    decides: tuple[Asked, ...] = (asked,)
    if len(every) > 1 and len(wanted) == 1 and all(index.plain for _, index in chosen):
        wanted, decides = _narrowed(asked, every)
    walks = []
    for number, (names, (type_, index)) in enumerate(zip(types.alternatives, chosen, strict=True)):
        others = tuple(other for other in names if other != type_)
        filters = (
            *([has_types(others, terms)] if others else []),
            *none_of([has_types(earlier, terms) for earlier in types.alternatives[:number]]),
        )
        walks += _walks(index, asked.name, wanted, filters)
    return ValueDrive(tuple(walks), decides)


def _narrowed(asked: Asked, every: list[Asked]) -> tuple[tuple[Interval, ...], tuple[Asked, ...]]:
    """The interval met with those of all other conditions on the attribute. An entity has one value only."""
    interval = asked.wanted[0]
    decides = [asked]
    for other in every:
        if other is not asked and other.name == asked.name and len(other.wanted) == 1:
            met = interval.meet(other.wanted[0])
            if met is not None:
                interval = met
                decides.append(other)
    return (interval,), tuple(decides)


def _walks(
    index: ValueIndex, name: str, wanted: tuple[Interval, ...], filters: tuple[Condition, ...]
) -> list[Walk]:
    # A text that is a moment has a key as text and one as moment, also where every entity has one value only
    both = len(wanted) > 1 and _as_text_and_moment(wanted)
    once = (index.plain and not both) or (len(wanted) == 1 and wanted[0].single)
    return [
        structs.replace(
            _walk(index.number, interval),
            filters=filters,
            is_first=None if once else _first_value(name, wanted, number),
            reads=frozenset() if once else frozenset((name,)),
        )
        for number, interval in enumerate(wanted)
    ]


def _as_text_and_moment(wanted: tuple[Interval, ...]) -> bool:
    kinds = {interval.low[0] for interval in wanted if isinstance(interval.low, str)}
    return "s" in kinds and not kinds.isdisjoint("tdc")


def _walk(index_number: int, interval: Interval) -> Walk:
    table = "number_value" if interval.numeric else "text_value"
    fixed: Condition = ("v.index_number = ?", (index_number,))
    if interval.single and not interval.low_open and not interval.high_open:
        return Walk(table, "v", ("v.row",), (fixed, ("v.value = ?", (interval.low,))))
    return Walk(
        table,
        "v",
        ("v.value", "v.row"),
        (fixed,),
        low=("v.value > ?" if interval.low_open else "v.value >= ?", (interval.low,)),
        high=("v.value < ?" if interval.high_open else "v.value <= ?", (interval.high,)),
    )


def index_keys(entity: Entity, name: str) -> list[Key]:
    """Everything that a value index has of an attribute of the entity."""
    return [key for attribute in entity.instances(name) for key in index_values(attribute)]


def _first_value(name: str, wanted: tuple[Interval, ...], number: int) -> Callable[[Entity, Position], bool]:
    """Whether a row of the walk of interval `number` is the first of all rows in which the entity occurs."""

    def is_first(entity: Entity, position: Position) -> bool:
        keys = index_keys(entity, name)
        if any(earlier.holds(key) for earlier in wanted[:number] for key in keys):
            return False
        interval = wanted[number]
        # Keys of one type only are in an interval, so they can be compared
        return interval.single or position[0] == min(filter(interval.holds, keys))

    return is_first
