"""The curve of docs/matching.md: quality against exposure on Horizon 2020, as multiples of suggesting the most active.

`python -m scripts.matching_curve` with MADANG_DATA set; `python -m scripts.matching_curve scale` measures 100,000 actors.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
from tests.ecosystem.test_matching import h2020

from madang.ecosystem.evaluation import evaluate, popularity
from madang.ecosystem.matching import Matcher, Weights
from madang.ecosystem.ties import Ties, ties_of

CURVE = (
    Weights(text=0.0, classes=0.0),
    Weights(),
    Weights(text=0.2, way_back=0.05, reach=0.45),
    Weights(text=0.3, way_back=0.08, reach=0.42),
    Weights(text=0.3, way_back=0.12, reach=0.41),
    Weights(text=0.3, way_back=0.2, reach=0.35),
    Weights(text=0.3, way_back=0.3, reach=0.3),
)
ACTORS, FIELDS, ACTIVITIES = 100_000, 400, 150_000


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _large() -> tuple[Ties, list[str]]:
    """Actors of many fields, a few of whom are much more active; activities of two to four of one field."""
    draw = np.random.default_rng(1)
    field = draw.integers(0, FIELDS, ACTORS)
    order = np.argsort(field, kind="stable")
    bounds = np.searchsorted(field[order], np.arange(FIELDS + 1))
    parts = []
    for number in range(ACTIVITIES):
        of = int(draw.integers(0, FIELDS))
        members = order[bounds[of] : bounds[of + 1]]
        # The square of an even number between 0 and 1 picks the first ones oftener
        picked = {int(members[int(len(members) * one**2)]) for one in draw.random(draw.integers(2, 5))}
        parts += [(f"actor{one}", f"activity{number}") for one in picked]
    return ties_of(parts, organisations=[f"actor{one}" for one in range(ACTORS)]), [
        f"field{one}" for one in field
    ]


def curve() -> None:
    for cut in ("2015-10", "2016-01"):
        asked, texts = h2020(cut)
        popular = evaluate(asked, popularity(asked.before))
        for weights in CURVE:
            found = evaluate(asked, Matcher(asked.before, texts, weights=weights).scores)
            _say(
                f"| {cut} | {weights.text:g} | {weights.way_back:g} | {weights.reach:g} | "
                f"{found.mrr / popular.mrr:.2f} | {found.ndcg / popular.ndcg:.2f} | "
                f"{found.exposure / popular.exposure:.2f} | {found.coverage:.0%} |"
            )


def scale() -> None:
    ties, fields = _large()
    begun = time.process_time()
    matcher = Matcher(ties, fields, [frozenset({field}) for field in fields])
    _say(f"made ready in {time.process_time() - begun:.1f} s")
    begun = time.process_time()
    for place in range(20):
        matcher.suggest(place)
    _say(f"one in {(time.process_time() - begun) / 20 * 1000:.0f} ms")
    begun = time.process_time()
    done = sum(1 for _ in matcher.suggest_all(np.arange(ACTORS)))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _say(f"{done:,} in {time.process_time() - begun:.0f} s of processor time, {memory:,.0f} MB")


if __name__ == "__main__":
    scale() if sys.argv[1:] == ["scale"] else curve()
