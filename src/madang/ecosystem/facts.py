"""The network of firms as the outcome tells of it: figures of the whole, years, losses, cores by the names of members."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from madang.ecosystem.analysis import Analysis
from madang.ecosystem.concentration import centralisation, top_share
from madang.ecosystem.cores import Subject, Trial, TrialKind
from madang.ecosystem.nestedness import Nestedness, nestedness
from madang.ecosystem.outcome import Drawn, FoundCore, NetworkFacts
from madang.ecosystem.structure import robustness, years
from madang.ecosystem.ties import Floats

# Groups that are not significant are shown only to tell that they were looked at
_OTHERS_MAX: Final = 20


def network_facts(
    subject: Subject, analysis: Analysis, trials: Sequence[Trial] = (), amounts: Floats | None = None
) -> NetworkFacts:
    """analysis: of this subject with these trials. amounts: of each activity, in one currency, NaN where not known."""
    ties = subject.ties
    participations = ties.activity_counts.astype(float)
    nested = nestedness(ties)
    found = analysis.positions
    return NetworkFacts(
        counts=analysis.counts,
        hhi=_known(analysis.hhi),
        gini=_known(analysis.gini),
        top_share=_known(top_share(participations)),
        centralisation=_known(centralisation(found.partners.astype(float))),
        modularity=found.modularity,
        communities=len(np.unique(found.community[found.partners > 0])),
        nestedness=nested.nodf,
        nestedness_z=_beyond_chance(nested, trials),
        robustness=robustness(ties, found.partners),
        years=years(ties, amounts),
        cores=tuple(_cores(subject, analysis)),
        trials=analysis.trials,
        redrawn=analysis.redrawn,
        drawn=tuple(_drawn(analysis, nested)),
        warnings=tuple([{"name": one.name, **one.values} for one in analysis.warnings]),
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _beyond_chance(nested: Nestedness, trials: Sequence[Trial]) -> float | None:
    """In standard deviations of the networks at random with the same degrees, over their mean."""
    drawn = [
        trial.nestedness
        for trial in trials
        if trial.kind is TrialKind.CONFIGURATION and trial.nestedness is not None
    ]
    if nested.nodf is None or len(drawn) < 2 or not (spread := float(np.std(drawn, ddof=1))):
        return None
    return (nested.nodf - float(np.mean(drawn))) / spread


def _cores(subject: Subject, analysis: Analysis) -> list[FoundCore]:
    names = subject.ties.organisations
    significant = sum(core.tested.significant for core in analysis.cores)
    return [
        FoundCore(
            tuple([names[member] for member in core.members]),
            core.group.size,
            core.group.quality,
            core.tested.probability,
            core.tested.significant,
            core.stability,
        )
        for core in analysis.cores[: significant + _OTHERS_MAX]
    ]


def _drawn(analysis: Analysis, nested: Nestedness) -> list[Drawn]:
    found = []
    sampled = analysis.positions.sampled
    if sampled is not None:
        found.append(Drawn("betweenness", sampled.sources, sampled.of, sampled.error))
    if nested.nodf and nested.lines < nested.of:
        found.append(Drawn("nestedness", nested.lines, nested.of, nested.error / nested.nodf))
    return found
