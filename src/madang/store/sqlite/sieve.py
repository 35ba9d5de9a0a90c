"""The part of a plan that SQL cannot decide, applied to rows: only what the conditions read is decoded."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from madang.ngsild.entity import Entity
from madang.store.sqlite.codec import (
    FIELD_SEPARATOR,
    SEGMENT_SEPARATOR,
    Terms,
    decode_scopes,
    decode_segments,
    decode_types,
)
from madang.store.sqlite.plan import Plan
from madang.store.sqlite.plan_steps import Position, Step, Walk

# A row of the file; what its columns hold is known from the statement
Row = tuple[Any, ...]


class Sieve:
    """columns: what a step selects behind its key for `passed` and `entities`. reads: IRIs of attributes that the
    caller wants to read besides those that the plan's conditions read. types: whether it wants the types.
    """

    def __init__(
        self, made: Plan, terms: Terms, reads: frozenset[str] | None = None, *, types: bool = False
    ) -> None:
        self._of_id = made.residue.of_id
        self._of_entity = made.residue.of_entity
        self._terms = terms
        walks = [step for step in made.steps if isinstance(step, Walk)]
        every = made.residue.reads.union(*(walk.reads for walk in walks), reads or ())
        numbers = [number for name in sorted(every) if (number := terms.find(name)) is not None]
        self._starts = [str(number).encode() + FIELD_SEPARATOR for number in numbers]
        self._decodes = (
            reads is not None
            or self._of_entity is not None
            or any(walk.is_first is not None for walk in walks)
        )
        self._types = types or made.residue.types
        self.columns = "e.row, e.id"
        if self._decodes:
            self.columns += ", e.scopes, e.created, e.modified, e.segments"
        if self._types:
            self.columns += ", e.types"

    def passed(self, step: Step, rows: Iterable[Row], enough: int) -> list[tuple[Position, int]]:
        """Position and row number of the rows that pass, as many as are enough."""
        keys = len(step.key)
        if self._decodes:
            return [(row[:keys], row[keys]) for row, _ in itertools.islice(self.entities(step, rows), enough)]
        return [(row[:keys], row[keys]) for row in itertools.islice(self._known(step, rows), enough)]

    def entities(self, step: Step, rows: Iterable[Row]) -> Iterator[tuple[Row, Entity]]:
        """The rows that pass, with their entities as far as they are read."""
        keys = len(step.key)
        is_first = step.is_first if isinstance(step, Walk) else None
        for row in self._known(step, rows):
            entity = self._decoded(row[keys + 1 :])
            if (self._of_entity is None or self._of_entity(entity)) and (
                is_first is None or is_first(entity, row[:keys])
            ):
                yield row, entity

    def _known(self, step: Step, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows whose id passes."""
        if not self._of_id:
            return iter(rows)
        at = len(step.key) + 1
        return (row for row in rows if all(search(row[at]) for search in self._of_id))

    def _decoded(self, columns: Row) -> Entity:
        """The entity with those attributes only that are read, and with its types only where SQL does not decide on
        them alone."""
        types: tuple[str, ...] = ()
        if self._types:
            *columns, numbers = columns  # type: ignore[assignment]  # a list of the same
            types = decode_types(numbers, self._terms)
        identifier, scopes, created, modified, segments = columns
        attributes = decode_segments(self._needed(segments), self._terms)
        return Entity(identifier, types, attributes, decode_scopes(scopes), created, modified)

    def _needed(self, segments: bytes) -> bytes:
        """The segments that begin with one of the numbers (see `codec`)."""
        found: list[bytes] = []
        for start in self._starts:
            at = 0 if segments.startswith(start) else segments.find(SEGMENT_SEPARATOR + start) + 1
            if at == 0 and not segments.startswith(start):
                continue
            while True:
                end = segments.find(SEGMENT_SEPARATOR, at)
                found.append(segments[at:end] if end >= 0 else segments[at:])
                at = segments.find(SEGMENT_SEPARATOR + start, end) + 1 if end >= 0 else 0
                if at == 0:
                    break
        return SEGMENT_SEPARATOR.join(found)
