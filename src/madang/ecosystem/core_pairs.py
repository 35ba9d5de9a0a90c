"""Several cores, each with a periphery of its own: Kojaku and Masuda (2017, 2018), compared with the configuration model.

A single core cannot be told from mere differences of degree (docs/ecosystem.md), several can: a network is cut into
groups, each of core and periphery nodes, so that ties with at least one end in the core of their group are as many more as
possible than a network at random with the same degrees would have. Which groups are more than chance is asked of such
random networks (`significance.py`). Who of a significant group is its core is then a question of its own, for the groups'
cores are drawn generously here: `single_core.py` answers it by the ties inside the group.
"""

from __future__ import annotations

import random
from collections import deque
from typing import Final

import msgspec

from madang.ecosystem.network import Network

_GAIN_MIN: Final = 1e-12
_ROUNDS_MAX: Final = 20


class Group(msgspec.Struct, frozen=True):
    """members: places of nodes, ascending. quality: the group's part of the whole quality, which is 0 for what the
    configuration model expects and at most 1."""

    members: tuple[int, ...]
    quality: float

    @property
    def size(self) -> int:
        return len(self.members)


class _Division:
    """Which group each node is in, and whether it is of its core; sums of strengths by group."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.group = list(range(network.n))
        self.core = [True] * network.n
        self.strengths = list(network.strengths)
        self.core_strengths = list(network.strengths)

    def settle(self, chance: random.Random) -> None:
        """Move nodes, each to where it gains most, until none gains; neighbours of what moved are looked at again."""
        network = self.network
        order = list(range(network.n))
        chance.shuffle(order)
        waiting = deque(order)
        queued = [True] * network.n
        while waiting:
            node = waiting.popleft()
            queued[node] = False
            if network.neighbours[node] and self._move(node):
                for other in network.neighbours[node]:
                    if not queued[other]:
                        queued[other] = True
                        waiting.append(other)

    def _move(self, node: int) -> bool:
        group, core = self.group, self.core
        ties: dict[int, float] = {}
        core_ties: dict[int, float] = {}
        for other, weight in zip(self.network.neighbours[node], self.network.weights[node], strict=True):
            there = group[other]
            ties[there] = ties.get(there, 0.0) + weight
            if core[other]:
                core_ties[there] = core_ties.get(there, 0.0) + weight
        own = self.network.strengths[node]
        share = own / self.network.total
        itself = share * own / 2
        here, is_core = group[node], core[node]
        self._take(node, -own)
        stays_core = ties.pop(here, 0.0) - share * self.strengths[here] - itself
        stays_periphery = core_ties.get(here, 0.0) - share * self.core_strengths[here]
        # The present place wins a draw, for else nodes would wander for ever
        best, best_group, best_core = stays_core if is_core else stays_periphery, here, is_core
        if max(stays_core, stays_periphery) > best + _GAIN_MIN:
            best, best_core = max(stays_core, stays_periphery), not is_core
        for there, tied in ties.items():
            as_core = tied - share * self.strengths[there] - itself
            if as_core > best + _GAIN_MIN:
                best, best_group, best_core = as_core, there, True
            if there in core_ties:
                as_periphery = core_ties[there] - share * self.core_strengths[there]
                if as_periphery > best + _GAIN_MIN:
                    best, best_group, best_core = as_periphery, there, False
        group[node], core[node] = best_group, best_core
        self._take(node, own)
        return best_group != here or best_core != is_core

    def _take(self, node: int, strength: float) -> None:
        self.strengths[self.group[node]] += strength
        if self.core[node]:
            self.core_strengths[self.group[node]] += strength

    def between(self) -> dict[tuple[int, int], float]:
        """Of pairs of different groups the weight of ties with an end in a core."""
        group, core = self.group, self.core
        found: dict[tuple[int, int], float] = {}
        for node, (others, weights) in enumerate(
            zip(self.network.neighbours, self.network.weights, strict=True)
        ):
            for other, weight in zip(others, weights, strict=True):
                if other > node and group[node] != group[other] and (core[node] or core[other]):
                    one, two = sorted((group[node], group[other]))
                    found[one, two] = found.get((one, two), 0.0) + weight
        return found

    def join(self) -> bool:
        """Join groups that are better together than apart, best first, each once. Whether any were."""
        total = self.network.total
        gains = []
        for (one, two), weight in self.between().items():
            periphery = (self.strengths[one] - self.core_strengths[one]) * (
                self.strengths[two] - self.core_strengths[two]
            )
            gain = weight - (self.strengths[one] * self.strengths[two] - periphery) / total
            if gain > _GAIN_MIN:
                gains.append((gain, one, two))
        into: dict[int, int] = {}
        joined: set[int] = set()
        for _, one, two in sorted(gains, reverse=True):
            if one not in joined and two not in joined:
                joined |= {one, two}
                into[two] = one
                self.strengths[one] += self.strengths[two]
                self.core_strengths[one] += self.core_strengths[two]
        self.group = [into.get(group, group) for group in self.group]
        return bool(into)

    def groups(self) -> list[Group]:
        members: dict[int, list[int]] = {}
        inside: dict[int, float] = {}
        for node, group in enumerate(self.group):
            members.setdefault(group, []).append(node)
            others, weights = self.network.neighbours[node], self.network.weights[node]
            for other, weight in zip(others, weights, strict=True):
                if self.group[other] == group and (self.core[node] or self.core[other]):
                    inside[group] = inside.get(group, 0.0) + weight
        total = self.network.total
        found = []
        for group, nodes in members.items():
            periphery = self.strengths[group] - self.core_strengths[group]
            expected = (self.strengths[group] ** 2 - periphery**2) / total
            found.append(Group(tuple(nodes), (inside.get(group, 0.0) - expected) / total))
        return found


def find_groups(network: Network, chance: random.Random, tries: int = 10) -> list[Group]:
    """The best of some divisions, larger groups first; nodes without ties are in none.

    tries: how often to begin anew, in another order.
    """
    best: list[Group] = []
    for _ in range(tries if network.total else 0):
        division = _Division(network)
        division.settle(chance)
        for _ in range(_ROUNDS_MAX):
            if not division.join():
                break
            division.settle(chance)
        found = division.groups()
        if not best or sum(one.quality for one in found) > sum(one.quality for one in best):
            best = found
    return sorted([one for one in best if one.size > 1], key=lambda one: (-one.size, one.members))
