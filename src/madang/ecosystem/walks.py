"""How near organisations are to each other by what they did together: personalised PageRank over both modes.

A walker goes from an organisation to one of its activities and on to one of the participants, and begins anew now and
then. Where it comes often is near, by many short ways. Organisations that do much are met from everywhere; how much of
that counts is a question of how much the way back counts, which is rare from those (`towards`).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import sparse

from madang.ecosystem.ties import Floats, Integers, Ties

_STEPS: Final = 5
_RESTART: Final = 0.15


class Walks:
    """Of some ties. An activity in which only one takes part keeps the walker there, so that who does much alone is met
    oftener: on real consortia that ranks better."""

    def __init__(self, ties: Ties) -> None:
        incidence = ties.incidence()
        self.counts: Floats = ties.activity_counts.astype(np.float64)
        self._incidence = incidence
        self._to_activity = sparse.csr_array(
            (sparse.diags_array(1 / np.maximum(self.counts, 1)) @ incidence).T
        )
        self._to_participant = sparse.csr_array(incidence @ sparse.diags_array(1 / np.maximum(ties.sizes, 1)))

    def nearness(self, places: Integers) -> Floats:
        """From each of the places (rows) to every organisation: how often the walker comes there, in parts of a walk."""
        now = np.zeros((len(self.counts), len(places)))
        now[places, np.arange(len(places))] = 1.0
        visits = np.zeros_like(now)
        for _ in range(_STEPS):
            now = (1 - _RESTART) * (self._to_participant @ (self._to_activity @ now))
            visits += now
        return visits.T

    def towards(self, places: Integers, way_back: float) -> Floats:
        """Both directions in one: nearness there to the power 1 - way_back, times nearness back to the power way_back.

        Walks are reversible, so that the way back is the way there times the ratio of the two's activities.
        """
        there = self.nearness(places)
        if not way_back:
            return there
        ratio = self.counts[places, None] / np.maximum(self.counts[None, :], 1)
        return there * ratio**way_back

    def met(self, place: int) -> Integers:
        """Who did something together with this one, itself among them; nobody for one without activities."""
        others = self._incidence @ self._incidence[[place], :].T
        return np.flatnonzero(others.toarray().ravel()).astype(np.int64)

    def between(self, one: int, other: int) -> list[tuple[int, int]]:
        """(a common partner, the number of activities that the lesser tie of the two has), the strongest first."""
        shared = [self._incidence @ self._incidence[[place], :].T for place in (one, other)]
        least = np.minimum(*[table.toarray().ravel() for table in shared])
        least[[one, other]] = 0
        order = np.argsort(-least, kind="stable")
        return [(int(place), int(least[place])) for place in order if least[place] > 0]
