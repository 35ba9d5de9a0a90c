"""One CSV file. Its mark holds the offset of the next byte, and digests of the file's beginning and of what stands
before the offset: where they still fit, the file has only grown, and reading goes on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, Final

from madang.connect.adapters.csv_rows import SAMPLE_BYTES, Dialect, Row, rows, sniff
from madang.connect.adapters.table.options import Options, header_names, named
from madang.connect.adapters.table.rows import HEAD_ROWS, Resumed, TableRow
from madang.connect.mapping import Record, Refused

_HEAD_BYTES: Final = 4096
_TAIL_BYTES: Final = 512


def columns(path: Path, options: Options) -> tuple[list[str], list[Any]]:
    """Names of the columns, and the first row of data (empty if there is none)."""
    dialect = _dialect(path, options)
    header: list[Row] = []
    with path.open("rb") as file:
        for row in rows(file, dialect, 0, 1):
            if row.line >= options.first_row:
                names = header_names([found.cells for found in header] or [row.cells], options)
                return names, list(row.cells)
            if options.header and row.line >= options.header:
                header.append(row)
    return header_names([row.cells for row in header], options), []


def head(path: Path, options: Options) -> list[tuple[int, list[Any]]]:
    """The first rows, each with its number."""
    with path.open("rb") as file:
        found = islice(rows(file, _dialect(path, options), 0, 1), HEAD_ROWS)
        return [(row.line, list(row.cells)) for row in found]


def resume(path: Path, mark: dict[str, Any]) -> Resumed:
    """Where to go on, and whether the file is another one than the mark's."""
    if not mark:
        return Resumed(0, 1, False)
    offset, line = mark["offset"], mark["line"]
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size >= offset and _digests(file.fileno(), offset) == mark["digests"]:
            return Resumed(offset, line, False)
    return Resumed(0, 1, True)


def mark(path: Path, offset: int, line: int) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"offset": offset, "line": line, "digests": _digests(file.fileno(), offset)}


def read(path: Path, options: Options, resumed: Resumed, growing: bool) -> Iterator[TableRow]:
    names, _ = columns(path, options)
    dialect = _dialect(path, options)
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size or 1
        for row in rows(file, dialect, resumed.position, resumed.line, growing=growing):
            if row.line < options.first_row:
                continue
            following = row.line + row.text.count("\n") + 1
            yield TableRow(_record(path, names, row), row.end, following, row.end / size)


def _record(path: Path, names: list[str], row: Row) -> Record | Refused:
    place = f"{path.name}:{row.line}"
    fields = named(names, row.cells) if not row.problem else row.problem
    return (
        Refused(place, row.text, fields) if isinstance(fields, str) else Record("", place, fields, row.text)
    )


def _dialect(path: Path, options: Options) -> Dialect:
    with path.open("rb") as file:
        delimiter = options.delimiter or ("\t" if path.suffix.lower() == ".tsv" else "")
        return sniff(file.read(SAMPLE_BYTES), options.encoding, delimiter)


def _digests(descriptor: int, offset: int) -> list[str]:
    head = os.pread(descriptor, min(_HEAD_BYTES, offset), 0)
    start = max(0, offset - _TAIL_BYTES)
    tail = os.pread(descriptor, offset - start, start)
    return [blake2b(part, digest_size=16).hexdigest() for part in (head, tail)]
