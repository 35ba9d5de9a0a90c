"""The whole analysis of a network of firms, in one value that pages, reports, commands and notebooks show."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

import igraph
import msgspec
import numpy as np

from madang.ecosystem.concentration import gini, herfindahl
from madang.ecosystem.cores import Core, Subject, Trial, TrialKind
from madang.ecosystem.counts import Counts
from madang.ecosystem.positions import Positions, positions
from madang.ecosystem.projection import Pairs, count, project
from madang.ecosystem.roles import Role, roles
from madang.ecosystem.ties import NO_DAY, Floats, Ties, year_of
from madang.ecosystem.verdict import CoreVerdict, Evidence, Thresholds, Verdict, judge

_YOUNG_YEARS: Final = 5


class Warned(msgspec.Struct, frozen=True):
    """name: a key of the texts. values: what stands in it."""

    name: str
    values: dict[str, str | int | float]


class Analysis(msgspec.Struct, frozen=True):
    """counts: of all activities. roles: of each organisation, in the order of the ties. cores: groups that were tested, the
    significant ones first. trials: how many of each kind were drawn. hhi, gini: of participations. redrawn: what the verdict on core firms is in so many of the bootstraps.
    warnings: what must be known before a figure is believed."""

    counts: Counts
    positions: Positions
    roles: tuple[Role, ...]
    cores: tuple[Core, ...]
    verdict: Verdict
    hhi: float
    gini: float
    trials: dict[str, int]
    redrawn: dict[str, int]
    thresholds: Thresholds
    warnings: tuple[Warned, ...]


def analyse(
    subject: Subject,
    trials: Sequence[Trial] = (),
    thresholds: Thresholds = Thresholds(),  # noqa: B008 frozen
    founded: Floats | None = None,
) -> Analysis:
    """founded: years of the organisations' beginnings, NaN where not known."""
    ties = subject.ties
    pairs = subject.pairs if subject.options.size_max is None else project(ties)
    cores = sorted(
        subject.cores(trials), key=lambda core: (not core.tested.significant, core.tested.probability)
    )
    participations = ties.activity_counts.astype(float)
    stands = positions(subject.pairs)
    return Analysis(
        counts=count(ties, pairs),
        positions=stands,
        roles=tuple(roles(subject.pairs, stands.community)),
        cores=tuple(cores),
        verdict=judge(_evidence(subject, cores, trials, thresholds, founded), thresholds),
        hhi=herfindahl(participations),
        gini=gini(participations),
        trials={str(kind): sum(one.kind is kind for one in trials) for kind in TrialKind},
        redrawn=_redrawn(subject, trials, thresholds),
        thresholds=thresholds,
        warnings=tuple(_warnings(subject, pairs)),
    )


def _evidence(
    subject: Subject,
    cores: Sequence[Core],
    trials: Sequence[Trial],
    thresholds: Thresholds,
    founded: Floats | None,
) -> list[Evidence]:
    significant = [core for core in cores if core.tested.significant]
    known = bool([one for one in trials if one.kind is TrialKind.CONFIGURATION])
    least = min([core.tested.probability * len(cores) for core in cores], default=1.0)
    stable = [core.stability for core in significant if core.stability is not None]
    centre, _, top = subject.shape
    drawn = [trial.shape for trial in trials if trial.kind is TrialKind.BOOTSTRAP]
    degrees, repeats = subject.pairs.partners, subject.pairs.repeated().partners
    with_partners = int((degrees > 0).sum())
    young, covered = _young(subject.ties, founded)
    return [
        Evidence("significant", min(1.0, least) if known else None, thresholds.level, above=False),
        Evidence("stability", max(stable) if stable else None, thresholds.stability),
        Evidence("left_after_weighting", _left(subject, significant), thresholds.left_after_weighting),
        Evidence("beyond_chance", _beyond_chance(subject, trials), 1 - thresholds.level),
        _drawn("centralisation", centre, thresholds.centralisation, [one[0] for one in drawn]),
        _drawn("top_share", top, thresholds.top_share, [one[2] for one in drawn]),
        Evidence(
            "repeated",
            float((repeats > 0).sum() / with_partners) if with_partners else None,
            thresholds.repeated,
        ),
        Evidence("young", young, thresholds.young, above=False, coverage=covered),
    ]


def _drawn(name: str, value: float, threshold: float, drawn: Sequence[float]) -> Evidence:
    known = None if math.isnan(value) else value
    drawn = [one for one in drawn if not math.isnan(one)]
    if known is None or not drawn:
        return Evidence(name, known, threshold)
    # Drawn with replacement everything is more uneven than it is; how far drawings lie apart is what they tell
    low, high = value + np.quantile(drawn, [0.025, 0.975]) - np.mean(drawn)
    return Evidence(name, known, threshold, low=max(0.0, float(low)), high=float(high))


def _beyond_chance(subject: Subject, trials: Sequence[Trial]) -> float | None:
    """In what part of the networks at random with as many ties the one core fits worse than here."""
    drawn = [trial.correlation for trial in trials if trial.kind is TrialKind.EVEN]
    return float(np.mean(np.array(drawn) < subject.single_core[1])) if drawn else None


def _left(subject: Subject, significant: Sequence[Core]) -> float | None:
    """What part of the significant cores is among the strongest of the weighted network, as many as they are."""
    members = {member for core in significant for member in core.members}
    if not members:
        return None
    strongest = np.argsort(-subject.pairs.strengths, kind="stable")[: len(members)]
    return len(members.intersection(strongest.tolist())) / len(members)


def _redrawn(subject: Subject, trials: Sequence[Trial], thresholds: Thresholds) -> dict[str, int]:
    """How often the bootstraps have significant groups, a centre that degrees explain, or none."""
    drawn = [trial for trial in trials if trial.kind is TrialKind.BOOTSTRAP]
    found: Counter[str] = Counter()
    for trial, significant in zip(drawn, subject.drawn_significant(drawn), strict=True):
        centred = trial.shape[0] >= thresholds.centralisation
        found[CoreVerdict.PAIRS if significant else CoreVerdict.HUBS if centred else CoreVerdict.NONE] += 1
    return {str(name): n for name, n in found.most_common()}


def _young(ties: Ties, founded: Floats | None) -> tuple[float | None, float]:
    """(part of the organisations under five years old in the last year of the ties, part of which it is known)."""
    days = ties.days[ties.days != NO_DAY]
    if founded is None or not len(days) or not (known := ~np.isnan(founded)).any():
        return None, 0.0
    young = year_of(int(days.max())) - founded[known] < _YOUNG_YEARS
    return float(young.mean()), float(known.mean())


def _warnings(subject: Subject, pairs: Pairs) -> list[Warned]:
    if subject.options.weighted and subject.options.size_max is None:
        return []
    return [] if subject.options.weighted else flagship(subject.ties, pairs)


def flagship(ties: Ties, pairs: Pairs) -> list[Warned]:
    """Where the innermost of the unweighted network of repeated partners is one activity: such a core tells of its size
    and not of its members."""
    repeated = pairs.repeated()
    graph = igraph.Graph(n=pairs.n, edges=np.column_stack((repeated.left, repeated.right)))
    numbers = np.array(graph.coreness())
    if numbers.max(initial=0) < 2:
        return []
    inner = numbers == numbers.max()
    together = np.bincount(ties.what[inner[ties.who]], minlength=len(ties.activities))
    largest = int(np.argmax(together))
    if 2 * together[largest] <= inner.sum():
        return []
    values: dict[str, str | int | float] = {
        "activity": ties.activities[largest],
        "members": int(together[largest]),
        "core": int(inner.sum()),
        "number": int(numbers.max()),
    }
    return [Warned("flagship", values)]
