"""The elements of a drawing, written one after the other. All text that comes in is escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

import msgspec

from madang.ecosystem.figures.palette import FONT, TEXT_SIZE, Palette

# About how wide a character is, in parts of its size: Hangul and ideographs, narrow ones, others
_WIDE, _NARROW, _OTHER = 0.9, 0.3, 0.57
_STRONG = 1.09  # so much wider is bold
_NARROW_CHARACTERS: Final = frozenset(" .,:;|'!il·()")
_WIDE_FROM: Final = "\u1100"
_HATCH: Final = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path d="M0 0V6" stroke="{}" stroke-width="1.5"/></pattern></defs>'
)


class Sheet(msgspec.Struct, frozen=True):
    """On what is drawn. label: what a screen reader says of the figure. narrow: for a screen of 360 px."""

    palette: Palette
    label: str
    narrow: bool = False


class Paint(msgspec.Struct, frozen=True):
    """fill, stroke: roles of colours, "" for none. width: of the stroke. opacity: of the fill."""

    fill: str = ""
    stroke: str = ""
    width: float = 1.0
    opacity: float = 1.0
    dash: str = ""
    fixed: bool = False  # the stroke keeps its width where the drawing is stretched


class Run(msgspec.Struct, frozen=True):
    """A part of a text with a style of its own."""

    text: str
    style: str = ""


class Canvas:
    """width, height: of the view box. kind: class names for pages, such as "chart-wide"."""

    def __init__(self, width: float, height: float, sheet: Sheet) -> None:
        self.width, self.height = width, height
        self.sheet = sheet
        self._parts: list[str] = []
        self._linked = False

    def path(self, d: str, paint: Paint | None = None, style: str = "", title: str = "") -> None:
        told = f"<title>{escape(title)}</title></path>" if title else ""
        end = f">{told}" if told else "/>"
        self._parts.append(f'<path d="{d}"{self._style(style)}{self._paint(paint)}{end}')

    def rect(
        self, box: Sequence[float], paint: Paint | None = None, style: str = "", title: str = ""
    ) -> None:
        """box: x, y, width, height."""
        x, y, width, height = (number(one) for one in box)
        end = f"><title>{escape(title)}</title></rect>" if title else "/>"
        self._parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}"{self._style(style)}{self._paint(paint)}{end}'
        )

    def circle(self, x: float, y: float, radius: float, paint: Paint, title: str = "") -> None:
        end = f"><title>{escape(title)}</title></circle>" if title else "/>"
        self._parts.append(
            f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"{self._paint(paint)}{end}'
        )

    def text(
        self, x: float, y: float, runs: str | Sequence[Run], style: str = "", anchor: str = "start"
    ) -> None:
        """anchor: "start", "middle" or "end" of the text stands at x."""
        inside = escape(runs) if isinstance(runs, str) else "".join(map(self._run, runs))
        turned = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self._parts.append(
            f'<text x="{number(x)}" y="{number(y)}"{self._style(style)}{turned}>{inside}</text>'
        )

    def link(self, address: str, label: str = "") -> None:
        """What is drawn until `end_link` leads there; only on pages. label: where no text is drawn in it."""
        if self.sheet.palette.named:
            self._linked = True
            said = f' aria-label="{escape(label)}"' if label else ""
            self._parts.append(f'<a href="{escape(address)}"{said}>')

    def end_link(self) -> None:
        if self.sheet.palette.named:
            self._parts.append("</a>")

    def whole(self, kind: str = "chart", stretched: bool = False) -> str:
        """The SVG element. kind: class names on a page. stretched: it takes any width without keeping its shape."""
        box = f'viewBox="0 0 {number(self.width)} {number(self.height)}"'
        keeps = ' preserveAspectRatio="none"' if stretched else ""
        label = escape(self.sheet.label)
        # What is an image has no parts that a reader could get to
        role = "group" if self._linked else "img"
        said = f' role="{role}" aria-label="{label}"' if label else ' aria-hidden="true"'
        inside = "".join(self._parts)
        if self.sheet.palette.named:
            return f'<svg class="{kind}" {box}{keeps}{said}>{inside}</svg>'
        hatch = _HATCH.format(self.sheet.palette.colour("chart-missing")) if "url(#hatch)" in inside else ""
        plain = f'font-family="{FONT}" font-size="{number(TEXT_SIZE)}" fill="{self.sheet.palette.colour("chart-text")}"'
        size = f'width="{number(self.width)}" height="{number(self.height)}"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box}{keeps}{said} {plain}>{hatch}{inside}</svg>'
        )

    def _run(self, run: Run) -> str:
        style = self._style(run.style)
        return f"<tspan{style}>{escape(run.text)}</tspan>" if style else escape(run.text)

    def _style(self, names: str) -> str:
        return self.sheet.palette.style(names)

    def _paint(self, paint: Paint | None) -> str:
        if paint is None:
            return ""
        colour = self.sheet.palette.colour
        parts = [f' fill="{colour(paint.fill) if paint.fill else "none"}"']
        if paint.opacity != 1.0:
            parts.append(f' fill-opacity="{number(paint.opacity)}"')
        if paint.stroke:
            parts.append(f' stroke="{colour(paint.stroke)}" stroke-width="{number(paint.width)}"')
        if paint.dash:
            parts.append(f' stroke-dasharray="{paint.dash}"')
        if paint.fixed:
            parts.append(' vector-effect="non-scaling-stroke"')
        return "".join(parts)


def number(value: float) -> str:
    """As short as it can be written: two decimals at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def width_of(text: str, size: float = TEXT_SIZE, *, strong: bool = False) -> float:
    """About how wide a text is, in units of the view box. strong: in the style of that name."""
    return (
        size
        * (_STRONG if strong else 1.0)
        * sum(
            _WIDE if character >= _WIDE_FROM else _NARROW if character in _NARROW_CHARACTERS else _OTHER
            for character in text
        )
    )


def fitting(text: str, room: float, size: float = TEXT_SIZE) -> str:
    """The text, shortened where it does not fit; the table has it whole."""
    if width_of(text, size) <= room:
        return text
    while text and width_of(text + "…", size) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def polyline(points: Sequence[tuple[float, float]], closed: bool = False) -> str:
    """The `d` of a path through all points (x, y)."""
    d = "L".join(f"{number(x)} {number(y)}" for x, y in points)
    return f"M{d}{'z' if closed else ''}" if d else ""
