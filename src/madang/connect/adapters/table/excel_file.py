"""One sheet of an Excel or OpenDocument workbook. Its mark is the number of the last row that was read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from madang.connect.adapters.table.options import Options, header_names, named
from madang.connect.adapters.table.rows import HEAD_ROWS, Resumed, TableRow, mark_whole, resume_whole
from madang.connect.mapping import Record, Refused
from madang.connect.unpacked import require_bounded
from madang.errors import SourceFailed


def head(path: Path, options: Options) -> list[tuple[int, list[Any]]]:
    """The first rows, each with its number."""
    return list(enumerate(_rows(path, options)[:HEAD_ROWS], start=1))


resume = resume_whole
mark = mark_whole


def columns(path: Path, options: Options) -> tuple[list[str], list[Any]]:
    """Names of the columns, and the first row of data (empty if there is none)."""
    sheet = _rows(path, options)
    data = sheet[options.first_row - 1 :]
    return _names(sheet, options), data[0] if data else []


def read(path: Path, options: Options, resumed: Resumed, growing: bool) -> Iterator[TableRow]:
    del growing  # a workbook is written whole
    sheet = _rows(path, options)
    names = _names(sheet, options)
    for number, cells in enumerate(sheet, start=1):
        if (
            number <= resumed.position
            or number < options.first_row
            or all(cell in ("", None) for cell in cells)
        ):
            continue
        place = f"{path.name}:{number}"
        fields = named(names, cells)
        row = (
            Refused(place, repr(cells), fields)
            if isinstance(fields, str)
            else Record("", place, {name: None if cell == "" else cell for name, cell in fields.items()})
        )
        yield TableRow(row, number, number + 1, number / len(sheet))


def _names(sheet: list[list[Any]], options: Options) -> list[str]:
    start = options.header - 1 if options.header else 0
    return header_names(sheet[start : start + options.header_rows], options)


def _rows(path: Path, options: Options) -> list[list[Any]]:
    require_bounded(path)
    try:
        workbook = CalamineWorkbook.from_path(path)
        if options.sheet and options.sheet not in workbook.sheet_names:
            sheets = ", ".join(workbook.sheet_names)
            raise SourceFailed(f"{path.name} has no sheet '{options.sheet}'; its sheets are {sheets}")
        sheet = workbook.get_sheet_by_name(options.sheet or workbook.sheet_names[0])
        return sheet.to_python(skip_empty_area=False)
    except CalamineError as error:
        raise SourceFailed(f"{path} is not a workbook that can be read: {error}") from error
