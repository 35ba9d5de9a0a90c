"""A network of organisations as rows of neighbours: the form in which core and periphery are looked for."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from madang.ecosystem.projection import Pairs
from madang.ecosystem.ties import Floats, Integers

Flags = NDArray[np.bool_]


class Network(msgspec.Struct, frozen=True, eq=False):
    """matrix: symmetric, nodes x nodes, what each tie weighs; none to itself. strengths: the sums of its rows. total: twice
    the weight of all ties.
    """

    matrix: sparse.csr_array[np.float64]
    strengths: Floats
    total: float

    @property
    def n(self) -> int:
        return len(self.strengths)

    def degrees(self, nodes: Integers) -> Integers:
        starts = self.matrix.indptr.astype(np.int64)
        return starts[nodes + 1] - starts[nodes]

    def row(self, node: int) -> slice:
        """Where a node's neighbours stand in the matrix's `indices` and `data`."""
        return slice(self.matrix.indptr[node], self.matrix.indptr[node + 1])

    def neighbours(self, nodes: Integers) -> Integers:
        """Of each of the nodes one after the other."""
        starts, degrees = self.matrix.indptr[nodes], self.degrees(nodes)
        places = np.arange(degrees.sum()) - np.repeat(np.cumsum(degrees) - degrees - starts, degrees)
        found: Integers = self.matrix.indices[places].astype(np.int64)
        return found

    @property
    def ends(self) -> tuple[Integers, Integers]:
        """(one end, the other end) of each tie, from both its ends."""
        nodes = np.arange(self.n)
        return np.repeat(nodes, self.degrees(nodes)), self.matrix.indices.astype(np.int64)


def network_of(pairs: Pairs, *, weighted: bool = True) -> Network:
    """weighted: each tie weighs as `Pairs.weights` says, otherwise one."""
    matrix = pairs.matrix(pairs.weights if weighted else np.ones(len(pairs.left)))
    matrix.sort_indices()
    strengths = np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()
    return Network(matrix, strengths, float(matrix.data.sum()))


def unweighted(n: int, edges: NDArray[np.int64]) -> Network:
    """edges: pairs of different nodes, each once, in any order."""
    left, right = edges.reshape(-1, 2).T
    ones = np.ones(len(left), dtype=np.int64)
    return network_of(Pairs(n, left, right, ones, ones.astype(float)), weighted=False)
