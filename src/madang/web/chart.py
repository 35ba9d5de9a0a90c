"""The line chart of one attribute over time, laid out for a width and handed to a template as plain numbers.

A chart is laid out anew for the narrow screen, never scaled. Missing time is a hatched band and breaks the line; the
highest, the lowest and the last value are written beside their points. Nothing here knows where values come from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

import msgspec

from madang.i18n import DAY, HOUR, MINUTE, Reader
from madang.web.show import Fact

GAP_STEPS = 3
GAP_MIN = MINUTE
NEIGHBOURS = 4
GAP_LABEL_WIDTH_MIN = 40
MARK_HEIGHT = 18
CHARACTER_WIDTH = 6.6
# Where the values lie far from zero, a line from zero would hide how they change
ZERO_SHARE_MIN = 0.4


class Series(msgspec.Struct, frozen=True):
    """Values of one attribute. start, end, times: microseconds UTC. times ascend, one per value.

    bucket: each value is the mean of so long a time, 0 for single values.
    """

    start: int
    end: int
    times: tuple[int, ...]
    values: tuple[float, ...]
    bucket: int = 0

    def gaps(self) -> list[tuple[int, int]]:
        """Times without values: longer than three of the steps around them, which may change along the way."""
        if not self.times:
            return [(self.start, self.end)]
        steps = [later - earlier for earlier, later in pairwise(self.times)]
        found = []
        for index, step in enumerate(steps):
            if step > _longest(
                steps[max(0, index - NEIGHBOURS) : index], steps[index + 1 : index + 1 + NEIGHBOURS]
            ):
                found.append((self.times[index], self.times[index + 1]))
        if self.times[0] - self.start > _longest([], steps[:NEIGHBOURS]):
            found.insert(0, (self.start, self.times[0]))
        if self.end - self.times[-1] > _longest(steps[-NEIGHBOURS:], []):
            found.append((self.times[-1], self.end))
        return found

    @property
    def coverage(self) -> float:
        """Share of the range that is no gap."""
        missing = sum(later - earlier for earlier, later in self.gaps())
        return 1 - missing / max(1, self.end - self.start)


def _longest(before: list[int], after: list[int]) -> int:
    """The longest step that is none to wonder at, by the steps before and after it."""
    sides = [median(side) for side in (before, after) if side]
    return max(GAP_MIN, int(GAP_STEPS * max(sides, default=HOUR)))


class Box(msgspec.Struct, frozen=True):
    """Where the plot lies in its view box, in units of the view box."""

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    labels: int  # at most so many on the time axis
    ticks: int  # about so many on the value axis


WIDE = Box(1100, 300, 30, 1036, 20, 278, 8, 5)
NARROW = Box(340, 240, 26, 316, 20, 218, 4, 5)
PANEL = Box(340, 120, 24, 306, 14, 98, 5, 2)


class Tick(msgspec.Struct, frozen=True):
    at: float
    text: str
    anchor: str = "middle"


class Mark(msgspec.Struct, frozen=True):
    """A point with its value written beside it. above: over the point, else under it."""

    x: float
    y: float
    text: str
    above: bool = True


class Band(msgspec.Struct, frozen=True):
    x: float
    width: float
    labelled: bool


class Drawing(msgspec.Struct, frozen=True):
    """What a template needs to write the SVG."""

    box: Box
    path: str
    ticks: tuple[Tick, ...]
    times: tuple[Tick, ...]
    guides: tuple[Tick, ...]
    gaps: tuple[Band, ...]
    marks: tuple[Mark, ...]
    last: Mark | None
    points: tuple[tuple[float, float, int, float], ...]  # x, y, time, value: for the pointer


class Row(msgspec.Struct, frozen=True):
    """One line of the table beside a chart. begin: microseconds UTC. mean: None where nothing came."""

    begin: int
    mean: float | None
    low: float | None
    high: float | None
    count: int


class Chart(msgspec.Struct, frozen=True):
    """A drawn history. label: what a screen reader says of it. table: rows, each of `bucket` length."""

    fact: Fact
    series: Series
    drawings: tuple[Drawing, ...]
    label: str
    bucket: int
    rows: tuple[Row, ...]
    count: int
    coverage: float | None


def draw(
    series: Series,
    box: Box,
    reader: Reader,
    words: Callable[[float], str],
    guides: Sequence[tuple[float, str]] = (),
) -> Drawing:
    """Lay the series out. words: a value as text without unit. guides: (value, name) of thresholds."""
    low, high, step = value_scale(series.values, box.ticks)
    tick_texts = [
        (low + step * index, words(low + step * index)) for index in range(round((high - low) / step) + 1)
    ]
    left = max(box.left, 12 + CHARACTER_WIDTH * max(len(text) for _, text in tick_texts))
    box = msgspec.structs.replace(box, left=left)

    def x(moment: float) -> float:
        return round(
            left + (moment - series.start) / max(1, series.end - series.start) * (box.right - left), 1
        )

    def y(value: float) -> float:
        return round(box.bottom - (value - low) / (high - low) * (box.bottom - box.top), 1)

    gaps = series.gaps()
    return Drawing(
        box=box,
        path=_path(series, gaps, x, y),
        ticks=tuple(Tick(y(value), text, "end") for value, text in tick_texts),
        times=_time_ticks(series, box, reader, x),
        guides=tuple(Tick(y(value), text) for value, text in guides if low < value < high),
        gaps=tuple(Band(x(a), round(x(b) - x(a), 1), x(b) - x(a) >= GAP_LABEL_WIDTH_MIN) for a, b in gaps),
        marks=_marks(series, x, y, words, box.bottom),
        last=_last(series, x, y, words),
        points=tuple((x(t), y(v), t, v) for t, v in zip(series.times, series.values, strict=True)),
    )


def value_scale(values: Sequence[float], ticks: int) -> tuple[float, float, float]:
    """(lowest, highest, step) of a value axis with about so many steps, from zero where that shows something."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if low > 0 and (high - low) / high >= ZERO_SHARE_MIN:
        low = 0.0
    elif high < 0 and (high - low) / -low >= ZERO_SHARE_MIN:
        high = 0.0
    if low == high:
        low, high = (0.0, high * 2) if high > 0 else (low - 1, high + 1)
    rough = (high - low) / ticks
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    return math.floor(low / step) * step, math.ceil(high / step) * step, step


def _path(
    series: Series, gaps: list[tuple[int, int]], x: Callable[[float], float], y: Callable[[float], float]
) -> str:
    after_gap = {later for _, later in gaps}
    parts: list[str] = []
    for moment, value in zip(series.times, series.values, strict=True):
        letter = "M" if not parts or moment in after_gap else "L"
        parts.append(f"{letter}{x(moment)} {y(value)}")
    return "".join(parts)


def _marks(
    series: Series,
    x: Callable[[float], float],
    y: Callable[[float], float],
    words: Callable[[float], str],
    bottom: float,
) -> tuple[Mark, ...]:
    """The highest and the lowest value, unless they are the last one, or there is no difference."""
    if len(series.values) < 3 or min(series.values) == max(series.values):
        return ()
    found: list[Mark] = []
    for best, above in ((max(series.values), True), (min(series.values), False)):
        index = series.values.index(best)
        if index != len(series.values) - 1:
            at = y(best)
            # Under a point that stands on the axis there is no room
            found.append(Mark(x(series.times[index]), at, words(best), above or bottom - at < MARK_HEIGHT))
    return tuple(found)


def _last(
    series: Series, x: Callable[[float], float], y: Callable[[float], float], words: Callable[[float], str]
) -> Mark | None:
    if not series.times:
        return None
    return Mark(x(series.times[-1]), y(series.values[-1]), words(series.values[-1]))


# (distance, form of the label); months and years are counted on the calendar
_STEPS: tuple[tuple[int, str], ...] = (
    (5 * MINUTE, "clock"),
    (15 * MINUTE, "clock"),
    (30 * MINUTE, "clock"),
    (HOUR, "clock"),
    (3 * HOUR, "clock"),
    (6 * HOUR, "clock"),
    (12 * HOUR, "clock"),
    (DAY, "day-short"),
    (2 * DAY, "day-short"),
    (7 * DAY, "day-short"),
    (14 * DAY, "day-short"),
)
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)
_MONTH = 30 * DAY


def _time_ticks(series: Series, box: Box, reader: Reader, x: Callable[[float], float]) -> tuple[Tick, ...]:
    """Round local times, as many as the width takes."""
    span = max(1, series.end - series.start)
    fitting = next(((distance, form) for distance, form in _STEPS if span / distance <= box.labels), None)
    if fitting is not None:
        form = fitting[1]
        moments = _round_times(series.start, series.end, fitting[0], reader)
    else:
        months = next((count for count in _MONTHS if span / (count * _MONTH) <= box.labels), _MONTHS[-1])
        form = "month" if months < 12 else "year"
        moments = _round_months(series.start, series.end, months, reader)
    room = CHARACTER_WIDTH * 3
    ticks = []
    for moment in moments:
        at = x(moment)
        text = reader.moment(moment, form)
        if form == "clock" and span > DAY and reader.local(moment).hour == 0:
            text = reader.moment(moment, "day-short")
        anchor = "start" if at - box.left < room else "end" if box.right - at < room else "middle"
        ticks.append(Tick(at, text, anchor))
    return tuple(ticks)


def _round_times(start: int, end: int, distance: int, reader: Reader) -> list[int]:
    midnight = reader.local(start).replace(hour=0, minute=0, second=0, microsecond=0)
    found: list[int] = []
    for index in range((end - start) // distance + 2 * DAY // distance + 2):
        if distance >= DAY:
            local = midnight + timedelta(days=index * (distance // DAY))
        else:
            local = midnight + timedelta(microseconds=index * distance)
        moment = _microseconds(local)
        if start <= moment <= end:
            found.append(moment)
    return found


def _round_months(start: int, end: int, months: int, reader: Reader) -> list[int]:
    first = reader.local(start)
    found: list[int] = []
    count = first.year * 12 + (first.month - 1) // months * months
    while True:
        local = datetime(count // 12, count % 12 + 1, 1, tzinfo=reader.zone)
        moment = _microseconds(local)
        if moment > end:
            return found
        if moment >= start:
            found.append(moment)
        count += months


def _microseconds(local: datetime) -> int:
    return int(local.timestamp()) * 1_000_000
