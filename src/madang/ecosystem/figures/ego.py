"""One organisation in the middle and those around it. On a wide screen they stand in a ring, with the ties between them; on a
narrow one in a list beside it, where only the ties to the one are drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from madang.ecosystem.figures.canvas import Canvas, Paint, Run, Sheet, fitting, number, width_of

_WIDTH: Final = 1100.0
_NARROW_WIDTH: Final = 328.0
_ROW, _RING_ROW = 27.0, 31.0
_LABELS: Final = 250.0
_STROKE_MAX: Final = 7.0
# How much wider a strong text is
_BOLDER: Final = 1.08


class Around(msgspec.Struct, frozen=True):
    """A neighbour. text: beside its label. weight: of the tie, above 0. near: in the same community. address: on pages."""

    label: str
    text: str
    weight: float
    near: bool = True
    address: str = ""


def ego(label: str, around: Sequence[Around], sheet: Sheet, links: Sequence[tuple[int, int]] = ()) -> str:
    """label: of the one in the middle. around: the strongest first. links: between two of them, by their places."""
    return _list(label, around, sheet) if sheet.narrow else _ring(label, around, sheet, links)


def _ring(label: str, around: Sequence[Around], sheet: Sheet, links: Sequence[tuple[int, int]]) -> str:
    rows = math.ceil(len(around) / 2)
    height = max(260.0, rows * _RING_ROW + 60)
    canvas = Canvas(_WIDTH, height, sheet)
    places = _places(len(around), height)
    middle = (_WIDTH / 2, height / 2)
    for first, second in links:
        canvas.path(
            _arc(places[first], places[second], middle), Paint(stroke="chart-axis", width=1, dash="2 3")
        )
    most = max((one.weight for one in around), default=1.0)
    for one, (x, y) in zip(around, places, strict=True):
        wide = max(1.0, _STROKE_MAX * one.weight / most)
        canvas.path(
            f"M{number(middle[0])} {number(middle[1])}L{number(x)} {number(y)}",
            Paint(stroke="cat-6", width=wide),
        )
    for one, (x, y) in zip(around, places, strict=True):
        right = x > middle[0]
        _node(canvas, one, (x, y), (x + 13 if right else x - 13, "start" if right else "end"))
    _middle(canvas, label, middle)
    return canvas.whole("chart chart-wide")


def _places(n: int, height: float) -> list[tuple[float, float]]:
    """Along an ellipse, right and left in turn from the top, as far apart as their labels need."""
    wide, high = _WIDTH / 2 - _LABELS, height / 2 - 22
    found = []
    for place in range(n):
        row, rows = place // 2, math.ceil((n - place % 2) / 2)
        part = (row + 0.5) / rows
        y = (2 * part - 1) * high
        x = wide * math.sqrt(max(0.0, 1 - (y / (high * 1.12)) ** 2)) if high else wide
        found.append((_WIDTH / 2 + (x if place % 2 == 0 else -x), height / 2 + y))
    return found


def _arc(one: tuple[float, float], two: tuple[float, float], middle: tuple[float, float]) -> str:
    """A curve that keeps clear of the labels, bent a little to the middle."""
    x, y = ((a + b) / 2 * 0.7 + m * 0.3 for a, b, m in zip(one, two, middle, strict=True))
    return f"M{number(one[0])} {number(one[1])}Q{number(x)} {number(y)} {number(two[0])} {number(two[1])}"


def _list(label: str, around: Sequence[Around], sheet: Sheet) -> str:
    height = max(120.0, len(around) * _ROW + 24)
    canvas = Canvas(_NARROW_WIDTH, height, sheet)
    middle, right = (9.0, height / 2), 96.0
    most = max((one.weight for one in around), default=1.0)
    for place, one in enumerate(around):
        y = 24 + place * _ROW
        wide = max(1.0, _STROKE_MAX * one.weight / most)
        bend = (middle[0] + right) / 2
        canvas.path(
            f"M{number(middle[0])} {number(middle[1])}C{number(bend)} {number(middle[1])} {number(bend)} {number(y)} "
            f"{number(right)} {number(y)}",
            Paint(stroke="cat-6", width=wide),
        )
        _node(canvas, one, (right, y), (right + 12, "start"))
    canvas.circle(*middle, 8, Paint("accent", "surface", 2), label)
    return canvas.whole("chart chart-narrow")


def _node(canvas: Canvas, one: Around, at: tuple[float, float], text: tuple[float, str]) -> None:
    """A dot with its label: full in the same community, hollow in another."""
    x, anchor = text
    room = (x if anchor == "end" else canvas.width - x) - width_of(f" {one.text}") - 10
    if one.address:
        canvas.link(one.address)
    paint = Paint("cat-1", "surface", 1.5) if one.near else Paint("surface", "cat-1", 2)
    canvas.circle(*at, 6, paint)
    shown = fitting(one.label, room / _BOLDER)
    runs = (Run(shown, "strong"), Run(f" {one.text}"))
    canvas.text(
        x,
        at[1] + 4,
        runs if anchor == "start" else (Run(f"{one.text} "), Run(shown, "strong")),
        "halo",
        anchor,
    )
    if one.address:
        canvas.end_link()


def _middle(canvas: Canvas, label: str, at: tuple[float, float]) -> None:
    canvas.circle(*at, 11, Paint("accent", "surface", 2), label)
    canvas.text(at[0], at[1] + 30, fitting(label, 320), "halo strong big", "middle")
