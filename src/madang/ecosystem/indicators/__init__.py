"""Indicators of the seven components: from the record to what each is, how good that is, and how surely it is known.

What they mean stands in the vocabulary (`vocabulary/data/indicators.toml`); a file of this room computes those of one
component, `found.py` makes ranges, `ground.py` sorts the record. An Indicator entity with the code of one of them says what
it is in place of what is computed; what a city measures besides stands after them and is in no score, for cities are
compared by the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import numpy as np

from madang.ecosystem.indicators import culture, economic, human, institution, physical, platform, virtual
from madang.ecosystem.indicators.found import MISSING, Found
from madang.ecosystem.indicators.ground import Ground, ground_of
from madang.ecosystem.outcome import ComponentScore, FlowFacts, NetworkFacts, Reading, Standing
from madang.ecosystem.record import Record, Thing
from madang.vocabulary.indicators import Indicator, indicators, with_bounds
from madang.vocabulary.model import Component
from madang.vocabulary.strategies import component_of_area

FORMULAS: Final[Mapping[str, Callable[[Ground], Found]]] = {
    **platform.FORMULAS,
    **physical.FORMULAS,
    **virtual.FORMULAS,
    **human.FORMULAS,
    **economic.FORMULAS,
    **institution.FORMULAS,
    **culture.FORMULAS,
}
"""By code of the indicator; `stated` ones have none."""
_STATED: Final = "Indicator"
_DRAWINGS: Final = 1_000


def readings(
    record: Record,
    network: NetworkFacts,
    flows: FlowFacts,
    standings: Iterable[Standing],
    bounds: Mapping[str, tuple[float, float]] | None = None,
) -> tuple[Reading, ...]:
    """All indicators of the vocabulary in its order, then the city's own. bounds: the city's (poor, good), by code."""
    ground = ground_of(record, network, flows, standings)
    definitions = with_bounds(bounds or {})
    entities = ground.things(_STATED)
    said = {code: one for one in entities if (code := one.text("indicatorCode")) in definitions}
    own = [one for one in entities if one.text("indicatorCode") not in definitions]
    return (
        *(_reading(ground, one, said.get(code)) for code, one in definitions.items()),
        *(_own(ground, one) for one in own),
    )


def component_scores(
    readings: Iterable[Reading], past: Iterable[ComponentScore] = ()
) -> tuple[ComponentScore, ...]:
    """The seven of them, in their order. Each indicator counts alike. past: of another city or year, to compare with."""
    counted = [one for one in readings if one.code in indicators()]
    compared = {one.component: one.score for one in past}
    return tuple(
        _score(component, [one for one in counted if one.component == component], compared.get(component))
        for component in Component
    )


def _reading(ground: Ground, definition: Indicator, said: Thing | None) -> Reading:
    """said: the Indicator entity that states its value, or only its target."""
    stated = said if said is not None and said.number("kpiValue") is not None else None
    if stated is None:
        formula = FORMULAS.get(definition.code)
        found = formula(ground) if formula else MISSING
    else:
        found = Found(stated.number("kpiValue"), coverage=1.0)
    entity, types = ("", definition.types) if stated is None else (stated.id, (_STATED,))
    value = found.value
    ends = sorted(definition.score(one) for one in (found.low, found.high) if one is not None)
    return Reading(
        code=definition.code,
        component=definition.component,
        value=value,
        unit=definition.unit,
        score=None if value is None else definition.score(value),
        low=found.low,
        high=found.high,
        coverage=min(1.0, found.coverage) if value is not None else 0.0,
        newest=ground.newest(types) if value is not None else 0,
        entity=entity,
        score_low=ends[0] if ends else None,
        score_high=ends[-1] if ends else None,
        target=said.number("target") if said is not None else None,
    )


def _own(ground: Ground, entity: Thing) -> Reading:
    """What a city measures besides. Its score is how near it is to its own target."""
    value, target = entity.number("kpiValue"), entity.number("target")
    near = None
    if value is not None and target is not None and value > 0 and target > 0:
        near = min(100.0, 100 * (target / value if entity.text("direction") == "less" else value / target))
    return Reading(
        code=entity.id,
        component=entity.text("component") or component_of_area(entity.text("serviceArea")),
        value=value,
        unit=entity.units.get("kpiValue", ""),
        score=near,
        low=None,
        high=None,
        coverage=0.0 if value is None else 1.0,
        newest=0 if value is None else entity.observed or ground.newest((_STATED,)),
        entity=entity.id,
        names=entity.names,
        target=target,
    )


def _score(component: Component, found: list[Reading], compared: float | None) -> ComponentScore:
    known = [one for one in found if one.score is not None]
    low, high = _range(known, len(found) - len(known))
    return ComponentScore(
        component=component,
        score=sum(_scores(known)) / len(known) if known else None,
        low=low,
        high=high,
        coverage=sum(one.coverage for one in found) / len(found) if found else 0.0,
        indicators=len(found),
        missing=len(found) - len(known),
        compared=compared,
    )


def _range(known: list[Reading], missing: int) -> tuple[float | None, float | None]:
    """Of 95 of 100 drawings: each indicator within its own range and with a weight from half to double, each that is missing
    with the score of one of the known; None of fewer than two."""
    if len(known) < 2:
        return None, None
    scores = np.array(list(_scores(known)))
    spread = np.array([_spread(one) for one in known])
    random = np.random.default_rng(len(known))
    instead = random.integers(0, len(known), (_DRAWINGS, missing))
    which = np.hstack((np.tile(np.arange(len(known)), (_DRAWINGS, 1)), instead))
    drawn = np.clip(random.normal(scores[which], spread[which]), 0, 100)
    weights = 2.0 ** random.uniform(-1, 1, which.shape)
    low, high = np.quantile(np.average(drawn, axis=1, weights=weights), [0.025, 0.975])
    mean = float(scores.mean())
    return min(mean, float(low)), max(mean, float(high))


def _spread(reading: Reading) -> float:
    """Standard deviation of its score by its range, in points."""
    if reading.score_low is None or reading.score_high is None:
        return 0.0
    return (reading.score_high - reading.score_low) / (2 * 1.96)


def _scores(known: list[Reading]) -> Iterator[float]:
    return (one.score for one in known if one.score is not None)
