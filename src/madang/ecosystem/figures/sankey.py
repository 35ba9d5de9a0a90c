"""What runs from whom to whom: three columns (who gives, what, who gets) and bands as wide as what runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from madang.ecosystem.figures.canvas import Canvas, Paint, Run, Sheet, number

_NODE_WIDTH: Final = 10.0
_TOP: Final = 24.0
_GAP: Final = 11.0
_LABEL_HEIGHT: Final = 15.0


class Ribbon(msgspec.Struct, frozen=True):
    """count: how much of `flow` runs from `source` to `target`; codes of nodes."""

    source: str
    flow: str
    target: str
    count: float


class Node(msgspec.Struct, frozen=True):
    """short: the label where there is little room. text: how much, in words. note: what is missing here. role: of its
    colour."""

    code: str
    label: str
    short: str
    text: str
    note: str = ""
    role: str = "ink"


class Columns(msgspec.Struct, frozen=True):
    """heads: what the three columns are called."""

    sources: Sequence[Node]
    flows: Sequence[Node]
    targets: Sequence[Node]
    heads: tuple[str, str, str]


class _Bar(msgspec.Struct):
    """Where a node stands, and how far down of each of its sides is taken."""

    node: Node
    y: float
    height: float
    came: float = 0.0
    went: float = 0.0


def sankey(ribbons: Sequence[Ribbon], columns: Columns, sheet: Sheet) -> str:
    """Bands are in the order of the nodes, so that as few as may be cross. Nodes of which nothing runs are left out, unless
    they have a note."""
    width, height = (328.0, 560.0) if sheet.narrow else (1100.0, 460.0)
    left, middle, right = (2.0, 159.0, 316.0) if sheet.narrow else (118.0, 545.0, 958.0)
    if not sheet.narrow:
        left = 188.0 if any(len(node.label) > 9 for node in columns.sources) else left
    bottom = height - 22
    giving = _totals(ribbons, "source")
    getting = _totals(ribbons, "target")
    flowing = _totals(ribbons, "flow")
    whole = sum(giving.values())
    counts = max(len(columns.sources), len(columns.targets), len(columns.flows))
    scale = (bottom - _TOP - _GAP * (counts - 1) - _LABEL_HEIGHT * 2) / whole if whole else 0.0
    bars = (
        _column(columns.sources, giving, scale, bottom),
        _column(columns.flows, flowing, scale, bottom),
        _column(columns.targets, getting, scale, bottom),
    )
    canvas = Canvas(width, height, sheet)
    _bands(canvas, ribbons, bars, (left, middle, right), scale)
    _ends(canvas, bars[0], left, outside=not sheet.narrow, gives=True)
    _ends(canvas, bars[2], right, outside=not sheet.narrow, gives=False)
    _kinds(canvas, bars[1], middle)
    canvas.text(0, 11, columns.heads[0])
    canvas.text(middle + _NODE_WIDTH / 2, 11, columns.heads[1], anchor="middle")
    canvas.text(width, 11, columns.heads[2], anchor="end")
    return canvas.whole("chart chart-narrow" if sheet.narrow else "chart chart-wide")


def _totals(ribbons: Sequence[Ribbon], side: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for ribbon in ribbons:
        code = str(getattr(ribbon, side))
        found[code] = found.get(code, 0.0) + ribbon.count
    return found


def _column(
    nodes: Sequence[Node], totals: Mapping[str, float], scale: float, bottom: float
) -> dict[str, _Bar]:
    """The nodes one under the other, the free room spread between them."""
    shown = [node for node in nodes if totals.get(node.code) or node.note]
    heights = [max(1.0, totals.get(node.code, 0.0) * scale) for node in shown]
    free = bottom - _TOP - sum(heights)
    gap = free / (len(shown) - 1) if len(shown) > 1 else 0.0
    bars: dict[str, _Bar] = {}
    y = _TOP
    for node, height in zip(shown, heights, strict=True):
        bars[node.code] = _Bar(node, y, height)
        y += height + gap
    return bars


def _bands(
    canvas: Canvas,
    ribbons: Sequence[Ribbon],
    bars: tuple[dict[str, _Bar], dict[str, _Bar], dict[str, _Bar]],
    at: tuple[float, float, float],
    scale: float,
) -> None:
    givers, kinds, getters = bars
    orders = [{code: place for place, code in enumerate(column)} for column in bars]

    def place(ribbon: Ribbon) -> tuple[int, int, int]:
        return orders[0][ribbon.source], orders[1][ribbon.flow], orders[2][ribbon.target]

    for ribbon in sorted(ribbons, key=lambda one: (place(one)[0], place(one)[1], place(one)[2])):
        thick, kind = ribbon.count * scale, kinds[ribbon.flow]
        giver = givers[ribbon.source]
        band = ((at[0] + _NODE_WIDTH, giver.y + giver.went), (at[1], kind.y + kind.came))
        canvas.path(_band(*band, thick), Paint(kind.node.role), "flow")
        giver.went += thick
        kind.came += thick
    for ribbon in sorted(ribbons, key=lambda one: (place(one)[1], place(one)[2], place(one)[0])):
        thick, kind = ribbon.count * scale, kinds[ribbon.flow]
        getter = getters[ribbon.target]
        band = ((at[1] + _NODE_WIDTH, kind.y + kind.went), (at[2], getter.y + getter.came))
        canvas.path(_band(*band, thick), Paint(kind.node.role), "flow")
        kind.went += thick
        getter.came += thick


def _band(begin: tuple[float, float], end: tuple[float, float], thick: float) -> str:
    (x, y), (to_x, to_y) = begin, end
    middle = number((x + to_x) / 2)
    low, to_low = number(y + thick), number(to_y + thick)
    return (
        f"M{number(x)} {number(y)}C{middle} {number(y)} {middle} {number(to_y)} {number(to_x)} {number(to_y)}"
        f"V{to_low}C{middle} {to_low} {middle} {low} {number(x)} {low}z"
    )


def _ends(canvas: Canvas, bars: Mapping[str, _Bar], x: float, *, outside: bool, gives: bool) -> None:
    """The nodes of one side with their labels: beside the drawing, or on it where it is narrow."""
    for bar in bars.values():
        canvas.rect((x, bar.y, _NODE_WIDTH, bar.height), Paint(bar.node.role))
        before = gives == outside
        at = x - 8 if before else x + _NODE_WIDTH + (8 if outside else 5)
        if not outside and not gives:
            at = x - 5
        anchor = "end" if before else "start"
        middle = bar.y + bar.height / 2 + (4 if not bar.node.note else -2)
        label = bar.node.label if outside else bar.node.short
        style = "" if outside else "halo"
        canvas.text(at, middle, (Run(label, "strong"), Run(f" {bar.node.text}")), style, anchor)
        if bar.node.note:
            canvas.text(at, middle + _LABEL_HEIGHT, bar.node.note, f"{style} warn".strip(), anchor)


def _kinds(canvas: Canvas, bars: Mapping[str, _Bar], x: float) -> None:
    for bar in bars.values():
        canvas.rect((x, bar.y, _NODE_WIDTH, bar.height), Paint(bar.node.role))
        middle = bar.y + bar.height / 2 + 4
        if canvas.sheet.narrow:
            canvas.text(x + _NODE_WIDTH / 2, middle, bar.node.short, "halo strong", "middle")
        else:
            runs = (Run(bar.node.label, "strong"), Run(f" {bar.node.text}"))
            canvas.text(x + _NODE_WIDTH + 7, middle, runs, "halo")
