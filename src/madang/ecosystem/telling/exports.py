"""Every table of an outcome as a file. CSV and Excel are written here; Parquet takes a library that belongs into a process of
its own (`columns_child.py`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import msgspec

from madang import sheets, workbook
from madang.ecosystem.outcome import METHOD, Outcome
from madang.ecosystem.telling import (
    activity,
    components,
    flows,
    industry,
    lacks,
    network,
    positions,
    strategies,
    verdict,
)
from madang.ecosystem.telling.shown import Cell, Shown, Table
from madang.i18n import Reader
from madang.ngsild.times import format_moment

Tabled = Callable[[Outcome, Reader], Table]


def _of(show: Callable[[Outcome, Reader], Shown], outcome: Outcome, reader: Reader) -> Table:
    return show(outcome, reader).table


TABLES: Final[Mapping[str, Tabled]] = {
    "evidence": partial(_of, verdict.evidence),
    "bootstraps": partial(_of, verdict.redrawn),
    "components": partial(_of, components.components),
    "indicators": components.indicators,
    "flows": partial(_of, flows.flows),
    "flow-years": partial(_of, flows.over_years),
    "flow-cells": flows.cells,
    "activity": partial(_of, activity.activity),
    "gaps": partial(_of, lacks.gaps),
    "breaks": partial(_of, lacks.breaks),
    "industry": partial(_of, industry.industry),
    "classified": partial(_of, industry.classified),
    "measures": strategies.measures,
    "network": partial(_of, network.measures),
    "network-years": partial(_of, network.years),
    "robustness": partial(_of, network.robustness),
    "cores": partial(_of, network.cores),
    "organisations": partial(_of, positions.ranks),
    "roles": partial(_of, positions.roles),
    "communities": partial(_of, positions.communities),
}
"""By the code that names them in addresses. Those of the scales are named after the outcome's scales."""


def table_of(outcome: Outcome, reader: Reader, code: str) -> Table | None:
    """None for a code that names none."""
    if code in TABLES:
        return TABLES[code](outcome, reader)
    tables = [shown.table for shown in verdict.scales(outcome, reader)]
    return next((table for table in tables if table.code == code), None)


def csv(table: Table, bom: bool) -> str:
    """Heads are codes, so that the columns have the same names in every language. bom: for Excel."""
    rows = [[column.code for column in table.columns], *(map(_text, row) for row in table.rows)]
    return (sheets.BOM if bom else "") + sheets.lines([list(row) for row in rows])


def excel(table: Table, outcome: Outcome, reader: Reader) -> bytes:
    """A second sheet says of what, when and how it was computed."""
    rows: list[Sequence[Cell]] = [[column.label for column in table.columns], *table.rows]
    return workbook.workbook([(table.code, rows), (reader.t("source.from"), provenance(outcome, reader))])


def provenance(outcome: Outcome, reader: Reader) -> list[Sequence[Cell]]:
    """Where a table comes from, as rows."""
    return [
        ("city", outcome.names.get(reader.language, outcome.city)),
        ("read", format_moment(outcome.read)),
        ("computed", format_moment(outcome.computed)),
        ("method", METHOD),
        ("synthetic", str(outcome.synthetic).lower()),
        *((one.type, one.count, one.share, format_moment(one.newest)) for one in outcome.sources),
    ]


class Rows(msgspec.Struct, frozen=True):
    """A table on its way to the process that writes Parquet. about: what stands in the file beside the columns."""

    names: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    about: dict[str, str]


def rows_of(table: Table, outcome: Outcome) -> Rows:
    about = {"city": outcome.city, "read": format_moment(outcome.read), "method": METHOD}
    names = tuple(column.code for column in table.columns)
    return Rows(names, tuple(tuple(row) for row in table.rows), about)


def _text(cell: Cell) -> str:
    return "" if cell is None else str(cell)
