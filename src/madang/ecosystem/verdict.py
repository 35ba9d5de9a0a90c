"""The verdict: a pure function from a table of evidence, which is shown in full, to what it says of core firms and of the
industry's stage. Thresholds are the city's (docs/ecosystem.md says where ours come from); what cannot be told is said so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec


class Says(StrEnum):
    """What a piece of evidence says of there being core firms."""

    CORE = "core"
    NO_CORE = "no core"
    UNKNOWN = "unknown"


class CoreVerdict(StrEnum):
    """PAIRS: cores with peripheries that degrees do not explain. HUBS: a centre, but one that degrees alone explain.
    NONE: no centre beyond chance. UNKNOWN: the evidence is too thin."""

    PAIRS = "pairs"
    HUBS = "hubs"
    NONE = "none"
    UNKNOWN = "unknown"


class Stage(StrEnum):
    """Of an industry: 태동기, 성장기, 성숙기."""

    NASCENT = "nascent"
    GROWING = "growing"
    MATURE = "mature"
    UNKNOWN = "unknown"


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What counts as much. level: largest probability of a significant core. stability: smallest mean Jaccard similarity
    under the bootstrap. left_after_weighting: smallest part of the unweighted core that the weighted network keeps.
    centralisation, top_share: from which on the network has a centre. repeated: from which part of the firms with partners
    on that have one partner twice ties last. young: from which part of firms under five years on an industry is young.
    coverage: smallest part of the firms for which a figure must be known.
    """

    level: float = 0.05
    stability: float = 0.6
    left_after_weighting: float = 0.5
    centralisation: float = 0.3
    top_share: float = 0.2
    repeated: float = 0.35
    young: float = 0.5
    coverage: float = 0.5


class Evidence(msgspec.Struct, frozen=True):
    """name: a key of the texts. value: None where it is not known. low, high: of 95 of 100 drawings, None without any.
    threshold: from which on (above: or below which) it speaks for a core. coverage: for what part of the firms it is known.
    """

    name: str
    value: float | None
    threshold: float
    above: bool = True
    low: float | None = None
    high: float | None = None
    coverage: float = 1.0

    def says(self, coverage_min: float) -> Says:
        if self.value is None or self.coverage < coverage_min:
            return Says.UNKNOWN
        return Says.CORE if (self.value >= self.threshold) == self.above else Says.NO_CORE


class Verdict(msgspec.Struct, frozen=True):
    core: CoreVerdict
    stage: Stage
    evidence: tuple[Evidence, ...]


# What must hold together for a core that is more than its degrees
_PAIRS = ("significant", "stability", "left_after_weighting")
# What tells of a centre, whatever explains it
_CENTRE = ("beyond_chance", "centralisation", "top_share")
# What tells of an industry's age
_AGE = ("repeated", "young")


def judge(evidence: Sequence[Evidence], thresholds: Thresholds) -> Verdict:
    says = {one.name: one.says(thresholds.coverage) for one in evidence}
    core = _core(says)
    return Verdict(core, _stage(core, says), tuple(evidence))


def sensitivity(evidence: Sequence[Evidence], thresholds: Thresholds) -> dict[str, tuple[CoreVerdict, Stage]]:
    """What the verdict were if one piece of evidence said the opposite, by its name; pieces that say nothing are left out."""
    found = {}
    for one in evidence:
        if one.says(thresholds.coverage) is not Says.UNKNOWN:
            opposite = msgspec.structs.replace(one, above=not one.above)
            other = judge([opposite if this is one else this for this in evidence], thresholds)
            found[one.name] = (other.core, other.stage)
    return found


def backs(one: Evidence, core: CoreVerdict, stage: Stage, coverage_min: float) -> bool | None:
    """Whether a piece of evidence speaks for this verdict; None where it says nothing, or the verdict says nothing of it."""
    says = one.says(coverage_min)
    wanted = wanted_of(one.name, core, stage)
    return None if Says.UNKNOWN in (says, wanted) else says is wanted


def wanted_of(name: str, core: CoreVerdict, stage: Stage) -> Says:
    """What a piece of evidence of this name would say if it spoke for the verdict; UNKNOWN if the verdict says nothing."""
    if name in _AGE:
        nothing = stage is Stage.UNKNOWN
        return Says.UNKNOWN if nothing else Says.NO_CORE if stage is Stage.NASCENT else Says.CORE
    match core:
        case CoreVerdict.UNKNOWN:
            return Says.UNKNOWN
        case CoreVerdict.NONE:
            return Says.NO_CORE
        case CoreVerdict.PAIRS:
            return Says.CORE
        case CoreVerdict.HUBS:
            return Says.CORE if name in _CENTRE else Says.NO_CORE


def _core(says: dict[str, Says]) -> CoreVerdict:
    if says.get("significant", Says.UNKNOWN) is Says.UNKNOWN:
        return CoreVerdict.UNKNOWN
    if all(says.get(name) is Says.CORE for name in _PAIRS):
        return CoreVerdict.PAIRS
    if _share(says, _PAIRS[1:], Says.UNKNOWN) and says["significant"] is Says.CORE:
        return CoreVerdict.UNKNOWN  # significant, but whether it lasts is not known
    return CoreVerdict.HUBS if all(says.get(name) is Says.CORE for name in _CENTRE[:2]) else CoreVerdict.NONE


def _stage(core: CoreVerdict, says: dict[str, Says]) -> Stage:
    """Nascent without core firms where ties do not last or firms are young; mature with core firms in an old industry."""
    if core is CoreVerdict.UNKNOWN or all(says.get(name, Says.UNKNOWN) is Says.UNKNOWN for name in _AGE):
        return Stage.UNKNOWN
    settled = _share(says, _AGE, Says.CORE)
    if core is CoreVerdict.PAIRS:
        return Stage.MATURE if settled == 1.0 else Stage.GROWING
    return Stage.GROWING if settled == 1.0 else Stage.NASCENT


def _share(says: dict[str, Says], names: Iterable[str], wanted: Says) -> float:
    """Of those of the names of which something is known (or, if asked for, is not) the part that says so."""
    found = [says.get(name, Says.UNKNOWN) for name in names]
    if wanted is not Says.UNKNOWN:
        found = [one for one in found if one is not Says.UNKNOWN]
    return sum(one is wanted for one in found) / len(found) if found else 0.0
