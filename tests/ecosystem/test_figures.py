"""Figures: that what is drawn is what was given, that nothing gets out of a text, and that colours are those of the look."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.ecosystem.figures.bars import Bar, bars
from madang.ecosystem.figures.canvas import Sheet
from madang.ecosystem.figures.interval import Interval, interval
from madang.ecosystem.figures.lines import Axis, Line, lines
from madang.ecosystem.figures.palette import LIGHT, PAGE, PAPER
from madang.ecosystem.figures.points import Dot, points
from madang.ecosystem.figures.radar import Spoke, radar
from madang.ecosystem.figures.sankey import Columns, Node, Ribbon, sankey
from madang.ecosystem.figures.share import Part, share
from madang.ecosystem.figures.treemap import Cell, Group, squarified, treemap

TOKENS = Path(__file__).parents[2] / "web-src" / "styles" / "tokens.css"
EVIL = '<script>alert("x")</script> & "'
NODES = [Node(code, EVIL, "n", "3", "note") for code in ("a", "b")]
FLOW = [Node("data", EVIL, "d", "3", role="cat-1")]
FIGURES: dict[str, Callable[[Sheet], str]] = {
    "radar": lambda sheet: radar([Spoke(EVIL, EVIL, "±1", 30.0, 20.0, 40.0) for _ in range(7)], sheet),
    "sankey": lambda sheet: sankey(
        [Ribbon("a", "data", "b", 2), Ribbon("b", "data", "a", 1)],
        Columns(NODES, FLOW, NODES, (EVIL, EVIL, EVIL)),
        sheet,
    ),
    "treemap": lambda sheet: treemap([Group(EVIL, "3", [Cell(EVIL, "3", 3, 4), Cell("b", "1", 1)])], sheet),
    "share": lambda sheet: share([Part(EVIL, EVIL, 3, "accent"), Part("b", "1", 1)], sheet),
    "lines": lambda sheet: lines(
        [Line(EVIL, EVIL, [1.0, None, 3.0])], Axis([1, 2, 3], [EVIL, "b", "c"], EVIL, EVIL), sheet
    ),
    "bars": lambda sheet: bars([Bar(EVIL, EVIL, 1.0), Bar("b", "–", None, compared=2)], sheet),
    "points": lambda sheet: points(
        [Dot((127.0, 37.0), EVIL, address=EVIL), Dot((127.1, 37.1), "b", 3)], sheet
    ),
    "interval": lambda sheet: interval(Interval(0.3, 0.6, 0.2, 0.4), sheet),
}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("palette", [PAGE, PAPER])
def test_whatever_stands_in_a_figure_it_is_svg_that_runs_nothing(name: str, palette: object) -> None:
    for narrow in (False, True):
        drawn = FIGURES[name](Sheet(PAGE if palette is PAGE else PAPER, EVIL, narrow))
        assert "<script" not in drawn
        assert "style=" not in drawn
        root = ET.fromstring(drawn)
        assert root.tag.endswith("svg")
        assert "NaN" not in drawn
        assert "nan" not in drawn


@pytest.mark.parametrize("name", FIGURES)
def test_a_file_needs_no_style_of_ours(name: str) -> None:
    drawn = FIGURES[name](Sheet(PAPER, "label"))
    assert "var(--" not in drawn
    assert "class=" not in drawn
    assert 'xmlns="http://www.w3.org/2000/svg"' in drawn


def test_colours_of_files_are_those_of_the_look() -> None:
    light = TOKENS.read_text(encoding="utf-8").split("@media")[0]
    tokens = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", light))
    assert {name: tokens.get(name) for name in LIGHT} == dict(LIGHT)


@given(st.lists(st.floats(0.01, 1000), min_size=1, max_size=30), st.floats(10, 1000), st.floats(10, 1000))
def test_a_treemap_fills_its_box_in_proportion(sizes: list[float], width: float, height: float) -> None:
    ordered = sorted(sizes, reverse=True)
    boxes = squarified(ordered, (0.0, 0.0, width, height))
    whole = sum(ordered)
    for size, (x, y, wide, high) in zip(ordered, boxes, strict=True):
        assert wide * high == pytest.approx(size / whole * width * height, rel=1e-6)
        assert -1e-6 <= x <= x + wide <= width * (1 + 1e-6)
        assert -1e-6 <= y <= y + high <= height * (1 + 1e-6)


def heights(drawn: str, fill: str) -> list[float]:
    found = ET.fromstring(drawn).iter("rect")
    return [float(rect.attrib["height"]) for rect in found if rect.attrib.get("fill") == fill]


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("abc"), st.sampled_from(("data", "capital")), st.sampled_from("abc")),
        st.integers(1, 500),
        min_size=1,
    )
)
def test_what_is_given_is_what_flows_and_what_is_got(counts: dict[tuple[str, str, str], int]) -> None:
    ribbons = [Ribbon(source, flow, target, count) for (source, flow, target), count in counts.items()]
    nodes = [Node(code, code, code, "") for code in "abc"]
    kinds = [Node("data", "d", "d", "", role="cat-1"), Node("capital", "c", "c", "", role="cat-5")]
    drawn = sankey(ribbons, Columns(nodes, kinds, nodes, ("", "", "")), Sheet(PAGE, "flows"))
    flowing = sum(heights(drawn, "var(--cat-1)")) + sum(heights(drawn, "var(--cat-5)"))
    ends = sum(heights(drawn, "var(--ink)"))
    # A node is never lower than a line, so small ones make a side a little higher
    assert ends == pytest.approx(2 * flowing, abs=8)
    assert drawn.count('class="flow"') == 2 * len(ribbons)


def test_what_is_not_known_has_no_point_and_breaks_the_line() -> None:
    known = [Spoke("a", "1", value=50.0, low=40.0, high=60.0) for _ in range(6)]
    drawn = radar([*known, Spoke("missing", "none")], Sheet(PAGE, "radar"))
    assert drawn.count("<circle") == 6
    assert 'fill-opacity="0.13"' not in drawn
    broken = lines(
        [Line("a", "", [1.0, 2.0, None, 3.0, 4.0])], Axis([1, 2, 3, 4, 5], list("abcde")), Sheet(PAGE, "")
    )
    assert broken.count('stroke-width="1.75"') == 2


def test_a_value_beyond_the_axis_stands_at_its_end() -> None:
    drawn = interval(Interval(7.0, 0.5), Sheet(PAGE, ""))
    assert 'd="M196.0 6V16"' in drawn
