"""Local times of a city's zone become moments in UTC, whatever clocks do there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.connect.moments import moment_reader, read_date
from madang.errors import BadRequestData
from madang.ngsild.times import format_moment, parse_moment

ZONES = ["Asia/Seoul", "America/Sao_Paulo", "Europe/Berlin", "Australia/Lord_Howe", "UTC"]


def read(text: object, pattern: str = "", zone: str = "Asia/Seoul") -> str:
    return format_moment(moment_reader(pattern, zone)(text))


@pytest.mark.parametrize(
    ("text", "pattern", "moment"),
    [
        ("1/12/2017 0", "%d/%m/%Y %H", "2017-11-30T15:00:00Z"),
        ("30/11/2018 23", "%d/%m/%Y %H", "2018-11-30T14:00:00Z"),
        ("2018-11-30 24:00", "", "2018-11-30T15:00:00Z"),
        ("2018-11-30T24:00:00", "", "2018-11-30T15:00:00Z"),
        ("2018113024", "%Y%m%d%H", "2018-11-30T15:00:00Z"),
        ("31.12.2018 24:00", "%d.%m.%Y %H:%M", "2018-12-31T15:00:00Z"),
        ("2018-11-30T09:00:00Z", "", "2018-11-30T09:00:00Z"),
        ("2018-11-30T09:00:00.25+09:00", "", "2018-11-30T00:00:00.250000Z"),
        ("2018-11-30", "", "2018-11-29T15:00:00Z"),
        (date(2018, 11, 30), "", "2018-11-29T15:00:00Z"),
        (datetime(2018, 11, 30, 9, tzinfo=UTC), "", "2018-11-30T09:00:00Z"),
        ("1543568400", "unix", "2018-11-30T09:00:00Z"),
        (1543568400000, "unix-ms", "2018-11-30T09:00:00Z"),
    ],
)
def test_forms_of_times(text: object, pattern: str, moment: str) -> None:
    assert read(text, pattern) == moment


def test_a_time_that_never_was_counts_on_from_before() -> None:
    assert read("2024-03-31T02:30:00", zone="Europe/Berlin") == "2024-03-31T01:30:00Z"
    assert read("2024-03-31T03:30:00", zone="Europe/Berlin") == "2024-03-31T01:30:00Z"


def test_a_time_that_was_twice_is_the_first_one() -> None:
    assert read("2024-10-27T02:30:00", zone="Europe/Berlin") == "2024-10-27T00:30:00Z"


@given(
    st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2060, 1, 1)),  # noqa: DTZ001 -- local times
    st.sampled_from(ZONES),
)
def test_local_times_come_back(local: datetime, zone: str) -> None:
    local = local.replace(microsecond=0)
    moment = parse_moment(read(local.isoformat(), zone=zone))
    back = datetime.fromtimestamp(moment / 1_000_000, ZoneInfo(zone)).replace(tzinfo=None)
    # Only a time within a gap differs: by the gap, which is an hour at most in these zones
    assert timedelta() <= back - local <= timedelta(hours=1)
    if ZoneInfo(zone).utcoffset(local) == ZoneInfo(zone).utcoffset(back) and back != local:
        pytest.fail(f"{local} in {zone} became {back}")


@pytest.mark.parametrize(
    ("text", "pattern"), [("yesterday", ""), ("2018-13-01", ""), ("25:00", "%H:%M"), ("x", "unix")]
)
def test_what_is_no_time_is_named(text: str, pattern: str) -> None:
    with pytest.raises(BadRequestData, match=f"'{text}' is not"):
        read(text, pattern)


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        ("2018-11-30", ""),
        ("2018-11-30 12:00", ""),
        ("20181130", "%Y%m%d"),
        (datetime(2018, 11, 30, tzinfo=UTC), ""),
    ],
)
def test_dates(value: object, pattern: str) -> None:
    assert read_date(value, pattern) == "2018-11-30"
