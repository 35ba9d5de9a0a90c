"""Parts of a whole as one bar, each with its number in it or, where it is too narrow, above it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from madang.ecosystem.figures.canvas import Canvas, Paint, Sheet, width_of

_HEIGHT: Final = 28.0
_SPACE: Final = 2.0


class Part(msgspec.Struct, frozen=True):
    """role: of its colour, "" for what is not known. text: in the part."""

    label: str
    text: str
    size: float
    role: str = ""


def share(parts: Sequence[Part], sheet: Sheet) -> str:
    """Parts without size are left out; their number stands in the table."""
    width = 328.0 if sheet.narrow else 520.0
    canvas = Canvas(width, _HEIGHT, sheet)
    shown = [part for part in parts if part.size > 0]
    whole = sum(part.size for part in shown)
    room = width - _SPACE * (len(shown) - 1)
    x = 0.0
    for part in shown:
        wide = room * part.size / whole
        box = (x, 0.0, wide, _HEIGHT)
        title = f"{part.label} {part.text}"
        if part.role:
            canvas.rect(box, Paint(part.role), title=title)
        else:
            canvas.rect(box, style="missing", title=title)
        if width_of(part.text) + 12 <= wide:
            canvas.text(x + 7, _HEIGHT / 2 + 4.5, part.text, "on-accent" if part.role else "strong")
        x += wide + _SPACE
    return canvas.whole("chart chart-narrow" if sheet.narrow else "chart chart-wide")
