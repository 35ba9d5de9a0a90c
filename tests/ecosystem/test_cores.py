"""Cores that are there are found, those that degrees explain are not reported, and an industry like the brief's is nascent.

Few networks here; docs/ecosystem.md has the table of many (scripts/core_power.py).
"""

from __future__ import annotations

import pytest
from tests.ecosystem.planted import CORE, HALF, as_ties, brief, two_pairs, with_the_same_degrees

import madang.ecosystem as eco
from madang.ecosystem.cores import Subject
from madang.ecosystem.single_core import core_of

OPTIONS = eco.Options(weighted=False)
NETWORKS_AT_RANDOM = 12


def significant_cores(subject: Subject) -> list[frozenset[int]]:
    """In the numbers of the planted nodes."""
    trials = [subject.run(eco.TrialKind.CONFIGURATION, seed) for seed in range(NETWORKS_AT_RANDOM)]
    return [
        frozenset(int(subject.ties.organisations[member][1:]) for member in core.members)
        for core in subject.cores(trials)
        if core.tested.significant
    ]


@pytest.mark.parametrize("seed", [11, 12])
def test_planted_pairs_are_found(seed: int) -> None:
    cores = significant_cores(Subject(as_ties(two_pairs(seed)), OPTIONS))
    for begin in (0, HALF):
        planted = frozenset(range(begin, begin + CORE))
        best = max(cores, key=lambda core: len(core & planted))
        assert len(best & planted) >= 0.6 * CORE
        assert len(best - planted) <= 0.2 * len(best)


@pytest.mark.parametrize("seed", [11, 12])
def test_degrees_alone_make_no_core(seed: int) -> None:
    assert significant_cores(Subject(as_ties(with_the_same_degrees(two_pairs(seed), seed)), OPTIONS)) == []


def test_an_ecosystem_like_the_briefs_is_nascent_without_core_firms() -> None:
    ties, founded = brief(5)
    options = eco.Options()
    trials = list(eco.run_trials(ties, options, eco.wanted_trials(30, 20, 100)))
    analysis = eco.analyse(eco.Subject(ties, options), trials, founded=founded)
    assert analysis.verdict.core is eco.CoreVerdict.NONE
    assert analysis.verdict.stage is eco.Stage.NASCENT
    assert sum(analysis.redrawn.values()) == 100
    assert analysis.redrawn["none"] >= 90
    known = {one.name: one for one in analysis.verdict.evidence}
    for name in ("centralisation", "top_share"):
        one = known[name]
        assert one.low is not None
        assert one.high is not None
        assert one.value is not None
        assert one.low <= one.value <= one.high


def test_a_core_of_nobody_is_none() -> None:
    subject = Subject(as_ties(two_pairs(1)[:1]), OPTIONS)
    assert core_of(subject.network, []) == (frozenset(), 0.0)
    assert subject.run(eco.TrialKind.EVEN, 1).groups == []
