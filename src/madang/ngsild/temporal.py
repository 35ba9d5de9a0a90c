"""Which part of an entity's history is asked for: `TemporalQuery` and the parser of its parameters.

The temporal query language is CIM 009 §4.11; aggregation parameters are §4.5.19. What to make of the
instances found (arrays, temporalValues, aggregatedValues) stands in `evolution.py` and `aggregation.py`.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class TimeRelation(StrEnum):
    BEFORE = "before"
    AFTER = "after"
    BETWEEN = "between"


class TimeProperty(StrEnum):
    """The time of an instance that is compared and that orders it."""

    OBSERVED_AT = "observedAt"
    CREATED_AT = "createdAt"
    MODIFIED_AT = "modifiedAt"
    DELETED_AT = "deletedAt"


class Period(msgspec.Struct, frozen=True):
    """Length of an aggregation bucket. Months are calendar months (UTC); the rest is a fixed length.

    Both 0: one bucket over the whole range.
    """

    months: int = 0
    microseconds: int = 0


class Aggregation(msgspec.Struct, frozen=True):
    """methods: names of §4.5.19, in the order asked. period: length of each bucket."""

    methods: tuple[str, ...]
    period: Period = Period()


class TemporalQuery(msgspec.Struct, frozen=True):
    """Selects instances of attributes by their time.

    relation: None selects all. time_at, end_time_at: microseconds UTC; end_time_at is set for BETWEEN.
    last_n: only the newest n instances of each attribute (0: all). attributes: IRIs to read (empty: all).
    aggregation: None unless aggregated values are asked for.
    """

    relation: TimeRelation | None = None
    time_at: int = 0
    end_time_at: int = 0
    timeproperty: TimeProperty = TimeProperty.OBSERVED_AT
    last_n: int = 0
    attributes: tuple[str, ...] = ()
    aggregation: Aggregation | None = None
