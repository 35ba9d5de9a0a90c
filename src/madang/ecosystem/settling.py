"""Nodes move, each to the group and the part of it where it gains most, until none gains.

Many that wait are looked at together, some by lot at a time, so that neighbours do not change places for ever; the last
ones go one by one. Whoever has moved lets its neighbours wait again.
"""

from __future__ import annotations

import random
from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from madang.ecosystem.division import GAIN_MIN, Division
from madang.ecosystem.network import Flags
from madang.ecosystem.ties import Floats, Integers

# So many that wait are looked at together
_TOGETHER_MIN: Final = 1024
_PART: Final = 0.5
_SWEEPS_MAX: Final = 100
# From so many ties on those of a node are summed up as arrays
_TIES_MANY: Final = 64


def settle(division: Division, waiting: Integers, chance: random.Random) -> None:
    """waiting: nodes that may gain. All that have ties are looked at again when a neighbour moves."""
    waiting = waiting[division.network.degrees(waiting) > 0]
    if len(waiting) > _TOGETHER_MIN:
        waiting = _together(division, waiting, np.random.default_rng(chance.getrandbits(64)))
    order = waiting.tolist()
    chance.shuffle(order)
    _OneByOne(division).settle(order)
    division.renumber()


class _OneByOne:
    """The division in lists, which are the faster form where single values are read, beside its own arrays."""

    def __init__(self, division: Division) -> None:
        self.division = division
        self.group: list[int] = division.group.tolist()
        self.core: list[bool] = division.core.tolist()
        self.sums, self.core_sums = (some.tolist() for some in division.strengths())
        self.own: list[float] = division.network.strengths.tolist()

    def settle(self, order: list[int]) -> None:
        network = self.division.network
        waiting = deque(order)
        queued = set(order)
        while waiting:
            node = waiting.popleft()
            queued.remove(node)
            neighbours = network.matrix.indices[network.row(node)]
            if self._move(node, neighbours, network.matrix.data[network.row(node)]):
                for other in neighbours.tolist():
                    if other not in queued:
                        queued.add(other)
                        waiting.append(other)

    def _ties(
        self, neighbours: NDArray[np.int32], weights: Floats
    ) -> tuple[dict[int, float], dict[int, float]]:
        """By group the weight of ties to all of it and to its core."""
        if len(neighbours) >= _TIES_MANY:
            there, inner = self.division.group[neighbours], self.division.core[neighbours]
            return _summed(there, weights), _summed(there[inner], weights[inner])
        ties: dict[int, float] = {}
        core_ties: dict[int, float] = {}
        for other, weight in zip(neighbours.tolist(), weights.tolist(), strict=True):
            at = self.group[other]
            ties[at] = ties.get(at, 0.0) + weight
            if self.core[other]:
                core_ties[at] = core_ties.get(at, 0.0) + weight
        return ties, core_ties

    def _move(self, node: int, neighbours: NDArray[np.int32], weights: Floats) -> bool:
        group, core = self.group, self.core
        ties, core_ties = self._ties(neighbours, weights)
        own = self.own[node]
        share = own / self.division.network.total
        itself = share * own / 2
        here, is_core = group[node], core[node]
        self._take(node, -own)
        stays_core = ties.pop(here, 0.0) - share * self.sums[here] - itself
        stays_periphery = core_ties.get(here, 0.0) - share * self.core_sums[here]
        # The present place wins a draw, for else nodes would wander for ever
        best, best_group, best_core = stays_core if is_core else stays_periphery, here, is_core
        if max(stays_core, stays_periphery) > best + GAIN_MIN:
            best, best_core = max(stays_core, stays_periphery), not is_core
        for there, tied in ties.items():
            as_core = tied - share * self.sums[there] - itself
            if as_core > best + GAIN_MIN:
                best, best_group, best_core = as_core, there, True
            if there in core_ties:
                as_periphery = core_ties[there] - share * self.core_sums[there]
                if as_periphery > best + GAIN_MIN:
                    best, best_group, best_core = as_periphery, there, False
        group[node] = self.division.group[node] = best_group
        core[node] = self.division.core[node] = best_core
        self._take(node, own)
        return best_group != here or best_core != is_core

    def _take(self, node: int, strength: float) -> None:
        self.sums[self.group[node]] += strength
        if self.core[node]:
            self.core_sums[self.group[node]] += strength


def _summed(groups: Integers, weights: Floats) -> dict[int, float]:
    sums = np.bincount(groups, weights)
    there = np.flatnonzero(sums)
    return dict(zip(there.tolist(), sums[there].tolist(), strict=True))


def _together(division: Division, waiting: Integers, draw: np.random.Generator) -> Integers:
    """Who still waits when few do, or when it does not come to rest."""
    network = division.network
    waits = np.zeros(network.n, dtype=np.bool_)
    waits[waiting] = True
    for _ in range(_SWEEPS_MAX):
        waiting = np.flatnonzero(waits)
        if len(waiting) <= _TOGETHER_MIN:
            break
        nodes = waiting[draw.random(len(waiting)) < _PART]
        moved = nodes[_sweep(division, nodes)]
        waits[nodes] = False
        waits[network.neighbours(moved)] = True
        division.renumber()
    return np.flatnonzero(waits)


def _sweep(division: Division, nodes: Integers) -> Flags:
    """Each of the nodes goes where it gains most as all are now. Whether it moved."""
    network, here, is_core = division.network, division.group[nodes], division.core[nodes]
    sums, core_sums = division.strengths()
    own = network.strengths[nodes]
    share = own / network.total
    itself = share * own / 2
    ties = _Ties(division, nodes)
    stays_core = ties.home - share * (sums[here] - own) - itself
    stays_periphery = ties.home_core - share * (core_sums[here] - own * is_core)
    best = np.where(is_core, stays_core, stays_periphery)
    best_group, best_core = here.copy(), is_core.copy()
    turned = np.maximum(stays_core, stays_periphery)
    turns = turned > best + GAIN_MIN
    best[turns], best_core[turns] = turned[turns], ~is_core[turns]
    as_core = ties.weights - share[ties.rows] * sums[ties.groups] - itself[ties.rows]
    as_periphery = ties.core_weights - share[ties.rows] * core_sums[ties.groups]
    as_periphery[ties.core_weights == 0] = -np.inf
    for gains, core in ((as_core, True), (as_periphery, False)):
        firsts = _best(ties.rows, gains)
        at = ties.rows[firsts]
        better = gains[firsts] > best[at] + GAIN_MIN
        at, firsts = at[better], firsts[better]
        best[at], best_group[at], best_core[at] = gains[firsts], ties.groups[firsts], core
    division.group[nodes], division.core[nodes] = best_group, best_core
    moved: Flags = (best_group != here) | (best_core != is_core)
    return moved


class _Ties:
    """Of some nodes the weight of ties to their own group (home) and, one after the other, to each other group that they
    have ties to: to all of it and to its core."""

    def __init__(self, division: Division, nodes: Integers) -> None:
        n = division.network.n
        # All in the real part and the core in the imaginary one: a single product tells both
        counted = 1 + 1j * division.core
        member = sparse.csr_array((counted, division.group, np.arange(n + 1)), (n, division.groups))
        table = division.network.matrix[nodes] @ member
        of = np.repeat(np.arange(len(nodes)), np.diff(table.indptr))
        home = table.indices == division.group[nodes][of]
        at_home = np.zeros(len(nodes), dtype=np.complex128)
        at_home[of[home]] = table.data[home]
        self.home: Floats = at_home.real
        self.home_core: Floats = at_home.imag
        self.rows: Integers = of[~home]
        self.groups: Integers = table.indices[~home].astype(np.int64)
        self.weights: Floats = table.data[~home].real
        self.core_weights: Floats = table.data[~home].imag


def _best(rows: Integers, gains: Floats) -> Integers:
    """Of each row that is there the place of its largest gain. rows: ascending."""
    if not len(rows):
        return np.zeros(0, dtype=np.int64)
    starts = np.flatnonzero(np.concatenate(([True], rows[1:] != rows[:-1])))
    largest = np.repeat(np.maximum.reduceat(gains, starts), np.diff(np.append(starts, len(rows))))
    places = np.flatnonzero(gains == largest)
    return places[np.concatenate(([True], rows[places][1:] != rows[places][:-1]))]
