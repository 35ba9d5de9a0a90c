"""How nested the two modes are: NODF (Almeida-Neto and others 2008) of organisations by activities.

100 where those who take part in less take part in nothing but what those with more do, 0 where nobody's activities are
among those of anybody with more. Organisations and activities without each other are left out of account.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from scipy import sparse

from madang.ecosystem.ties import Floats, Ties

# So many common participations are counted for all pairs; beyond, pairs with some organisations (or activities) only
_WORK_MAX: Final = 5_000_000


class Nestedness(msgspec.Struct, frozen=True):
    """nodf: 0 to 100; None of nothing to compare. lines, of: how many organisations and activities were compared with all
    others. error: standard error of nodf, 0.0 where all were."""

    nodf: float | None
    lines: int
    of: int
    error: float


def nestedness(ties: Ties, seed: int = 0) -> Nestedness:
    """seed: of who is compared where there are too many."""
    incidence = ties.incidence()[ties.activity_counts > 0][:, np.flatnonzero(ties.sizes)]
    draw = np.random.default_rng(seed)
    sums, of, lines, variance, pairs = 0.0, 0, 0, 0.0, 0.0
    for table in (sparse.csr_array(incidence), sparse.csr_array(incidence.T)):
        n = table.shape[0]
        found = _overlaps(table, draw)
        # Each pair is met from both its ends
        sums += n * float(found.mean()) / 2 if n else 0.0
        if len(found) < n:
            variance += (n / 2) ** 2 * float(found.var(ddof=1)) / len(found)
        of, lines, pairs = of + n, lines + len(found), pairs + n * (n - 1) / 2
    if not pairs:
        return Nestedness(None, lines, of, 0.0)
    return Nestedness(100 * sums / pairs, lines, of, 100 * float(np.sqrt(variance)) / pairs)


def _overlaps(table: sparse.csr_array[np.float64], draw: np.random.Generator) -> Floats:
    """Of each line, or of some, the sum over all others of the part of the lesser's that the greater has too."""
    n = table.shape[0]
    counts = np.diff(table.indptr)
    work = float((np.asarray(table.sum(axis=0)) ** 2).sum())
    some = np.arange(n)
    if work > _WORK_MAX:
        some = np.sort(draw.choice(n, max(2, int(n * _WORK_MAX / work)), replace=False))
    shared = sparse.coo_array(table[some] @ table.T)
    one, other = counts[some][shared.coords[0]], counts[shared.coords[1]]
    # Lines with as many are no pair of a greater and a lesser; a line with itself is one of these
    parts = np.where(one != other, shared.data / np.minimum(one, other), 0.0)
    return np.bincount(shared.coords[0], parts, len(some)).astype(np.float64)
