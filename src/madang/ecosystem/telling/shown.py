"""One thing that is shown of an outcome: no figure without its table, its source, its age and its coverage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

import msgspec

from madang.ecosystem.figures.canvas import Sheet
from madang.i18n import Reader, join, tie

Cell = str | float | int | None
"""None is what is not known."""


class Form(StrEnum):
    """How the values of a column are written. SHARE: parts of 1, as per cent. PLAIN: a number that is not grouped, as a
    year is. SIGNED: a difference."""

    TEXT = "text"
    NUMBER = "number"
    PLAIN = "plain"
    SHARE = "share"
    SIGNED = "signed"
    MOMENT = "moment"


class Column(msgspec.Struct, frozen=True):
    """code: its name in files. decimals: of a number, None for as many as it needs. MOMENT: microseconds UTC."""

    code: str
    label: str
    form: Form = Form.TEXT
    decimals: int | None = None


class Table(msgspec.Struct, frozen=True):
    """code: names it in addresses and files. Rows are as long as the columns."""

    code: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


class Sourced(msgspec.Struct, frozen=True):
    """text: of what something is made. newest: microseconds UTC, 0 if unknown. coverage: part of 1, None if it has none."""

    text: str
    newest: int = 0
    coverage: float | None = None

    def words(self, reader: Reader) -> str:
        """As it stands in a document, where an age would be wrong the next day: with the date."""
        parts = [reader.t("source.from") + " " + self.text]
        if self.newest:
            parts.append(tie(reader.moment(self.newest, "day-year")))
        if self.coverage is not None:
            parts.append(reader.t("source.coverage", share=reader.percent(self.coverage)))
        return join(parts)


class Shown(msgspec.Struct, frozen=True):
    """finding: what it says, in a sentence or two. draw: the figure on a sheet whose label it replaces, None where only a
    table tells it."""

    title: str
    finding: str
    source: Sourced
    table: Table
    label: str = ""
    draw: Callable[[Sheet], str] | None = None

    def drawn(self, sheet: Sheet) -> str:
        """The figure as SVG; "" where there is none."""
        return self.draw(msgspec.structs.replace(sheet, label=self.label or self.title)) if self.draw else ""


def words(reader: Reader, column: Column, cell: Cell) -> str:
    """A cell as it is read."""
    if cell is None or cell == "":
        return "–"
    if isinstance(cell, str):
        return cell
    match column.form:
        case Form.SHARE:
            return reader.percent(cell)
        case Form.MOMENT:
            return reader.moment(int(cell)) if cell else "–"
        case Form.PLAIN:
            return str(int(cell))
        case Form.SIGNED:
            return ("+" if cell > 0 else "") + reader.number(cell, column.decimals)
        case _:
            return reader.number(cell, column.decimals)
