"""How long the analysis of a large network takes, and how much memory: the figures of docs/ecosystem.md.

.venv/bin/python -m scripts.network_scale [organisations] [participations]

Made like the participations of Horizon 2020: activities of three to four on the mean and a hundred at the most, a few
organisations that do very much, most of what they do in one of many fields, ten years.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from typing import Final, TypeVar

import numpy as np

import madang.ecosystem as eco
from madang.ecosystem.facts import network_facts
from madang.ecosystem.ties import Floats, Integers, Ties

_FIELD: Final = 400
_ELSEWHERE: Final = 0.2
_YEARS: Final = 10
_Found = TypeVar("_Found")


def made(organisations: int, participations: int, seed: int = 0) -> Ties:
    """So many participations, but for a few that are drawn twice and count once."""
    draw = np.random.default_rng(seed)
    activities = participations // 4
    sizes = np.clip(1 + draw.pareto(1.8, activities) * 3, 1, 100)
    sizes = np.maximum(1, (sizes * (1.17 * participations / sizes.sum())).round().astype(np.int64))
    what = np.repeat(np.arange(activities), sizes)
    weights = draw.pareto(1.3, organisations) + 0.3
    fields = max(1, organisations // _FIELD)
    field = draw.integers(fields, size=activities)[what]
    within = draw.random(len(what)) >= _ELSEWHERE
    who = _by_weight(draw, np.arange(organisations), weights, len(what))
    for number, some in enumerate(np.array_split(draw.permutation(organisations), fields)):
        there = np.flatnonzero(within & (field == number))
        who[there] = _by_weight(draw, some, weights[some], len(there))
    pairs = np.unique(np.column_stack((what, who)), axis=0)
    return Ties(
        tuple([f"organisation {one}" for one in range(organisations)]),
        tuple([f"activity {one}" for one in range(activities)]),
        pairs[:, 1],
        pairs[:, 0],
        16_800 + draw.integers(_YEARS * 365, size=activities),
        ("project",) * activities,
    )


def _by_weight(draw: np.random.Generator, some: Integers, weights: Floats, n: int) -> Integers:
    places = np.searchsorted(np.cumsum(weights) / weights.sum(), draw.random(n))
    found: Integers = some[places.clip(max=len(some) - 1)]
    return found


def timed(name: str, work: Callable[[], _Found]) -> _Found:
    begin, used = time.perf_counter(), time.process_time()
    found = work()
    took, cpu = time.perf_counter() - begin, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{name:16}{took:8.1f} s{cpu:8.1f} s of processor{peak:8.0f} MiB at the most\n")
    sys.stdout.flush()
    return found


def main() -> None:
    organisations, participations = (int(word) for word in (*sys.argv[1:], "100000", "1000000")[:2])
    ties = made(organisations, participations)
    subject = eco.Subject(ties, eco.Options())

    def whole() -> None:
        timed("pairs", lambda: subject.pairs)
        timed("groups", lambda: subject.groups)
        timed("one core", lambda: subject.single_core)
        analysis = timed("positions, verdict", lambda: eco.analyse(subject))
        timed("facts", lambda: network_facts(subject, analysis))

    sys.stdout.write(f"{organisations:,} organisations, {len(ties.who):,} participations\n")
    timed("all", whole)
    sys.stdout.write(f"{len(subject.pairs.left):,} pairs\n")


if __name__ == "__main__":
    main()
