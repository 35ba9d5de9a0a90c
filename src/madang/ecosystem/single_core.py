"""The one core of a network or of a group: Borgatti and Everett (2000), discrete, by correlation.

The pattern has all ties that touch the core and none in the periphery; the core is that which correlates best with the
ties there are. Candidates are the nodes in order of their degrees, then single nodes are tried in and out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

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
    """(the core, its correlation) among the members, by the ties between them; nobody, 0.0 where they have none."""
    inside = set(members)
    ties = {one: [other for other in network.neighbours[one] if other in inside] for one in members}
    m = sum(map(len, ties.values())) // 2
    fit = _Fit(len(members), m)
    if not m:
        return frozenset(), 0.0
    order = sorted(members, key=lambda one: (-len(ties[one]), one))
    core: set[int] = set()
    touching, best, best_k = 0, -1.0, 0
    for k, one in enumerate(order[:-1], start=1):
        touching += sum(other not in core for other in ties[one])
        core.add(one)
        correlation = fit.correlation(k, touching)
        if correlation > best:
            best, best_k = correlation, k
    core = set(order[:best_k])
    touching = sum(one in core or other in core for one in members for other in ties[one]) // 2
    improved = True
    while improved:
        improved = False
        for one in order:
            outside = sum(other not in core for other in ties[one])
            change = -outside if one in core else outside
            correlation = fit.correlation(len(core) + (-1 if one in core else 1), touching + change)
            if correlation > best + 1e-12:
                core ^= {one}
                touching, best, improved = touching + change, correlation, True
    return frozenset(core), best
