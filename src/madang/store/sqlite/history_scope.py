"""The scope in the history of an entity (CIM 009 §4.5.6): what a write adds to it, and how it is read.

Change rows keep it as segments like those of an attribute. It is read apart from the attributes, for what was
set before a range of time is still valid in it (§4.18).
"""

from __future__ import annotations

from collections.abc import Sequence

import apsw
import msgspec
import numpy as np

from madang.ngsild.entity import Attribute, Entity
from madang.ngsild.evolution import Instance, Series, select
from madang.ngsild.patch import Applied, Key
from madang.ngsild.scope import ScopeExpression
from madang.ngsild.scopes_over_time import SCOPE, Span, removed_body, scope_set, scopes_of, valid_spans
from madang.ngsild.temporal import TemporalQuery, TimeProperty
from madang.store.sqlite import history
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.mask import Mask
from madang.store.sqlite.tail import Wanted


def remembered(
    before: Entity | None, applied: Applied, now: int
) -> tuple[tuple[Attribute, ...], tuple[Key, ...]]:
    """What history must remember as written and as removed, with the scope if this change set or removed it."""
    written, removed = applied.written, applied.removed
    old = before.scope if before is not None else ()
    new = applied.entity.scope if applied.entity is not None else ()
    if old == new or any(one.name == SCOPE for one in written):
        return written, removed
    if new:
        return (*written, scope_set(new, now)), removed
    return written, (*removed, (SCOPE, None))


class ScopeStates:
    """The scopes that an entity ever had. instances: with the moments of their validity, oldest first."""

    def __init__(self, instances: Sequence[Instance]) -> None:
        whole = [
            msgspec.structs.replace(one, body=removed_body(one.modified_at)) if one.deleted else one
            for one in instances
        ]
        self._written = whole
        self._states = select(SCOPE, None, whole, TemporalQuery())

    def spans(self, asked: ScopeExpression) -> list[Span]:
        """When the scopes met the expression."""
        if self._states is None:
            return []
        scopes = [scopes_of(one.body) for one in self._states.instances]
        return valid_spans(zip(self._states.times.tolist(), scopes, strict=True), asked)

    def series(self, temporal: TemporalQuery) -> Series | None:
        """What the query selects, with what was valid when its range begins."""
        found = select(SCOPE, None, self._written, temporal)
        if self._states is None or temporal.earliest is None:
            return found
        place = int(np.searchsorted(self._states.times, temporal.earliest)) - 1
        full = found is not None and 0 < temporal.last_n <= len(found.times)
        if place < 0 or full or temporal.timeproperty is TimeProperty.DELETED_AT:
            return found
        carried = self._states.instances[place]
        if carried.deleted or (found is not None and carried in found.instances):
            return found
        times = self._states.times[place : place + 1]
        if found is None:
            return Series(SCOPE, None, [carried], times)
        return Series(SCOPE, None, [carried, *found.instances], np.concatenate([times, found.times]))


def is_wanted(terms: Terms, temporal: TemporalQuery, mask: Mask) -> bool:
    """Whether an answer shows the scope: it is no value that could be aggregated."""
    asked = not temporal.attributes or SCOPE in temporal.attributes
    hidden = SCOPE in temporal.without or SCOPE in mask.hidden or temporal.aggregation is not None
    return asked and not hidden and terms.find(SCOPE) is not None


def without_scope(terms: Terms, temporal: TemporalQuery) -> TemporalQuery:
    """The query for the attributes alone."""
    if terms.find(SCOPE) is None or (temporal.attributes and SCOPE not in temporal.attributes):
        return temporal
    return temporal.reading(temporal.attributes, (*temporal.without, SCOPE), temporal.datasets)


async def read(connection: apsw.Connection, terms: Terms, row: int) -> ScopeStates:
    """The scopes of the entity in this row."""
    term = terms.find(SCOPE)
    if term is None:
        return ScopeStates([])
    number = str(term).encode()
    which = Wanted((number,), frozenset(), frozenset(), TemporalQuery())
    found = await history.read_series(connection, row, which)
    return ScopeStates(found.get((number, b""), []))
