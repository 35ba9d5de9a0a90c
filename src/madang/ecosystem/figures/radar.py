"""The radar of several scores from 0 to 100 with their ranges, and what they are compared with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from madang.ecosystem.figures.canvas import Canvas, Paint, Run, Sheet, polyline, width_of

_RINGS: Final = (25, 50, 75, 100)


class Spoke(msgspec.Struct, frozen=True):
    """label: of the spoke. text: its value in words. spread: "±6", "" where it is not known. value, low, high, compared:
    0 to 100, None where they are not known."""

    label: str
    text: str
    spread: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    compared: float | None = None


class _Layout(msgspec.Struct, frozen=True):
    x: float
    y: float
    radius: float
    count: int

    def at(self, place: int, value: float) -> tuple[float, float]:
        angle = 2 * math.pi * place / self.count - math.pi / 2
        reach = self.radius * value / 100
        return self.x + reach * math.cos(angle), self.y + reach * math.sin(angle)


def radar(spokes: Sequence[Spoke], sheet: Sheet) -> str:
    """The first spoke points up. A value that is not known has no point, and the line is broken there."""
    width, height, radius = (328.0, 330.0, 79.0) if sheet.narrow else (460.0, 400.0, 138.0)
    layout = _Layout(width / 2, height / 2 + 6, radius, len(spokes))
    canvas = Canvas(width, height, sheet)
    _web(canvas, layout)
    _range(canvas, layout, spokes)
    compared = [spoke.compared for spoke in spokes]
    for run in _runs(layout, compared):
        canvas.path(run, Paint(stroke="chart-axis", width=1.5, dash="4 3"))
    for run in _runs(layout, [spoke.value for spoke in spokes]):
        canvas.path(run, Paint(stroke="accent", width=2))
    for ring in (50, 100):
        canvas.text(layout.x - 5, layout.at(0, ring)[1] + 4, str(ring), "halo", "end")
    for place, spoke in enumerate(spokes):
        _label(canvas, layout, place, spoke)
    return canvas.whole("chart chart-narrow" if sheet.narrow else "chart chart-wide")


def _web(canvas: Canvas, layout: _Layout) -> None:
    for ring in _RINGS:
        corners = [layout.at(place, ring) for place in range(layout.count)]
        canvas.path(polyline(corners, closed=True), style="axis" if ring == _RINGS[-1] else "grid")
    for place in range(layout.count):
        canvas.path(polyline([(layout.x, layout.y), layout.at(place, 100)]), style="grid")


def _range(canvas: Canvas, layout: _Layout, spokes: Sequence[Spoke]) -> None:
    """The band from low to high, where all are known; else a line on each spoke that has them."""
    bounds = [(spoke.low, spoke.high) for spoke in spokes]
    known = [(low, high) for low, high in bounds if low is not None and high is not None]
    if len(known) == len(bounds):
        outer = [layout.at(place, high) for place, (_, high) in enumerate(known)]
        inner = [layout.at(place, low) for place, (low, _) in enumerate(known)]
        # The inner outline runs the other way round, so that what lies within it stays empty
        band = polyline(outer, closed=True) + polyline(inner[::-1], closed=True)
        canvas.path(band, Paint("accent", opacity=0.13))
        return
    for place, (low, high) in enumerate(bounds):
        if low is not None and high is not None:
            line = polyline([layout.at(place, low), layout.at(place, high)])
            canvas.path(line, Paint(stroke="accent", width=3))


def _runs(layout: _Layout, values: Sequence[float | None]) -> list[str]:
    """The paths through neighbours that are known, closed where all are."""
    points = [None if value is None else layout.at(place, value) for place, value in enumerate(values)]
    whole = [point for point in points if point is not None]
    if len(whole) == len(points):
        return [polyline(whole, closed=True)]
    found = []
    for place, point in enumerate(points):
        following = points[(place + 1) % len(points)]
        if point is not None and following is not None:
            found.append(polyline([point, following]))
    return found


def _label(canvas: Canvas, layout: _Layout, place: int, spoke: Spoke) -> None:
    if spoke.value is not None:
        canvas.circle(*layout.at(place, spoke.value), 3.5, Paint("accent"))
    x, y = layout.at(place, 100 + 1400 / layout.radius)
    values = [Run(spoke.text, "strong"), Run(f" {spoke.spread}" if spoke.spread else "")]
    if abs(x - layout.x) < 1:
        upper = y < layout.y
        canvas.text(x, y - 18 if upper else y + 12, spoke.label, "strong big", "middle")
        canvas.text(x, y - 3 if upper else y + 28, values, "", "middle")
        return
    right = x > layout.x
    room = (canvas.width - x if right else x) - 2
    lines = _lines(spoke.label, room)
    for row, line in enumerate(lines):
        canvas.text(x, y + 15 * row, line, "strong big", "start" if right else "end")
    canvas.text(x, y + 15 * (len(lines) - 1) + 16, values, "", "start" if right else "end")


def _lines(text: str, room: float) -> list[str]:
    """The text in as few lines as fit, broken between words."""
    lines: list[str] = []
    for word in text.split():
        if lines and width_of(f"{lines[-1]} {word}", 14) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
