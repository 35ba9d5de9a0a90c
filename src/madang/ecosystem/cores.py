"""The core firms of a network: which groups of core and periphery are more than degrees explain, and who is their core.

One drawing at random, of whatever kind, is a `Trial`: it depends on its seed alone, so that trials run in any order, in
many processes, and are kept when a run is stopped (`trials.py`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from enum import StrEnum
from functools import cached_property

import msgspec
import numpy as np

from madang.ecosystem import nulls
from madang.ecosystem.concentration import centralisation, herfindahl, top_share
from madang.ecosystem.core_pairs import find_groups
from madang.ecosystem.division import Group
from madang.ecosystem.nestedness import nestedness
from madang.ecosystem.network import Network, network_of
from madang.ecosystem.projection import Pairs, project
from madang.ecosystem.significance import Sample, Tested, judged
from madang.ecosystem.single_core import core_of
from madang.ecosystem.ties import Ties


class Options(msgspec.Struct, frozen=True):
    """weighted: pairs weigh 1/(n - 1), otherwise one. size_max: larger activities are left out, None for none. tries: how
    often each search begins anew. level: probability of a false core."""

    weighted: bool = True
    size_max: int | None = None
    tries: int = 2
    level: float = 0.05


class TrialKind(StrEnum):
    CONFIGURATION = "configuration"
    EVEN = "even"
    BOOTSTRAP = "bootstrap"


class Trial(msgspec.Struct, frozen=True):
    """groups: (size, quality) of what the search finds. correlation: of the one core of all.

    nestedness: of a network at random with the same degrees (NODF), None of others.

    Of a bootstrap only: chance, the groups of a network at random with its degrees; cores, the members of its groups'
    cores; shape, its centralisation, concentration (HHI) and share of the top hundredth. An activity that is drawn twice
    counts twice in the shape, and once in the search for groups, which would else find that it is repeated.
    """

    kind: TrialKind
    seed: int
    groups: Sample = []
    chance: Sample = []
    correlation: float = 0.0
    cores: tuple[tuple[int, ...], ...] = ()
    shape: tuple[float, float, float] = (0.0, 0.0, 0.0)
    nestedness: float | None = None


class Core(msgspec.Struct, frozen=True):
    """A group that was tested, with those of its members who are its core. stability: mean over the bootstraps of the
    Jaccard similarity with the most similar core there; None where there were none."""

    group: Group
    tested: Tested
    members: tuple[int, ...]
    correlation: float
    stability: float | None = None


class Subject:
    """What is analysed: ties, and what follows from them alone. All searches of one subject use the same options."""

    def __init__(self, ties: Ties, options: Options) -> None:
        self.ties = ties
        self.options = options

    @cached_property
    def pairs(self) -> Pairs:
        return project(self.ties, size_max=self.options.size_max)

    @cached_property
    def network(self) -> Network:
        return network_of(self.pairs, weighted=self.options.weighted)

    @cached_property
    def groups(self) -> list[Group]:
        return find_groups(self.network, random.Random(0), self.options.tries)

    @cached_property
    def single_core(self) -> tuple[frozenset[int], float]:
        return core_of(self.network, range(self.network.n))

    @property
    def shape(self) -> tuple[float, float, float]:
        """(centralisation, HHI of participations, share of the top hundredth)."""
        counts = self.ties.activity_counts.astype(float)
        degrees = self.pairs.partners.astype(float)
        return centralisation(degrees), herfindahl(counts), top_share(counts)

    def run(self, kind: TrialKind, seed: int) -> Trial:
        chance = random.Random(f"{kind} {seed}")
        if kind is TrialKind.EVEN:
            network = nulls.even(self.pairs, chance)
            return Trial(kind, seed, correlation=core_of(network, range(network.n))[1])
        if kind is TrialKind.CONFIGURATION:
            other = nulls.configuration(self.ties, chance)
            return Trial(kind, seed, self._groups_of(other, chance), nestedness=nestedness(other, seed).nodf)
        n = len(self.ties.activities)
        drawn = chance.choices(range(n), k=n)
        once = np.bincount(drawn, minlength=n) > 0
        fewer = Subject(self.ties.of_activities(once), self.options)
        found = find_groups(fewer.network, chance, self.options.tries)
        return Trial(
            kind,
            seed,
            [(one.size, one.quality) for one in found],
            self._groups_of(nulls.configuration(fewer.ties, chance), chance),
            fewer.single_core[1],
            tuple([tuple(sorted(core_of(fewer.network, one.members)[0])) for one in found]),
            Subject(nulls.drawn_again(self.ties, drawn), self.options).shape,
        )

    def _groups_of(self, ties: Ties, chance: random.Random) -> Sample:
        other = Subject(ties, self.options)
        return [(one.size, one.quality) for one in find_groups(other.network, chance, self.options.tries)]

    def cores(self, trials: Sequence[Trial]) -> list[Core]:
        """The groups as the trials judge them, with their cores; those that are not significant too."""
        samples = [trial.groups for trial in trials if trial.kind is TrialKind.CONFIGURATION]
        drawn = [trial.cores for trial in trials if trial.kind is TrialKind.BOOTSTRAP]
        tested = judged([(one.size, one.quality) for one in self.groups], samples, self.options.level)
        fitted = [core_of(self.network, group.members) for group in self.groups]
        members = [tuple(sorted(core)) for core, _ in fitted]
        return [
            Core(group, test, core, correlation, stability)
            for group, test, core, (_, correlation), stability in zip(
                self.groups,
                tested,
                members,
                fitted,
                _stabilities(members, drawn, self.network.n),
                strict=True,
            )
        ]

    def drawn_significant(self, trials: Sequence[Trial]) -> list[bool]:
        """Of each bootstrap whether it has a significant group, by the networks at random of all of them."""
        drawn = [trial for trial in trials if trial.kind is TrialKind.BOOTSTRAP]
        samples = [trial.chance for trial in drawn]
        level = self.options.level
        return [any(one.significant for one in judged(trial.groups, samples, level)) for trial in drawn]


def _stabilities(
    cores: Sequence[tuple[int, ...]], drawn: Sequence[tuple[tuple[int, ...], ...]], n: int
) -> list[float | None]:
    """Of each core the mean over the drawings of the Jaccard similarity with the most similar one there. n: of nodes."""
    sums = np.zeros(len(cores))
    for others in drawn:
        # The cores of one drawing share no members, so that each node has one number
        sizes = np.array([len(other) for other in others] + [0])
        number = np.full(n, len(others))
        for place, other in enumerate(others):
            number[list(other)] = place
        for place, core in enumerate(cores):
            common = np.bincount(number[list(core)], minlength=len(sizes))[:-1]
            met = np.flatnonzero(common)
            if len(met):
                sums[place] += (common[met] / (len(core) + sizes[met] - common[met])).max()
    return [
        float(found / len(drawn)) if drawn and core else None for found, core in zip(sums, cores, strict=True)
    ]
