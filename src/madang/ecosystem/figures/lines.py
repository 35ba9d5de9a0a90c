"""Lines over an axis of numbers, such as years, with the last value of each written beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from madang.ecosystem.figures.canvas import Canvas, Paint, Sheet, polyline, width_of

_TOP: Final = 22.0
_LABEL: Final = 14.0


class Line(msgspec.Struct, frozen=True):
    """values: one for each place on the axis, None where it is not known. text: of the last one. low, high: bounds."""

    label: str
    text: str
    values: Sequence[float | None]
    role: str = "cat-1"
    dash: str = ""
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()


class Axis(msgspec.Struct, frozen=True):
    """places: numbers along the bottom. names: how they are written. title: what they are. unit: of the values."""

    places: Sequence[float]
    names: Sequence[str]
    unit: str = ""
    title: str = ""


class _Plot(msgspec.Struct, frozen=True):
    left: float
    right: float
    bottom: float
    first: float
    last: float
    top: float

    def x(self, place: float) -> float:
        part = (place - self.first) / (self.last - self.first) if self.last > self.first else 0.5
        return self.left + part * (self.right - self.left)

    def y(self, value: float) -> float:
        return self.bottom - value / self.top * (self.bottom - _TOP)


def lines(drawn: Sequence[Line], axis: Axis, sheet: Sheet) -> str:
    """From zero. A line is broken where a value is not known."""
    width, height = (328.0, 230.0) if sheet.narrow else (720.0, 260.0)
    known = [v for line in drawn for values in (line.values, line.high) for v in values if v is not None]
    step = _step(max(known, default=1.0))
    top = step * max(1, math.ceil(max(known, default=1.0) / step - 1e-9))
    ticks = [step * n for n in range(round(top / step) + 1)]
    texts = [f"{tick:,.10g}" for tick in ticks]
    label_room = max((width_of(f"{line.label} {line.text}", strong=True) for line in drawn), default=0.0) + 12
    plot = _Plot(
        left=max(width_of(text) for text in texts) + 10,
        right=width - min(label_room, width * 0.45),
        bottom=height - 34,
        first=min(axis.places, default=0.0),
        last=max(axis.places, default=1.0),
        top=top,
    )
    canvas = Canvas(width, height, sheet)
    for tick, text in zip(ticks, texts, strict=True):
        y = plot.y(tick)
        canvas.path(f"M{plot.left:.1f} {y:.1f}H{plot.right:.1f}", style="grid" if tick else "axis")
        canvas.text(plot.left - 6, y + 4, text, anchor="end")
    if axis.unit:
        canvas.text(0, 11, axis.unit)
    _names(canvas, plot, axis)
    for line in drawn:
        _draw(canvas, plot, axis, line)
    _ends(canvas, plot, axis, drawn)
    return canvas.whole("chart chart-narrow" if sheet.narrow else "chart chart-wide")


def _step(most: float) -> float:
    """A round step of which about four reach the largest value."""
    rough = (most if most > 0 else 1.0) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)


def _names(canvas: Canvas, plot: _Plot, axis: Axis) -> None:
    """As many names as have room, the last one among them."""
    taken = plot.right + 1e9
    for place, name in reversed(list(zip(axis.places, axis.names, strict=True))):
        x, half = plot.x(place), width_of(name) / 2
        if x + half + 6 < taken:
            canvas.text(x, plot.bottom + 16, name, anchor="middle")
            taken = x - half
    if axis.title:
        canvas.text((plot.left + plot.right) / 2, plot.bottom + 31, axis.title, anchor="middle")


def _draw(canvas: Canvas, plot: _Plot, axis: Axis, line: Line) -> None:
    band = [
        (plot.x(place), plot.y(low), plot.y(high))
        for place, low, high in zip(axis.places, line.low, line.high, strict=False)
        if low is not None and high is not None
    ]
    if len(band) > 1:
        upper, lower = [(x, high) for x, _, high in band], [(x, low) for x, low, _ in band]
        canvas.path(polyline([*upper, *lower[::-1]], closed=True), Paint(line.role, opacity=0.15))
    run: list[tuple[float, float]] = []
    for place, value in zip((*axis.places, math.inf), (*line.values, None), strict=True):
        if value is not None:
            run.append((plot.x(place), plot.y(value)))
            continue
        if len(run) == 1:
            canvas.circle(*run[0], 2.5, Paint(line.role))
        elif run:
            canvas.path(polyline(run), Paint(stroke=line.role, width=1.75, dash=line.dash))
        run = []


def _ends(canvas: Canvas, plot: _Plot, axis: Axis, drawn: Sequence[Line]) -> None:
    """The names of the lines at their last values, kept apart from each other."""
    ends = []
    for line in drawn:
        known = [
            (place, value) for place, value in zip(axis.places, line.values, strict=True) if value is not None
        ]
        if known:
            ends.append((plot.y(known[-1][1]), plot.x(known[-1][0]), line))
    ends.sort(key=lambda end: end[0])
    lowest = plot.bottom - _LABEL * (len(ends) - 1)
    taken = -math.inf
    for place, (y, x, line) in enumerate(ends):
        canvas.circle(x, y, 3, Paint(line.role))
        at = min(max(y, taken + _LABEL), lowest + _LABEL * place)
        canvas.text(plot.right + 9, at + 4, f"{line.label} {line.text}".strip(), "halo strong")
        taken = at
