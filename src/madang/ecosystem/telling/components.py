"""The seven components in words: their scores as radar and table, and the indicators behind each."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from madang import vocabulary
from madang.ecosystem.figures.radar import Spoke, radar
from madang.ecosystem.outcome import ComponentScore, Outcome, Reading
from madang.ecosystem.telling import names
from madang.ecosystem.telling.shown import Cell, Column, Form, Shown, Sourced, Table
from madang.i18n import THIN, Reader


def components(outcome: Outcome, reader: Reader) -> Shown:
    """The radar. A component without a score is there without a point."""
    compared = any(one.compared is not None for one in outcome.components)
    columns = [
        Column("component", reader.t("ecosystem.component")),
        Column("score", reader.t("ecosystem.score"), Form.NUMBER, 0),
        Column("low", reader.t("ecosystem.evidence.low"), Form.NUMBER, 0),
        Column("high", reader.t("ecosystem.evidence.high"), Form.NUMBER, 0),
        Column("compared", reader.t("ecosystem.compared"), Form.NUMBER, 0),
        Column("indicators", reader.t("ecosystem.indicators"), Form.NUMBER, 0),
        Column("missing", reader.t("ecosystem.missing-count"), Form.NUMBER, 0),
        Column("coverage", reader.t("ecosystem.coverage"), Form.SHARE),
    ]
    rows: list[Sequence[Cell]] = [
        (
            names.component(reader, one.component),
            one.score,
            one.low,
            one.high,
            one.compared,
            one.indicators,
            one.missing,
            one.coverage,
        )
        for one in outcome.components
    ]
    if not compared:
        columns, rows = columns[:4] + columns[5:], [(*row[:4], *row[5:]) for row in rows]
    return Shown(
        title=reader.t("ecosystem.components.title"),
        finding=finding(outcome, reader),
        source=sourced(outcome, reader),
        table=Table("components", columns, rows),
        label=reader.t("ecosystem.components.label"),
        draw=lambda sheet: radar([spoke(one, reader) for one in outcome.components], sheet),
    )


def spoke(one: ComponentScore, reader: Reader) -> Spoke:
    label = names.component(reader, one.component)
    if one.score is None:
        return Spoke(label, reader.t("ecosystem.missing"), compared=one.compared)
    return Spoke(
        label,
        reader.number(one.score, 0),
        spread(one, reader),
        value=one.score,
        low=one.low,
        high=one.high,
        compared=one.compared,
    )


def spread(one: ComponentScore, reader: Reader) -> str:
    """Half of the range as "±6"; "" where there is none."""
    if one.low is None or one.high is None:
        return ""
    return "±" + reader.number((one.high - one.low) / 2, 0)


def finding(outcome: Outcome, reader: Reader) -> str:
    scored = [(one.score, one) for one in outcome.components if one.score is not None]
    if not scored:
        return reader.t("ecosystem.components.nothing")
    score, lowest = min(scored, key=lambda pair: pair[0])
    thin = min(outcome.components, key=lambda one: one.coverage)
    name, share = names.component(reader, lowest.component), reader.percent(thin.coverage)
    if lowest.compared is not None and lowest.compared > score:
        apart = round(lowest.compared - score)
        first = reader.t(
            "ecosystem.components.lowest-compared", name=name, score=round(score), difference=apart
        )
    else:
        first = reader.t("ecosystem.components.lowest", name=name, score=round(score))
    if thin is lowest:
        second = reader.t("ecosystem.components.thin-too", share=share)
    else:
        second = reader.t(
            "ecosystem.components.thin", name=names.component(reader, thin.component), share=share
        )
    return " ".join((first, second, reader.t("ecosystem.components.environment")))


def sourced(outcome: Outcome, reader: Reader, component: str = "") -> Sourced:
    """Of how many indicators that are known, out of how many."""
    wanted = [one for one in outcome.readings if not component or one.component == component]
    known = [one for one in wanted if one.value is not None]
    coverage = sum(one.coverage for one in wanted) / len(wanted) if wanted else 0.0
    text = reader.t("ecosystem.source.indicators", known=len(known), count=len(wanted))
    return Sourced(text, max((one.newest for one in known), default=0), coverage)


class Row(msgspec.Struct, frozen=True):
    """An indicator as it is read. needed: types without which it is missing. entity: of its own, "" where it is computed."""

    code: str
    label: str
    text: str
    formula: str
    value: str
    unit: str
    target: str
    score: float | None
    bounds: str
    scale: str
    coverage: float
    newest: int
    needed: str
    entity: str
    diversity: bool


def unit(one: Reading, reader: Reader) -> str:
    """Its sign, and of how many: "%", "per 1,000 residents"."""
    known = names.indicator(one.code)
    sign = vocabulary.unit_symbol(one.unit) if one.unit else ""
    return " ".join(filter(None, (sign, known.per.get(reader.language, "") if known else "")))


def indicator_row(one: Reading, reader: Reader) -> Row:
    known = names.indicator(one.code)
    decimals = known.decimals if known else None
    own = names.of(reader, one.names) if one.names else ""
    ranged = one.low is not None and one.high is not None
    return Row(
        code=one.code,
        label=own or names.indicator_label(reader, one.code),
        text=known.texts.get(reader.language, "") if known else "",
        formula=known.formulas.get(reader.language, "") if known else "",
        value="" if one.value is None else reader.number(one.value, decimals),
        unit=unit(one, reader),
        target="" if one.target is None else reader.number(one.target, decimals),
        score=one.score,
        bounds=f"{reader.number(one.low or 0, decimals)}–{reader.number(one.high or 0, decimals)}"
        if ranged
        else "",
        scale=f"{reader.number(known.poor)}{THIN}→{THIN}{reader.number(known.good)}" if known else "",
        coverage=one.coverage,
        newest=one.newest,
        needed=known.needs.get(reader.language) or ", ".join(needed(reader, one) for one in known.basis)
        if known
        else "",
        entity=one.entity,
        diversity=known.diversity if known else False,
    )


def needed(reader: Reader, basis: str) -> str:
    """ "Need.date" in words: the attribute of the type."""
    kind, _, attribute = basis.partition(".")
    label = names.entity_type(reader, kind)
    if not attribute:
        return label
    iri = vocabulary.context().expand(attribute)
    return f"{label}({vocabulary.attribute_label(iri, reader.language)})"


def indicators(outcome: Outcome, reader: Reader) -> Table:
    """All readings, for files."""
    columns = (
        Column("code", reader.t("ecosystem.code")),
        Column("component", reader.t("ecosystem.component")),
        Column("indicator", reader.t("ecosystem.indicator")),
        Column("value", reader.t("ecosystem.evidence.value"), Form.NUMBER),
        Column("unit", reader.t("ecosystem.unit")),
        Column("score", reader.t("ecosystem.score"), Form.NUMBER, 0),
        Column("low", reader.t("ecosystem.evidence.low"), Form.NUMBER, 0),
        Column("high", reader.t("ecosystem.evidence.high"), Form.NUMBER, 0),
        Column("coverage", reader.t("ecosystem.coverage"), Form.SHARE),
        Column("newest", reader.t("ecosystem.newest"), Form.MOMENT),
        Column("formula", reader.t("ecosystem.formula")),
    )
    rows: list[Sequence[Cell]] = []
    for one in outcome.readings:
        row = indicator_row(one, reader)
        component = names.component(reader, one.component)
        measured: tuple[Cell, ...] = (one.value, row.unit, one.score, one.low, one.high, one.coverage)
        rows.append((one.code, component, row.label, *measured, one.newest or None, row.formula))
    return Table("indicators", columns, rows)
