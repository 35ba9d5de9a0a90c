"""Running plans: pages and counts, in slices between which the caller may breathe.

Everything here is a generator that yields None after each slice (at most `LIMITS.slice_entities_max` entities
looked at, or `COUNT_ROWS` index rows counted) and returns its result. No statement stays open over a yield, so
commits may happen between slices; a page goes on from where it stood.
"""

from __future__ import annotations

from array import array
from collections.abc import Generator, Iterator
from typing import Any, Final

import apsw
import msgspec
import orjson

from madang.errors import BadRequestData
from madang.ngsild.entity import Entity
from madang.ngsild.geo import has_relation
from madang.ngsild.query import Query, Window
from madang.settings import LIMITS
from madang.store.sqlite.codec import FIELD_SEPARATOR, SEGMENT_SEPARATOR, Terms, decode_entity
from madang.store.sqlite.cursor import Cursor, decode_cursor, encode_cursor
from madang.store.sqlite.indexes import PLACES_MAX
from madang.store.sqlite.plan import Catalog, Plan, plan
from madang.store.sqlite.plan_steps import Around, Position, Step, Walk
from madang.trust.access import Access

ENTITY_COLUMNS: Final = "e.id, e.types, e.scopes, e.created, e.modified, e.segments"
RENDERED_COLUMN: Final = "e.rendered"
COUNT_ROWS: Final = 4096

Item = bytes | Entity
# A row of the file; what its columns hold is known from the statement
Row = tuple[Any, ...]
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
    cursor = decode_cursor(window.cursor, query)
    made = plan(query, catalog, access, cursor.driver)
    if made.steps and (
        cursor.step >= len(made.steps) or len(cursor.position) != len(made.steps[cursor.step].key)
    ):
        raise BadRequestData(
            "The cursor of this page no longer fits the stored data; start from the first page"
        )
    return made, cursor


class Scan:
    """A plan on a connection. rendered: whether items are rendered bytes, or entities."""

    def __init__(self, connection: apsw.Connection, terms: Terms, made: Plan, *, rendered: bool) -> None:
        self._connection = connection
        self._terms = terms
        self._plan = made
        self._rendered = rendered
        reads = made.residue.reads.union(*(step.reads for step in made.steps if isinstance(step, Walk)))
        self._reads = frozenset(
            str(number).encode() for name in reads if (number := terms.find(name)) is not None
        )

    def answer(self, query: Query, window: Window, cursor: Cursor | None) -> Generator[None, None, Answer]:
        """A page, and the count if the window wants it."""
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
            next_cursor = encode_cursor(Cursor(self._plan.driver, step, position), query)
        total = (yield from self.count()) if window.count else None
        return Answer(tuple([item for _, _, item in page]), next_cursor, total)

    def count(self) -> Generator[None, None, int]:
        """How many entities match in all."""
        total = 0
        for found in self._counts() if self._plan.exact else map(len, self._slices(None, None)):
            total += found
            yield
        return total

    def _counts(self) -> Iterator[int]:
        """Counted by SQL alone, slice by slice."""
        for step in self._plan.steps:
            if isinstance(step, Around):
                rows = self._rows_around(step)
                yield self._first(step.count(_bound(rows))) if step.filters and rows else len(rows)
                continue
            after: Position | None = None
            while True:
                until = self._until(step, after, COUNT_ROWS)
                yield self._first(step.count(after, until))
                if until is None:
                    break
                after = until

    def _first(self, statement: tuple[str, tuple[object, ...]]) -> int:
        return int(self._connection.execute(*statement).get)

    def _slices(self, cursor: Cursor | None, wanted: int | None) -> Iterator[list[Hit]]:
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

    def _columns(self) -> str:
        if self._plan.exact and self._rendered:
            return RENDERED_COLUMN
        return f"{ENTITY_COLUMNS}, {RENDERED_COLUMN}" if self._rendered else ENTITY_COLUMNS

    def _walk(
        self, number: int, step: Walk, after: Position | None, wanted: int | None
    ) -> Iterator[list[Hit]]:
        size = LIMITS.slice_entities_max
        enough = size if wanted is None else min(size, wanted)
        while True:
            # Where rows may fail, a slice ends where so many were looked at, not where so many were found
            until = None if self._plan.direct else self._until(step, after, size)
            sql, parameters = step.select(self._columns(), after, until)
            rows_max = enough if self._plan.exact else size
            rows = self._connection.execute(sql + " LIMIT ?", (*parameters, rows_max))
            hits = list(self._hits(number, step, rows, enough))
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

    def _around(
        self, number: int, step: Around, after: Position | None, wanted: int | None
    ) -> Iterator[list[Hit]]:
        rows = self._rows_around(step)
        if after is not None:
            rows = [row for row in rows if row > after[0]]  # type: ignore[operator]  # row numbers both
        size = LIMITS.slice_entities_max if wanted is None else min(LIMITS.slice_entities_max, wanted)
        for start in range(0, len(rows), size):
            sql, parameters = step.select(self._columns(), _bound(rows[start : start + size]))
            yield list(self._hits(number, step, self._connection.execute(sql, parameters), size))

    def _rows_around(self, step: Around) -> list[int]:
        """The row numbers of the entities whose shape passes the test, ascending, each once."""
        candidates: list[Row] = self._connection.execute(*step.candidates()).fetchall()
        shapes = orjson.loads(f"[{','.join([shape for _, shape in candidates])}]")
        holds = has_relation(step.test, shapes)
        return sorted(
            {slot // PLACES_MAX for (slot, _), is_hit in zip(candidates, holds, strict=True) if is_hit}
        )

    # --- rows ---

    def _hits(self, number: int, step: Step, rows: apsw.Cursor, wanted: int) -> Iterator[Hit]:
        keys = len(step.key)
        if self._plan.exact and self._rendered:
            for row in rows:
                yield number, row[:keys], row[keys]
            return
        found = 0
        for row in rows:
            if not self._plan.exact and not self._passes(step, row[:keys], row[keys:]):
                continue
            yield (
                number,
                row[:keys],
                row[keys + 6] if self._rendered else decode_entity(row[keys : keys + 6], self._terms),
            )
            found += 1
            if found == wanted:
                return

    def _passes(self, step: Step, position: Position, row: Row) -> bool:
        """Whether the entity meets what SQL did not decide. Only the attributes that this takes are decoded."""
        residue = self._plan.residue
        if not all(search(row[0]) for search in residue.of_id):
            return False
        is_first = step.is_first if isinstance(step, Walk) else None
        if not residue.of_entity and is_first is None:
            return True
        identifier, types, scopes, created, modified, segments = row[:6]
        entity = decode_entity(
            (identifier, types, scopes, created, modified, self._needed(segments)), self._terms
        )
        return all(test(entity) for test in residue.of_entity) and (
            is_first is None or is_first(entity, position)
        )

    def _needed(self, segments: bytes) -> bytes:
        reads = self._reads
        return SEGMENT_SEPARATOR.join(
            [
                segment
                for segment in segments.split(SEGMENT_SEPARATOR)
                if segment[: segment.find(FIELD_SEPARATOR)] in reads
            ]
        )


def _bound(rows: list[int]) -> object:
    """Row numbers, of which there are some, as one parameter."""
    return apsw.carray(array("q", rows))
