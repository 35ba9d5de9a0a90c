"""What the readers of the three kinds of table files give: rows, each with the place where reading goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from madang.connect.mapping import Record, Refused

# Among which the header is looked for
HEAD_ROWS: Final = 40


class Resumed(msgspec.Struct, frozen=True):
    """position: bytes (CSV) or rows. line: of the next row, from 1. again: the file is not the one that was read
    before, so its rows may have been seen."""

    position: int
    line: int
    again: bool


class TableRow(msgspec.Struct, frozen=True):
    """position, line: after the row. share: of the file that is then read."""

    row: Record | Refused
    position: int
    line: int
    share: float


def resume_whole(path: Path, mark: dict[str, Any]) -> Resumed:
    """For files that can only be read whole: on from the same row if the file is untouched."""
    if not mark:
        return Resumed(0, 1, False)
    if mark["file"] == identity(path):
        return Resumed(mark["row"], mark["row"] + 1, False)
    return Resumed(0, 1, True)


def mark_whole(path: Path, row: int, _line: int) -> dict[str, Any]:
    return {"row": row, "file": identity(path)}


def identity(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]
