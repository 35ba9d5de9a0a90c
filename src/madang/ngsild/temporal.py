"""Which part of an entity's history is asked for: `TemporalQuery` and the parser of its parameters.

The temporal query language is CIM 009 §4.11; aggregation parameters are §4.5.19. What to make of the
instances found (arrays, temporalValues, aggregatedValues) stands in `evolution.py` and `aggregation.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

import msgspec

from madang.errors import BadRequestData
from madang.ngsild.times import parse_moment

SECOND: Final = 1_000_000
DAY: Final = 86_400 * SECOND
LAST_N_MAX: Final = 1_000_000
PERIOD_YEARS_MAX: Final = 1_000

Choice = TypeVar("Choice", bound=StrEnum)

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d{1,9})W"
    r"|(?:(?P<years>\d{1,9})Y)?(?:(?P<months>\d{1,9})M)?(?:(?P<days>\d{1,9})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:[.,]\d{1,6})?)S)?)?)",
    re.ASCII,
)


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


class Method(StrEnum):
    """What can be computed over the values of a period (CIM 009 §4.5.19.1)."""

    AVG = "avg"
    DISTINCT_COUNT = "distinctCount"
    MAX = "max"
    MIN = "min"
    STDDEV = "stddev"
    SUM = "sum"
    SUMSQ = "sumsq"
    TOTAL_COUNT = "totalCount"


class Period(msgspec.Struct, frozen=True):
    """Length of an aggregation period. Months are calendar months (UTC); the rest is a fixed length.

    Both 0: one period over the whole range.
    """

    months: int = 0
    microseconds: int = 0


class Aggregation(msgspec.Struct, frozen=True):
    """methods: in the order asked, each once. period: length of each period."""

    methods: tuple[Method, ...]
    period: Period = Period()


class TemporalQuery(msgspec.Struct, frozen=True):
    """Selects instances of attributes by their time.

    relation: None selects all. time_at, end_time_at: microseconds UTC; end_time_at is set for BETWEEN and
    excluded, as time_at is for BEFORE. last_n: only the newest n instances of each attribute and datasetId
    (0: all). most: of these only so many (0: all) from the end where paging begins, which with last_n is the
    newest, else the oldest, and with them every other one of the moment of the last. attributes: IRIs to read
    (empty: all). without: IRIs not to read. datasets: datasetIds to read, "" for the default instance (empty:
    all). aggregation: None unless aggregated values are asked for.
    """

    relation: TimeRelation | None = None
    time_at: int = 0
    end_time_at: int = 0
    timeproperty: TimeProperty = TimeProperty.OBSERVED_AT
    last_n: int = 0
    most: int = 0
    attributes: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    aggregation: Aggregation | None = None

    def reading(
        self, attributes: tuple[str, ...], without: tuple[str, ...], datasets: tuple[str, ...]
    ) -> TemporalQuery:
        """The same query over these attributes and datasets."""
        return msgspec.structs.replace(self, attributes=attributes, without=without, datasets=datasets)

    @property
    def earliest(self) -> int | None:
        """The first moment inside the range; None where the range has no beginning."""
        return self.time_at if self.relation in (TimeRelation.AFTER, TimeRelation.BETWEEN) else None

    @property
    def end(self) -> int | None:
        """The first moment behind the range; None where the range has no end."""
        if self.relation is TimeRelation.BEFORE:
            return self.time_at
        return self.end_time_at if self.relation is TimeRelation.BETWEEN else None


def parse_temporal(given: Mapping[str, object], *, aggregated: bool = False) -> TemporalQuery:
    """The temporal query that URL parameters (strings) or the members of a JSON TemporalQuery say.

    given: may hold other names too; only those of §5.2.21 are read. aggregated: aggregated values are asked
    for, so aggrMethods must be there. attributes and datasets are left empty. Raises BadRequestData.
    """
    timeproperty = given.get("timeproperty", TimeProperty.OBSERVED_AT)
    relation, time_at, end_time_at = _parse_range(given)
    return TemporalQuery(
        relation=relation,
        time_at=time_at,
        end_time_at=end_time_at,
        timeproperty=_one_of(TimeProperty, timeproperty, "timeproperty"),
        last_n=_parse_last_n(given.get("lastN")),
        aggregation=_parse_aggregation(given) if aggregated else None,
    )


def parse_period(text: object) -> Period:
    """An ISO 8601 duration such as P1D, PT1H, P1M, P2W or PT0S. Raises BadRequestData."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) and text != "P" else None
    if match is None:
        raise BadRequestData(
            f"aggrPeriodDuration '{_shown(text)}' is not a duration; write it as P1D, PT1H, P1M or PT0S"
        )
    part = {name: int(digits or 0) for name, digits in match.groupdict().items() if name != "seconds"}
    seconds, _, fraction = (match["seconds"] or "0").replace(",", ".").partition(".")
    minutes = (part["weeks"] * 7 + part["days"]) * 1440 + part["hours"] * 60 + part["minutes"]
    period = Period(
        months=part["years"] * 12 + part["months"],
        microseconds=(minutes * 60 + int(seconds)) * SECOND + int(fraction.ljust(6, "0") or 0),
    )
    if period.months > PERIOD_YEARS_MAX * 12 or period.microseconds > PERIOD_YEARS_MAX * 366 * DAY:
        raise BadRequestData(
            f"aggrPeriodDuration '{text}' is longer than {PERIOD_YEARS_MAX} years; use PT0S for the whole range"
        )
    return period


def _parse_range(given: Mapping[str, object]) -> tuple[TimeRelation | None, int, int]:
    relation, start, end = given.get("timerel"), given.get("timeAt"), given.get("endTimeAt")
    if relation is None:
        if start is not None or end is not None:
            name = "timeAt" if start is not None else "endTimeAt"
            raise BadRequestData(f"{name} needs timerel: before, after or between")
        return None, 0, 0
    found = _one_of(TimeRelation, relation, "timerel")
    if start is None:
        raise BadRequestData(f"timerel={found} needs timeAt, a date and time such as 2026-01-31T09:00:00Z")
    time_at = parse_moment(start, "timeAt")
    if found is not TimeRelation.BETWEEN:
        if end is not None:
            raise BadRequestData(f"endTimeAt belongs to timerel=between, but timerel is {found}")
        return found, time_at, 0
    if end is None:
        raise BadRequestData("timerel=between needs endTimeAt, a date and time such as 2026-01-31T09:00:00Z")
    end_time_at = parse_moment(end, "endTimeAt")
    if end_time_at <= time_at:
        raise BadRequestData(f"endTimeAt '{end}' must be later than timeAt '{start}'")
    return found, time_at, end_time_at


def _parse_last_n(given: object) -> int:
    if given is None:
        return 0
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) <= 9:
        given = int(given)
    if isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= LAST_N_MAX:
        return given
    raise BadRequestData(f"lastN '{_shown(given)}' must be a whole number from 1 to {LAST_N_MAX}")


def _parse_aggregation(given: Mapping[str, object]) -> Aggregation:
    stated = given.get("aggrMethods")
    names = stated.split(",") if isinstance(stated, str) else stated
    if not isinstance(names, list) or not names or names == [""]:
        raise BadRequestData(f"Aggregated values need aggrMethods: one or more of {', '.join(Method)}")
    methods = tuple(dict.fromkeys(_one_of(Method, name, "aggrMethods") for name in names))
    return Aggregation(methods, parse_period(given.get("aggrPeriodDuration", "PT0S")))


def _one_of(choices: type[Choice], given: object, name: str) -> Choice:
    """The choice of this name. Raises BadRequestData that lists the choices."""
    for choice in choices:
        if choice == given:
            return choice
    raise BadRequestData(f"{name} '{_shown(given)}' must be one of {', '.join(choices)}")


def _shown(given: object) -> str:
    text = str(given)
    return text if len(text) <= 60 else text[:60] + "…"
