"""How near organisations are to each other by what they did together: personalised PageRank over both modes.

A walker goes from an organisation to one of its activities and on to one of the participants, and begins anew now and
then. Where it comes often is near, by many short ways. Organisations that do much are met from everywhere; how much of
that counts is a question of how much the way back counts, which is rare from those (`towards`).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from madang.ecosystem.ties import Floats, Integers, Ties

_STEPS: Final = 5
_RESTART: Final = 0.15

# Where a walker comes so rarely is not near: without that, in a large network everybody would be reached by everybody
_VISITS_LEAST: Final = 1e-4
# Organisations that do very much send too few walkers to each of their activities to tell whom they lead to
_SENT_LEAST: Final = 1e-5


class Walks:
    """Of some ties. An activity in which only one takes part keeps the walker there, so that who does much alone is met
    oftener: on real consortia that ranks better."""

    def __init__(self, ties: Ties) -> None:
        incidence = ties.incidence()
        self.counts: Floats = ties.activity_counts.astype(np.float64)
        self._incidence = incidence
        self._activities = sparse.csr_array(incidence.T)
        self._to_activity = sparse.csr_array(sparse.diags_array(1 / np.maximum(self.counts, 1)) @ incidence)
        self._to_participant = sparse.csr_array(
            sparse.diags_array((1 - _RESTART) / np.maximum(ties.sizes, 1)) @ self._activities
        )

    def nearness(self, places: Integers) -> sparse.csr_array:
        """From each of the places (rows) to the organisations that are near it: how often the walker comes there, in parts
        of a walk."""
        rows = np.arange(len(places) + 1)
        now = sparse.csr_array((np.ones(len(places)), places, rows), (len(places), len(self.counts)))
        visits = sparse.csr_array(now.shape)
        for step in range(_STEPS):
            if step:
                now = kept(now, now.data >= _SENT_LEAST * self.counts[now.indices])
            now = sparse.csr_array(now @ self._to_activity @ self._to_participant)
            now = kept(now, now.data >= _VISITS_LEAST)
            visits = sparse.csr_array(visits + now)
        return visits

    def towards(self, places: Integers, way_back: float) -> sparse.csr_array:
        """Both directions in one: nearness there to the power 1 - way_back, times nearness back to the power way_back.

        Walks are reversible, so that the way back is the way there times the ratio of the two's activities.
        """
        there = self.nearness(places)
        if way_back:
            here = np.repeat(self.counts[places], np.diff(there.indptr))
            there.data *= (here / np.maximum(self.counts[there.indices], 1)) ** way_back
        return there

    def met(self, place: int) -> Integers:
        """Who did something together with this one, itself among them; nobody for one without activities."""
        return np.unique((self._incidence[[place]] @ self._activities).indices).astype(np.int64)

    def between(self, one: int, other: int) -> list[tuple[int, int]]:
        """(a common partner, the number of activities that the lesser tie of the two has), the strongest first."""
        ours, theirs = ((self._incidence[[place]] @ self._activities) for place in (one, other))
        least = sparse.csr_array(ours.minimum(theirs))
        found = zip(least.indices.tolist(), least.data.tolist(), strict=True)
        others = [(place, int(many)) for place, many in found if place not in (one, other)]
        return sorted(others, key=lambda pair: (-pair[1], pair[0]))


def kept(table: sparse.csr_array, some: NDArray[np.bool_]) -> sparse.csr_array:
    """The table with only those of its entries. some: of each entry, whether it stays."""
    bounds = np.concatenate(([0], np.cumsum(some)))[table.indptr]
    return sparse.csr_array((table.data[some], table.indices[some], bounds), table.shape)
