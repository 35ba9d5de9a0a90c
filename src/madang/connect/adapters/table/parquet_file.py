"""One Parquet file. Its mark is the number of rows that were read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from madang.connect.adapters.table.options import Options
from madang.connect.adapters.table.rows import Resumed, TableRow, mark_whole, resume_whole
from madang.connect.mapping import Record
from madang.errors import SourceFailed

_BATCH_ROWS: Final = 4096


def head(path: Path, options: Options) -> list[tuple[int, list[Any]]]:
    """None: a Parquet file has no header among its rows."""
    del path, options
    return []


resume = resume_whole
mark = mark_whole


def columns(path: Path, options: Options) -> tuple[list[str], list[Any]]:
    """Names of the columns, and the first row of data (empty if there is none)."""
    del options  # a Parquet file says itself what it is
    with _file(path) as file:
        names = list(file.schema_arrow.names)
        for batch in file.iter_batches(batch_size=1):
            return names, list(batch.to_pylist()[0].values())
    return names, []


def read(path: Path, options: Options, resumed: Resumed, growing: bool) -> Iterator[TableRow]:
    del options, growing
    with _file(path) as file:
        total = file.metadata.num_rows or 1
        number = 0
        for batch in file.iter_batches(batch_size=_BATCH_ROWS):
            if number + batch.num_rows <= resumed.position:
                number += batch.num_rows
                continue
            for fields in batch.to_pylist():
                number += 1
                if number > resumed.position:
                    yield TableRow(
                        Record("", f"{path.name}:{number}", fields), number, number + 1, number / total
                    )


def _file(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except pa.ArrowException as error:
        raise SourceFailed(f"{path} is not a Parquet file that can be read: {error}") from error
