"""The steps of a plan, and their SQL. A step walks one index in one order; joins are CROSS JOINs, because that
is how SQLite is told their order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from madang.ngsild.distance import Bounds
from madang.ngsild.entity import Entity
from madang.ngsild.geo import GeoTest
from madang.store.sqlite.plan_conditions import Condition

Statement = tuple[str, tuple[object, ...]]
# Where a walk stands: the values of the step's key columns
Position = tuple[float | str | int, ...]

_JOIN = " CROSS JOIN entity e ON e.row = {}.row"
_GIVEN = "c CROSS JOIN entity e ON e.row = c.value"
_WINDOW_DEGREES_MIN = 1e-4
_CANDIDATES = """SELECT p.slot, p.shape FROM place p
    WHERE p.west <= ? AND p.east >= ? AND p.south <= ? AND p.north >= ? AND p.term = ?"""


class Walk(msgspec.Struct, frozen=True):
    """Walks a range of an index.

    table, alias: what is walked; "e" is the entity table itself. fixed: what stays equal. low, high: ends of the range, replaced by
    a position while paging. key: the columns that order it and tell rows apart. filters: what else must hold of
    the entity. is_first: whether this is the first of the rows of the plan in which the entity occurs; None if
    an entity occurs only once.
    """

    table: str
    alias: str
    key: tuple[str, ...]
    fixed: tuple[Condition, ...] = ()
    low: Condition | None = None
    high: Condition | None = None
    filters: tuple[Condition, ...] = ()
    is_first: Callable[[Entity, Position], bool] | None = None
    reads: frozenset[str] = frozenset()

    def select(self, columns: str, after: Position | None, until: Position | None) -> Statement:
        """Keys and columns of what passes the filters, in order; without LIMIT."""
        join = _JOIN.format(self.alias) if self.alias != "e" else ""
        where, parameters = _joined([*self._range(after, until), *self.filters])
        key = ", ".join(self.key)
        return _select(
            f"{key}, {columns}", self.table, self.alias + join, where, f"ORDER BY {key}"
        ), parameters

    def bound(self, after: Position | None) -> Statement:
        """The position some rows on, whatever the filters say; LIMIT 1 OFFSET ? is to follow."""
        where, parameters = _joined(self._range(after, None))
        key = ", ".join(self.key)
        return _select(key, self.table, self.alias, where, f"ORDER BY {key}"), parameters

    def count(self, after: Position | None, until: Position | None) -> Statement:
        join = _JOIN.format(self.alias) if self.alias != "e" and self.filters else ""
        where, parameters = _joined([*self._range(after, until), *self.filters])
        return _select("count(*)", self.table, self.alias + join, where), parameters

    def _range(self, after: Position | None, until: Position | None) -> list[Condition]:
        found = list(self.fixed)
        columns, marks = ", ".join(self.key), ", ".join("?" * len(self.key))
        if after is not None:
            found.append((f"({columns}) > ({marks})" if len(self.key) > 1 else f"{columns} > ?", after))
        elif self.low is not None:
            found.append(self.low)
        if until is not None:
            found.append((f"({columns}) <= ({marks})" if len(self.key) > 1 else f"{columns} <= ?", until))
        elif self.high is not None:
            found.append(self.high)
        return found


class Around(msgspec.Struct, frozen=True):
    """Asks the R-tree for what lies in a window, tests the shapes, and goes through the entities by row number."""

    window: Bounds
    term: int
    test: GeoTest
    filters: tuple[Condition, ...] = ()

    key: tuple[str, ...] = ("e.row",)

    def candidates(self, window: Bounds) -> Statement:
        """(slot, shape) of everything in a part of the window."""
        west, south, east, north = window
        return _CANDIDATES, (east, west, north, south, self.term)

    def select(self, columns: str, rows: object) -> Statement:
        """Row number and columns of these rows that pass the filters, in their order. rows: bound as carray."""
        where, parameters = _joined(self.filters)
        return _select(f"e.row, {columns}", "carray(?)", _GIVEN, where), (rows, *parameters)

    def count(self, rows: object) -> Statement:
        where, parameters = _joined(self.filters)
        return _select("count(*)", "carray(?)", _GIVEN, where), (rows, *parameters)


Step = Walk | Around


def items_statement(columns: str) -> str:
    """Columns of the entities with given row numbers, in their order; the one parameter is a carray."""
    return _select(columns, "carray(?)", _GIVEN, "1")


def is_divisible(window: Bounds) -> bool:
    west, south, east, north = window
    return max(east - west, north - south) > _WINDOW_DEGREES_MIN


def halves(window: Bounds) -> tuple[Bounds, Bounds]:
    west, south, east, north = window
    if east - west > north - south:
        middle = (west + east) / 2
        return (west, south, middle, north), (middle, south, east, north)
    middle = (south + north) / 2
    return (west, south, east, middle), (west, middle, east, north)


def _select(what: str, table: str, alias_and_join: str, where: str, order: str = "") -> str:
    """All parts are made of the constants of these modules; what a client says is always a parameter."""
    return " ".join(("SELECT", what, "FROM", table, alias_and_join, "WHERE", where, order))


def _joined(conditions: Sequence[Condition]) -> Condition:
    if not conditions:
        return "1", ()
    return (
        " AND ".join([text if " OR " not in text else f"({text})" for text, _ in conditions]),
        tuple([parameter for _, parameters in conditions for parameter in parameters]),
    )
