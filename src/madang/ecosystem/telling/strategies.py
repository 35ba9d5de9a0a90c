"""The three strategies in words: their measures by component, who owns them, how far they are, and what fits a weakness."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from madang.ecosystem.outcome import Outcome, Reading, Step, Strategy
from madang.ecosystem.telling import components, names
from madang.ecosystem.telling.shown import Cell, Column, Form, Sourced, Table
from madang.i18n import Reader


class Linked(msgspec.Struct, frozen=True):
    """An indicator of a measure. score: 0 to 100, None where it is missing."""

    label: str
    score: float | None
    weak: bool = False


class Measure(msgspec.Struct, frozen=True):
    """A step as it is read. id: "" where it is only proposed. text: of one that is proposed. evidence: identifiers. fits:
    (identifier, name) of programmes and calls."""

    id: str
    name: str
    text: str
    owner: str
    owner_id: str
    state: str
    state_label: str
    progress: float | None
    indicators: tuple[Linked, ...]
    evidence: tuple[str, ...]
    fits: tuple[tuple[str, str], ...]


class Branch(msgspec.Struct, frozen=True):
    """score: of the component."""

    component: str
    label: str
    score: float | None
    measures: tuple[Measure, ...]


class Tree(msgspec.Struct, frozen=True):
    code: str
    title: str
    text: str
    branches: tuple[Branch, ...]
    counts: tuple[tuple[str, str, int], ...]
    """(state, its label, how many)"""


def sourced(outcome: Outcome, reader: Reader) -> Sourced:
    """Of measures and what supports them; of the indicators where there are none, for they say what is lacking."""
    types = ("Measure", "Programme", "Call")
    if any(one.type in types and one.count for one in outcome.sources):
        return names.sourced(reader, outcome, types)
    return components.sourced(outcome, reader)


def trees(outcome: Outcome, reader: Reader) -> list[Tree]:
    return [tree(one, outcome, reader) for one in outcome.strategies]


def tree(strategy: Strategy, outcome: Outcome, reader: Reader) -> Tree:
    scores = {one.component: one.score for one in outcome.components}
    readings = {key: one for one in outcome.readings for key in (one.code, one.entity) if key}
    branches = tuple(
        Branch(
            component,
            names.component(reader, component),
            scores.get(component),
            tuple(measure(step, component, outcome, readings, reader) for step in steps),
        )
        for component, steps in strategy.groups
    )
    states: dict[str, int] = {}
    for branch in branches:
        for one in branch.measures:
            states[one.state] = states.get(one.state, 0) + 1
    return Tree(
        strategy.code,
        *names.strategy(reader, strategy.code),
        branches,
        tuple((state, state_label(reader, state), n) for state, n in states.items()),
    )


def measure(
    step: Step, component: str, outcome: Outcome, readings: dict[str, Reading], reader: Reader
) -> Measure:
    """component: of which the measure is, for the name of one that is not there."""
    label, text = names.proposal(reader, step.code)
    name = names.of(reader, step.names, step.id) or label
    name = name or reader.t("ecosystem.strategies.absent-name", name=names.component(reader, component))
    return Measure(
        id=step.id,
        name=name,
        text=text if not step.id else "",
        owner=names.of(reader, step.owner_names, step.owner),
        owner_id=step.owner,
        state=step.state,
        state_label=state_label(reader, step.state),
        progress=step.progress,
        indicators=tuple(linked(code, step, readings, reader) for code in step.indicators),
        evidence=step.evidence,
        fits=tuple((one, names.of(reader, outcome.programmes.get(one, {}), one)) for one in step.fits),
    )


def linked(code: str, step: Step, readings: dict[str, Reading], reader: Reader) -> Linked:
    known = readings.get(code)
    label = names.of(reader, known.names) if known and known.names else ""
    return Linked(
        label or names.indicator_label(reader, known.code if known else code),
        known.score if known else None,
        code in step.weak,
    )


def state_label(reader: Reader, state: str) -> str:
    return reader.known(f"ecosystem.state.{state}") or state or reader.t("ecosystem.state.unknown")


def measures(outcome: Outcome, reader: Reader) -> Table:
    """All measures, for files."""
    columns = (
        Column("strategy", reader.t("ecosystem.strategies.strategy")),
        Column("component", reader.t("ecosystem.component")),
        Column("measure", reader.t("ecosystem.strategies.measure")),
        Column("owner", reader.t("ecosystem.strategies.owner")),
        Column("state", reader.t("ecosystem.strategies.state")),
        Column("progress", reader.t("ecosystem.strategies.progress"), Form.SHARE),
        Column("indicators", reader.t("ecosystem.indicators")),
        Column("fits", reader.t("ecosystem.strategies.fits")),
        Column("id", reader.t("ecosystem.id")),
    )
    rows: list[Sequence[Cell]] = [
        (
            one.title,
            branch.label,
            step.name,
            step.owner,
            step.state_label,
            step.progress,
            ", ".join(each.label for each in step.indicators),
            ", ".join(name for _, name in step.fits),
            step.id,
        )
        for one in trees(outcome, reader)
        for branch in one.branches
        for step in branch.measures
    ]
    return Table("measures", columns, rows)
