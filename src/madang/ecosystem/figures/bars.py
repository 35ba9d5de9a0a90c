"""Bars that lie, one under the other, each with its name before it and its value behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from madang.ecosystem.figures.canvas import Canvas, Paint, Sheet, fitting, width_of

_ROW: Final = 26.0
_BAR: Final = 14.0


class Bar(msgspec.Struct, frozen=True):
    """value: None where it is not known. text: of the value. compared: a mark at another value. role: of its colour."""

    label: str
    text: str
    value: float | None
    role: str = "cat-1"
    compared: float | None = None


def bars(shown: Sequence[Bar], sheet: Sheet, end: float | None = None) -> str:
    """end: what the right end stands for, the largest value if not given. Values are not negative."""
    width = 328.0 if sheet.narrow else 720.0
    values = [one for bar in shown for one in (bar.value, bar.compared) if one is not None]
    most = end or max(values, default=1.0) or 1.0
    named = max((width_of(bar.label, strong=True) for bar in shown), default=0.0) + 10
    label_room = min(named, width * (0.45 if sheet.narrow else 0.35))
    text_room = max((width_of(bar.text) for bar in shown), default=0.0) + 10
    room = max(20.0, width - label_room - text_room)
    canvas = Canvas(width, _ROW * len(shown) + 4, sheet)
    for row, bar in enumerate(shown):
        y = row * _ROW + 4
        canvas.text(label_room - 8, y + 11.5, fitting(bar.label, label_room - 8), "strong", "end")
        wide = room * min(1.0, (bar.value or 0.0) / most)
        if bar.value is None:
            canvas.rect((label_room, y, room, _BAR), style="missing", title=bar.text)
            wide = room
        else:
            canvas.rect((label_room, y, max(1.0, wide), _BAR), Paint(bar.role))
        if bar.compared is not None:
            x = label_room + room * min(1.0, bar.compared / most)
            canvas.path(f"M{x:.1f} {y - 3:.1f}V{y + _BAR + 3:.1f}", Paint(stroke="ink", width=2))
        canvas.text(label_room + wide + 7, y + 11.5, bar.text, "halo")
    canvas.path(f"M{label_room:.1f} 0V{_ROW * len(shown):.0f}", style="axis")
    return canvas.whole("chart chart-narrow" if sheet.narrow else "chart chart-wide")
