"""Tables: CSV, Excel and Parquet files, one or many of the same columns.

The state says for every file how far it has been read: CSV by byte (so that a file that grows is read on), Excel
and Parquet by row.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import msgspec

from madang.connect.adapter import Field, Reading, Step, Table
from madang.connect.adapters.table import csv_file, excel_file, parquet_file
from madang.connect.adapters.table.options import Options, read_options
from madang.connect.adapters.table.parties import FIELDS, PARTIES, ROWS, header_row, names_of, worked_out
from madang.connect.adapters.table.rows import TableRow
from madang.connect.files import files_at, name_in
from madang.connect.mapping import Record, Refused
from madang.connect.template import plain_text
from madang.errors import SourceFailed

_BY_FORMAT: Final = {"csv": csv_file, "excel": excel_file, "parquet": parquet_file}
_BY_SUFFIX: Final = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), csv_file),
    **dict.fromkeys((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), excel_file),
    **dict.fromkeys((".parquet", ".geoparquet"), parquet_file),
}


class TableAdapter:
    def discover(self, location: str, options: dict[str, Any]) -> list[Table]:
        """One table, with the columns of the first file; where its rows name organisations, these are a second one."""
        path = files_at(location)[0]
        try:
            chosen = _with_header(path, read_options(options))
            names, first = _reader(path, chosen).columns(path, chosen)
        except OSError as error:
            raise SourceFailed(f"{path} cannot be read: {error.strerror}") from error
        renamed = names_of(names, chosen)
        cells = [*first, *[None] * (len(names) - len(first))]
        fields = tuple(
            _field(renamed.get(name, name), cell) for name, cell in zip(names, cells, strict=False)
        )
        if not chosen.parties:
            return [Table("", fields)]
        known = {field.name for field in fields}
        worked = [
            Field(f"@{role}")
            for role, columns in chosen.parties.items()
            if {columns.name, columns.number, columns.code} & known
        ]
        return [Table(ROWS, (*fields, *worked, Field("@file"))), Table(PARTIES, FIELDS)]

    def read(self, reading: Reading, state: dict[str, Any]) -> Iterator[Step]:
        given = read_options(reading.options)
        files = files_at(reading.location)
        marks: dict[str, Any] = dict(state.get("files", {}))
        for index, path in enumerate(files):
            name = name_in(reading.location, path)
            reader = _reader(path, given)
            try:
                options = _with_header(path, given)
                resumed = reader.resume(path, marks.get(name, {}))
                columns, _ = reader.columns(path, options)
                rows = reader.read(path, options, resumed, reading.following)
                taken: list[Record | Refused] = []
                last: TableRow | None = None
                for worked in worked_out(rows, options, columns):
                    if last is not None and len(taken) + len(worked.records) > reading.rows_max:
                        marks[name] = reader.mark(path, last.position, last.line)
                        yield _step(taken, marks, resumed.again, (index + last.share) / len(files))
                        taken = []
                    taken.extend(worked.records)
                    last = worked.last
                if last is not None:
                    marks[name] = reader.mark(path, last.position, last.line)
                    yield _step(taken, marks, resumed.again, (index + 1) / len(files))
            except OSError as error:
                raise SourceFailed(f"{path} cannot be read: {error.strerror}") from error


def _step(taken: list[Record | Refused], marks: dict[str, Any], again: bool, share: float) -> Step:
    return Step(tuple(taken), {"files": dict(marks)}, share, again)


def _with_header(path: Path, options: Options) -> Options:
    """The options with the number of the row that is the header, where columns say which it is."""
    if not options.header_with:
        return options
    number = header_row(_reader(path, options).head(path, options), options)
    return msgspec.structs.replace(options, header=number) if number else options


def _reader(path: Path, options: Options) -> ModuleType:
    found = _BY_FORMAT.get(options.format) or _BY_SUFFIX.get(path.suffix.lower())
    if found is None:
        raise SourceFailed(
            f"{path.name} is no table by its name (.csv, .xlsx, .parquet ...); say which with the option `format`"
        )
    return found


def _field(name: str, sample: Any) -> Field:
    if isinstance(sample, str):
        form = "number" if _is_number(sample) else "text"
    elif isinstance(sample, bool):
        form = "boolean"
    elif isinstance(sample, int | float):
        form = "number"
    else:
        form = "datetime" if hasattr(sample, "isoformat") else ""
    return Field(name, form, plain_text(sample) if sample is not None else "")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


adapter = TableAdapter()
