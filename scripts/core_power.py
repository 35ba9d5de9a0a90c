"""How surely cores are found, and how often false ones: the tables of docs/ecosystem.md.

.venv/bin/python -m scripts.core_power [networks] [at random each]
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from tests.ecosystem.planted import CORE, HALF, as_ties, two_pairs, with_the_same_degrees

import madang.ecosystem as eco
from madang.ecosystem.ties import Integers

# Density inside a core, to its periphery, elsewhere
STRENGTHS = (
    (0.5, 0.08, 0.004),
    (0.4, 0.06, 0.004),
    (0.3, 0.05, 0.004),
    (0.5, 0.04, 0.004),
    (0.2, 0.03, 0.004),
)
FOUND_PART = 0.5


def one(asked: tuple[tuple[float, float, float], int, int]) -> tuple[int, bool, float]:
    """(how many of the two planted cores are found, whether there is a false one where degrees are all, how like)."""
    strength, seed, at_random = asked
    edges = two_pairs(seed, strength)
    cores = significant(edges, at_random)
    likeness = []
    for begin in (0, HALF):
        planted = set(range(begin, begin + CORE))
        likeness.append(max((len(core & planted) / len(core | planted) for core in cores), default=0.0))
    false = bool(significant(with_the_same_degrees(edges, seed), at_random))
    return sum(like >= FOUND_PART for like in likeness), false, float(np.mean(likeness))


def significant(edges: Integers, at_random: int) -> list[set[int]]:
    subject = eco.Subject(as_ties(edges), eco.Options(weighted=False))
    trials = [subject.run(eco.TrialKind.CONFIGURATION, seed) for seed in range(at_random)]
    return [
        {int(subject.ties.organisations[member][1:]) for member in core.members}
        for core in subject.cores(trials)
        if core.tested.significant
    ]


def main() -> None:
    networks, at_random = (int(word) for word in (*sys.argv[1:], "20", "30")[:2])
    sys.stdout.write(
        "| inside | to its periphery | elsewhere | cores found | likeness | networks with a false one |\n"
    )
    sys.stdout.write("|---|---|---|---|---|---|\n")
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for strength in STRENGTHS:
            rows = list(pool.map(one, [(strength, seed, at_random) for seed in range(networks)]))
            found = sum(row[0] for row in rows) / (2 * networks)
            false = sum(row[1] for row in rows) / networks
            likeness = np.mean([row[2] for row in rows])
            numbers = " | ".join(format(number, "g") for number in strength)
            sys.stdout.write(f"| {numbers} | {found:.0%} | {likeness:.2f} | {false:.0%} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
