"""A value between its bounds against a threshold, in one line of a table: the plot of a piece of evidence."""

from __future__ import annotations

import msgspec

from madang.ecosystem.figures.canvas import Canvas, Paint, Sheet

_LEFT, _RIGHT, _HEIGHT = 4.0, 196.0, 22.0


class Interval(msgspec.Struct, frozen=True):
    """value, low, high: None where they are not known. end: what the right end of the axis stands for; 0 is left."""

    value: float | None
    threshold: float
    low: float | None = None
    high: float | None = None
    end: float = 1.0


def interval(shown: Interval, sheet: Sheet) -> str:
    """It stretches to any width. What lies beyond the axis stands at its end."""
    canvas = Canvas(200, _HEIGHT, sheet)
    end = shown.end or 1.0

    def x(value: float) -> str:
        return f"{_LEFT + (_RIGHT - _LEFT) * min(1.0, max(0.0, value / end)):.1f}"

    canvas.path(f"M{_LEFT:.0f} 11H{_RIGHT:.0f}", Paint(stroke="chart-grid", fixed=True))
    if shown.low is not None and shown.high is not None:
        canvas.path(f"M{x(shown.low)} 11H{x(shown.high)}", Paint(stroke="chart-axis", width=5, fixed=True))
    canvas.path(f"M{x(shown.threshold)} 2V20", Paint(stroke="cat-2", width=2, fixed=True))
    if shown.value is not None:
        canvas.path(f"M{x(shown.value)} 6V16", Paint(stroke="ink", width=3, fixed=True))
    return canvas.whole("chart", stretched=True)
