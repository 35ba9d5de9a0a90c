"""A treemap of two levels: groups, and cells in them as large as what they hold, with a colour for something else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from madang.ecosystem.figures.canvas import Canvas, Paint, Run, Sheet, width_of

_HEAD: Final = 22.0
_SPACE: Final = 1.5
_GROUP_SPACE: Final = 8.0
_MARGIN: Final = 6.0
_LINE: Final = 16.0

Box = tuple[float, float, float, float]
"""x, y, width, height"""


class Cell(msgspec.Struct, frozen=True):
    """size: as large it is. text: of the size. tone: 1 to 7 of the sequential colours, None where it is not known."""

    label: str
    text: str
    size: float
    tone: int | None = None


class Group(msgspec.Struct, frozen=True):
    label: str
    text: str
    cells: Sequence[Cell]

    @property
    def size(self) -> float:
        return sum(cell.size for cell in self.cells)


def treemap(groups: Sequence[Group], sheet: Sheet) -> str:
    """Largest first. A label that does not fit into its cell is left to the table and to the cell's title."""
    width, height = (328.0, 620.0) if sheet.narrow else (1100.0, 430.0)
    canvas = Canvas(width, height, sheet)
    shown = sorted((group for group in groups if group.size > 0), key=lambda group: -group.size)
    boxes = squarified([group.size for group in shown], (0.0, 0.0, width, height))
    for group, (x, y, wide, high) in zip(shown, boxes, strict=True):
        _group(canvas, group, (x, y, wide - (_GROUP_SPACE if x + wide < width - 1 else 0), high))
    return canvas.whole("chart chart-narrow" if sheet.narrow else "chart chart-wide")


def _group(canvas: Canvas, group: Group, box: Box) -> None:
    x, y, wide, high = box
    head = group.label if width_of(f"{group.label} {group.text}", 13) <= wide else _cut(group.label, wide)
    runs = [Run(head, "strong")]
    if head == group.label:
        runs.append(Run(f" {group.text}"))
    canvas.text(x + 1, y + 15, runs, "middling")
    cells = sorted(group.cells, key=lambda cell: -cell.size)
    inner = (x, y + _HEAD, wide, max(1.0, high - _HEAD - _GROUP_SPACE))
    for cell, place in zip(cells, squarified([cell.size for cell in cells], inner), strict=True):
        _cell(canvas, cell, place)


def _cell(canvas: Canvas, cell: Cell, box: Box) -> None:
    x, y, wide, high = box[0] + _SPACE / 2, box[1] + _SPACE / 2, box[2] - _SPACE, box[3] - _SPACE
    title = f"{cell.label} {cell.text}"
    if cell.tone is None:
        canvas.rect((x, y, wide, high), style="missing", title=title)
        style = "strong"
    else:
        canvas.rect((x, y, wide, high), Paint(f"seq-{cell.tone}"), title=title)
        style = f"on-seq-{cell.tone}"
    lines = _lines(cell.label, wide - 2 * _MARGIN)
    if not lines or (len(lines) + 1) * _LINE + 4 > high:
        if width_of(cell.text) + 2 * _MARGIN <= wide and high > _LINE + 4:
            canvas.text(x + _MARGIN, y + _LINE, cell.text, style)
        return
    heavy = style if cell.tone is None else f"heavy {style}"
    for row, line in enumerate(lines):
        canvas.text(x + _MARGIN, y + _LINE * (row + 1), line, f"middling {heavy}")
    canvas.text(x + _MARGIN, y + _LINE * (len(lines) + 1), cell.text, style)


def squarified(sizes: Sequence[float], box: Box) -> list[Box]:
    """Boxes as large as the sizes, which descend, that fill the box and are as square as may be (Bruls and others 2000)."""
    x, y, wide, high = box
    whole = sum(sizes)
    if not sizes or whole <= 0:
        return []
    areas = [size / whole * wide * high for size in sizes]
    found: list[Box] = []
    while areas:
        side = min(wide, high)
        count = 1
        while count < len(areas) and _worst(areas[: count + 1], side) <= _worst(areas[:count], side):
            count += 1
        row, areas = areas[:count], areas[count:]
        thick = sum(row) / side if side else 0.0
        along = 0.0
        for area in row:
            length = area / thick if thick else 0.0
            found.append((x, y + along, thick, length) if wide >= high else (x + along, y, length, thick))
            along += length
        if wide >= high:
            x, wide = x + thick, max(0.0, wide - thick)
        else:
            y, high = y + thick, max(0.0, high - thick)
    return found


def _worst(row: Sequence[float], side: float) -> float:
    """How far the least square of a row is from a square."""
    total = sum(row)
    if not side or not min(row):
        return float("inf")
    return max(side * side * max(row) / total**2, total**2 / (side * side * min(row)))


def _lines(text: str, room: float) -> list[str]:
    """The text broken between words and after middle dots; nothing where a part is wider than the room."""
    lines: list[str] = []
    for word in text.replace("·", "· ").split():
        joined = lines[-1] + ("" if lines[-1].endswith("·") else " ") + word if lines else word
        if lines and width_of(joined, 13) <= room:
            lines[-1] = joined
        elif width_of(word, 13) <= room:
            lines.append(word)
        else:
            return []
    return lines


def _cut(text: str, room: float) -> str:
    """As many whole words as fit."""
    words = text.split()
    while words and width_of(" ".join(words), 13) > room:
        words.pop()
    return " ".join(words)
