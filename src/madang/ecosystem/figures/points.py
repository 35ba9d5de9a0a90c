"""Points of a city as a map without streets, for reports and for readers without script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from madang.ecosystem.figures.canvas import Canvas, Paint, Sheet, polyline

_MARGIN: Final = 12.0


class Dot(msgspec.Struct, frozen=True):
    """at: (longitude, latitude). label: what it is. size: its area counts, from 1. role: of its colour. address: on pages."""

    at: tuple[float, float]
    label: str
    size: float = 1.0
    role: str = "cat-1"
    address: str = ""


def points(dots: Sequence[Dot], sheet: Sheet, outlines: Sequence[Sequence[tuple[float, float]]] = ()) -> str:
    """outlines: of districts, as positions (longitude, latitude). The largest dots are drawn first."""
    width, height = (328.0, 300.0) if sheet.narrow else (720.0, 440.0)
    canvas = Canvas(width, height, sheet)
    every = [dot.at for dot in dots] + [position for outline in outlines for position in outline]
    if not every:
        return canvas.whole("chart chart-narrow" if sheet.narrow else "chart chart-wide")
    west, east = min(at[0] for at in every), max(at[0] for at in every)
    south, north = min(at[1] for at in every), max(at[1] for at in every)
    # A degree of longitude is as much shorter as the place is far from the equator
    shrunk = math.cos(math.radians((south + north) / 2))
    spans = ((east - west) * shrunk, north - south)
    scale = min(
        (width - 2 * _MARGIN) / spans[0] if spans[0] else math.inf,
        (height - 2 * _MARGIN) / spans[1] if spans[1] else math.inf,
    )
    scale = scale if math.isfinite(scale) else 1.0
    left, top = (width - spans[0] * scale) / 2, (height - spans[1] * scale) / 2

    def place(at: tuple[float, float]) -> tuple[float, float]:
        return left + (at[0] - west) * shrunk * scale, top + (north - at[1]) * scale

    for outline in outlines:
        canvas.path(polyline([place(at) for at in outline], closed=True), Paint("chart-band", "chart-axis"))
    largest = max((dot.size for dot in dots), default=1.0) or 1.0
    for dot in sorted(dots, key=lambda one: -one.size):
        if dot.address:
            canvas.link(dot.address, dot.label)
        radius = 3 + 9 * math.sqrt(max(0.0, dot.size) / largest) if largest > 1 else 4.0
        canvas.circle(*place(dot.at), radius, Paint(dot.role, "surface", opacity=0.8), dot.label)
        if dot.address:
            canvas.end_link()
    return canvas.whole("chart chart-narrow" if sheet.narrow else "chart chart-wide")
