"""The process that writes one table as Parquet: `python -m madang.ecosystem.telling.columns_child PARENT`, started by the
pages. Its library would take the serving process a second and 60 MB."""

from __future__ import annotations

import io
import sys
from typing import Any

import msgspec
import pyarrow as pa
from pyarrow import parquet

from madang.children import end_with, framed, own_streams, read_frame
from madang.ecosystem.telling.exports import Rows
from madang.ecosystem.telling.shown import Cell


def main(parent: int) -> None:
    end_with(parent)
    requests, answers = own_streams()
    body = read_frame(requests)
    if body is not None:
        answers.write(framed(written(msgspec.msgpack.decode(body, type=Rows))))
        answers.flush()


def written(table: Rows) -> bytes:
    columns = [_column([row[place] for row in table.rows]) for place in range(len(table.names))]
    made = pa.table(columns, names=list(table.names)).replace_schema_metadata(table.about)
    buffer = io.BytesIO()
    parquet.write_table(made, buffer)
    return buffer.getvalue()


def _column(cells: list[Cell]) -> pa.Array[Any]:
    """Whole numbers and others are both numbers; a column with any text is of texts."""
    if any(isinstance(cell, str) for cell in cells):
        return pa.array([None if cell is None else str(cell) for cell in cells], pa.string())
    if any(isinstance(cell, float) for cell in cells):
        return pa.array([None if cell is None else float(cell) for cell in cells], pa.float64())
    return pa.array(cells, pa.int64())


if __name__ == "__main__":
    main(int(sys.argv[1]))
