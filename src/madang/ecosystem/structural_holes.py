"""Burt's constraint (1992): low for those who join what is otherwise apart, high for those whose partners know each other.

Unweighted: everybody gives each partner an equal part of their attention. All triangles of the network are met once, from
the one with fewest partners, so that hubs cost no more than others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from madang.ecosystem.projection import Pairs
from madang.ecosystem.ties import Floats, Integers

# Pairs of partners that are looked at together, and cells of the table in which third sides are found
_TOGETHER: Final = 1_000_000
_TABLE: Final = 8_000_000


def constraint(pairs: Pairs) -> Floats:
    """Of each organisation; NaN for those without partners."""
    partners = pairs.partners
    order = np.argsort(partners, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(pairs.n)
    ends = rank[pairs.left], rank[pairs.right]
    low, high = np.minimum(*ends), np.maximum(*ends)
    sorting = np.lexsort((high, low))
    low, high = low[sorting], high[sorting]
    share = 1 / np.maximum(partners[order], 1)
    # What each gives the other, by itself and through partners of both
    both = (1 + _through(pairs.n, low, high, share)) ** 2
    summed = np.bincount(low, both, pairs.n) + np.bincount(high, both, pairs.n)
    found = np.full(pairs.n, np.nan)
    found[order] = summed * share**2
    found[partners == 0] = np.nan
    return found


def _through(n: int, low: Integers, high: Integers, share: Floats) -> Floats:
    """Of each pair the sum of the shares of those who are partners of both. low, high: ascending, by low and then high."""
    found = np.zeros(len(low))
    rows = np.searchsorted(low, np.arange(n + 1))
    later = rows[low + 1] - np.arange(len(low)) - 1
    by_high = np.argsort(high, kind="stable")
    bounds = np.searchsorted(high[by_high], np.arange(n + 1))
    work = np.concatenate(([0], np.cumsum(later[by_high])))[bounds]
    place_of = np.full(_TABLE + n, -1, dtype=np.int32)
    for begin, end in _stretches(work.tolist()):
        width = n - begin
        # The third sides that there are with their lower end in this stretch, to be found without a search
        sides = np.arange(rows[begin], rows[end])
        cells = (low[sides] - begin) * width + high[sides] - begin
        place_of[cells] = sides
        some = by_high[bounds[begin] : bounds[end]]
        count = later[some]
        first = np.repeat(some, count)
        second = np.arange(len(first)) - np.repeat(np.cumsum(count) - count - some - 1, count)
        third = place_of[(high[first] - begin) * width + high[second] - begin]
        closed = np.flatnonzero(third >= 0)
        first, second, third = first[closed], second[closed], third[closed]
        np.add.at(found, first, share[high[second]])
        np.add.at(found, second, share[high[first]])
        np.add.at(found, third, share[low[first]])
        place_of[cells] = -1
    return found


def _stretches(work: list[int]) -> Iterator[tuple[int, int]]:
    """From which row to before which, so that neither work nor the table of a stretch is too much. work: before each row,
    and of all."""
    n, begin = len(work) - 1, 0
    for end in range(1, n + 1):
        full = (end + 1 - begin) * (n - begin) > _TABLE or work[min(end + 1, n)] - work[begin] > _TOGETHER
        if full or end == n:
            yield begin, end
            begin = end
