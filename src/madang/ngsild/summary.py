"""Numbers of a history summed up period by period: what the aggregation methods need of them, and no number itself.

Summaries of parts of a history are made one by one and merged, so that no part has to wait for the others, however
long the history is (CIM 009 §4.5.19). A `Grid` says where periods begin.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from madang.ngsild.temporal import DAY, Method, Period

Moments = NDArray[np.int64]
Numbers = NDArray[np.float64]

_MONTH: Final = 30.436875 * DAY  # the mean over the 400 years after which the calendar repeats


class Grid(msgspec.Struct, frozen=True):
    """Periods by number. anchor: where number 0 begins, microseconds UTC."""

    anchor: int
    period: Period

    @property
    def is_whole(self) -> bool:
        """Whether there is one period only."""
        return not self.period.months and not self.period.microseconds

    def numbers(self, times: Moments) -> Moments:
        """The period of each time. times: at least one, in any order."""
        if self.is_whole:
            return np.zeros(len(times), np.int64)
        if not self.period.months:
            return (times - self.anchor) // self.period.microseconds
        mean = self.period.months * _MONTH + self.period.microseconds
        lowest = int((int(times.min()) - self.anchor) // mean) - 2
        highest = int((int(times.max()) - self.anchor) // mean) + 3
        bounds = self.begins(np.arange(lowest, highest + 1, dtype=np.int64))
        numbers: Moments = lowest + np.searchsorted(bounds, times, side="right") - 1
        return numbers

    def begins(self, numbers: Moments) -> Moments:
        """Where the periods begin; a month's day that it does not have is its last."""
        begins = self.anchor + numbers * self.period.microseconds
        if not self.period.months:
            return begins
        day = np.int64(self.anchor).astype("M8[us]").astype("M8[D]")
        months = day.astype("M8[M]") + numbers * self.period.months
        first = months.astype("M8[D]")
        length = ((months + 1).astype("M8[D]") - first).astype(np.int64)
        day_of_month = np.int64((day - day.astype("M8[M]").astype("M8[D]")).astype(np.int64))
        days = first.astype(np.int64) + np.minimum(day_of_month, length - 1)
        bounds: Moments = days * DAY + self.anchor % DAY + numbers * self.period.microseconds
        return bounds

    def runs(self, times: Moments) -> tuple[Moments, Moments]:
        """(number of each period that holds one of the ascending times, index of the first in it)."""
        low, high = self.numbers(times[[0, -1]]).tolist()
        if high - low < len(times):
            # Fewer borders than times: looking for the borders is quicker than dividing every time
            numbers = np.arange(low, high + 1, dtype=np.int64)
            first = np.searchsorted(times, self.begins(numbers[1:]))
            first = np.concatenate((np.zeros(1, np.int64), first))
            filled = np.diff(first, append=len(times)) > 0
            return numbers[filled], first[filled]
        number = self.numbers(times)
        first = np.concatenate((np.zeros(1, np.int64), np.flatnonzero(np.diff(number)) + 1))
        return number[first], first


class Summary(msgspec.Struct, frozen=True, eq=False):
    """The periods of a grid that hold numbers, ascending.

    squares: the sum of the squared distances from the period's mean, where that was asked for. first, last: the least
    and the greatest time.
    """

    grid: Grid
    numbers: Moments
    counts: Moments
    totals: Numbers
    squares: Numbers | None
    least: Numbers
    greatest: Numbers
    first: int
    last: int


def summarise(times: Moments, values: Numbers, grid: Grid, *, squares: bool) -> Summary:
    """times: at least one, ascending. squares: whether they are needed (`needs_squares`)."""
    numbers, first = grid.runs(times)
    counts = np.diff(first, append=len(times))
    with np.errstate(over="ignore", invalid="ignore"):
        totals = np.add.reduceat(values, first)
        spread = None
        if squares:
            apart = values - np.repeat(totals / counts, counts)
            spread = np.add.reduceat(apart * apart, first)
        least, greatest = np.minimum.reduceat(values, first), np.maximum.reduceat(values, first)
    return Summary(grid, numbers, counts, totals, spread, least, greatest, int(times[0]), int(times[-1]))


def merge(parts: Sequence[Summary]) -> Summary:
    """One summary of all. parts: at least one, of one grid; a period may be in several, and several times in one."""
    numbers = np.concatenate([part.numbers for part in parts])
    order = np.argsort(numbers, kind="stable")
    numbers = numbers[order]
    first = np.concatenate((np.zeros(1, np.int64), np.flatnonzero(np.diff(numbers)) + 1))
    counts = np.concatenate([part.counts for part in parts])[order]
    totals = np.concatenate([part.totals for part in parts])[order]
    least = np.concatenate([part.least for part in parts])[order]
    greatest = np.concatenate([part.greatest for part in parts])[order]
    spread = [part.squares for part in parts if part.squares is not None]
    squares = None
    with np.errstate(over="ignore", invalid="ignore"):
        all_counts, all_totals = np.add.reduceat(counts, first), np.add.reduceat(totals, first)
        if spread:
            runs = np.diff(first, append=len(numbers))
            apart = totals / counts - np.repeat(all_totals / all_counts, runs)
            squares = np.add.reduceat(np.concatenate(spread)[order] + counts * apart * apart, first)
    return Summary(
        parts[0].grid,
        numbers[first],
        all_counts,
        all_totals,
        squares,
        np.minimum.reduceat(least, first),
        np.maximum.reduceat(greatest, first),
        min(part.first for part in parts),
        max(part.last for part in parts),
    )


def needs_squares(methods: Sequence[Method]) -> bool:
    return Method.STDDEV in methods or Method.SUMSQ in methods


def result(summary: Summary, method: Method) -> Numbers | Moments:
    """The result of each period; not finite where it is too large for a number. Not for DISTINCT_COUNT."""
    with np.errstate(over="ignore", invalid="ignore"):
        if summary.squares is not None and method is Method.STDDEV:
            return np.sqrt(summary.squares / summary.counts)
        if summary.squares is not None and method is Method.SUMSQ:
            return summary.squares + summary.totals * summary.totals / summary.counts
        match method:
            case Method.AVG:
                return summary.totals / summary.counts
            case Method.MAX:
                return summary.greatest
            case Method.MIN:
                return summary.least
            case Method.SUM:
                return summary.totals
        return summary.counts
