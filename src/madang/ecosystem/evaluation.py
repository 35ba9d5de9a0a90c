"""How good suggestions would have been: from ties before a day, who became partners of whom after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from madang.ecosystem.concentration import herfindahl
from madang.ecosystem.ties import NO_DAY, Floats, Integers, Ties
from madang.ecosystem.walks import Walks

_TOGETHER = 256
_LISTED = 10

# places -> places x organisations
Scorer = Callable[[Integers], Floats]


class Task(msgspec.Struct, frozen=True, eq=False):
    """before: the ties that are known. wanted: of organisations that are among them, the new partners that they found
    among them later."""

    before: Ties
    wanted: Mapping[int, frozenset[int]]


class Quality(msgspec.Struct, frozen=True):
    """mrr: mean of 1/rank of the first new partner. ndcg: of the first ten. exposure: Herfindahl index (of 10,000) of who is
    listed among the first ten. coverage: part of all that is listed at all. asked: for how many it was computed."""

    mrr: float
    ndcg: float
    exposure: float
    coverage: float
    asked: int


def task(ties: Ties, day: int) -> Task:
    """Activities that began before the day, against those from then on; activities without a day are in neither."""
    known = ties.of_activities((ties.days != NO_DAY) & (ties.days < day))
    there = known.activity_counts > 0
    before = known.of_organisations(there)
    later = ties.of_activities(ties.days >= day).of_organisations(there)
    walks = Walks(before)
    wanted: dict[int, set[int]] = {}
    bounds = np.searchsorted(later.what, np.arange(1, len(later.activities)))
    for members in np.split(later.who, bounds):
        for one in members.tolist():
            wanted.setdefault(one, set()).update(members.tolist())
    met = {place: {place, *walks.met(place).tolist()} for place in wanted}
    new = {place: frozenset(some - met[place]) for place, some in wanted.items()}
    return Task(before, {place: some for place, some in sorted(new.items()) if some})


def popularity(ties: Ties) -> Scorer:
    """Who does most, for everybody."""
    counts = ties.activity_counts.astype(float)
    return lambda places: np.tile(counts, (len(places), 1))


def common_partners(ties: Ties) -> Scorer:
    """How many partners two have in common."""
    incidence = ties.incidence()
    together = incidence @ incidence.T
    together.data[:] = 1.0
    return lambda places: (together[places] @ together).toarray()


def shown_to(asked: Task, scorer: Scorer) -> Floats:
    """How often each organisation is among the first ten of those who are asked for."""
    walks = Walks(asked.before)
    listed = np.zeros(len(asked.before.organisations))
    places = np.array(list(asked.wanted), dtype=np.int64)
    for start in range(0, len(places), _TOGETHER):
        some = places[start : start + _TOGETHER]
        for place, row in zip(some.tolist(), scorer(some), strict=True):
            scores = row.copy()
            scores[[place, *walks.met(place)]] = -np.inf
            listed[np.argsort(-scores, kind="stable")[:_LISTED]] += 1
    return listed


def evaluate(asked: Task, scorer: Scorer) -> Quality:
    walks, n = Walks(asked.before), len(asked.before.organisations)
    # Draws are broken by lot, not by the order of a file
    lot = np.random.default_rng(0).random(n) * 1e-9
    listed = np.zeros(n)
    reciprocal, gains = [], []
    places = np.array(list(asked.wanted), dtype=np.int64)
    for start in range(0, len(places), _TOGETHER):
        some = places[start : start + _TOGETHER]
        for place, row in zip(some.tolist(), scorer(some), strict=True):
            scores = row + lot
            scores[[place, *walks.met(place)]] = -np.inf
            top = np.argsort(-scores, kind="stable")[:_LISTED]
            listed[top] += 1
            right = np.array(sorted(asked.wanted[place]))
            reciprocal.append(1 / (1 + int((scores > scores[right].max()).sum())))
            gains.append(_gain(np.isin(top, right), len(right)))
    return Quality(
        float(np.mean(reciprocal)) if reciprocal else 0.0,
        float(np.mean(gains)) if gains else 0.0,
        herfindahl(listed),
        float((listed > 0).mean()) if n else 0.0,
        len(places),
    )


def _gain(right: NDArray[np.bool_], n: int) -> float:
    """Normalised discounted cumulative gain of a list. n: how many there were to find."""
    weights = 1 / np.log2(np.arange(len(right)) + 2)
    return float(weights[right].sum() / weights[: min(n, len(right))].sum())


class Parity(msgspec.Struct, frozen=True):
    """group: of organisations. actors: their part of all; exposure: their part of what is listed."""

    group: str
    actors: float
    exposure: float


def parity(groups: Sequence[str], listed: Floats) -> list[Parity]:
    """Beside how many they are, how often organisations of each group are suggested. groups: of each organisation, "" where
    it is not known. listed: how often each was."""
    names = np.array(groups)
    total = listed.sum()
    return [
        Parity(
            name, float((names == name).mean()), float(listed[names == name].sum() / total) if total else 0.0
        )
        for name in sorted(set(groups))
    ]
