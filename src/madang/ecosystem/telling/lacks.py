"""What does not flow as it should, and what breaks if one thing goes, in words."""

from __future__ import annotations

from collections.abc import Sequence

from madang import vocabulary
from madang.ecosystem.outcome import Gap, Outcome
from madang.ecosystem.telling import names
from madang.ecosystem.telling.flows import sourced
from madang.ecosystem.telling.shown import Cell, Column, Form, Shown, Table
from madang.i18n import Reader


def gaps(outcome: Outcome, reader: Reader) -> Shown:
    """What does not flow as it should, against what."""
    found = outcome.flows.gaps
    return Shown(
        title=reader.t("ecosystem.gaps.title"),
        finding=reader.t("ecosystem.gaps.finding" if found else "ecosystem.gaps.none"),
        source=sourced(outcome, reader),
        table=table("gaps", found, reader),
    )


def table(code: str, found: Sequence[Gap], reader: Reader) -> Table:
    """A row for each gap."""
    columns = [
        Column("kind", reader.t("ecosystem.gaps.kind")),
        Column("source", reader.t("ecosystem.flows.gives")),
        Column("flow", reader.t("ecosystem.flows.what")),
        Column("target", reader.t("ecosystem.flows.gets")),
        Column("count", reader.t("ecosystem.gaps.is"), Form.NUMBER),
        Column("expected", reader.t("ecosystem.gaps.expected"), Form.NUMBER),
        Column("against", reader.t("ecosystem.gaps.against")),
        Column("why", reader.t("ecosystem.gaps.why")),
    ]
    return Table(code, columns, [_gap(one, reader) for one in found])


def _gap(one: Gap, reader: Reader) -> Sequence[Cell]:
    against = reader.known(f"ecosystem.gaps.than.{one.against}") or one.against
    return (
        reader.known(f"ecosystem.gaps.kinds.{one.kind}") or one.kind,
        names.component(reader, one.source),
        names.flow(reader, one.flow),
        names.component(reader, one.target) if one.target else None,
        one.count,
        one.expected,
        against,
        vocabulary.need_reason((one.source, one.target, one.flow), reader.language) or None,
    )


def breaks(outcome: Outcome, reader: Reader) -> Shown:
    """What breaks if one thing goes."""
    columns = [
        Column("id", reader.t("ecosystem.id")),
        Column("name", reader.t("ecosystem.breaks.name")),
        Column("type", reader.t("ecosystem.breaks.type")),
        Column("lost", reader.t("ecosystem.breaks.lost"), Form.NUMBER, 0),
        Column("severed", reader.t("ecosystem.breaks.severed"), Form.NUMBER, 0),
        Column("only", reader.t("ecosystem.breaks.only")),
    ]
    rows: list[Sequence[Cell]] = [
        (
            one.id,
            names.of(reader, one.names, one.id),
            names.entity_type(reader, one.type),
            one.lost,
            one.severed,
            ", ".join(
                f"{names.component(reader, source)} → {names.component(reader, target)} ({names.flow(reader, flow)})"
                for source, target, flow in one.only
            ),
        )
        for one in outcome.flows.breaks
    ]
    return Shown(
        title=reader.t("ecosystem.breaks.title"),
        finding=reader.t("ecosystem.breaks.finding" if rows else "ecosystem.breaks.none"),
        source=sourced(outcome, reader),
        table=Table("breaks", columns, rows),
    )
