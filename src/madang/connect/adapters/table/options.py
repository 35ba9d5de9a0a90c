"""The options of a table, and the header that its rows are read by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from madang.connect.template import plain_text
from madang.errors import SourceFailed

_Count = Annotated[int, msgspec.Meta(ge=0, le=1000)]


class Parties(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Columns that name organisations, and what is known of them. Any of the three will do."""

    name: Annotated[str, msgspec.Meta(description="the column with their names")] = ""
    number: Annotated[str, msgspec.Meta(description="the column with their business numbers")] = ""
    code: Annotated[str, msgspec.Meta(description="the column with the source's own codes of them")] = ""
    separator: Annotated[str, msgspec.Meta(description='between several in one cell, such as ","')] = ""
    without_persons: Annotated[
        bool, msgspec.Meta(description="true leaves out names that are those of persons")
    ] = False


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options of the connector "table"."""

    format: Annotated[
        Literal["", "csv", "excel", "parquet"], msgspec.Meta(description="by default told by the file's name")
    ] = ""
    encoding: Annotated[
        str, msgspec.Meta(description='of CSV, such as "utf-8" or "cp949"; by default found out')
    ] = ""
    delimiter: Annotated[
        str, msgspec.Meta(description="of CSV, one character; by default found out", max_length=1)
    ] = ""
    sheet: Annotated[str, msgspec.Meta(description="name of the Excel sheet; by default the first")] = ""
    header: Annotated[
        _Count, msgspec.Meta(description="the number of the first header row, 0 for no header")
    ] = 1
    header_rows: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=5)],
        msgspec.Meta(
            description="a number: the rows that the header takes; their texts are joined, merged cells repeat"
        ),
    ] = 1
    header_with: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="columns by which the header is found, where titles stand above it"),
    ] = ()
    columns: Annotated[
        tuple[str, ...],
        msgspec.Meta(description='names of the columns, instead of the header\'s ("1", "2" ...)'),
    ] = ()
    aliases: Annotated[
        dict[str, tuple[str, ...]],
        msgspec.Meta(
            description="column to the other names that it goes by", examples=[{"계약금액": ["금액(원)"]}]
        ),
    ] = {}
    group: Annotated[
        str,
        msgspec.Meta(
            description="a column: rows that follow each other with the same value are one, with the parties of all"
        ),
    ] = ""
    parties: Annotated[
        dict[str, Parties],
        msgspec.Meta(
            description="organisations that rows name",
            examples=[{"supplier": {"name": "업체명", "number": "사업자등록번호"}}],
        ),
    ] = {}

    @property
    def first_row(self) -> int:
        """Number of the first row with data, from 1."""
        return self.header + self.header_rows if self.header else 1


def read_options(options: dict[str, Any]) -> Options:
    return msgspec.convert(options, Options)


def header_names(rows: Sequence[Sequence[Any]], options: Options) -> list[str]:
    """The names of the columns. rows: the header's rows, or with header = 0 the first row of data.

    Columns without a name are called by their number; a name that occurs again gets its count. Raises SourceFailed.
    """
    if options.columns:
        return list(options.columns)
    if not rows:
        raise SourceFailed(f"There is no row {options.header}, which should be the header")
    width = max(len(row) for row in rows)
    if not options.header:
        return [str(number) for number in range(1, width + 1)]
    levels = [
        _filled(row, width) if index < len(rows) - 1 else _texts(row, width) for index, row in enumerate(rows)
    ]
    names: list[str] = []
    for number in range(width):
        parts = list(dict.fromkeys(level[number] for level in levels if level[number]))
        name = " ".join(parts) or str(number + 1)
        count = 2
        while name in names:
            name = f"{' '.join(parts)} ({count})"
            count += 1
        names.append(name)
    return names


def _texts(row: Sequence[Any], width: int) -> list[str]:
    texts = [" ".join(plain_text(cell).split()) if cell is not None else "" for cell in row]
    return texts + [""] * (width - len(texts))


def _filled(row: Sequence[Any], width: int) -> list[str]:
    """An upper row of a header: a merged cell has its text in its first column only."""
    filled: list[str] = []
    for text in _texts(row, width):
        filled.append(text or (filled[-1] if filled else ""))
    return filled


def named(names: Sequence[str], cells: Sequence[Any]) -> dict[str, Any] | str:
    """The fields of a row, or what is wrong with it. Missing cells at its end are no values."""
    if len(cells) > len(names) and any(cell not in ("", None) for cell in cells[len(names) :]):
        return f"The row has {len(cells)} cells, but the header has {len(names)}"
    return dict(zip(names, cells, strict=False))
