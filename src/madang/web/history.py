"""The past of one attribute, read from the hub and made small enough to draw: single values, or means of equal times."""

from __future__ import annotations

import msgspec
import numpy as np
import orjson

from madang.hub import temporal
from madang.i18n import DAY, HOUR, MINUTE
from madang.ngsild.evolution import Instance
from madang.ngsild.temporal import TemporalQuery, TimeProperty, TimeRelation
from madang.trust.access import Access
from madang.web.chart import Row, Series
from madang.web.site import Site

RANGES: dict[str, int | None] = {"24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY, "all": None}
DEFAULT_RANGE = "24h"
POINTS_MAX = 480
TABLE_ROWS_MAX = 31
BUCKETS = (
    *(MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE),
    *(HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY),
)


class Past(msgspec.Struct, frozen=True):
    """Instances of one attribute, oldest first, with their times (microseconds UTC)."""

    times: tuple[int, ...]
    instances: tuple[Instance, ...]

    def numbers(self) -> tuple[list[int], list[float]]:
        """(times, values) of the instances that are numbers."""
        times: list[int] = []
        values: list[float] = []
        for moment, instance in zip(self.times, self.instances, strict=True):
            value = orjson.loads(instance.body).get("value")
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                times.append(moment)
                values.append(value)
        return times, values


class Wanted(msgspec.Struct, frozen=True):
    """Which past: an attribute (IRI) of an entity, from `start` on (microseconds UTC, None: all of it).

    observed: its values carry the time at which they were observed; otherwise that of their writing counts.
    """

    entity_id: str
    name: str
    observed: bool = True
    start: int | None = None


async def read(site: Site, access: Access, wanted: Wanted) -> Past:
    """The default instances of the attribute, every one of them: a chart needs them all, however many they are."""
    evolution = await temporal.evolution(site.hub, access, wanted.entity_id, _query(wanted))
    for series in evolution.series:
        if series.name == wanted.name and series.dataset_id is None:
            kept = [
                (t, i) for t, i in zip(series.times.tolist(), series.instances, strict=True) if not i.deleted
            ]
            return Past(tuple(t for t, _ in kept), tuple(i for _, i in kept))
    return Past((), ())


def _query(wanted: Wanted) -> TemporalQuery:
    return TemporalQuery(
        relation=None if wanted.start is None else TimeRelation.AFTER,
        time_at=wanted.start or 0,
        timeproperty=TimeProperty.OBSERVED_AT if wanted.observed else TimeProperty.MODIFIED_AT,
        attributes=(wanted.name,),
    )


def series(times: list[int], values: list[float], start: int, end: int) -> Series:
    """Single values where they are few, otherwise means over the shortest round time that makes them few."""
    if len(times) <= POINTS_MAX:
        return Series(start, end, tuple(times), tuple(values))
    bucket = bucket_for(end - start, POINTS_MAX)
    return means(times, values, start, end, bucket)


def bucket_for(span: int, buckets_max: int) -> int:
    return next((length for length in BUCKETS if span / length <= buckets_max), BUCKETS[-1])


def means(times: list[int], values: list[float], start: int, end: int, bucket: int) -> Series:
    """Means over times of length `bucket`; each stands in the middle of its time."""
    number = np.array(times, np.int64) // bucket
    first = np.flatnonzero(np.concatenate(([True], number[1:] != number[:-1])))
    counts = np.diff(np.append(first, len(times)))
    mean = np.add.reduceat(np.array(values, np.float64), first) / counts
    middle = np.clip(number[first] * bucket + bucket // 2, start, end)
    return Series(start, end, tuple(middle.tolist()), tuple(mean.tolist()), bucket=bucket)


def table(times: list[int], values: list[float], start: int, end: int, offset: int) -> tuple[int, list[Row]]:
    """(length of a row, rows newest first), the empty ones included; nothing is hidden."""
    bucket = bucket_for(end - start, TABLE_ROWS_MAX)
    groups: dict[int, list[float]] = {}
    for moment, value in zip(times, values, strict=True):
        groups.setdefault((moment + offset) // bucket, []).append(value)
    rows = []
    for number in range((end + offset - 1) // bucket, (start + offset) // bucket - 1, -1):
        found = groups.get(number, [])
        begin = number * bucket - offset
        if found:
            rows.append(Row(begin, sum(found) / len(found), min(found), max(found), len(found)))
        else:
            rows.append(Row(begin, None, None, None, 0))
    return bucket, rows
