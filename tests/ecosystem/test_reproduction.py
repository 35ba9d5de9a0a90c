"""Published figures, to the unit: the networks of Horizon 2020, and Zachary's karate club."""

from __future__ import annotations

import random

import igraph
import numpy as np
import polars as pl
import pytest
from tests.ecosystem.h2020 import h2020, names

import madang.ecosystem as eco
from madang.ecosystem.analysis import flagship
from madang.ecosystem.concentration import centralisation, herfindahl, top_share
from madang.ecosystem.core_pairs import find_groups
from madang.ecosystem.counts import Counts
from madang.ecosystem.network import network_of
from madang.ecosystem.positions import communities, graph_of, positions
from madang.ecosystem.projection import Pairs, count, project
from madang.ecosystem.single_core import core_of


def test_h2020_counts() -> None:
    ties = h2020()
    assert count(ties, project(ties)) == Counts(
        activities=7_574,
        organisations=12_326,
        without_partner=1_246,
        multi_edges=196_436,
        stacked_edges=170_120,
        repeat_edges=16_289,
        without_repeat=8_802,
        repeat_giant=2_069,
    )


def test_h2020_measures() -> None:
    ties = h2020()
    pairs = project(ties)
    participations = ties.activity_counts.astype(float)
    assert herfindahl(participations) == pytest.approx(9.17, abs=0.005)
    assert top_share(participations) == pytest.approx(0.249, abs=0.0005)
    assert centralisation(pairs.partners.astype(float)) == pytest.approx(0.1858, abs=0.00005)
    repeated = pairs.repeated()
    unweighted = Pairs(
        repeated.n, repeated.left, repeated.right, repeated.together, np.ones(len(repeated.left))
    )
    igraph.set_random_number_generator(random.Random(0))
    weights = unweighted.weights.tolist()
    assert communities(graph_of(unweighted), weights)[1] == pytest.approx(0.5071, abs=0.003)


def test_weighted_by_size_the_largest_are_those_who_do_most() -> None:
    ties, called = h2020(), names()
    strongest = np.argsort(-project(ties).strengths, kind="stable")[:5]
    assert [called[ties.organisations[place]].upper() for place in strongest] == [
        "FRAUNHOFER",
        "CNRS",
        "CEA",
        "CNR",
        "UCL",
    ]


def test_no_core_is_the_flagship_consortium_in_disguise() -> None:
    ties = h2020()
    pairs = project(ties)
    (warned,) = flagship(ties, pairs)
    assert (warned.name, warned.values["members"], warned.values["core"], warned.values["number"]) == (
        "flagship",
        73,
        73,
        72,
    )
    consortium = set(ties.who[ties.what == ties.activities.index(str(warned.values["activity"]))].tolist())
    network = network_of(pairs)
    groups = find_groups(network, random.Random(0), tries=1)
    assert len(groups) > 10
    for group in groups[:20]:
        core, _ = core_of(network, group.members)
        assert 2 * len(core & consortium) < len(core)


def karate() -> Pairs:
    edges = np.array(igraph.Graph.Famous("Zachary").get_edgelist())
    return Pairs(34, edges[:, 0], edges[:, 1], np.ones(78, dtype=np.int64), np.ones(78))


def test_karate_club() -> None:
    pairs = karate()
    found = positions(pairs)
    assert found.modularity == pytest.approx(0.4198, abs=0.00005)
    assert (found.core.max(), int((found.core == 4).sum())) == (4, 10)
    assert centralisation(pairs.partners.astype(float)) == pytest.approx(0.3996, abs=0.00005)
    assert found.betweenness[0] == pytest.approx(231.071, abs=0.0005)
    assert found.betweenness[33] == pytest.approx(160.552, abs=0.0005)
    assert found.constraint[0] == pytest.approx(0.1554, abs=0.00005)
    assert found.sampled is None
    core, _ = core_of(network_of(pairs), range(34))
    assert {member + 1 for member in core} == {1, 2, 3, 33, 34}


def test_data_frames_of_a_notebook_say_the_same() -> None:
    edges = pl.DataFrame(
        {"organisation": ["a", "b", "b", "c", "c", "c"], "activity": ["x", "x", "y", "y", "z", "x"]}
    )
    ties = eco.ties_of_frame(edges)
    analysis = eco.analyse(eco.Subject(ties, eco.Options()))
    assert analysis.counts.stacked_edges == 3
    assert analysis.verdict.core is eco.CoreVerdict.UNKNOWN  # nothing at random was drawn
    ranked = eco.positions_frame(ties, analysis)
    assert ranked["strength"].is_sorted(descending=True)
    assert dict(zip(ranked["organisation"], ranked["activities"], strict=True)) == {"a": 1, "b": 2, "c": 3}
