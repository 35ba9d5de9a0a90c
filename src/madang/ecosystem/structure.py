"""What is left of the network of firms when organisations go, and how it changed from year to year.

What is joined is asked of the two modes, which join the same organisations as their projection does, in fewer ties.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from madang.ecosystem.concentration import centralisation, herfindahl
from madang.ecosystem.outcome import Loss, Year
from madang.ecosystem.projection import project
from madang.ecosystem.ties import NO_DAY, Floats, Integers, Ties

_PARTS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
# So many participations are looked at in all drawings of one part together, but never fewer drawings than a range needs
_WORK: Final = 10_000_000
_DRAWINGS: Final = (8, 100)
_YEARS_MAX: Final = 60


def joined_most(ties: Ties, kept: NDArray[np.bool_]) -> int:
    """How many of the organisations that are kept are joined, by activities, in the largest component."""
    activities, n = len(ties.activities), len(ties.organisations)
    parts = kept[ties.who]
    # Rows of activities and then, empty, of organisations: each tie is needed once. Ties are in order of the activities
    sizes = np.zeros(activities + n + 1, dtype=np.int32)
    sizes[1 : activities + 1] = np.bincount(ties.what[parts], minlength=activities)
    columns = ties.who[parts].astype(np.int32) + np.int32(activities)
    entries = np.ones(len(columns), dtype=np.int8)
    bounds = np.cumsum(sizes, dtype=np.int32)
    graph = sparse.csr_array((entries, columns, bounds), (activities + n, activities + n))
    _, labels = sparse.csgraph.connected_components(graph, directed=False)
    return int(np.bincount(labels[activities:][kept]).max(initial=0))


def robustness(ties: Ties, partners: Integers, seed: int = 0) -> tuple[Loss, ...]:
    """What is left of the largest component when parts of the organisations with partners go. Those without any are left
    out of account, for they were never joined. Empty if there are none. partners: numbers of different ones."""
    with_partners = np.flatnonzero(partners > 0)
    if not len(with_partners):
        return ()
    draw = np.random.default_rng(seed)
    by_partners = with_partners[np.argsort(-partners[with_partners], kind="stable")]
    drawings = int(np.clip(_WORK // len(ties.who), *_DRAWINGS))

    def left(gone: Integers) -> float:
        kept = partners > 0
        kept[gone] = False
        return joined_most(ties, kept) / len(with_partners)

    whole = left(by_partners[:0])
    found = [Loss(0.0, whole, whole, whole, whole)]
    for part in _PARTS:
        n = round(part * len(with_partners))
        drawn = np.array([left(draw.choice(with_partners, n, replace=False)) for _ in range(drawings)])
        low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
        found.append(Loss(part, float(drawn.mean()), low, high, left(by_partners[:n])))
    return tuple(found)


def years(ties: Ties, amounts: Floats | None = None) -> tuple[Year, ...]:
    """Of each year from the first in which activities began to the last, the latest where there are very many. amounts: of
    each activity, NaN where not known."""
    dated = ties.days != NO_DAY
    if not dated.any():
        return ()
    began = np.zeros(len(ties.days), dtype=np.int64)
    began[dated] = ties.days[dated].astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    first = np.full(len(ties.organisations), np.iinfo(np.int64).max)
    known = began[ties.what] > 0
    np.minimum.at(first, ties.who[known], began[ties.what[known]])
    last = int(began[dated].max())
    span = range(max(int(began[dated].min()), last - _YEARS_MAX + 1), last + 1)
    return tuple([_year(ties, year, began == year, first, amounts) for year in span])


def _year(ties: Ties, year: int, of_year: NDArray[np.bool_], first: Integers, amounts: Floats | None) -> Year:
    active = np.bincount(ties.who[of_year[ties.what]], minlength=len(ties.organisations)) > 0
    there = ties.of_activities(of_year).of_organisations(active)
    n = int(active.sum())
    pairs = project(there)
    centre, hhi = (
        centralisation(pairs.partners.astype(float)),
        herfindahl(there.activity_counts.astype(float)),
    )
    return Year(
        year=year,
        activities=int(of_year.sum()),
        organisations=n,
        newcomers=int((first[active] == year).sum()),
        pairs=len(pairs.left),
        centralisation=float(np.nan_to_num(centre)),
        hhi=float(np.nan_to_num(hhi)),
        giant=joined_most(there, np.ones(n, dtype=np.bool_)) / n if n else 0.0,
        amount=0.0 if amounts is None else float(np.nansum(amounts[of_year])),
    )
