"""A network of organisations as lists of neighbours: the form in which core and periphery are looked for."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from madang.ecosystem.projection import Pairs


class Network(msgspec.Struct, frozen=True, eq=False):
    """neighbours, weights: of each node those at the other ends of its ties, and what each tie weighs; no ties to itself
    and none twice. strengths: the sums of the weights. total: twice the weight of all ties.
    """

    neighbours: list[list[int]]
    weights: list[list[float]]
    strengths: list[float]
    total: float

    @property
    def n(self) -> int:
        return len(self.neighbours)


def network_of(pairs: Pairs, *, weighted: bool = True) -> Network:
    """weighted: each tie weighs as `Pairs.weights` says, otherwise one."""
    both = np.concatenate((pairs.left, pairs.right))
    others = np.concatenate((pairs.right, pairs.left))
    weights = pairs.weights if weighted else np.ones(len(pairs.left))
    order = np.argsort(both, kind="stable")
    bounds = np.searchsorted(both[order], np.arange(1, pairs.n))
    doubled = np.concatenate((weights, weights))
    return Network(
        [some.tolist() for some in np.split(others[order], bounds)],
        [some.tolist() for some in np.split(doubled[order], bounds)],
        np.bincount(both, doubled, pairs.n).tolist(),
        float(doubled.sum()),
    )


def unweighted(n: int, edges: NDArray[np.int64]) -> Network:
    """edges: pairs of different nodes, each once, in any order."""
    left, right = edges.reshape(-1, 2).T
    ones = np.ones(len(left), dtype=np.int64)
    return network_of(Pairs(n, left, right, ones, ones.astype(float)), weighted=False)
