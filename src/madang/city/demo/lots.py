"""Blocks that are divided into lots with one building each: houses, shops, towers, the old town, industry.

A block is laid over with one or two rows of lots along its longer side. A building that does not fit into what its
lot leaves it is made smaller, then left out: the gaps are the city's car parks and gardens.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from madang.city.demo.blocks import Use
from madang.city.demo.footprints import Footprint, year_between
from madang.city.demo.shapes import Frame, frame_of, polygon

_SHRINK: Final = (1.0, 0.86, 0.7)
_GAP_METRES: Final = 0.8
_HOMES_FLOORS_MIN: Final = 9


class LotRule(msgspec.Struct, frozen=True):
    """Metres. width: of a lot. depth_max: of a row; deeper blocks get two. front, side: distance to its edges.

    fill: share of the lot's remaining depth that is built on. empty: share of lots without a building. turn: degrees.
    corner: share of buildings with a corner taken out.
    """

    width: tuple[float, float]
    depth_max: float
    front: float = 2.5
    side: float = 1.6
    fill: tuple[float, float] = (0.6, 0.8)
    empty: float = 0.05
    turn: float = 0.0
    corner: float = 0.2
    years: tuple[int, int] = (2009, 2024)


RULES: Final = {
    Use.HOUSES: LotRule((15.5, 20.5), 33, 3.0, 2.1, (0.45, 0.62), 0.06, 2.0, 0.4),
    Use.ROW_HOUSES: LotRule((21, 27), 34, 3.0, 2.6, (0.55, 0.72), 0.05, 0.0, 0.15),
    Use.OLD_TOWN: LotRule((12.5, 18.5), 27, 1.2, 1.1, (0.55, 0.78), 0.07, 4.0, 0.45, (1966, 2008)),
    Use.SHOPS: LotRule((22, 30), 40, 3.5, 2.2, (0.6, 0.78), 0.06, 0.0, 0.15),
    Use.TOWERS: LotRule((34, 52), 62, 5.0, 4.0, (0.58, 0.78), 0.06, 0.0, 0.3, (2011, 2024)),
    Use.INDUSTRY: LotRule((44, 76), 80, 7.0, 5.0, (0.6, 0.8), 0.1, 0.0, 0.15, (2012, 2024)),
}


class Site(msgspec.Struct, frozen=True):
    """A block as it lies between its streets. shape: metres. busy: distance below which a lot is on a main street.

    centrality: 0 at the edge of the city, 1 at its middle. main: main streets' surface near the block.
    """

    shape: Polygon
    use: Use
    main: BaseGeometry
    centrality: float


def build_lots(site: Site, random: np.random.Generator) -> list[Footprint]:
    """One building for most of the lots of the block."""
    rule = RULES[site.use]
    buildable = site.shape.buffer(-rule.front * 0.6)
    if buildable.is_empty:
        return []
    shapely.prepare(buildable)
    frame = frame_of(site.shape)
    rows = 2 if frame.breadth > rule.depth_max * 1.25 else 1
    depth = frame.breadth / rows
    found: list[Footprint] = []
    for row in range(rows):
        outward = 1 if row == 0 else -1
        middle = outward * depth / 2 if rows == 2 else 0.0
        for x, width in _lots_of_row(frame.length, rule, random):
            shape = _fitted(_Lot(frame, x, middle, width, depth, outward), rule, buildable, random)
            if shape is not None and all(
                not shapely.dwithin(shape, other.shape, _GAP_METRES) for other in found
            ):
                found.append(_raise(shape, site, rule, random))
    return found


class _Lot(msgspec.Struct, frozen=True):
    frame: Frame
    x: float
    y: float
    width: float
    depth: float
    outward: int


def _lots_of_row(length: float, rule: LotRule, random: np.random.Generator) -> list[tuple[float, float]]:
    """(middle, width) of the lots along a row of this length."""
    widths: list[float] = []
    while sum(widths) < length - rule.width[0] / 2:
        widths.append(random.uniform(*rule.width))
    scale = length / sum(widths) if widths else 1
    middle, lots = -length / 2, []
    for width in widths:
        lots.append((middle + width * scale / 2, width * scale))
        middle += width * scale
    return [lot for lot in lots if random.random() >= rule.empty]


def _fitted(lot: _Lot, rule: LotRule, buildable: Polygon, random: np.random.Generator) -> Polygon | None:
    """The lot's building, as large as the block's edges allow; None if it would become a shed."""
    turn = np.radians(random.uniform(-rule.turn, rule.turn))
    fill = random.uniform(*rule.fill)
    width = lot.width - 2 * rule.side - random.uniform(0, 1.5)
    depth = (lot.depth - rule.front) * fill
    cut = random.random() < rule.corner
    corner = (
        int(random.integers(2)),
        int(random.integers(2)),
        random.uniform(0.3, 0.5),
        random.uniform(0.25, 0.45),
    )
    for scale in _SHRINK:
        for inward in (0.0, 2.5, 5.0):
            y = lot.y + lot.outward * (lot.depth / 2 - rule.front - inward - depth * scale / 2)
            size = (width * scale, depth * scale)
            if min(size) < 6:
                return None
            shape = lot.frame.box(lot.x, y, size, turn)
            if buildable.contains(shape):
                return _without_corner(shape, corner) if cut else shape
    return None


def _without_corner(shape: Polygon, corner: tuple[int, int, float, float]) -> Polygon:
    """An L: the rectangle without one of its corners. corner: which, and the shares of both sides."""
    start, end, _, other = (np.array(point) for point in shape.exterior.coords[:4])
    along, aside = end - start, other - start
    right, top, x, y = corner
    notch = start + along * (1 - x if right else 0) + aside * (1 - y if top else 0)
    taken = polygon(
        np.array((notch, notch + along * x, notch + along * x + aside * y, notch + aside * y, notch))
    )
    cut = shape.difference(taken.buffer(0.01, join_style="mitre"))
    return cut if isinstance(cut, Polygon) else shape


def _raise(shape: Polygon, site: Site, rule: LotRule, random: np.random.Generator) -> Footprint:
    usage, floors = _usage(site, shape, random)
    year = year_between(random, *rule.years)
    households = 0
    if usage == "house":
        households = int(random.choice((1, 1, 2, 3)))
    elif usage == "row-house":
        households = floors * int(random.integers(2, 4))
    elif usage == "commercial" and floors >= _HOMES_FLOORS_MIN:
        households = (floors - 4) * 5
    group = {Use.TOWERS: "towers", Use.INDUSTRY: "industry"}.get(site.use, "")
    return Footprint(shape, usage, floors, year, households, group)


def _usage(site: Site, shape: Polygon, random: np.random.Generator) -> tuple[str, int]:
    """Use and storeys of a building: shops stand on the main streets, towers in the middle of the city."""
    chance = random.random()
    on_main = site.main.distance(shape) < 16
    match site.use:
        case Use.HOUSES if on_main and chance < 0.36:
            return "retail", int(random.integers(3, 5))
        case Use.HOUSES:
            return ("row-house", 4) if chance > 0.93 else ("house", int(random.choice((1, 2, 2, 2, 2, 3))))
        case Use.ROW_HOUSES:
            return ("retail", 3) if on_main and chance < 0.3 else ("row-house", int(random.choice((4, 4, 5))))
        case Use.OLD_TOWN if on_main or chance < 0.16:
            return "retail", int(random.integers(2, 6))
        case Use.OLD_TOWN:
            return ("row-house", 4) if chance > 0.78 else ("house", int(random.choice((1, 1, 2, 2, 3))))
        case Use.SHOPS:
            return ("religious", 3) if chance > 0.96 else ("retail", int(random.integers(3, 8)))
        case Use.TOWERS:
            return _tower(site, shape, random)
        case _:
            if on_main and chance < 0.3:
                return "industrial", int(random.integers(5, 10))
            return ("warehouse", 1) if chance > 0.72 else ("industrial", int(random.integers(1, 4)))


def _tower(site: Site, shape: Polygon, random: np.random.Generator) -> tuple[str, int]:
    low, high = 5, 6 + 30 * site.centrality**2
    floors = int(low + (high - low) * random.beta(1.5, 2.4))
    if shape.area > 1500:
        floors = min(floors, 16)
    usage = "office" if random.random() < 0.42 else "commercial"
    return usage, max(4, floors)
