"""Where each organisation stands in the network of partners: centralities, cores, communities, structural holes.

What is too costly for all is computed from a sample, and says so: `Sampled`.
"""

from __future__ import annotations

import math
import random
from typing import Final

import igraph
import msgspec
import numpy as np

from madang.ecosystem.projection import Pairs
from madang.ecosystem.ties import Floats, Integers

# Up to so many nodes times ties betweenness is exact
_EXACT_WORK_MAX: Final = 200_000_000
_SOURCES: Final = 100
_LEIDEN_TRIES: Final = 5
# Burt's constraint of a node grows with the square of its neighbours
_CONSTRAINT_WORK_MAX: Final = 200_000_000


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
    Burt's, NaN for organisations without partners and where it was too costly. sampled: of betweenness, None if exact.
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
    """The one-mode network, its ties weighted by the attribute "weight"."""
    graph = igraph.Graph(n=pairs.n, edges=np.column_stack((pairs.left, pairs.right)))
    graph.es["weight"] = pairs.weights.tolist()
    return graph


def positions(pairs: Pairs, seed: int = 0) -> Positions:
    """seed: of the sample of sources and of the search for communities."""
    chance = random.Random(seed)
    igraph.set_random_number_generator(chance)
    graph = graph_of(pairs)
    between, sampled = betweenness(graph, chance)
    community, modularity = communities(graph)
    return Positions(
        partners=pairs.partners,
        strength=pairs.strengths,
        rank=np.array(graph.pagerank(weights="weight")),
        betweenness=between,
        core=np.array(graph.coreness()),
        repeat_core=np.array(graph_of(pairs.repeated()).coreness()),
        community=community,
        constraint=constraint(graph),
        modularity=modularity,
        sampled=sampled,
    )


def betweenness(graph: igraph.Graph, chance: random.Random) -> tuple[Floats, Sampled | None]:
    """Exact, or in a large network estimated from paths that begin at some nodes."""
    n = graph.vcount()
    if n * graph.ecount() <= _EXACT_WORK_MAX:
        return np.array(graph.betweenness()), None
    halves = [chance.sample(range(n), _SOURCES // 2) for _ in range(2)]
    drawn = [np.array(graph.betweenness(sources=half, targets=None)) * (n / len(half)) for half in halves]
    mean = (drawn[0] + drawn[1]) / 2
    top = int(np.argmax(mean))
    error = abs(drawn[0][top] - drawn[1][top]) / 2 / mean[top] if mean[top] > 0 else math.nan
    return mean, Sampled(_SOURCES // 2 * 2, n, float(error))


def communities(graph: igraph.Graph) -> tuple[Integers, float]:
    """(community of each node, modularity): the best of some runs of the Leiden algorithm; ties weighted."""
    if not graph.ecount():
        return np.arange(graph.vcount()), 0.0
    best = max(
        (
            graph.community_leiden("modularity", weights="weight", n_iterations=-1)
            for _ in range(_LEIDEN_TRIES)
        ),
        key=lambda found: found.modularity,
    )
    labels = np.array(best.membership)
    order = np.argsort(-np.bincount(labels), kind="stable")
    numbers = np.empty_like(order)
    numbers[order] = np.arange(len(order))
    return numbers[labels], float(graph.modularity(best.membership, weights="weight"))


def constraint(graph: igraph.Graph) -> Floats:
    """Burt's constraint of each node, unweighted: low for those who join what is otherwise apart."""
    degrees = np.array(graph.degree(), dtype=float)
    found = np.full(graph.vcount(), np.nan)
    affordable = np.flatnonzero(degrees > 0)
    if float((degrees**2).sum()) > _CONSTRAINT_WORK_MAX:
        # Those with the most neighbours are the dearest, and there are few of them
        order = affordable[np.argsort(degrees[affordable])]
        work = np.cumsum(degrees[order] ** 2)
        affordable = order[work <= _CONSTRAINT_WORK_MAX]
    found[affordable] = graph.constraint(vertices=affordable.tolist())
    return found
