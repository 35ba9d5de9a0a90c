"""The parameters of temporal queries: what is read, and what is refused in which words."""

from __future__ import annotations

import pytest

from madang.errors import BadRequestData
from madang.ngsild.temporal import (
    Aggregation,
    Method,
    Period,
    TemporalQuery,
    TimeProperty,
    TimeRelation,
    parse_period,
    parse_temporal,
)
from madang.ngsild.times import parse_moment

NOON = parse_moment("2026-01-31T12:00:00Z")
ONE = parse_moment("2026-01-31T13:00:00Z")


def test_nothing_selects_everything() -> None:
    query = parse_temporal({})
    assert query == TemporalQuery()
    assert (query.earliest, query.end) == (None, None)


@pytest.mark.parametrize(
    ("given", "earliest", "end"),
    [
        ({"timerel": "before", "timeAt": "2026-01-31T12:00:00Z"}, None, NOON),
        ({"timerel": "after", "timeAt": "2026-01-31T12:00:00Z"}, NOON, None),
        ({"timerel": "after", "timeAt": "2026-01-31T21:00:00+09:00"}, NOON, None),
        (
            {"timerel": "between", "timeAt": "2026-01-31T12:00:00Z", "endTimeAt": "2026-01-31T13:00:00Z"},
            NOON,
            ONE,
        ),
    ],
)
def test_the_range(given: dict[str, str], earliest: int | None, end: int | None) -> None:
    query = parse_temporal(given)
    assert (query.earliest, query.end) == (earliest, end)


def test_all_parameters() -> None:
    given = {
        "timerel": "after",
        "timeAt": "2026-01-31T12:00:00Z",
        "timeproperty": "modifiedAt",
        "lastN": "5",
        "aggrMethods": "avg,max,avg",
        "aggrPeriodDuration": "P1D",
        "type": "not of this parser",
    }
    aggregation = Aggregation((Method.AVG, Method.MAX), Period(microseconds=86_400_000_000))
    assert parse_temporal(given, aggregated=True) == TemporalQuery(
        TimeRelation.AFTER, NOON, 0, TimeProperty.MODIFIED_AT, 5, aggregation=aggregation
    )
    assert parse_temporal(given).aggregation is None


def test_members_of_json_are_read_too() -> None:
    query = parse_temporal({"lastN": 3, "aggrMethods": ["min", "sum"]}, aggregated=True)
    assert query.last_n == 3
    assert query.aggregation == Aggregation((Method.MIN, Method.SUM))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"timerel": "around", "timeAt": "2026-01-31T12:00:00Z"}, "before, after, between"),
        ({"timerel": "after"}, "timeAt"),
        ({"timeAt": "2026-01-31T12:00:00Z"}, "needs timerel"),
        ({"endTimeAt": "2026-01-31T12:00:00Z"}, "needs timerel"),
        ({"timerel": "after", "timeAt": "yesterday"}, "timeAt 'yesterday'"),
        ({"timerel": "after", "timeAt": "2026-01-31T12:00:00"}, "with a zone"),
        ({"timerel": "between", "timeAt": "2026-01-31T12:00:00Z"}, "endTimeAt"),
        (
            {"timerel": "between", "timeAt": "2026-01-31T12:00:00Z", "endTimeAt": "2026-01-31T12:00:00Z"},
            "must be later",
        ),
        (
            {"timerel": "after", "timeAt": "2026-01-31T12:00:00Z", "endTimeAt": "2026-01-31T13:00:00Z"},
            "belongs to timerel=between",
        ),
        ({"timeproperty": "seenAt"}, "observedAt, createdAt, modifiedAt, deletedAt"),
        ({"lastN": "0"}, "lastN '0'"),
        ({"lastN": "1.5"}, "lastN '1.5'"),
        ({"lastN": 1.5}, "lastN '1.5'"),
        ({"lastN": True}, "lastN"),
        ({"lastN": "9" * 500}, "lastN"),
    ],
)
def test_what_is_refused(given: dict[str, object], words: str) -> None:
    with pytest.raises(BadRequestData) as caught:
        parse_temporal(given)
    assert words in caught.value.message
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(
    "given", [{}, {"aggrMethods": ""}, {"aggrMethods": "median"}, {"aggrMethods": []}, {"aggrMethods": 7}]
)
def test_aggregated_values_need_methods(given: dict[str, object]) -> None:
    with pytest.raises(BadRequestData, match="aggrMethods"):
        parse_temporal(given, aggregated=True)


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("PT0S", Period()),
        ("P0D", Period()),
        ("PT1H", Period(microseconds=3_600_000_000)),
        ("P1D", Period(microseconds=86_400_000_000)),
        ("P2W", Period(microseconds=14 * 86_400_000_000)),
        ("P1M", Period(months=1)),
        ("PT1M", Period(microseconds=60_000_000)),
        ("PT0.5S", Period(microseconds=500_000)),
        ("P3Y6M4DT12H30M5S", Period(42, (4 * 86_400 + 12 * 3600 + 30 * 60 + 5) * 1_000_000)),
    ],
)
def test_durations(text: str, period: Period) -> None:
    assert parse_period(text) == period


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1DT", "1D", "P-1D", "-P1D", "P1Y2W", "P1H", "PT1D", "P1.5D", "P9999Y", "P" * 9999, 5],
)
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(BadRequestData, match="aggrPeriodDuration") as caught:
        parse_period(text)
    assert len(caught.value.message) < 300
