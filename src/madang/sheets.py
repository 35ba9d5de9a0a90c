"""Rows of a CSV file as people open it: in a spreadsheet, which would run what looks like a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

BOM: Final = "\ufeff"
"""Without it at the beginning Excel reads UTF-8 as another encoding."""
# A cell that begins so would be run as a formula
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def lines(rows: Iterable[Sequence[str]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def safe(cell: str) -> str:
    """A text that a spreadsheet would run gets an apostrophe; numbers stay numbers."""
    if cell.startswith(_FORMULA):
        try:
            float(cell)
        except ValueError:
            return "'" + cell
    return cell
