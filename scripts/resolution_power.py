"""How surely organisations that are spelled in several ways are found to be one: the table of docs/ecosystem-data.md.

    python -m scripts.resolution_power 2000 3

makes three sets of 2,000 firms each.
"""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter

from tests.ecosystem.spelled import Spelled, spelled

from madang.ecosystem.resolution import Resolution, resolve

LEASTS = (0.3, 0.5, 0.7, 0.9, 0.95)


def main(firms: int, sets: int) -> None:
    made = [spelled(seed, firms) for seed in range(1, sets + 1)]
    begun = time.process_time()
    found = [resolve(one.entries, min(LEASTS)) for one in made]
    spent = time.process_time() - begun
    entries = sum(len(one.entries) for one in made)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    compared = sum(one.compared for one in found)
    say(f"{entries:,} entries, {compared:,} pairs compared, {spent:.1f} s of CPU, {memory:.0f} MB")
    say("| score at least | pairs that are right | found again |")
    say("|---|---|---|")
    for least in LEASTS:
        right, told, linked, again = (
            sum(column) for column in zip(*map(counted, made, found, [least] * sets), strict=True)
        )
        say(f"| {least} | {right / told:.1%} | {linked / again:.1%} |")
    say("| spelling | found again |")
    say("|---|---|")
    known: Counter[str] = Counter()
    all_: Counter[str] = Counter()
    for one, what in zip(made, found, strict=True):
        linked_places = places(one, what, 0.5)
        all_.update(style for style in one.style if style != "register")
        known.update(one.style[place] for place in linked_places if one.style[place] != "register")
    for style, count in all_.most_common():
        say(f"| {style} | {known[style] / count:.0%} |")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def counted(made: Spelled, found: Resolution, least: float) -> tuple[int, int, int, int]:
    """Pairs that are right, of pairs that are told of; planted entries that are found, of all."""
    got = {(match.one, match.other) for match in found.matches if match.score >= least}
    planted = {place for place, style in enumerate(made.style) if style != "register"}
    return len(got & made.pairs), len(got), len(places(made, found, least) & planted), len(planted)


def places(made: Spelled, found: Resolution, least: float) -> set[int]:
    """Entries that are brought together with another of their firm."""
    got = {(match.one, match.other) for match in found.matches if match.score >= least}
    return {place for pair in got & made.pairs for place in pair}


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
