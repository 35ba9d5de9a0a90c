"""From the two-mode network to a network of organisations: who did something together, and how much that counts.

An activity of n partners gives each pair 1/(n - 1), so that everybody has one unit of tie from each activity with others,
be it of two or of fifty (docs/ecosystem.md says what goes wrong without).
"""

from __future__ import annotations

import msgspec
import numpy as np
from scipy import sparse

from madang.ecosystem.counts import Counts
from madang.ecosystem.ties import Floats, Integers, Ties


class Pairs(msgspec.Struct, frozen=True, eq=False):
    """Pairs of organisations that did something together, each once.

    n: how many organisations there are, those without partners among them. left, right: places of the two, left <
    right. together: in how many activities. weights: the sum of 1/(n - 1) over these.
    """

    n: int
    left: Integers
    right: Integers
    together: Integers
    weights: Floats

    def repeated(self, times: int = 2) -> Pairs:
        """Only pairs that did at least so many things together."""
        kept = self.together >= times
        return Pairs(self.n, self.left[kept], self.right[kept], self.together[kept], self.weights[kept])

    def matrix(self, values: Floats | None = None) -> sparse.csr_array:
        """Symmetric, organisations x organisations. values: of each pair; the weights if not given."""
        entries = self.weights if values is None else values
        rows, columns = np.concatenate((self.left, self.right)), np.concatenate((self.right, self.left))
        return sparse.csr_array((np.concatenate((entries, entries)), (rows, columns)), (self.n, self.n))

    @property
    def partners(self) -> Integers:
        """How many different partners each organisation has."""
        return np.bincount(np.concatenate((self.left, self.right)), minlength=self.n)

    @property
    def strengths(self) -> Floats:
        """The weights of each organisation's pairs together."""
        both = np.concatenate((self.left, self.right))
        return np.bincount(both, np.concatenate((self.weights, self.weights)), self.n).astype(np.float64)


def project(ties: Ties, *, size_max: int | None = None) -> Pairs:
    """The pairs of a two-mode network. size_max: larger activities are left out, for their pairs say little."""
    sizes = ties.sizes
    counted = sizes > 1 if size_max is None else (sizes > 1) & (sizes <= size_max)
    incidence = ties.incidence()[:, np.flatnonzero(counted)]
    # How often in the real part, how much in the imaginary one: a single product tells both
    units = sparse.diags_array(1 + 1j / (sizes[counted] - 1))
    found = sparse.triu(incidence @ units @ incidence.T, k=1, format="csr")
    found.sort_indices()
    return Pairs(
        len(ties.organisations),
        np.repeat(np.arange(found.shape[0]), np.diff(found.indptr)),
        found.indices.astype(np.int64),
        np.rint(found.data.real).astype(np.int64),
        found.data.imag.copy(),
    )


def count(ties: Ties, pairs: Pairs) -> Counts:
    """pairs: of all activities, whatever their size."""
    repeated = pairs.repeated()
    partners, repeats = pairs.partners, repeated.partners
    _, labels = sparse.csgraph.connected_components(repeated.matrix(), directed=False)
    return Counts(
        activities=len(ties.activities),
        organisations=len(ties.organisations),
        without_partner=int((partners == 0).sum()),
        multi_edges=int(pairs.together.sum()),
        stacked_edges=len(pairs.left),
        repeat_edges=len(repeated.left),
        without_repeat=int(((partners > 0) & (repeats == 0)).sum()),
        repeat_giant=int(np.bincount(labels).max(initial=0)),
    )
