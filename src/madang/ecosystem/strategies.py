"""The three strategies as trees of measures: those that the city has, how they stand, and those that it lacks where
indicators are weak; with the programmes and calls that fit a weakness."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from madang.ecosystem.measures import State, progress_of, state_of
from madang.ecosystem.outcome import Reading, Step, Strategy
from madang.ecosystem.record import Record, Thing
from madang.ecosystem.support import Support, supports_of
from madang.vocabulary.model import Component
from madang.vocabulary.strategies import (
    Proposal,
    component_of_area,
    proposals,
    strategy_of,
    strategy_terms,
)

WEAK: Final = 40.0
"""Score below which an indicator is weak."""
_DAY: Final = 86_400_000_000
_FITS: Final = 3
_MEASURE: Final = "Measure"
_INDICATOR: Final = "Indicator"
# What is part of a measure, or is about it
_PART_OF: Final = ("isPartOf", "subject", "concerns", "arisenFrom")
_ORDER: Final = (State.LATE, State.RUNNING, State.PLANNED, "", State.DONE, State.ABSENT)


class _Seen(msgspec.Struct, frozen=True):
    """What is looked at for every measure. parts: by identifier of a measure, what is part of it. codes: of an Indicator
    entity, that of the indicator which it says."""

    today: int
    things: dict[str, Thing]
    readings: dict[str, Reading]
    weak: frozenset[str]
    parts: dict[str, list[str]]
    supports: tuple[Support, ...]
    codes: dict[str, str]


def strategies(record: Record, readings: Iterable[Reading]) -> tuple[Strategy, ...]:
    """The three of them, each with a group for every component that it works on, and for others of which it has measures."""
    seen = _look(record, readings)
    measures = [thing for thing in record.things if thing.type == _MEASURE]
    groups: dict[tuple[str, str], list[Step]] = defaultdict(list)
    worked_on: set[str] = set()
    for measure in measures:
        component = _component(measure, seen)
        strategy = measure.text("strategy") or strategy_of(component)
        step = _step(measure, component, seen)
        groups[strategy, component].append(step)
        if step.state != State.DONE:
            worked_on.update(step.indicators)
    for proposal in proposals().values():
        weak = [code for code in proposal.indicators if code in seen.weak]
        if weak and not worked_on.intersection(weak):
            groups[strategy_of(proposal.component), proposal.component].append(_absent(proposal, weak, seen))
    return tuple(
        Strategy(
            term.code,
            tuple(
                (component, tuple(sorted(groups[term.code, component], key=_standing)))
                for component in _components(term.code, term.components, groups)
            ),
        )
        for term in strategy_terms().values()
    )


def _look(record: Record, readings: Iterable[Reading]) -> _Seen:
    found = {one.code: one for one in readings}
    parts: dict[str, list[str]] = defaultdict(list)
    for thing in record.things:
        for attribute in _PART_OF:
            for whole in thing.links(attribute):
                parts[whole].append(thing.id)
    today = record.read // _DAY
    return _Seen(
        today=today,
        things={thing.id: thing for thing in record.things},
        readings=found,
        weak=frozenset(code for code, one in found.items() if one.score is not None and one.score < WEAK),
        parts=parts,
        supports=supports_of(record, today),
        codes={
            thing.id: code
            for thing in record.things
            if thing.type == _INDICATOR and (code := thing.text("indicatorCode")) in found
        },
    )


def _step(measure: Thing, component: str, seen: _Seen) -> Step:
    indicators = tuple(dict.fromkeys(_indicators(measure, seen)))
    weak = tuple(code for code in indicators if code in seen.weak)
    state = state_of(measure, seen.today)
    owner = next(iter(measure.links("operatedBy") or measure.links("organizer")), "")
    categories = {one for code in weak for one in _categories_for(code)}
    wanted = Support("", component, frozenset(categories), measure.text("serviceArea"))
    return Step(
        id=measure.id,
        names=measure.names,
        owner=owner,
        owner_names=seen.things[owner].names if owner in seen.things else {},
        state=state or "",
        progress=progress_of(measure),
        indicators=indicators,
        evidence=tuple(sorted(set(seen.parts.get(measure.id, ())))),
        fits=_fits(wanted, seen) if weak and state is not State.DONE else (),
        weak=weak,
    )


def _absent(proposal: Proposal, weak: list[str], seen: _Seen) -> Step:
    wanted = Support("", proposal.component, frozenset(proposal.categories))
    return Step(
        id="",
        names=dict(proposal.labels),
        owner="",
        owner_names={},
        state=State.ABSENT,
        progress=None,
        indicators=proposal.indicators,
        fits=_fits(wanted, seen),
        weak=tuple(weak),
        code=proposal.code,
    )


def _fits(wanted: Support, seen: _Seen) -> tuple[str, ...]:
    """The best of what fits, what is open now before what is not."""
    ranked = sorted((-one.fit(wanted), not one.open, one.id) for one in seen.supports if one.fit(wanted))
    return tuple(identifier for _, _, identifier in ranked[:_FITS])


def _indicators(measure: Thing, seen: _Seen) -> Iterator[str]:
    """Codes that it names, and Indicator entities that it is to improve, by their code where they have one."""
    said = measure.values.get("indicatorCode", ())
    yield from (
        code for code in ((said,) if isinstance(said, str) else measure.links("indicatorCode")) if code
    )
    for entity in measure.links("improves"):
        yield seen.codes.get(entity, entity)


def _component(measure: Thing, seen: _Seen) -> str:
    """What it says itself, else that of most of its indicators, else that of its service area."""
    said = measure.text("component")
    if said in set(Component):
        return said
    linked = [seen.readings[code].component for code in _indicators(measure, seen) if code in seen.readings]
    return Counter(linked).most_common(1)[0][0] if linked else component_of_area(measure.text("serviceArea"))


def _components(
    strategy: str, own: tuple[Component, ...], groups: dict[tuple[str, str], list[Step]]
) -> list[str]:
    others = [component for of, component in groups if of == strategy and component not in own]
    return [*own, *sorted(set(others))]


def _categories_for(code: str) -> Iterator[str]:
    for proposal in proposals().values():
        if code in proposal.indicators:
            yield from proposal.categories


def _standing(step: Step) -> tuple[int, str, str]:
    return _ORDER.index(step.state), next(iter(step.names.values()), ""), step.id
