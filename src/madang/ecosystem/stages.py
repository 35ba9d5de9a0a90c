"""Stages of an ecosystem by scales of their own: Moore's, and that of the policy on smart cities. Each rung says on what it
stands; none of them is the verdict on the industry (`verdict.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from madang.ecosystem.outcome import Judged, Reading, Rung, Scale
from madang.ecosystem.record import Record
from madang.ecosystem.verdict import Evidence, Says
from madang.vocabulary.strategies import Condition, scale_terms


def scales(
    record: Record, readings: Iterable[Reading], judged: Judged, thresholds: Mapping[str, float] | None = None
) -> tuple[Scale, ...]:
    """thresholds: a city's own, by scale, stage and what is looked at: "moore.expansion.newcomers"."""
    found = {one.code: one for one in readings}
    judging = {one.name: one for one in judged.evidence}
    own = thresholds or {}
    made = []
    for scale in scale_terms().values():
        rungs = []
        for rung in scale.rungs:
            evidence = tuple(
                _evidence(one, own.get(f"{scale.code}.{rung.code}.{one.of}", one.threshold), found, judging)
                for one in rung.conditions
            )
            rungs.append(Rung(rung.code, _met(evidence, judged.coverage_min), evidence))
        made.append(Scale(scale.code, _reached(rungs), tuple(rungs)))
    return tuple(made)


def _evidence(
    condition: Condition, threshold: float, found: Mapping[str, Reading], judging: Mapping[str, Evidence]
) -> Evidence:
    above = condition.above
    if condition.verdict:
        known = judging.get(condition.of)
        if known is None:
            return Evidence(condition.of, None, threshold, above, coverage=0.0)
        return Evidence(condition.of, known.value, threshold, above, known.low, known.high, known.coverage)
    reading = found.get(condition.of)
    if reading is None:
        return Evidence(condition.of, None, threshold, above, coverage=0.0)
    return Evidence(
        condition.of, reading.value, threshold, above, reading.low, reading.high, reading.coverage
    )


def _met(evidence: Iterable[Evidence], coverage_min: float) -> bool | None:
    """False if one condition does not hold, whatever the others; None if one cannot be told and the others hold."""
    says = {one.says(coverage_min) for one in evidence}
    if Says.NO_CORE in says:
        return False
    return None if Says.UNKNOWN in says else True


def _reached(rungs: Iterable[Rung]) -> str:
    reached = ""
    for rung in rungs:
        if not rung.met:
            break
        reached = rung.code
    return reached
