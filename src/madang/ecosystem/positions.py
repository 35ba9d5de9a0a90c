"""Where each organisation stands in the network of partners: centralities, cores, communities, structural holes.

What is too costly for all is computed from a sample, and says so: `Sampled`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Final

import igraph
import msgspec
import numpy as np

from madang.ecosystem.projection import Pairs
from madang.ecosystem.structural_holes import constraint
from madang.ecosystem.ties import Floats, Integers

# Up to so many nodes times ties betweenness is exact
_EXACT_WORK_MAX: Final = 200_000_000
# Beyond, from as many sources as this leaves, in numbers of ties that are walked
_SAMPLED_WORK: Final = 110_000_000
_SOURCES: Final = (24, 100)
_LEIDEN_TRIES: Final = 5
# Beyond so many pairs the search for communities is run once, and not until nothing changes any more
_LEIDEN_PAIRS_MAX: Final = 500_000
_LEIDEN_ROUNDS: Final = 2


class Sampled(msgspec.Struct, frozen=True):
    """How a figure was drawn. sources: from how many organisations. of: out of how many. error: standard error of the
    largest value, relative to it."""

    sources: int
    of: int
    error: float


class Positions(msgspec.Struct, frozen=True, eq=False):
    """One number for each organisation, in the order of the ties.

    partners: different ones. strength: sum of 1/(n - 1) over pairs, which is the number of activities with others. rank:
    weighted PageRank. betweenness: Freeman's, unweighted, ends left out. core: number in the network of partners.
    repeat_core: in that of repeated partners. community: number of the Leiden community, the largest is 0. constraint:
    Burt's, NaN for organisations without partners. sampled: of betweenness, None if exact.
    modularity: of the communities.
    """

    partners: Integers
    strength: Floats
    rank: Floats
    betweenness: Floats
    core: Integers
    repeat_core: Integers
    community: Integers
    constraint: Floats
    modularity: float
    sampled: Sampled | None


def graph_of(pairs: Pairs) -> igraph.Graph:
    """The one-mode network; its ties are in the order of the pairs."""
    return igraph.Graph(n=pairs.n, edges=zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))


def positions(pairs: Pairs, seed: int = 0) -> Positions:
    """seed: of the sample of sources and of the search for communities."""
    chance = random.Random(seed)
    igraph.set_random_number_generator(chance)
    graph = graph_of(pairs)
    between, sampled = betweenness(graph, chance)
    weights = pairs.weights.tolist()
    community, modularity = communities(graph, weights)
    return Positions(
        partners=pairs.partners,
        strength=pairs.strengths,
        rank=np.array(graph.pagerank(weights=weights)),
        betweenness=between,
        core=np.array(graph.coreness()),
        repeat_core=np.array(graph_of(pairs.repeated()).coreness()),
        community=community,
        constraint=constraint(pairs),
        modularity=modularity,
        sampled=sampled,
    )


def betweenness(graph: igraph.Graph, chance: random.Random) -> tuple[Floats, Sampled | None]:
    """Exact, or in a large network estimated from paths that begin at some nodes."""
    n = graph.vcount()
    if n * graph.ecount() <= _EXACT_WORK_MAX:
        return np.array(graph.betweenness()), None
    least, most = _SOURCES
    half_sources = min(most, max(least, _SAMPLED_WORK // graph.ecount())) // 2
    halves = [chance.sample(range(n), half_sources) for _ in range(2)]
    drawn = [np.array(graph.betweenness(sources=half, targets=None)) * (n / len(half)) for half in halves]
    mean = (drawn[0] + drawn[1]) / 2
    top = int(np.argmax(mean))
    error = abs(drawn[0][top] - drawn[1][top]) / 2 / mean[top] if mean[top] > 0 else math.nan
    return mean, Sampled(2 * half_sources, n, float(error))


def communities(graph: igraph.Graph, weights: Sequence[float]) -> tuple[Integers, float]:
    """(community of each node, modularity): the best of some runs of the Leiden algorithm. weights: of the ties."""
    if not graph.ecount():
        return np.arange(graph.vcount()), 0.0
    large = graph.ecount() > _LEIDEN_PAIRS_MAX
    best = max(
        (
            graph.community_leiden(
                "modularity", weights=weights, n_iterations=_LEIDEN_ROUNDS if large else -1
            )
            for _ in range(1 if large else _LEIDEN_TRIES)
        ),
        key=lambda found: found.modularity,
    )
    labels = np.array(best.membership)
    order = np.argsort(-np.bincount(labels), kind="stable")
    numbers = np.empty_like(order)
    numbers[order] = np.arange(len(order))
    return numbers[labels], float(graph.modularity(best.membership, weights=weights))
