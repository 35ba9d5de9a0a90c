"""The part of a plan that SQL cannot decide, applied to rows: only what the conditions read is decoded."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from madang.ngsild.entity import Entity
from madang.store.sqlite.codec import (
    Terms,
    decode_scopes,
    decode_segments,
    decode_types,
    pick_segments,
    segment_starts,
)
from madang.store.sqlite.mask import MODIFIED
from madang.store.sqlite.plan import Plan
from madang.store.sqlite.plan_steps import Position, Step, Walk
from madang.store.sqlite.verdict import Depends

# A row of the file; what its columns hold is known from the statement
Row = tuple[Any, ...]


class Sieve:
    """columns: what a step selects behind its key for `passed` and `entities`. reads: IRIs of attributes that the
    caller wants to read besides those that the plan's conditions read, perhaps "modifiedAt" or "@modifiedAt". types:
    whether it wants the types.
    """

    def __init__(
        self, made: Plan, terms: Terms, reads: frozenset[str] | None = None, *, types: bool = False
    ) -> None:
        self._of_id = made.residue.of_id
        self._of_entity = made.residue.of_entity
        self._terms = terms
        walks = [step for step in made.steps if isinstance(step, Walk)]
        wanted = made.residue.reads.union(*(walk.reads for walk in walks), reads or ())
        asks = self._of_entity is not None or reads is not None
        outlook = made.outlook
        # What is hidden matters where something is asked of what is seen
        self._sight = (
            made.sight if outlook is not None and (outlook.judges or (asks and outlook.masks)) else None
        )
        self._shows = asks and self._sight is not None
        every = wanted | outlook.reads if outlook is not None else wanted
        self._starts = segment_starts(every, terms)
        self._whole = self._sight is not None and (
            not MODIFIED.isdisjoint(wanted) or (outlook is not None and outlook.view is not None)
        )
        self._decodes = asks or self._sight is not None or any(walk.is_first is not None for walk in walks)
        self._types = types or made.residue.types or self._sight is not None
        self.columns = "e.row, e.id"
        if self._decodes:
            segments = "e.segments" if self._starts or self._whole else "x''"
            self.columns += f", e.scopes, e.created, e.modified, {segments}"
        if self._types:
            self.columns += ", e.types"

    def passed(self, step: Step, rows: Iterable[Row], enough: int) -> list[tuple[Position, int]]:
        """Position and row number of the rows that pass, as many as are enough."""
        keys = len(step.key)
        if self._decodes:
            return [(row[:keys], row[keys]) for row, _ in itertools.islice(self.entities(step, rows), enough)]
        return [(row[:keys], row[keys]) for row in itertools.islice(self._known(step, rows), enough)]

    def entities(self, step: Step, rows: Iterable[Row]) -> Iterator[tuple[Row, Entity]]:
        """The rows that pass, with their entities as far as they are read and seen."""
        keys = len(step.key)
        is_first = step.is_first if isinstance(step, Walk) else None
        for row in self._known(step, rows):
            entity = self._seen(row[keys + 1 :])
            if (
                entity is not None
                and (self._of_entity is None or self._of_entity(entity))
                and (is_first is None or is_first(entity, row[:keys]))
            ):
                yield row, entity

    def _known(self, step: Step, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows whose id passes."""
        if not self._of_id:
            return iter(rows)
        at = len(step.key) + 1
        return (row for row in rows if all(search(row[at]) for search in self._of_id))

    def _seen(self, columns: Row) -> Entity | None:
        """The entity as the caller sees it, with those attributes only that are read, and with its types only where SQL
        does not decide on them alone; None if there is none for them."""
        if self._sight is None:
            return self._decoded(columns)
        verdict = self._sight.verdict(columns[-1])
        if verdict is None:
            return None
        entity = self._decoded(columns)
        mask = verdict.mask(entity) if isinstance(verdict, Depends) else verdict
        if mask is None:
            return None
        return mask.of(entity) if self._shows else entity

    def _decoded(self, columns: Row) -> Entity:
        types: tuple[str, ...] = ()
        if self._types:
            *columns, numbers = columns  # type: ignore[assignment]  # a list of the same
            types = decode_types(numbers, self._terms)
        identifier, scopes, created, modified, segments = columns
        needed = segments if self._whole else pick_segments(segments, self._starts)
        attributes = decode_segments(needed, self._terms)
        return Entity(identifier, types, attributes, decode_scopes(scopes), created, modified)
