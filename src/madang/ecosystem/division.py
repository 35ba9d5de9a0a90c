"""A network cut into groups, each of core and periphery, and what that is worth: the quality of Kojaku and Masuda (2017).

Ties with at least one end in the core of their group are to be as many more as possible than a network at random with the
same degrees would have. `settling.py` moves nodes; here groups are joined and valued.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from scipy import sparse

from madang.ecosystem.network import Flags, Network
from madang.ecosystem.ties import Floats, Integers

GAIN_MIN: Final = 1e-12


class Group(msgspec.Struct, frozen=True):
    """members: places of nodes, ascending. quality: the group's part of the whole quality, which is 0 for what the
    configuration model expects and at most 1."""

    members: tuple[int, ...]
    quality: float

    @property
    def size(self) -> int:
        return len(self.members)


class Division:
    """group: number of each node's group, from 0 without gaps; core: whether it is of its core. Both are changed in
    place."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.group: Integers = np.arange(network.n, dtype=np.int64)
        self.core: Flags = np.ones(network.n, dtype=np.bool_)

    @property
    def groups(self) -> int:
        """How many there are."""
        return int(self.group.max(initial=-1)) + 1

    def renumber(self) -> None:
        self.group = np.unique(self.group, return_inverse=True)[1].astype(np.int64)

    def strengths(self) -> tuple[Floats, Floats]:
        """(of each group, of its core)."""
        own = self.network.strengths
        of_core = np.bincount(self.group, own * self.core, self.groups).astype(np.float64)
        return np.bincount(self.group, own, self.groups).astype(np.float64), of_core

    def join(self) -> Integers:
        """Join groups that are better together than apart, best first, each once. Who is in one that was joined."""
        one, two, weight = self._between()
        strengths, core = self.strengths()
        periphery = strengths - core
        gains = (
            weight - (strengths[one] * strengths[two] - periphery[one] * periphery[two]) / self.network.total
        )
        order = np.flatnonzero(gains > GAIN_MIN)
        order = order[np.argsort(-gains[order], kind="stable")]
        into = np.arange(self.groups)
        changed = np.zeros(self.groups, dtype=np.bool_)
        for here, there in zip(one[order].tolist(), two[order].tolist(), strict=True):
            if not changed[here] and not changed[there]:
                changed[[here, there]] = True
                into[there] = here
        members = np.flatnonzero(changed[self.group])
        self.group = into[self.group]
        self.renumber()
        return members

    def _between(self) -> tuple[Integers, Integers, Floats]:
        """Of pairs of different groups (the first, the second, the weight of ties between them with an end in a core)."""
        left, right = self.network.ends
        kept = np.flatnonzero(left < right)
        one, two = self.group[left[kept]], self.group[right[kept]]
        between = (one != two) & (self.core[left[kept]] | self.core[right[kept]])
        kept, one, two = kept[between], one[between], two[between]
        shape = (self.groups, self.groups)
        ends = (np.minimum(one, two), np.maximum(one, two))
        found = sparse.csr_array((self.network.matrix.data[kept], ends), shape).tocoo()
        return found.coords[0].astype(np.int64), found.coords[1].astype(np.int64), found.data

    def valued(self) -> list[Group]:
        """Groups of more than one, larger ones first."""
        left, right = self.network.ends
        inside = (self.group[left] == self.group[right]) & (self.core[left] | self.core[right])
        weights = np.bincount(self.group[left[inside]], self.network.matrix.data[inside], self.groups)
        strengths, core = self.strengths()
        expected = (strengths**2 - (strengths - core) ** 2) / self.network.total
        qualities = ((weights - expected) / self.network.total).tolist()
        order = np.argsort(self.group, kind="stable")
        sizes = np.bincount(self.group, minlength=self.groups)
        found = [
            Group(tuple(members.tolist()), quality)
            for members, quality in zip(np.split(order, np.cumsum(sizes)[:-1]), qualities, strict=True)
            if len(members) > 1
        ]
        return sorted(found, key=lambda one: (-one.size, one.members))
