"""Running plans: pages and counts, in slices between which the caller may breathe.

Everything here is a generator that yields None after each slice (at most `LIMITS.slice_entities_max` entities
looked at, or as many rows counted as takes as long) and returns its result. No statement stays open over a yield, so
commits may happen between slices; a page goes on from where it stood.
"""

from __future__ import annotations

import heapq
import itertools
from array import array
from collections.abc import Generator, Iterable, Iterator
from typing import Any, Final

import apsw
import msgspec
import orjson

from madang.errors import BadRequestData
from madang.ngsild.geo import has_relation
from madang.ngsild.query import Query, Window
from madang.settings import LIMITS
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.cursor import Cursor, decode_cursor, encode_cursor
from madang.store.sqlite.indexes import PLACES_MAX
from madang.store.sqlite.ordering import ORDERED, Ordering, Place
from madang.store.sqlite.plan import Catalog, Plan, plan
from madang.store.sqlite.plan_steps import (
    Around,
    Position,
    Statement,
    Step,
    Walk,
    halves,
    is_divisible,
    items_statement,
)
from madang.store.sqlite.rewrite import Rewriter
from madang.store.sqlite.showing import Item, Row, Showing
from madang.store.sqlite.sieve import Sieve
from madang.trust.access import Access

# Entities in a slice where each is asked about others too, and where each gets its place in an order
FOLLOWING_ROWS: Final = 64
ORDERED_ROWS: Final = 256
COUNT_ROWS: Final = 4096
CANDIDATES_MAX: Final = 2048
COUNT_ROWS_OF_INDEX: Final = 65_536
_TYPE_COUNT: Final = "SELECT coalesce((SELECT n FROM type_count WHERE type = ?), 0)"

# (number of the step, position in it, what was asked for)
Hit = tuple[int, Position, Item]


class Answer(msgspec.Struct, frozen=True):
    """items: rendered bytes or entities, in order. next_cursor: "" on the last page. total: if it was asked for."""

    items: tuple[Item, ...]
    next_cursor: str = ""
    total: int | None = None


def make_plan(query: Query, window: Window, catalog: Catalog, access: Access) -> tuple[Plan, Cursor | None]:
    """The plan for a page, and where the page begins. Raises BadRequestData for a cursor that does not fit."""
    if not window.cursor:
        return plan(query, catalog, access), None
    cursor = decode_cursor(window.cursor, query, window.order)
    if window.order:
        return plan(query, catalog, access), cursor
    made = plan(query, catalog, access, cursor.driver)
    if made.steps and (
        cursor.step >= len(made.steps) or len(cursor.position) != len(made.steps[cursor.step].key)
    ):
        raise BadRequestData(
            "The cursor of this page no longer fits the stored data; start from the first page"
        )
    return made, cursor


class Scan:
    """A plan on a connection. rendered, rewriter: as of `Showing`. ordered: whether the window asks for an order."""

    def __init__(
        self,
        connection: apsw.Connection,
        terms: Terms,
        made: Plan,
        *,
        rendered: bool,
        rewriter: Rewriter | None = None,
        ordered: bool = False,
    ) -> None:
        self._connection = connection
        self._terms = terms
        self._plan = made
        self._sieve = None if made.exact else Sieve(made, terms)
        self._slice = FOLLOWING_ROWS if made.residue.follows else LIMITS.slice_entities_max
        outlook = made.outlook
        # What passes the sieve is read by another statement, and may have changed by then
        apart = self._sieve is not None or ordered
        judged = outlook is not None and (outlook.masks or apart)
        sight = made.sight if judged else None
        self._showing = Showing(terms, rendered=rendered, rewriter=rewriter, sight=sight, judges=made.judges)

    def answer(self, query: Query, window: Window, cursor: Cursor | None) -> Generator[None, None, Answer]:
        """A page, and the count if the window wants it."""
        if window.order:
            return (yield from self._ordered(query, window, cursor))
        wanted = window.offset + window.limit + 1
        hits: list[Hit] = []
        for found in self._slices(cursor, wanted):
            hits += found
            if len(hits) >= wanted:
                break
            yield
        more = len(hits) >= wanted
        page = hits[window.offset : window.offset + window.limit]
        next_cursor = ""
        if more and page:
            step, position, _ = page[-1]
            next_cursor = encode_cursor(Cursor(self._plan.driver, step, position), query, window.order)
        total = (yield from self.count()) if window.count else None
        return Answer(tuple([item for _, _, item in page]), next_cursor, total)

    def _ordered(self, query: Query, window: Window, cursor: Cursor | None) -> Generator[None, None, Answer]:
        """A page in the order that the window asks for: everything is looked at for every page."""
        ordering = Ordering(window.order)
        self._slice = min(self._slice, ORDERED_ROWS)
        sieve = Sieve(self._plan, self._terms, ordering.reads, types=ordering.types)
        places: list[Place] = []
        for step, rows in self.every_row(sieve.columns):
            at = len(step.key)
            places += [ordering.place(entity, row[at]) for row, entity in sieve.entities(step, rows)]
            yield
        first = ordering.read(cursor.position) if cursor is not None else None
        left = places if first is None else [place for place in places if place > first]
        chosen = heapq.nsmallest(window.offset + window.limit + 1, left)
        page = chosen[window.offset : window.offset + window.limit]
        next_cursor = ""
        if page and len(chosen) > window.offset + window.limit:
            next_cursor = encode_cursor(Cursor(ORDERED, 0, page[-1].position), query, window.order)
        found = self.items([place.row for place in page])
        items = tuple([found[place.row] for place in page if place.row in found])
        return Answer(items, next_cursor, len(places) if window.count else None)

    def count(self) -> Generator[None, None, int]:
        """How many entities match in all."""
        if self._plan.single_type is not None:
            return self._first((_TYPE_COUNT, (self._terms.find(self._plan.single_type),)))
        total = 0
        for found in self._counts() if self._sieve is None else self._sieved_counts(self._sieve):
            total += found
            yield
        return total

    def _sieved_counts(self, sieve: Sieve) -> Iterator[int]:
        for step, rows in self.every_row(sieve.columns):
            yield len(sieve.passed(step, rows, self._slice))

    def _counts(self) -> Iterator[int]:
        """Counted by SQL alone."""
        for step in self._plan.steps:
            if isinstance(step, Walk):
                size = COUNT_ROWS if step.filters else COUNT_ROWS_OF_INDEX
                for after, until in self._stretches(step, size):
                    yield self._first(step.count(after, until))
                continue
            found: set[int] = set()
            for _ in self._look_around(step, found):
                yield 0
            rows = list(found)
            if not step.filters:
                yield len(rows)
                continue
            for start in range(0, len(rows), COUNT_ROWS):
                yield self._first(step.count(_bound(rows[start : start + COUNT_ROWS])))

    def every_row(self, columns: str) -> Iterator[tuple[Step, Iterable[Row]]]:
        """All rows of the plan in slices, with the step that they are of; key and columns of each."""
        size = self._slice
        for step in self._plan.steps:
            if isinstance(step, Walk):
                for after, until in self._stretches(step, size):
                    yield step, self._connection.execute(*step.select(columns, after, until))
                continue
            found: set[int] = set()
            for _ in self._look_around(step, found):
                yield step, ()
            rows = sorted(found)
            for start in range(0, len(rows), size):
                some = _bound(rows[start : start + size])
                yield step, self._connection.execute(*step.select(columns, some))

    def _stretches(self, step: Walk, rows: int) -> Iterator[tuple[Position | None, Position | None]]:
        """A walk in stretches of so many rows: (after, until)."""
        after: Position | None = None
        while True:
            until = self._until(step, after, rows)
            yield after, until
            if until is None:
                return
            after = until

    def _first(self, statement: Statement) -> int:
        return int(self._connection.execute(*statement).get)

    def _slices(self, cursor: Cursor | None, wanted: int) -> Iterator[list[Hit]]:
        """The hits in order, slice by slice. wanted: how many are enough."""
        for number, step in enumerate(self._plan.steps):
            if cursor is not None and number < cursor.step:
                continue
            after = cursor.position if cursor is not None and number == cursor.step else None
            if isinstance(step, Around):
                yield from self._around(number, step, after, wanted)
            else:
                yield from self._walk(number, step, after, wanted)

    # --- steps ---

    def _walk(self, number: int, step: Walk, after: Position | None, wanted: int) -> Iterator[list[Hit]]:
        columns = self._showing.columns if self._sieve is None else self._sieve.columns
        size = self._slice
        enough = min(size, wanted)
        while True:
            # Where rows may fail, a slice ends where so many were looked at, not where so many were found
            until = None if self._plan.direct else self._until(step, after, size)
            sql, parameters = step.select(columns, after, until)
            rows_max = enough if self._sieve is None else size
            rows = self._connection.execute(sql + " LIMIT ?", (*parameters, rows_max))
            hits = self._hits(number, step, rows, enough)
            yield hits
            if self._plan.direct and len(hits) == enough:
                after = hits[-1][1]
            elif until is not None:
                after = until
            else:
                return

    def _until(self, step: Walk, after: Position | None, rows: int) -> Position | None:
        """The position so many rows on; None if there are not so many."""
        sql, parameters = step.bound(after)
        row: Position | None = self._connection.execute(
            sql + " LIMIT 1 OFFSET ?", (*parameters, rows - 1)
        ).fetchone()
        return row

    def _around(self, number: int, step: Around, after: Position | None, wanted: int) -> Iterator[list[Hit]]:
        found: set[int] = set()
        for _ in self._look_around(step, found):
            yield []
        first = after[0] if after is not None else 0
        rows = sorted([row for row in found if row > first])  # type: ignore[operator]  # row numbers both
        columns = self._showing.columns if self._sieve is None else self._sieve.columns
        size = min(self._slice, wanted)
        for start in range(0, len(rows), size):
            found_rows = self._connection.execute(*step.select(columns, _bound(rows[start : start + size])))
            yield self._hits(number, step, found_rows, size)

    def _look_around(self, step: Around, found: set[int]) -> Iterator[None]:
        """Adds the row numbers of the entities with a shape that passes the test. A window in which there is too
        much for one slice is looked at half by half."""
        windows = [step.window]
        while windows:
            window = windows.pop()
            sql, parameters = step.candidates(window)
            limit = CANDIDATES_MAX + 1 if is_divisible(window) else -1
            candidates: list[Row] = self._connection.execute(
                sql + " LIMIT ?", (*parameters, limit)
            ).fetchall()
            if 0 < limit == len(candidates):
                windows += halves(window)
            else:
                shapes = orjson.loads(f"[{','.join([shape for _, shape in candidates])}]")
                holds = has_relation(step.test, shapes)
                found.update([slot // PLACES_MAX for slot, _ in itertools.compress(candidates, holds)])
            if windows:
                yield

    # --- rows ---

    def _hits(self, number: int, step: Step, rows: apsw.Cursor, enough: int) -> list[Hit]:
        keys = len(step.key)
        if self._sieve is not None:
            passed = self._sieve.passed(step, rows, enough)
            items = self.items([row for _, row in passed])
            return [(number, position, items[row]) for position, row in passed if row in items]
        if self._showing.as_kept:
            return [(number, row[:keys], row[keys]) for row in rows]
        found: list[Any] = rows.fetchall()
        shown = self._showing.show_all([row[keys:] for row in found])
        return [
            (number, row[:keys], item) for row, item in zip(found, shown, strict=True) if item is not None
        ]

    def items(self, rows: list[int]) -> dict[int, Item]:
        """What was asked for of the entities with these row numbers, of those that are still there to be seen."""
        if not rows:
            return {}
        statement = items_statement(f"e.row, {self._showing.columns}")
        found = self._connection.execute(statement, (_bound(rows),))
        if self._showing.as_kept:
            return dict(found)
        every: list[Any] = found.fetchall()
        shown = self._showing.show_all([row[1:] for row in every])
        return {row[0]: item for row, item in zip(every, shown, strict=True) if item is not None}


def _bound(rows: list[int]) -> object:
    """Row numbers, of which there are some, as one parameter."""
    return apsw.carray(array("q", rows))
