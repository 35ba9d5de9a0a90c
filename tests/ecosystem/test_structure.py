"""The network as a whole: nestedness, losses, years, roles, structural holes; and what the verdict hangs on."""

from __future__ import annotations

import math
import random

import igraph
import numpy as np
import pytest
from tests.ecosystem.planted import brief, two_pairs

import madang.ecosystem as eco
from madang.ecosystem import settling
from madang.ecosystem.core_pairs import find_groups
from madang.ecosystem.facts import network_facts
from madang.ecosystem.nestedness import nestedness
from madang.ecosystem.network import network_of, unweighted
from madang.ecosystem.positions import graph_of
from madang.ecosystem.projection import project
from madang.ecosystem.roles import Role, roles
from madang.ecosystem.structural_holes import constraint
from madang.ecosystem.structure import joined_most, robustness, years
from madang.ecosystem.ties import NO_DAY, Ties, ties_of
from madang.ecosystem.verdict import Evidence, Thresholds, judge, sensitivity


def table(rows: list[list[int]]) -> Ties:
    return ties_of(
        (f"o{who}", f"a{what}") for who, row in enumerate(rows) for what, there in enumerate(row) if there
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[1, 1, 1], [1, 1, 0], [1, 0, 0]], 100.0),
        ([[1, 0, 0], [0, 1, 0], [0, 0, 1]], 0.0),
        # Rows: 2 of 3 pairs nested by half; columns: the one with two has one of both others
        ([[1, 1, 0], [0, 0, 1]], 0.0),
        ([[1, 1, 1], [1, 1, 0], [0, 1, 1]], 100 * (1 + 1 + 0 + 1 + 1 + 0) / 6),
    ],
)
def test_nestedness(rows: list[list[int]], expected: float) -> None:
    found = nestedness(table(rows))
    assert found.nodf == pytest.approx(expected)
    assert (found.lines, found.error) == (found.of, 0.0)


def test_nestedness_of_nothing_and_of_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    assert nestedness(ties_of([])).nodf is None
    ties, _ = brief(2)
    whole = nestedness(ties)
    monkeypatch.setattr("madang.ecosystem.nestedness._WORK_MAX", 1_500)
    part = nestedness(ties, seed=1)
    assert part.lines < part.of
    assert part.error > 0
    assert part.nodf == pytest.approx(whole.nodf, abs=4 * part.error)


def test_a_star_breaks_where_it_is_hit() -> None:
    ties = ties_of([pair for one in range(40) for pair in (("centre", f"a{one}"), (f"o{one}", f"a{one}"))])
    losses = robustness(ties, project(ties).partners)
    assert (losses[0].lost, losses[0].random, losses[0].targeted) == (0.0, 1.0, 1.0)
    two = next(one for one in losses if one.lost == 0.02)
    assert two.targeted == pytest.approx(1 / 41)
    assert two.low <= two.random <= two.high
    assert two.random > 0.5
    assert robustness(ties_of([("a", "x")]), np.zeros(1, dtype=np.int64)) == ()


def test_joined_is_as_in_the_network_of_partners() -> None:
    ties, _ = brief(4)
    draw = np.random.default_rng(1)
    for _ in range(5):
        kept = draw.random(len(ties.organisations)) < 0.7
        pairs = project(ties.of_organisations(kept))
        assert joined_most(ties, kept) == graph_of(pairs).connected_components().giant().vcount()


def test_years() -> None:
    days = {"x": 16_801, "y": 17_200, "z": 17_200}
    ties = ties_of([("a", "x"), ("b", "x"), ("a", "y"), ("c", "y"), ("c", "z"), ("d", "w")], days=days)
    amounts = np.array([{"x": 5.0, "y": 7.0}.get(name, math.nan) for name in ties.activities])
    first, second = years(ties, amounts)
    assert (first.year, first.organisations, first.newcomers, first.pairs, first.amount) == (
        2016,
        2,
        2,
        1,
        5.0,
    )
    assert (second.year, second.activities, second.organisations, second.newcomers) == (2017, 2, 2, 1)
    assert (second.giant, second.amount) == (1.0, 7.0)
    ties.days[:] = NO_DAY
    assert years(ties) == ()


def test_roles() -> None:
    """A hub whose partners work with nobody else; one whose partners work with each other as much; and the small ones."""
    captive = [pair for one in range(12) for pair in (("dominator", f"d{one}"), (f"x{one}", f"d{one}"))]
    free = [pair for one in range(12) for pair in (("keystone", f"k{one}"), (f"y{one}", f"k{one}"))]
    among = [
        pair for one in range(12) for pair in ((f"y{one}", f"m{one}"), (f"y{(one + 1) % 12}", f"m{one}"))
    ]
    ties = ties_of([*captive, *free, *among, ("alone", "z")])
    pairs = project(ties)
    community = np.array([int(name.startswith(("y", "k"))) for name in ties.organisations])
    found = dict(zip(ties.organisations, roles(pairs, community), strict=True))
    assert (found["dominator"], found["keystone"]) == (Role.DOMINATOR, Role.KEYSTONE)
    assert (found["x1"], found["y1"], found["alone"]) == (Role.NICHE, Role.NICHE, Role.NONE)


@pytest.mark.parametrize("together", [2_000_000, 500])
def test_constraint_of_everybody(together: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("madang.ecosystem.structural_holes._TOGETHER", together)
    pairs = project(brief(6)[0])
    with np.errstate(invalid="ignore"):
        expected = np.array(graph_of(pairs).constraint())
    np.testing.assert_allclose(constraint(pairs), expected, rtol=1e-12)


def test_many_at_once_find_what_one_by_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    for network in (network_of(project(brief(7)[0])), unweighted(1_000, two_pairs(13))):
        alone = sum(one.quality for one in find_groups(network, random.Random(1), 2))
        with monkeypatch.context() as patch:
            patch.setattr(settling, "_TOGETHER_MIN", 20)
            together = sum(one.quality for one in find_groups(network, random.Random(1), 2))
        assert together == pytest.approx(alone, rel=0.05)


def test_networks_of_as_many_ties_may_be_all_there_are() -> None:
    ties = table([[1], [1], [1], [1]])
    assert eco.Subject(ties, eco.Options()).run(eco.TrialKind.EVEN, 0).correlation == 0.0
    star = igraph.Graph.Star(30)
    pairs = ties_of(
        (f"o{node}", f"a{place}") for place, edge in enumerate(star.get_edgelist()) for node in edge
    )
    subject = eco.Subject(pairs, eco.Options())
    assert subject.single_core[1] == pytest.approx(1.0)
    assert subject.run(eco.TrialKind.EVEN, 0).correlation < 1.0


def test_facts_of_a_network_with_and_without_drawings() -> None:
    ties, founded = brief(8, firms=80, activities=90)
    subject = eco.Subject(ties, eco.Options())
    alone = network_facts(subject, eco.analyse(subject, founded=founded))
    assert (alone.nestedness_z, alone.redrawn, alone.trials["bootstrap"]) == (None, {}, 0)
    trials = [subject.run(eco.TrialKind.CONFIGURATION, seed) for seed in range(3)]
    facts = network_facts(subject, eco.analyse(subject, trials, founded=founded), trials)
    assert facts.nestedness_z is not None
    assert abs(facts.nestedness_z) < 30
    assert facts.counts.organisations == 80
    assert sum(one.newcomers for one in facts.years) == int((ties.activity_counts > 0).sum())


def test_nothing_is_no_network() -> None:
    subject = eco.Subject(ties_of([], organisations=["a", "b"]), eco.Options())
    trials = [subject.run(kind, 0) for kind in eco.TrialKind]
    facts = network_facts(subject, eco.analyse(subject, trials), trials)
    assert (facts.counts.organisations, facts.hhi, facts.robustness, facts.years) == (2, None, (), ())


def test_what_the_verdict_hangs_on() -> None:
    evidence = [
        Evidence("significant", 0.5, 0.05, above=False),
        Evidence("beyond_chance", 1.0, 0.95),
        Evidence("centralisation", 0.1, 0.3),
        Evidence("repeated", 0.1, 0.35),
        Evidence("young", None, 0.5, above=False),
    ]
    thresholds = Thresholds()
    verdict = judge(evidence, thresholds)
    assert (verdict.core, verdict.stage) == (eco.CoreVerdict.NONE, eco.Stage.NASCENT)
    found = sensitivity(evidence, thresholds)
    assert found == {
        "significant": (eco.CoreVerdict.UNKNOWN, eco.Stage.UNKNOWN),
        "beyond_chance": (eco.CoreVerdict.NONE, eco.Stage.NASCENT),
        "centralisation": (eco.CoreVerdict.HUBS, eco.Stage.NASCENT),
        "repeated": (eco.CoreVerdict.NONE, eco.Stage.GROWING),
    }


def test_frames_of_a_notebook_say_what_the_outcome_says() -> None:
    ties, _ = brief(8, firms=80, activities=90)
    subject = eco.Subject(ties, eco.Options())
    analysis = eco.analyse(subject)
    facts = eco.network_facts(subject, analysis)
    assert eco.years_frame(facts)["year"].to_list() == [one.year for one in facts.years]
    assert eco.robustness_frame(facts)["targeted"].to_list() == [one.targeted for one in facts.robustness]
    ranked = eco.positions_frame(ties, analysis)
    assert dict(zip(ranked["organisation"], ranked["role"], strict=True)) == {
        name: str(role) for name, role in zip(ties.organisations, analysis.roles, strict=True)
    }
