"""What really happened on the platform, month by month, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from madang.ecosystem.figures.lines import Axis, Line, lines
from madang.ecosystem.outcome import Outcome
from madang.ecosystem.telling import names
from madang.ecosystem.telling.shown import Cell, Column, Form, Shown, Sourced, Table
from madang.i18n import Reader

_USES: Final = ("read", "download", "notification", "write")


def activity(outcome: Outcome, reader: Reader) -> Shown:
    """What happened on the platform in each month, and how."""
    columns = [
        Column("month", reader.t("ecosystem.activity.month")),
        Column("what", reader.t("ecosystem.flows.what")),
        Column("count", reader.t("ecosystem.flows.count"), Form.NUMBER, 0),
        Column("online", reader.t("ecosystem.flows.online"), Form.NUMBER, 0),
        Column("offline", reader.t("ecosystem.flows.offline"), Form.NUMBER, 0),
    ]
    found = sorted(outcome.flows.activity, key=lambda one: one.month, reverse=True)
    rows: list[Sequence[Cell]] = [
        (one.month, done(reader, one.what), one.count, one.online, one.offline) for one in found
    ]
    months, drawn = by_month(outcome, reader)
    axis = Axis([float(n) for n in range(len(months))], months, reader.t("ecosystem.flows.count"))
    return Shown(
        title=reader.t("ecosystem.activity.title"),
        finding=reader.t("ecosystem.activity.finding", count=sum(one.count for one in found))
        if found
        else reader.t("ecosystem.activity.none"),
        source=Sourced(reader.t("ecosystem.activity.source"), outcome.read),
        table=Table("activity", columns, rows),
        draw=(lambda sheet: lines(drawn, axis, sheet)) if len(months) > 1 else None,
    )


def by_month(outcome: Outcome, reader: Reader) -> tuple[list[str], list[Line]]:
    """Every month from the first to the last, and how much was done on line, off line and past the platform in each. Uses,
    which machines make by the thousand, are left out: nothing else could be seen beside them."""
    activity = [one for one in outcome.flows.activity if one.what not in _USES]
    found = {one.month for one in activity}
    if not found:
        return [], []
    first, last = (int(month[:4]) * 12 + int(month[5:7]) - 1 for month in (min(found), max(found)))
    months = [f"{n // 12}-{n % 12 + 1:02}" for n in range(first, last + 1)]
    totals = {month: [0.0, 0.0, 0.0] for month in months}
    for one in activity:
        counts = one.online, one.offline, one.count - one.online - one.offline
        totals[one.month] = [total + count for total, count in zip(totals[one.month], counts, strict=True)]
    kinds = (("online", "accent", ""), ("offline", "cat-5", ""), ("outside", "cat-7", "4 3"))
    drawn = [
        Line(
            reader.t(f"ecosystem.flows.{code}"),
            reader.number(totals[months[-1]][place], 0),
            [totals[month][place] for month in months],
            role,
            dash,
        )
        for place, (code, role, dash) in enumerate(kinds)
    ]
    return months, drawn


def done(reader: Reader, what: str) -> str:
    """What was done: a use of the platform, or something of a type."""
    return reader.known(f"ecosystem.activity.uses.{what}") or names.entity_type(reader, what)
