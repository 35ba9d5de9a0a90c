"""Aggregation against a naive reference in plain Python, and the rules of §4.5.19 one by one."""

from __future__ import annotations

import calendar
import math
import statistics
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madang.ngsild.aggregation import aggregate, periods, read_opaque, read_values
from madang.ngsild.temporal import Method, Period, TemporalQuery, TimeRelation, parse_period
from madang.ngsild.times import format_moment, parse_moment

HOUR = 3_600_000_000
START = parse_moment("2026-01-01T00:00:00Z")

DAY = 24 * HOUR

# Each length with how far the values spread, so that counting periods one by one stays quick
spread = {"PT0.5S": DAY // 5000, "PT15M": DAY, "PT1H": 3 * DAY, "P1D": 90 * DAY, "P1W": 400 * DAY}
spread |= {"P1M": 800 * DAY, "P2M": 800 * DAY, "P1Y": 800 * DAY, "P1M3DT2H": 800 * DAY, "PT0S": 800 * DAY}
lengths = st.sampled_from(list(spread))
places = st.lists(st.floats(-1, 1), min_size=1, max_size=20).map(sorted)


def naive_bounds(moment: int, anchor: int, period: Period) -> tuple[int, int]:
    """The period around the moment, found by counting periods from the anchor one by one."""
    step = 1 if moment >= anchor else -1
    number = 0
    while not naive_add(anchor, period, number) <= moment < naive_add(anchor, period, number + 1):
        number += step
    return naive_add(anchor, period, number), naive_add(anchor, period, number + 1)


def naive_add(anchor: int, period: Period, times: int) -> int:
    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=anchor)
    month = start.year * 12 + start.month - 1 + period.months * times
    year, month = divmod(month, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    moved = start.replace(year=year, month=month + 1, day=day)
    return parse_moment(moved.isoformat()) + period.microseconds * times


@settings(deadline=None)
@given(places, lengths, st.sampled_from([None, TimeRelation.AFTER, TimeRelation.BEFORE]), st.floats(0, 1))
def test_every_value_falls_into_the_period_that_counting_finds(
    places: list[float], length: str, relation: TimeRelation | None, distance: float
) -> None:
    period = parse_period(length)
    times = [START + int(place * spread[length]) for place in places]
    anchor = times[0]
    if relation is TimeRelation.AFTER:
        anchor -= int(distance * spread[length])
    elif relation is TimeRelation.BEFORE:
        anchor = times[-1] + 1 + int(distance * spread[length])
    found = periods(np.array(times), TemporalQuery(relation=relation, time_at=anchor), period, times[0])
    if length == "PT0S":
        assert found.first.tolist() == [0]
        return
    expected: dict[tuple[int, int], int] = {}
    for index, moment in enumerate(times):
        expected.setdefault(naive_bounds(moment, anchor, period), index)
    assert list(zip(found.begins.tolist(), found.ends.tolist(), strict=True)) == list(expected)
    assert found.first.tolist() == list(expected.values())


def naive(values: list[Any], method: Method) -> Any:
    match method:
        case Method.AVG:
            return math.fsum(values) / len(values)
        case Method.DISTINCT_COUNT:
            return len(set(values))
        case Method.MAX:
            return max(values)
        case Method.MIN:
            return min(values)
        case Method.STDDEV:
            return statistics.pstdev(values)
        case Method.SUM:
            return math.fsum(values)
        case Method.SUMSQ:
            return math.fsum(value * value for value in values)
        case Method.TOTAL_COUNT:
            return len(values)


numbers = st.one_of(st.integers(-10_000, 10_000), st.floats(-1e6, 1e6).map(lambda number: round(number, 3)))


@given(st.lists(st.tuples(st.integers(0, 400), numbers), min_size=1, max_size=80), st.sampled_from(Method))
def test_numbers_agree_with_plain_python(rows: list[tuple[int, float]], method: Method) -> None:
    rows.sort(key=lambda row: row[0])
    times = np.array([START + hour * HOUR for hour, _ in rows])
    query = TemporalQuery(relation=TimeRelation.AFTER, time_at=START)
    found = periods(times, query, parse_period("P1D"), START)
    by_day: dict[int, list[float]] = {}
    for hour, number in rows:
        by_day.setdefault(hour // 24, []).append(number)
    answer = aggregate(read_values([number for _, number in rows]), found, method)
    assert [begin for _, begin, _ in answer] == [format_moment(START + day * 24 * HOUR) for day in by_day]
    for (value, _, _), values in zip(answer, by_day.values(), strict=True):
        assert value == pytest.approx(naive(values, method), rel=1e-9, abs=1e-3)


def one_period(items: list[Any], method: Method) -> Any:
    times = np.array([START + hour * HOUR for hour in range(len(items))])
    values = read_values(items)
    assert method in values.methods
    ((value, begin, end),) = aggregate(values, periods(times, TemporalQuery(), Period(), START), method)
    assert (begin, end) == ("2026-01-01T00:00:00Z", format_moment(int(times[-1])))
    return value


@pytest.mark.parametrize(
    ("items", "method", "expected"),
    [
        (["b", "a", "b"], Method.MAX, "b"),
        (["b", "a", "b"], Method.MIN, "a"),
        (["b", "a", "b"], Method.DISTINCT_COUNT, 2),
        (["b", "a", "b"], Method.TOTAL_COUNT, 3),
        ([True, False, True, True], Method.AVG, 0.75),
        ([True, False, True], Method.SUM, 2),
        ([[1, 2], [3], []], Method.AVG, 1),
        ([[1, 2], [3], []], Method.MAX, 2),
        ([[1, 2], [1, 2], []], Method.DISTINCT_COUNT, 2),
        ([{"a": 1, "b": 2}, {"b": 2, "a": 1}], Method.DISTINCT_COUNT, 1),
        ([1, "a", [2]], Method.TOTAL_COUNT, 3),
        ([1, 1.0, 2], Method.DISTINCT_COUNT, 2),
        ([3], Method.STDDEV, 0),
    ],
)
def test_each_json_type(items: list[Any], method: Method, expected: object) -> None:
    assert one_period(items, method) == expected


def test_dates_and_times() -> None:
    days = [{"@type": "Date", "@value": day} for day in ("2026-01-02", "2025-12-31")]
    assert one_period(days, Method.MAX) == days[0]
    assert one_period(days, Method.MIN) == days[1]
    hours = [{"@type": "Time", "@value": hour} for hour in ("08:00:00Z", "09:00:30Z")]
    assert one_period(hours, Method.AVG) == {"@type": "Time", "@value": "08:30:15Z"}
    assert one_period(hours, Method.MAX) == hours[1]


@pytest.mark.parametrize(
    ("items", "fitting"),
    [
        (["a"], {"min", "max", "distinctCount", "totalCount"}),
        ([1, True], set(Method)),
        ([[1]], {"avg", "min", "max", "sum", "distinctCount", "totalCount"}),
        ([{"a": 1}], {"distinctCount", "totalCount"}),
        ([1, "a"], {"distinctCount", "totalCount"}),
        ([{"@type": "Time", "@value": "no time"}], {"distinctCount", "totalCount"}),
        ([{"@type": "Time", "@value": "08:00:00Z"}], {"avg", "min", "max", "distinctCount", "totalCount"}),
    ],
)
def test_methods_that_fit(items: list[Any], fitting: set[str]) -> None:
    assert read_values(items).methods == fitting


def test_relationships_are_counted_only() -> None:
    values = read_opaque(["urn:a:1", "urn:a:2", "urn:a:1"])
    found = periods(np.array([START, START, START]), TemporalQuery(), parse_period("PT1H"), START)
    assert values.methods == {Method.DISTINCT_COUNT, Method.TOTAL_COUNT}
    assert aggregate(values, found, Method.DISTINCT_COUNT)[0][0] == 2


def test_a_result_beyond_numbers_is_left_out() -> None:
    times = np.array([START, START + HOUR])
    found = periods(times, TemporalQuery(), parse_period("PT1H"), START)
    assert aggregate(read_values([1e200, 2.0]), found, Method.SUMSQ) == [
        [4.0, "2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"]
    ]
