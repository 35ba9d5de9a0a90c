"""The part of a plan that SQL cannot decide, applied to rows: only what the conditions read is decoded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from madang.ngsild.entity import Entity
from madang.store.sqlite.codec import (
    FIELD_SEPARATOR,
    SEGMENT_SEPARATOR,
    Terms,
    decode_scopes,
    decode_segments,
)
from madang.store.sqlite.plan import Plan
from madang.store.sqlite.plan_steps import Position, Step, Walk

# A row of the file; what its columns hold is known from the statement
Row = tuple[Any, ...]


class Sieve:
    """columns: what a step selects behind its key for `passed`."""

    def __init__(self, made: Plan, terms: Terms) -> None:
        self._of_id = made.residue.of_id
        self._of_entity = made.residue.of_entity
        self._terms = terms
        walks = [step for step in made.steps if isinstance(step, Walk)]
        reads = made.residue.reads.union(*(walk.reads for walk in walks))
        numbers = [number for name in sorted(reads) if (number := terms.find(name)) is not None]
        self._starts = [str(number).encode() + FIELD_SEPARATOR for number in numbers]
        self._decodes = self._of_entity is not None or any(walk.is_first is not None for walk in walks)
        self.columns = (
            "e.row, e.id, e.scopes, e.created, e.modified, e.segments" if self._decodes else "e.row, e.id"
        )

    def passed(self, step: Step, rows: Iterable[Row], enough: int) -> list[tuple[Position, int]]:
        """Position and row number of the rows that pass, as many as are enough."""
        keys = len(step.key)
        is_first = step.is_first if isinstance(step, Walk) else None
        found: list[tuple[Position, int]] = []
        for row in rows:
            if not all(search(row[keys + 1]) for search in self._of_id):
                continue
            if self._decodes:
                entity = self._decoded(row[keys + 1 :])
                if self._of_entity is not None and not self._of_entity(entity):
                    continue
                if is_first is not None and not is_first(entity, row[:keys]):
                    continue
            found.append((row[:keys], row[keys]))
            if len(found) == enough:
                break
        return found

    def _decoded(self, columns: Row) -> Entity:
        """The entity with those attributes only that are read. Its types are not: SQL decides on them."""
        identifier, scopes, created, modified, segments = columns
        attributes = decode_segments(self._needed(segments), self._terms)
        return Entity(identifier, (), attributes, decode_scopes(scopes), created, modified)

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
