"""Who takes part, for what money and under which name: drawn by lot in the ten years of the demonstration city."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from madang.city.demo.firms import Actor
from madang.city.demo.model import Words
from madang.city.demo.society import Row

Chances = NDArray[np.float64]
PUBLIC: Final = ("city-government", "public-corporation")
LEARNED: Final = ("university", "research-institute")
MONEY: Final = ("investor", "accelerator")
# Of the firms this part has worked with nobody yet
_ALONE: Final = 0.28
# How much likelier a firm outside the city's fields works with somebody, and one of the same field with its like
_OUTSIDE: Final = 0.15
_ALIKE: Final = 1.2
_WON: Final = 1_000_000


class Draw:
    """Draws from the organisations. data: names by kind of activity, as in `ties.toml`."""

    def __init__(self, actors: Sequence[Actor], data: dict[str, Any], random: np.random.Generator) -> None:
        self.random = random
        self._data = data
        self.firms = [actor for actor in actors if actor.firm and actor.topic.ko and random.random() > _ALONE]
        self._weights = np.array(
            [
                min(firm.people, 60) ** 0.2 * (_OUTSIDE if firm.layer == "outside" else 1.0)
                for firm in self.firms
            ]
        )
        self._founded = np.array([firm.founded for firm in self.firms])
        self._areas = np.array([firm.area for firm in self.firms])
        self._by_kind: dict[tuple[str, ...], list[Actor]] = {
            kind: [actor for actor in actors if actor.category in kind] for kind in (PUBLIC, LEARNED, MONEY)
        }

    def firm(self, day: date) -> Actor | None:
        """A firm that was there on that day, likelier a larger one; None if there was none."""
        found = self.guests(day, 1)
        return found[0] if found else None

    def guests(self, day: date, n: int) -> list[Actor]:
        """Firms that were there on that day, of any field."""
        return self._drawn(self._there(day), n)

    def others(self, firm: Actor, day: date, n: int) -> list[Actor]:
        """Other firms, somewhat likelier of the same field."""
        weights = self._there(day) * np.where(self._areas == firm.area, _ALIKE, 1.0)
        weights[self.firms.index(firm)] = 0.0
        return self._drawn(weights, n)

    def _there(self, day: date) -> Chances:
        return self._weights * (self._founded <= day.year)

    def _drawn(self, weights: Chances, n: int) -> list[Actor]:
        there = int((weights > 0).sum())
        if not there or not n:
            return []
        places = self.random.choice(
            len(weights), size=min(n, there), replace=False, p=weights / weights.sum()
        )
        return [self.firms[int(place)] for place in places]

    def one(self, kind: tuple[str, ...], day: date) -> Actor:
        there = [actor for actor in self._by_kind[kind] if actor.founded <= day.year]
        return there[int(self.random.integers(len(there)))]

    def pick(self, some: Sequence[str]) -> str:
        return some[int(self.random.integers(len(some)))]

    def money(self, low: int, high: int) -> int:
        """Won, of so many millions, small amounts likelier, rounded as people round."""
        amount = float(np.exp(self.random.uniform(np.log(low), np.log(high))))
        return round(amount) * _WON

    def named(self, kind: str, topic: Words) -> Row:
        """What is done about a topic."""
        names = self._data[kind]["names"]
        korean, english = names[int(self.random.integers(len(names)))]
        said = english.format(topic=topic.en)
        return {"name_ko": korean.format(topic=topic.ko), "name_en": said[0].upper() + said[1:]}


def references(actors: Sequence[Actor]) -> list[str]:
    """Their identifiers, each once."""
    return list(dict.fromkeys(actor.reference for actor in actors))
