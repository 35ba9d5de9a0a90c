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

Indexable = Comparison | Within


class ValueDrive(msgspec.Struct, frozen=True):
    """Walks over the indexes of one attribute. decides: the conditions that they answer."""

    walks: tuple[Walk, ...]
    decides: tuple[Indexable, ...]


def comparable(conditions: Conditions) -> list[Indexable]:
    """The conditions of q that a value index could answer, the ones that select least first."""
    found = [
        expression
        for expression in conditions.q
        if isinstance(expression, Comparison | Within) and _is_indexable(expression, conditions.masked)
    ]
    return sorted(found, key=_width)


def _is_indexable(asked: Indexable, masked: frozenset[str]) -> bool:
    name = asked.path.names[0]
    return (
        asked.path.plain
        and name not in masked
        and name not in ENTITY_MOMENTS
        and not is_negative(asked)
        and not any(_is_cut(end) for interval in intervals(asked) for end in (interval.low, interval.high))
    )


def _is_cut(key: Key) -> bool:
    return isinstance(key, str) and len(key) >= INDEXED_CHARACTERS_MAX


def _width(asked: Indexable) -> int:
    """How much of an index it is likely to select: equality, range, one-sided."""
    if isinstance(asked, Within):
        return 1
    return 0 if intervals(asked)[0].single else 2


def missing_index(conditions: Conditions, terms: Terms, indexes: ValueIndexes) -> tuple[str, str] | None:
    """The (type, attribute) IRIs of an index that would drive the query, if it were there; None if none is
    missing or it is being built."""
    for asked in comparable(conditions):
        name = asked.path.names[0]
        for types in conditions.types:
            for names in types.alternatives:
                known = [_find(indexes, terms, type_, name) for type_ in names]
                if not any(known):
                    return names[0], name
    return None


def _find(indexes: ValueIndexes, terms: Terms, type_: str, name: str) -> ValueIndex | None:
    type_number, attribute = terms.find(type_), terms.find(name)
    return indexes.find(type_number, attribute) if type_number is not None and attribute is not None else None


def value_drive(
    conditions: Conditions, types: TypeExpression, asked: Indexable, terms: Terms, indexes: ValueIndexes
) -> ValueDrive | None:
    """The walks for one condition over the entities of the types; None if an index for one of them is not ready."""
    name = asked.path.names[0]
    chosen: list[tuple[str, ValueIndex]] = []
    for names in types.alternatives:
        ready = [
            (type_, index)
            for type_ in names
            if (index := _find(indexes, terms, type_, name)) is not None and index.ready
        ]
        if not ready:
            return None
        chosen.append(ready[0])
    wanted = intervals(asked)
    decides: tuple[Indexable, ...] = (asked,)
    if len(wanted) == 1 and all(index.plain for _, index in chosen):
        wanted, decides = _narrowed(wanted[0], asked, conditions)
    walks = []
    for number, (names, (type_, index)) in enumerate(zip(types.alternatives, chosen, strict=True)):
        others = tuple(other for other in names if other != type_)
        filters = (
            *([has_types(others, terms)] if others else []),
            *none_of([has_types(earlier, terms) for earlier in types.alternatives[:number]]),
        )
        walks += _walks(index, name, wanted, filters)
    return ValueDrive(tuple(walks), decides)


def _narrowed(
    interval: Interval, asked: Indexable, conditions: Conditions
) -> tuple[tuple[Interval, ...], tuple[Indexable, ...]]:
    """The interval met with those of all other conditions on the attribute. An entity has one value only."""
    decides = [asked]
    for other in comparable(conditions):
        if other is not asked and other.path == asked.path:
            bounds = intervals(other)
            met = interval.meet(bounds[0]) if len(bounds) == 1 else None
            if met is not None:
                interval = met
                decides.append(other)
    return (interval,), tuple(decides)


def _walks(
    index: ValueIndex, name: str, wanted: tuple[Interval, ...], filters: tuple[Condition, ...]
) -> list[Walk]:
    once = index.plain or (len(wanted) == 1 and wanted[0].single)
    return [
        structs.replace(
            _walk(index.number, interval),
            filters=filters,
            is_first=None if once else _first_value(name, wanted, number),
            reads=frozenset() if once else frozenset((name,)),
        )
        for number, interval in enumerate(wanted)
    ]


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
