"""The one core of a network or of a group: Borgatti and Everett (2000), discrete, by correlation.

The pattern has all ties that touch the core and none in the periphery; the core is that which correlates best with the
ties there are. Candidates are the nodes in order of their degrees, then single nodes are tried in and out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from madang.ecosystem.network import Network


class _Fit:
    """The correlation of a core, from counts: n nodes, m ties, of the core's k nodes so many ties touch it."""

    def __init__(self, n: int, m: int) -> None:
        self._pairs = n * (n - 1) / 2
        self._m, self._n = m, n

    def correlation(self, k: int, touching: int) -> float:
        pattern = self._pairs - (self._n - k) * (self._n - k - 1) / 2
        spread = pattern * (self._pairs - pattern) * self._m * (self._pairs - self._m)
        return (touching * self._pairs - pattern * self._m) / math.sqrt(spread) if spread > 0 else -1.0


def core_of(network: Network, members: Sequence[int]) -> tuple[frozenset[int], float]:
    """(the core, its correlation) among the members, by the ties between them; nobody, 0.0 where they have none, or all."""
    inside = _Inside(network, members)
    m = len(inside.neighbours) // 2
    if not m:
        return frozenset(), 0.0
    fit = _Fit(len(members), m)
    touching, best, k = 0, -1.0, 0
    best_touching = 0
    for place, more in enumerate(inside.to_later[:-1].tolist(), start=1):
        touching += more
        correlation = fit.correlation(place, touching)
        if correlation > best:
            best, k, best_touching = correlation, place, touching
    core, best = inside.improved(fit, k, best_touching, best)
    return frozenset(inside.members[core].tolist()), best if core else 0.0


class _Inside:
    """A group by itself: its members in order of their degrees there, and their neighbours by the places in that order."""

    def __init__(self, network: Network, members: Sequence[int]) -> None:
        some = np.array(members, dtype=np.int64)
        places = np.full(network.n, -1)
        places[some] = np.arange(len(some))
        others = places[network.neighbours(some)]
        ones = np.repeat(np.arange(len(some)), network.degrees(some))[others >= 0]
        others = others[others >= 0]
        degrees = np.bincount(ones, minlength=len(some))
        order = np.lexsort((some, -degrees))
        place_of = np.argsort(order)
        ones, others = place_of[ones], place_of[others]
        by_place = np.argsort(ones, kind="stable")
        self.members = some[order]
        self.neighbours = others[by_place]
        self.bounds = np.concatenate(([0], np.cumsum(degrees[order])))
        self.to_later = np.bincount(ones[others > ones], minlength=len(some))

    def improved(self, fit: _Fit, k: int, touching: int, best: float) -> tuple[list[int], float]:
        """The first k, and single ones in and out while the correlation grows. (places of the core, correlation)."""
        n = len(self.members)
        core = [place < k for place in range(n)]
        out = np.repeat(np.arange(n), np.diff(self.bounds))
        outside = np.bincount(out[self.neighbours >= k], minlength=n).tolist()
        size, improving = k, True
        while improving:
            improving = False
            for one in range(n):
                step = -1 if core[one] else 1
                correlation = fit.correlation(size + step, touching + step * outside[one])
                if correlation > best + 1e-12:
                    size, touching, best, improving = (
                        size + step,
                        touching + step * outside[one],
                        correlation,
                        True,
                    )
                    core[one] = not core[one]
                    for other in self.neighbours[self.bounds[one] : self.bounds[one + 1]].tolist():
                        outside[other] -= step
        return [place for place in range(n) if core[place]], best
