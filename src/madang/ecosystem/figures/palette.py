"""How colours, lines and texts are written: by the names of the look's tokens on pages, where light and dark may change
and nothing inline is allowed, and as plain numbers in files that stand alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

# The light tokens of the look, by role (web-src/styles/tokens.css; a test holds both together)
LIGHT: Final[Mapping[str, str]] = {
    "ground": "#f7f9f8",
    "surface": "#ffffff",
    "sunk": "#eef2f0",
    "ink": "#15201d",
    "ink-2": "#42504b",
    "ink-3": "#5a6964",
    "rule": "#dfe5e2",
    "rule-2": "#c3ccc8",
    "rule-control": "#7b8984",
    "accent": "#0a6151",
    "accent-soft": "#e2f0eb",
    "on-accent": "#ffffff",
    "warn": "#744d00",
    "cat-1": "#0069a8",
    "cat-2": "#a83f00",
    "cat-3": "#00694c",
    "cat-4": "#c05c99",
    "cat-5": "#b08100",
    "cat-6": "#4796cb",
    "cat-7": "#828d88",
    "chart-grid": "#e4e9e7",
    "chart-axis": "#8b9893",
    "chart-text": "#4c5a55",
    "chart-band": "#e9eeec",
    "chart-missing": "#c3ccc8",
    "seq-1": "#f2efb0",
    "seq-2": "#c3e07f",
    "seq-3": "#7fcb86",
    "seq-4": "#3aa694",
    "seq-5": "#277f8e",
    "seq-6": "#35598c",
    "seq-7": "#432d75",
    "on-seq-1": "#15201d",
    "on-seq-2": "#15201d",
    "on-seq-3": "#15201d",
    "on-seq-4": "#15201d",
    "on-seq-5": "#ffffff",
    "on-seq-6": "#ffffff",
    "on-seq-7": "#ffffff",
}
FONT: Final = "Pretendard, 'Noto Sans KR', 'Noto Sans CJK KR', 'Malgun Gothic', sans-serif"
TEXT_SIZE: Final = 12.0

_LINES: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "grid": (("stroke", "chart-grid"), ("stroke-width", "1"), ("fill", "none")),
    "axis": (("stroke", "chart-axis"), ("stroke-width", "1"), ("fill", "none")),
    "guide": (("stroke", "chart-axis"), ("stroke-width", "1"), ("stroke-dasharray", "3 3"), ("fill", "none")),
    "flow": (("fill-opacity", "0.36"),),
    "band": (("fill", "chart-band"),),
    "missing": (("fill", "url(#hatch)"),),
}
_TEXTS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "strong": (("font-weight", "600"), ("fill", "ink")),
    "heavy": (("font-weight", "600"),),
    "big": (("font-size", "14"),),
    "middling": (("font-size", "13"),),
    "warn": (("fill", "warn"),),
    "on-accent": (("fill", "on-accent"),),
    "halo": (
        ("paint-order", "stroke"),
        ("stroke", "surface"),
        ("stroke-width", "4"),
        ("stroke-linejoin", "round"),
    ),
    **{f"on-seq-{step}": (("fill", f"on-seq-{step}"),) for step in range(1, 8)},
}


class Palette(msgspec.Struct, frozen=True):
    """named: colours and styles by their names, which only a page of ours knows; else each as it is."""

    named: bool

    def colour(self, role: str) -> str:
        """What stands in `fill` or `stroke`. Raises KeyError for a role that is none of the look's."""
        return f"var(--{role})" if self.named and role in LIGHT else LIGHT[role]

    def style(self, names: str) -> str:
        """Attributes of an element. names: styles of lines or texts, separated by blanks."""
        if self.named:
            return f' class="{names}"' if names else ""
        found: dict[str, str] = {}
        for name in names.split():
            found.update(_LINES.get(name) or _TEXTS[name])
        return "".join(f' {name}="{LIGHT.get(value, value)}"' for name, value in found.items())


PAGE: Final = Palette(True)
PAPER: Final = Palette(False)
