"""Aggregated values of an attribute's history: what each method makes of the values of each period.

CIM 009 §4.5.19 says which methods fit which JSON type; a series whose values are of several types only has
those that fit all of them. Periods without a value are left out. `stddev` is the population's, so that a
period with one value has one. Numbers go through numpy: 8,760 values in 365 periods take about a millisecond.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final

import msgspec
import numpy as np
import orjson
from numpy.typing import NDArray

from madang.ngsild.summary import Grid, Summary, result
from madang.ngsild.temporal import DAY, SECOND, Aggregation, Method, Period, TemporalQuery

Moments = NDArray[np.int64]
Numbers = NDArray[np.float64]

_DAYS_OF_FOUR_DIGITS: Final = 2_932_897  # from 1970 up to the year 10000
_COUNTS: Final = frozenset((Method.DISTINCT_COUNT, Method.TOTAL_COUNT))
_ORDERED: Final = _COUNTS | {Method.MIN, Method.MAX}
_SIZES: Final = _ORDERED | {Method.AVG, Method.SUM}


class Periods(msgspec.Struct, frozen=True, eq=False):
    """The periods that hold at least one value.

    first: index of each period's first value. begins, ends: microseconds UTC.
    """

    first: Moments
    begins: Moments
    ends: Moments


class Values(msgspec.Struct, frozen=True, eq=False):
    """The values of a series, made comparable.

    methods: which methods fit. numbers: the values as numbers (sizes of arrays, 0 and 1 for booleans), for
    methods that compute. keys: equal for equal values. items: the values as JSON, for MIN and MAX of texts.
    """

    methods: frozenset[Method]
    keys: NDArray[Any]
    numbers: Numbers | None = None
    items: Sequence[Any] = ()
    moment_of_day: bool = False


def periods(times: Moments, temporal: TemporalQuery, period: Period, origin: int) -> Periods:
    """Divide the ascending times (at least one) into periods.

    origin: where periods begin to count if the query's range has neither a beginning nor an end.
    """
    grid = grid_of(temporal, period, origin)
    numbers, first = grid.runs(times)
    return Periods(first, *_bounds(grid, numbers, temporal, (origin, int(times[-1]))))


def grid_of(temporal: TemporalQuery, period: Period, origin: int) -> Grid:
    """Where the periods begin to count: at the query's time, or else at `origin`."""
    return Grid(temporal.time_at if temporal.relation is not None else origin, period)


def _bounds(
    grid: Grid, numbers: Moments, temporal: TemporalQuery, covered: tuple[int, int]
) -> tuple[Moments, Moments]:
    """(begins, ends) of the periods with these numbers. covered: what the one period covers if the range is open."""
    if grid.is_whole:
        begin = temporal.earliest if temporal.earliest is not None else covered[0]
        return np.array([begin]), np.array([temporal.end if temporal.end is not None else covered[1]])
    return grid.begins(numbers), grid.begins(numbers + 1)


def of_summary(summary: Summary, temporal: TemporalQuery, asked: Aggregation, origin: int) -> dict[str, Any]:
    """[value, begin, end] of each period for each method, as `aggregate` gives them of single values."""
    begins, ends = _bounds(summary.grid, summary.numbers, temporal, (origin, summary.last))
    if (begins[1:] == ends[:-1]).all():
        texts = written(np.concatenate((begins, ends[-1:])))
        froms, untils = texts[:-1], texts[1:]
    else:
        froms, untils = written(begins), written(ends)
    answer: dict[str, Any] = {}
    for method in asked.methods:
        computed = result(summary, method)
        rows = zip(computed.tolist(), froms, untils, strict=True)
        fine = np.isfinite(computed)
        answer[method.value] = (
            list(rows) if fine.all() else [row for row, one in zip(rows, fine, strict=True) if one]
        )
    return answer


def aggregate(values: Values, found: Periods, method: Method) -> list[list[Any]]:
    """[value, begin, end] of each period; begin and end as DateTime. The method must fit the values.

    A period whose result is too large for a number is left out.
    """
    begins, ends = written(found.begins), written(found.ends)
    results = _results(values, found.first, method)
    return [
        [result, begin, end]
        for result, begin, end in zip(results, begins, ends, strict=True)
        if result is not None
    ]


def read_numbers(numbers: Numbers) -> Values:
    """Values of a series whose JSON values are all numbers."""
    return Values(frozenset(Method), numbers, numbers)


def read_values(items: Sequence[Any]) -> Values:
    """Values of a series from decoded JSON values of Properties."""
    if all(isinstance(item, (int, float)) for item in items):
        return read_numbers(np.array(items, dtype=np.float64))
    keys = _keys(items)
    if all(type(item) is str for item in items):
        return Values(_ORDERED, keys, items=items)
    if all(type(item) is list for item in items):
        return Values(_SIZES, keys, np.array([len(item) for item in items], dtype=np.float64))
    if all(type(item) is dict for item in items):
        return _read_typed(items, keys)
    return Values(_COUNTS, keys)


def read_opaque(items: Sequence[Any]) -> Values:
    """Values that can only be counted: targets of relationships, geometries, texts by language, terms."""
    return Values(_COUNTS, _keys(items))


def _read_typed(items: Sequence[Any], keys: NDArray[Any]) -> Values:
    """Dates and times are ordered; any other objects are only counted."""
    datatypes = {item.get("@type") if isinstance(item.get("@type"), str) else None for item in items}
    if len(datatypes) != 1 or not all(isinstance(item.get("@value"), str) for item in items):
        return Values(_COUNTS, keys)
    datatype = datatypes.pop()
    if datatype in ("DateTime", "Date"):
        return Values(_ORDERED, keys, items=items)
    if datatype == "Time":
        seconds = [_seconds_of_day(item["@value"]) for item in items]
        if None not in seconds:
            return Values(_ORDERED | {Method.AVG}, keys, np.array(seconds, dtype=np.float64), items, True)
    return Values(_COUNTS, keys)


def _results(values: Values, first: Moments, method: Method) -> list[Any]:
    """The result of each period, None where there is none."""
    total = len(values.keys)
    if method is Method.TOTAL_COUNT:
        counts: list[Any] = np.diff(first, append=total).tolist()
        return counts
    if method is Method.DISTINCT_COUNT:
        return _distinct(values.keys, first)
    if values.items and method is not Method.AVG:
        return _extremes(values.items, first, smallest=method is Method.MIN)
    assert values.numbers is not None
    with np.errstate(over="ignore", invalid="ignore"):
        computed = _COMPUTE[method](values.numbers, first)
    finite = np.isfinite(computed)
    if values.moment_of_day:
        return [_time_of_day(number) for number in computed.tolist()]
    return [number if fine else None for number, fine in zip(computed.tolist(), finite.tolist(), strict=True)]


def _average(numbers: Numbers, first: Moments) -> Numbers:
    averages: Numbers = np.add.reduceat(numbers, first) / np.diff(first, append=len(numbers))
    return averages


def _deviation(numbers: Numbers, first: Moments) -> Numbers:
    """Around each period's own average, in two passes: differences of large sums would lose digits."""
    counts = np.diff(first, append=len(numbers))
    apart = numbers - np.repeat(np.add.reduceat(numbers, first) / counts, counts)
    deviations: Numbers = np.sqrt(np.add.reduceat(apart * apart, first) / counts)
    return deviations


_COMPUTE: Final[dict[Method, Callable[[Numbers, Moments], Numbers]]] = {
    Method.AVG: _average,
    Method.MAX: np.maximum.reduceat,
    Method.MIN: np.minimum.reduceat,
    Method.STDDEV: _deviation,
    Method.SUM: np.add.reduceat,
    Method.SUMSQ: lambda numbers, first: np.add.reduceat(numbers * numbers, first),
}


def _distinct(keys: NDArray[Any], first: Moments) -> list[Any]:
    period = np.repeat(np.arange(len(first)), np.diff(first, append=len(keys)))
    order = np.lexsort((keys, period))
    changed = np.ones(len(keys), dtype=np.int64)
    changed[1:] = (keys[order][1:] != keys[order][:-1]) | (period[order][1:] != period[order][:-1])
    counts: list[Any] = np.add.reduceat(changed, first).tolist()
    return counts


def _extremes(items: Sequence[Any], first: Moments, *, smallest: bool) -> list[Any]:
    bounds = [*first.tolist(), len(items)]
    choose = min if smallest else max
    return [choose(items[low:high], key=_text_of) for low, high in pairwise(bounds)]


def _text_of(item: Any) -> str:
    text: str = item["@value"] if type(item) is dict else item
    return text


def _keys(items: Sequence[Any]) -> NDArray[Any]:
    """A number for each value, the same for equal values."""
    numbers: dict[bytes, int] = {}
    written = (orjson.dumps(item, option=orjson.OPT_SORT_KEYS) for item in items)
    return np.array([numbers.setdefault(text, len(numbers)) for text in written], dtype=np.int64)


def written(moments: Moments) -> list[str]:
    """Each moment as a DateTime; fractions of a second only where one of them has any."""
    day = moments // DAY
    if (moments % SECOND).any() or not (
        len(day) and int(day[0]) >= 0 and int(day[-1]) < _DAYS_OF_FOUR_DIGITS
    ):
        return _written_one_by_one(moments)
    # Many times lie on few days: each day is written once, and the digits of the times all at once
    first = np.concatenate((np.zeros(1, np.int64), np.flatnonzero(np.diff(day)) + 1))
    dates = np.datetime_as_string(day[first].astype("datetime64[D]")).astype("S10")
    text = np.empty((len(moments), 20), np.uint8)
    text[:, :10] = np.repeat(dates.view(np.uint8).reshape(-1, 10), np.diff(first, append=len(day)), axis=0)
    text[:, 10:] = np.frombuffer(b"T00:00:00Z", np.uint8)
    seconds = (moments - day * DAY) // SECOND
    for place, unit in ((11, 36_000), (12, 3_600), (14, 600), (15, 60), (17, 10), (18, 1)):
        digit = seconds // unit
        seconds -= digit * unit
        text[:, place] += digit.astype(np.uint8)
    texts: list[str] = text.view("S20").ravel().astype("U20").tolist()
    return texts


def _written_one_by_one(moments: Moments) -> list[str]:
    whole = not (moments % SECOND).any()
    stamps = moments.astype("datetime64[us]")
    texts: list[str] = np.datetime_as_string(stamps, unit="s" if whole else "us", timezone="UTC").tolist()
    return texts


def _seconds_of_day(text: str) -> float | None:
    hours, minutes, seconds = ([*text.rstrip("Z").replace(",", ".").split(":"), "", ""])[:3]
    try:
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return None


def _time_of_day(seconds: float) -> dict[str, str]:
    whole = round(seconds)
    return {"@type": "Time", "@value": f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}Z"}
