"""Networks made by hand of which is known what is in them, and an ecosystem like the policy brief's."""

from __future__ import annotations

import random

import igraph
import numpy as np

from madang.ecosystem.ties import Floats, Integers, Ties, ties_of

NODES, CORE, HALF = 1_000, 25, 500


STRENGTH = (0.5, 0.08, 0.004)


def two_pairs(seed: int, strength: tuple[float, float, float] = STRENGTH) -> Integers:
    """Two pairs of 25 core and 475 periphery. strength: probability of a tie inside a core, to its periphery, elsewhere."""
    inside, across, elsewhere = strength
    draw = np.random.default_rng(seed)
    chance = np.full((NODES, NODES), elsewhere)
    for begin in (0, HALF):
        core, periphery = slice(begin, begin + CORE), slice(begin + CORE, begin + HALF)
        chance[core, core] = inside
        chance[core, periphery] = chance[periphery, core] = across
    return np.argwhere(np.triu(draw.random((NODES, NODES)) < chance, 1))


def with_the_same_degrees(edges: Integers, seed: int) -> Integers:
    graph = igraph.Graph(n=NODES, edges=edges)
    igraph.set_random_number_generator(random.Random(seed))
    graph.rewire(n=10 * len(edges))
    return np.array(graph.get_edgelist())


def as_ties(edges: Integers) -> Ties:
    """Each tie an activity of two."""
    return ties_of((f"n{node}", f"a{place}") for place, edge in enumerate(edges) for node in edge)


def brief(seed: int, firms: int = 412, activities: int = 520) -> tuple[Ties, Floats]:
    """(many small firms with few ties and no core, the years when they were founded), as the policy brief found."""
    draw = random.Random(seed)
    names = [f"firm{number}" for number in range(firms)]
    parts = [
        (firm, f"activity{number}")
        for number in range(activities)
        for firm in draw.sample(names, min(6, 1 + int(draw.expovariate(1 / 1.4))))
    ]
    days = {
        f"activity{number}": draw.randrange(16_801, 20_453) for number in range(activities)
    }  # 2016 to 2025
    founded = [2025 - draw.randrange(5) if draw.random() < 0.6 else 2000 + draw.randrange(20) for _ in names]
    return ties_of(parts, organisations=names, days=days), np.array(founded, dtype=float)
