"""Times as sources write them, to microseconds since 1970 in UTC.

A local time is a time of its zone. Where clocks go forward, a time that never was counts on from the time before
the change; where they go back, a time that was twice is the first one. "24:00" is midnight of the next day,
as Korean registers write it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from madang.errors import BadRequestData

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SCALES = {"unix": 1_000_000, "unix-ms": 1_000}
_ISO_MIDNIGHT = re.compile(r"^(\d{4}-?\d{2}-?\d{2}[T ])24(:?00.*|)$")
# As Korean tables write days: 2024.03.01, 2024/3/1, 2024년 3월 1일
_YEAR_FIRST = re.compile(r"(\d{4})\s*[./년-]\s*(\d{1,2})\s*[./월-]\s*(\d{1,2})\s*[.일]?")
_DIRECTIVE = re.compile(r"%([a-zA-Z%])")
_DIGITS = {"Y": r"\d{4}", "H": r"(?P<hour>\d{1,2})", **dict.fromkeys("mdMS", r"\d{1,2}")}


def moment_reader(pattern: str, time_zone: str) -> Callable[[Any], int]:
    """A function from a field's value (text, number, date or datetime) to microseconds in UTC.

    pattern: as strptime takes it, "" for ISO 8601, "unix" or "unix-ms". time_zone: of times that name none.
    It raises BadRequestData that names the value and the form that is expected.
    """
    zone = ZoneInfo(time_zone)
    scale = _SCALES.get(pattern)

    def read(value: Any) -> int:
        try:
            if isinstance(value, datetime):
                return _microseconds(value, zone)
            if isinstance(value, date):
                return _microseconds(datetime.combine(value, time()), zone)
            if scale is not None:
                return round(float(value) * scale)
            text = str(value).strip()
            return _microseconds(_parse(text, pattern) if pattern else _parse_iso(text), zone)
        except (ValueError, OverflowError) as error:
            right = f"of the form {pattern}" if pattern else "an ISO 8601 date and time"
            raise BadRequestData(f"'{value}' is not {right}") from error

    return read


def read_date(value: Any, pattern: str) -> str:
    """A calendar date as YYYY-MM-DD, without regard to zones. Raises BadRequestData."""
    if isinstance(value, date):
        return (value.date() if isinstance(value, datetime) else value).isoformat()
    text = str(value).strip()
    try:
        if pattern:
            return _parse(text, pattern).date().isoformat()
        return _parse_iso(text[:10] if len(text) > 10 and text[10] in "T " else text).date().isoformat()
    except ValueError as error:
        right = f"of the form {pattern}" if pattern else "a date such as 2026-01-31"
        raise BadRequestData(f"'{value}' is not {right}") from error


def _microseconds(moment: datetime, zone: ZoneInfo) -> int:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone, fold=0)
    return (moment.astimezone(UTC) - _EPOCH) // _MICROSECOND


def _parse_iso(text: str) -> datetime:
    """ISO 8601, or a day with its year first."""
    day = _YEAR_FIRST.fullmatch(text)
    if day:
        return datetime(*map(int, day.groups()))  # type: ignore[arg-type]  # noqa: DTZ001 -- three numbers; the zone is the source's
    midnight = _ISO_MIDNIGHT.match(text)
    if midnight:
        return datetime.fromisoformat(f"{midnight[1]}00{midnight[2]}") + timedelta(days=1)
    return datetime.fromisoformat(text)


def _parse(text: str, pattern: str) -> datetime:
    try:
        return datetime.strptime(text, pattern)  # noqa: DTZ007 -- the zone is the source's, given beside it
    except ValueError:
        hour = _hour_span(text, pattern)
        if hour is None or text[slice(*hour)] != "24":
            raise
        start, end = hour
        return datetime.strptime(f"{text[:start]}00{text[end:]}", pattern) + timedelta(days=1)  # noqa: DTZ007


def _hour_span(text: str, pattern: str) -> tuple[int, int] | None:
    """Where the hour stands in the text, if the pattern has one."""
    if "%H" not in pattern:
        return None
    expression, last = "", 0
    for directive in _DIRECTIVE.finditer(pattern):
        expression += re.escape(pattern[last : directive.start()]) + _DIGITS.get(directive[1], ".+?")
        last = directive.end()
    match = re.fullmatch(expression + re.escape(pattern[last:]), text)
    return match.span("hour") if match else None
