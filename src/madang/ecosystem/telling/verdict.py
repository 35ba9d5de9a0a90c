"""The verdict in words: what it is, the evidence with its plots, how often it comes again, what would overturn it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from madang.ecosystem.figures.canvas import Sheet
from madang.ecosystem.figures.interval import Interval, interval
from madang.ecosystem.figures.share import Part, share
from madang.ecosystem.outcome import Judged, Outcome, Scale
from madang.ecosystem.telling import components, names
from madang.ecosystem.telling.shown import Cell, Column, Form, Shown, Sourced, Table
from madang.ecosystem.verdict import CoreVerdict, Evidence, Says, Stage, backs, wanted_of
from madang.i18n import Reader

_PLACES = 3
# What the bootstraps found, in the order of the bar, and its colour
_REDRAWN = (
    (CoreVerdict.NONE, "accent"),
    (CoreVerdict.UNKNOWN, ""),
    (CoreVerdict.HUBS, "cat-5"),
    (CoreVerdict.PAIRS, "cat-2"),
)


class Piece(msgspec.Struct, frozen=True):
    """A piece of evidence as it is read. covered: its coverage is worth telling. backs: whether it speaks for the verdict, None
    where it cannot tell."""

    name: str
    label: str
    note: str
    value: str
    bounds: str
    criterion: str
    coverage: str
    covered: bool
    backs: bool | None
    says: str
    plot: Interval


def stage_label(reader: Reader, stage: Stage) -> str:
    return reader.t(f"ecosystem.stage.{stage}")


def core_label(reader: Reader, core: CoreVerdict) -> str:
    return reader.t(f"ecosystem.core.{core}")


def awaited(outcome: Outcome) -> bool:
    """Whether the verdict is still to come: the network has not been held against any of chance."""
    return outcome.network.counts.activities > 0 and not outcome.network.trials.get("configuration", 0)


def headline(outcome: Outcome, reader: Reader) -> tuple[str, ...]:
    """The verdict in a few words: stage and core firms, or that there is none yet."""
    if awaited(outcome):
        return (reader.t("ecosystem.core.undrawn"),)
    return stage_label(reader, outcome.judged.stage), core_label(reader, outcome.judged.core)


def lead(outcome: Outcome, reader: Reader) -> str:
    """What is said of the whole, below the verdict."""
    counts, judged = outcome.network.counts, outcome.judged
    if awaited(outcome):
        return reader.t("ecosystem.lead.undrawn", count=counts.organisations, activities=counts.activities)
    found = [piece.backs for piece in pieces(outcome, reader)]
    first = reader.t(
        f"ecosystem.lead.{judged.core}", count=counts.organisations, activities=counts.activities
    )
    if not any(backing is not None for backing in found):
        return f"{first} {reader.t('ecosystem.lead.nothing', count=len(found))}"
    said = [first, reader.t("ecosystem.lead.backing", count=len(found), backing=found.count(True))]
    if found.count(False):
        said.append(reader.t("ecosystem.lead.against", count=found.count(False)))
    if found.count(None):
        said.append(reader.t("ecosystem.lead.unsure", count=found.count(None)))
    return " ".join(said)


def pieces(outcome: Outcome, reader: Reader) -> list[Piece]:
    return [piece(one, outcome.judged, reader) for one in outcome.judged.evidence]


def piece(one: Evidence, judged: Judged, reader: Reader) -> Piece:
    label, note = names.evidence(reader, one.name)
    speaks = backs(one, judged.core, judged.stage, judged.coverage_min)
    word = {True: "for", False: "against", None: "unsure"}[speaks]
    known = one.low is not None and one.high is not None
    return Piece(
        name=one.name,
        label=label,
        note=note,
        value="–" if one.value is None else reader.number(one.value, _PLACES),
        bounds=f"{_number(reader, one.low)}–{_number(reader, one.high)}" if known else "–",
        criterion=criterion(one, wanted_of(one.name, judged.core, judged.stage), reader),
        coverage=reader.percent(one.coverage),
        covered=0 < one.coverage < 1,
        backs=speaks,
        says=reader.t(f"ecosystem.says.{word}"),
        plot=Interval(one.value, one.threshold, one.low, one.high, end=_end(one)),
    )


def criterion(one: Evidence, wanted: Says, reader: Reader) -> str:
    """What the value must be to say what is wanted; to speak for a core, where nothing is."""
    above = one.above if wanted is not Says.NO_CORE else not one.above
    return ("≥ " if above else "< ") + reader.number(one.threshold, _PLACES)


def _end(one: Evidence) -> float:
    """Where the axis of a plot ends: at 1 for parts, else beyond all that is shown."""
    largest = max(abs(value) for value in (one.value, one.threshold, one.high) if value is not None)
    return 1.0 if largest <= 1.0 else largest * 1.25


def _number(reader: Reader, value: float | None) -> str:
    return "–" if value is None else reader.number(value, _PLACES)


def plot(found: Piece, sheet: Sheet) -> str:
    return interval(found.plot, msgspec.structs.replace(sheet, label=""))


def evidence(outcome: Outcome, reader: Reader) -> Shown:
    columns = (
        Column("evidence", reader.t("ecosystem.evidence.head")),
        Column("value", reader.t("ecosystem.evidence.value"), Form.NUMBER, _PLACES),
        Column("low", reader.t("ecosystem.evidence.low"), Form.NUMBER, _PLACES),
        Column("high", reader.t("ecosystem.evidence.high"), Form.NUMBER, _PLACES),
        Column("criterion", reader.t("ecosystem.evidence.criterion")),
        Column("coverage", reader.t("ecosystem.coverage"), Form.SHARE),
        Column("says", reader.t("ecosystem.evidence.says")),
    )
    rows: list[Sequence[Cell]] = [
        (shown.label, one.value, one.low, one.high, shown.criterion, one.coverage, shown.says)
        for one, shown in zip(outcome.judged.evidence, pieces(outcome, reader), strict=True)
    ]
    return Shown(
        title=reader.t("ecosystem.evidence.title"),
        finding=reader.t("ecosystem.evidence.finding"),
        source=names.sourced(reader, outcome, names.NETWORK),
        table=Table("evidence", columns, rows),
    )


def redrawn(outcome: Outcome, reader: Reader) -> Shown:
    """How often the verdict comes again when the activities are drawn again. Its table is empty where nothing was drawn."""
    found = outcome.network.redrawn
    drawn = sum(found.values())
    parts = [
        Part(core_label(reader, core), reader.number(found.get(str(core), 0)), found.get(str(core), 0), role)
        for core, role in _REDRAWN
    ]
    same = found.get(str(outcome.judged.core), 0)
    columns = (
        Column("verdict", reader.t("ecosystem.redrawn.verdict")),
        Column("count", reader.t("ecosystem.redrawn.count"), Form.NUMBER, 0),
        Column("share", reader.t("ecosystem.redrawn.share"), Form.SHARE),
    )
    return Shown(
        title=reader.t("ecosystem.redrawn.title", count=drawn)
        if drawn
        else reader.t("ecosystem.redrawn.title-none"),
        finding=reader.t("ecosystem.redrawn.finding", count=drawn, same=same)
        if drawn
        else reader.t("ecosystem.redrawn.none"),
        source=Sourced(reader.t("ecosystem.redrawn.source", count=drawn), outcome.read),
        table=Table(
            "bootstraps",
            columns,
            [(part.label, part.size, part.size / drawn) for part in parts if part.size],
        ),
        draw=(lambda sheet: share(parts, sheet)) if drawn else None,
    )


def legend(outcome: Outcome, reader: Reader) -> list[tuple[str, str]]:
    """(role of the colour, "" for the hatch; label) of the parts of the bar that are there."""
    found = outcome.network.redrawn
    return [(role, core_label(reader, core)) for core, role in _REDRAWN if found.get(str(core))]


def overturns_none(outcome: Outcome, reader: Reader) -> str:
    """What stands where nothing overturns the verdict."""
    return reader.t("ecosystem.overturn.undrawn" if awaited(outcome) else "ecosystem.overturn.none")


def overturns(outcome: Outcome, reader: Reader) -> list[str]:
    """Which single piece of evidence would change the verdict if it said the opposite."""
    judged = outcome.judged
    found = []
    for one in judged.evidence:
        core, stage = judged.sensitivity.get(one.name, (judged.core, judged.stage))
        if (core, stage) != (judged.core, judged.stage):
            label = names.evidence(reader, one.name)[0]
            verdict = f"{stage_label(reader, stage)}{reader.t('ecosystem.dot')}{core_label(reader, core)}"
            found.append(reader.t("ecosystem.overturn.one", name=label, verdict=verdict))
    return found


def scales(outcome: Outcome, reader: Reader) -> list[Shown]:
    return [scale(one, outcome, reader) for one in outcome.judged.scales]


def scale(one: Scale, outcome: Outcome, reader: Reader) -> Shown:
    """A scale of stages with the evidence of each rung."""
    columns = (
        Column("rung", reader.t("ecosystem.scale.rung")),
        Column("met", reader.t("ecosystem.scale.met")),
        Column("evidence", reader.t("ecosystem.evidence.head")),
        Column("value", reader.t("ecosystem.evidence.value"), Form.NUMBER, _PLACES),
        Column("unit", reader.t("ecosystem.unit")),
        Column("criterion", reader.t("ecosystem.scale.criterion")),
    )
    units = {each.code: components.unit(each, reader) or None for each in outcome.readings}
    rows: list[Sequence[Cell]] = []
    for rung in one.rungs:
        label = names.rung(reader, one.code, rung.code)
        met = reader.t(f"ecosystem.scale.{ {True: 'yes', False: 'no', None: 'unknown'}[rung.met] }")
        for piece_ in rung.evidence:
            value = names.evidence(reader, piece_.name)[0]
            unit = units.get(piece_.name)
            rows.append((label, met, value, piece_.value, unit, criterion(piece_, Says.CORE, reader)))
        if not rung.evidence:
            rows.append((label, met, None, None, None, None))
    first = one.rungs[0].met if one.rungs else None
    reached = names.rung(reader, one.code, one.stage) if one.stage else ""
    reached = reached or reader.t("ecosystem.scale.cannot" if first is None else "ecosystem.scale.below")
    return Shown(
        title=names.scale(reader, one.code),
        finding=reader.t("ecosystem.scale.finding", stage=reached),
        source=components.sourced(outcome, reader),
        table=Table(f"scale-{one.code}", columns, rows),
    )
