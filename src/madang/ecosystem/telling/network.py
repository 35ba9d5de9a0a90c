"""The network of firms in words: how it is built, whether it has cores, what a loss would do to it, how it grew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from madang.ecosystem.figures.canvas import Sheet
from madang.ecosystem.figures.lines import Axis, Line, lines
from madang.ecosystem.outcome import FoundCore, NetworkFacts, Outcome, Standing
from madang.ecosystem.telling import names
from madang.ecosystem.telling.shown import Cell, Column, Form, Shown, Sourced, Table
from madang.i18n import Reader

_MEMBERS_NAMED_MAX: Final = 5
_PLACES: Final = 3
# Measures of the whole, and how many decimals each is worth
_MEASURES: Final[tuple[tuple[str, int, Callable[[NetworkFacts], float | None]], ...]] = (
    ("organisations", 0, lambda facts: facts.counts.organisations),
    ("activities", 0, lambda facts: facts.counts.activities),
    ("pairs", 0, lambda facts: facts.counts.stacked_edges),
    ("repeated", 0, lambda facts: facts.counts.repeat_edges),
    ("alone", 0, lambda facts: facts.counts.without_partner),
    ("centralisation", _PLACES, lambda facts: facts.centralisation),
    ("top_share", _PLACES, lambda facts: facts.top_share),
    ("hhi", 1, lambda facts: facts.hhi),
    ("gini", _PLACES, lambda facts: facts.gini),
    ("modularity", _PLACES, lambda facts: facts.modularity if facts.communities else None),
    ("communities", 0, lambda facts: facts.communities or None),
    ("nestedness", 1, lambda facts: facts.nestedness),
    ("nestedness_z", 2, lambda facts: facts.nestedness_z),
)


def source(outcome: Outcome, reader: Reader) -> Sourced:
    """Of what the network is made: organisations and what they do together."""
    counts = outcome.network.counts
    found = names.sourced(reader, outcome)
    text = reader.t(
        "ecosystem.network.source", organisations=counts.organisations, activities=counts.activities
    )
    return Sourced(text, found.newest, found.coverage)


def lead(outcome: Outcome, reader: Reader) -> str:
    """What is said of the whole network, in two sentences."""
    counts = outcome.network.counts
    if not counts.activities:
        return reader.t("ecosystem.network.nothing")
    alone = counts.without_partner / counts.organisations if counts.organisations else 0.0
    repeated = counts.repeat_edges / counts.stacked_edges if counts.stacked_edges else 0.0
    return reader.t(
        "ecosystem.network.lead",
        organisations=counts.organisations,
        alone=reader.percent(alone),
        pairs=counts.stacked_edges,
        repeated=reader.percent(repeated),
    )


def measures(outcome: Outcome, reader: Reader) -> Shown:
    """The network in numbers, each with what it means."""
    columns = (
        Column("measure", reader.t("ecosystem.network.measure")),
        Column("value", reader.t("ecosystem.network.value"), Form.NUMBER),
        Column("meaning", reader.t("ecosystem.network.meaning")),
    )
    drawn = {one.name: one for one in outcome.network.drawn}
    rows: list[Sequence[Cell]] = []
    for name, decimals, value in _MEASURES:
        found = value(outcome.network)
        meaning = reader.t(f"ecosystem.network.measures.{name}.meaning")
        if name in drawn:
            meaning += " " + sampled(reader, drawn[name].sources, drawn[name].of, drawn[name].error)
        rows.append(
            (
                reader.t(f"ecosystem.network.measures.{name}.label"),
                None if found is None else round(found, decimals),
                meaning,
            )
        )
    return Shown(
        title=reader.t("ecosystem.network.measures-title"),
        finding=lead(outcome, reader),
        source=source(outcome, reader),
        table=Table("network", columns, rows),
    )


def sampled(reader: Reader, sources: int, of: int, error: float) -> str:
    """That a figure comes from a part, with its error."""
    return reader.t("ecosystem.network.sampled", sources=sources, of=of, error=reader.percent(error))


def robustness(outcome: Outcome, reader: Reader) -> Shown:
    """What is left of the largest component when organisations go."""
    losses = outcome.network.robustness
    columns = (
        Column("lost", reader.t("ecosystem.network.lost"), Form.SHARE),
        Column("random", reader.t("ecosystem.network.by-lot"), Form.SHARE),
        Column("low", reader.t("ecosystem.evidence.low"), Form.SHARE),
        Column("high", reader.t("ecosystem.evidence.high"), Form.SHARE),
        Column("targeted", reader.t("ecosystem.network.targeted"), Form.SHARE),
    )
    rows = [(one.lost, one.random, one.low, one.high, one.targeted) for one in losses]
    finding = reader.t("ecosystem.network.robustness-none")
    if losses:
        some = next((one for one in losses if one.lost >= 0.0999), losses[-1])
        finding = reader.t(
            "ecosystem.network.robustness-finding",
            lost=reader.percent(some.lost),
            random=reader.percent(some.random),
            targeted=reader.percent(some.targeted),
        )
    return Shown(
        title=reader.t("ecosystem.network.robustness-title"),
        finding=finding,
        source=source(outcome, reader),
        table=Table("robustness", columns, rows),
        label=reader.t("ecosystem.network.robustness-label"),
        draw=(lambda sheet: _losses(outcome, reader, sheet)) if losses else None,
    )


def _losses(outcome: Outcome, reader: Reader, sheet: Sheet) -> str:
    losses = outcome.network.robustness
    by_lot = Line(
        reader.t("ecosystem.network.by-lot"),
        reader.percent(losses[-1].random),
        [100 * one.random for one in losses],
        low=[100 * one.low for one in losses],
        high=[100 * one.high for one in losses],
    )
    targeted = Line(
        reader.t("ecosystem.network.targeted"),
        reader.percent(losses[-1].targeted),
        [100 * one.targeted for one in losses],
        role="cat-2",
    )
    axis = Axis(
        [one.lost for one in losses],
        [reader.percent(one.lost) for one in losses],
        unit=reader.t("ecosystem.network.left-unit"),
        title=reader.t("ecosystem.network.lost"),
    )
    return lines([by_lot, targeted], axis, sheet)


def years(outcome: Outcome, reader: Reader) -> Shown:
    """How the network grew: of each year what began in it."""
    found = outcome.network.years
    columns = (
        Column("year", reader.t("ecosystem.year"), Form.PLAIN),
        Column("activities", reader.t("ecosystem.network.activities"), Form.NUMBER, 0),
        Column("organisations", reader.t("ecosystem.network.organisations"), Form.NUMBER, 0),
        Column("newcomers", reader.t("ecosystem.network.newcomers"), Form.NUMBER, 0),
        Column("pairs", reader.t("ecosystem.network.pairs"), Form.NUMBER, 0),
        Column("centralisation", reader.t("ecosystem.network.centralisation"), Form.NUMBER, _PLACES),
        Column("hhi", reader.t("ecosystem.network.hhi"), Form.NUMBER, 1),
        Column("giant", reader.t("ecosystem.network.giant"), Form.SHARE),
        Column("amount", reader.t("ecosystem.network.amount"), Form.NUMBER, 0),
    )
    rows = [
        (
            *(one.year, one.activities, one.organisations, one.newcomers, one.pairs),
            *(one.centralisation, one.hhi, one.giant, one.amount or None),
        )
        for one in found
    ]
    finding = reader.t("ecosystem.network.years-none")
    if found:
        before, now = found[0], found[-1]
        finding = reader.t(
            "ecosystem.network.years-finding",
            first=str(before.year),
            last=str(now.year),
            before=before.organisations,
            now=now.organisations,
            newcomers=now.newcomers,
        )
    return Shown(
        title=reader.t("ecosystem.network.years-title"),
        finding=finding,
        source=source(outcome, reader),
        table=Table("network-years", columns, rows),
        label=reader.t("ecosystem.network.years-label"),
        draw=(lambda sheet: _growth(outcome, reader, sheet)) if found else None,
    )


def _growth(outcome: Outcome, reader: Reader, sheet: Sheet) -> str:
    found = outcome.network.years
    series = (
        ("activities", "cat-1", [one.activities for one in found]),
        ("organisations", "cat-3", [one.organisations for one in found]),
        ("newcomers", "cat-2", [one.newcomers for one in found]),
    )
    drawn = [
        Line(reader.t(f"ecosystem.network.{name}"), reader.number(values[-1]), values, role)
        for name, role, values in series
    ]
    axis = Axis(
        [one.year for one in found],
        [str(one.year) for one in found],
        unit=reader.t("ecosystem.network.count-unit"),
    )
    return lines(drawn, axis, sheet)


def cores(outcome: Outcome, reader: Reader) -> Shown:
    """Every group with a core that was found, significant or not."""
    found = outcome.network.cores
    known = {one.id: one for one in outcome.standings}
    columns = (
        Column("number", reader.t("ecosystem.network.core-number"), Form.PLAIN),
        Column("members", reader.t("ecosystem.network.core-members")),
        Column("core", reader.t("ecosystem.network.core-size"), Form.NUMBER, 0),
        Column("size", reader.t("ecosystem.network.group-size"), Form.NUMBER, 0),
        Column("quality", reader.t("ecosystem.network.quality"), Form.NUMBER, 4),
        Column("probability", reader.t("ecosystem.network.probability"), Form.NUMBER, _PLACES),
        Column("stability", reader.t("ecosystem.network.stability"), Form.NUMBER, _PLACES),
        Column("verdict", reader.t("ecosystem.network.core-verdict")),
    )
    drawn = outcome.network.trials.get("configuration", 0)
    rows = [
        (
            number,
            members(one, known, reader),
            *(len(one.members), one.size, one.quality, one.probability if drawn else None, one.stability),
            _says(one, reader) if drawn else None,
        )
        for number, one in enumerate(found, 1)
    ]
    significant = sum(one.significant for one in found)
    key = "none" if not found else "some" if significant else "insignificant" if drawn else "undrawn"
    return Shown(
        title=reader.t("ecosystem.network.cores-title"),
        finding=reader.t(f"ecosystem.network.cores.{key}", count=len(found), significant=significant),
        source=_drawn(outcome, reader),
        table=Table("cores", columns, rows),
    )


def _says(one: FoundCore, reader: Reader) -> str:
    key = "ecosystem.network.significant" if one.significant else "ecosystem.network.not-significant"
    return reader.t(key)


def members(core: FoundCore, known: dict[str, Standing], reader: Reader) -> str:
    """The first few by name."""
    said = [
        names.of(reader, known[one].names if one in known else {}, one)
        for one in core.members[:_MEMBERS_NAMED_MAX]
    ]
    text = ", ".join(said)
    more = len(core.members) - len(said)
    return reader.t("ecosystem.network.and-more", text=text, count=more) if more else text


def _drawn(outcome: Outcome, reader: Reader) -> Sourced:
    """The source of what was held against chance: how often that was drawn."""
    trials = outcome.network.trials
    found = source(outcome, reader)
    said = reader.t(
        "ecosystem.network.trials",
        configurations=trials.get("configuration", 0),
        bootstraps=trials.get("bootstrap", 0),
    )
    return msgspec.structs.replace(found, text=f"{found.text}, {said}")
