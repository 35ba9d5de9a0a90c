"""Tables: CSV, Excel and Parquet files, one or many of the same columns.

The state says for every file how far it has been read: CSV by byte (so that a file that grows is read on), Excel
and Parquet by row.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from madang.connect.adapter import Field, Reading, Step, Table
from madang.connect.adapters.table import csv_file, excel_file, parquet_file
from madang.connect.adapters.table.options import Options, read_options
from madang.connect.adapters.table.rows import TableRow
from madang.connect.files import files_at, name_in
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
        """One table, with the columns of the first file."""
        chosen = read_options(options)
        path = files_at(location)[0]
        try:
            names, first = _reader(path, chosen).columns(path, chosen)
        except OSError as error:
            raise SourceFailed(f"{path} cannot be read: {error.strerror}") from error
        cells = [*first, *[None] * (len(names) - len(first))]
        return [Table("", tuple(map(_field, names, cells)))]

    def read(self, reading: Reading, state: dict[str, Any]) -> Iterator[Step]:
        options = read_options(reading.options)
        files = files_at(reading.location)
        marks: dict[str, Any] = dict(state.get("files", {}))
        for index, path in enumerate(files):
            name = name_in(reading.location, path)
            reader = _reader(path, options)
            try:
                resumed = reader.resume(path, marks.get(name, {}))
                taken: list[TableRow] = []
                for row in reader.read(path, options, resumed, reading.following):
                    taken.append(row)
                    if len(taken) == reading.rows_max:
                        marks[name] = reader.mark(path, row.position, row.line)
                        yield _step(taken, marks, resumed.again, (index + row.share) / len(files))
                        taken = []
                if taken:
                    marks[name] = reader.mark(path, taken[-1].position, taken[-1].line)
                    yield _step(taken, marks, resumed.again, (index + 1) / len(files))
            except OSError as error:
                raise SourceFailed(f"{path} cannot be read: {error.strerror}") from error


def _step(taken: list[TableRow], marks: dict[str, Any], again: bool, share: float) -> Step:
    return Step(tuple(row.row for row in taken), {"files": dict(marks)}, share, again)


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
