"""Quarters become blocks: side streets are cut through them until what lies between has the size that its use needs.

Everything is in plan coordinates. Every cut ends on the middle of an older street, so the streets form one network.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Final

import msgspec
import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.ops import split

from madang.city.demo.model import Class, PlanLine, Quarter, Zone
from madang.city.demo.plan import WIDTHS
from madang.city.demo.shapes import lines_of, polygons_of


class Use(StrEnum):
    """What a block is built with."""

    HOUSES = "houses"
    ROW_HOUSES = "row houses"
    OLD_TOWN = "old town"
    MARKET = "market"
    ESTATE = "estate"
    SHOPS = "shops"
    TOWERS = "towers"
    CIVIC = "civic"
    SCHOOL = "school"
    GREEN = "green"
    PARK = "park"
    CAMPUS = "campus"
    HOSPITAL = "hospital"
    STATION = "station"
    INDUSTRY = "industry"


class Block(msgspec.Struct, frozen=True):
    """shape: plan coordinates, to the middle of the streets around it."""

    shape: Polygon
    use: Use
    quarter: Quarter


class Cut(msgspec.Struct, frozen=True):
    """How far to cut and how regularly. Lengths in metres, area in square metres, turn in degrees."""

    kind: Class
    area_max: float = math.inf
    long_max: float = math.inf
    short_max: float = math.inf
    wander: float = 0.06
    turn: float = 1.2
    width: float = 0.0


_SIDE: Final = {
    Zone.HOUSES: Cut(Class.TERTIARY, area_max=62_000),
    Zone.ESTATE: Cut(Class.TERTIARY, area_max=105_000),
    Zone.OLD_TOWN: Cut(Class.TERTIARY, area_max=60_000, wander=0.12, turn=7, width=14),
    Zone.CENTRE: Cut(Class.TERTIARY, area_max=48_000, wander=0.03),
    Zone.INDUSTRY: Cut(Class.TERTIARY, area_max=52_000, wander=0.04),
}
_PLOT: Final = Cut(Class.RESIDENTIAL, area_max=17_500, wander=0.03)
_LOCAL: Final = {
    Zone.HOUSES: Cut(Class.RESIDENTIAL, long_max=150, short_max=62, wander=0.05),
    Zone.OLD_TOWN: Cut(Class.RESIDENTIAL, long_max=105, short_max=56, wander=0.16, turn=9, width=7.5),
    Zone.CENTRE: Cut(Class.RESIDENTIAL, area_max=13_500, wander=0.04, width=12),
    Zone.INDUSTRY: Cut(Class.RESIDENTIAL, area_max=21_000, wander=0.04, width=12),
}
_WHOLE: Final = {Zone.PARK: Use.PARK, Zone.CAMPUS: Use.CAMPUS, Zone.CIVIC: Use.CIVIC}
_PLAIN: Final = {
    Zone.HOUSES: Use.HOUSES,
    Zone.OLD_TOWN: Use.OLD_TOWN,
    Zone.CENTRE: Use.TOWERS,
    Zone.INDUSTRY: Use.INDUSTRY,
}


def divide(quarter: Quarter, random: np.random.Generator) -> tuple[list[Block], list[PlanLine]]:
    """The blocks of a quarter and the side streets between them."""
    if quarter.zone is Zone.CORRIDOR:
        return [], []
    if quarter.zone in _WHOLE:
        return [Block(quarter.shape, _WHOLE[quarter.zone], quarter)], []
    parts, lines = _cut(quarter.shape, _SIDE[quarter.zone], random)
    blocks: list[Block] = []
    special = _special_part(parts, quarter)
    for number, part in enumerate(parts):
        if number == special:
            made, more = _special_blocks(part, quarter, random)
        elif quarter.zone is Zone.ESTATE:
            made, more = [Block(part, Use.ESTATE, quarter)], []
        else:
            made, more = _local_blocks(part, quarter, random)
        blocks += made
        lines += more
    return blocks, lines


def _special_part(parts: list[Polygon], quarter: Quarter) -> int:
    """The part in which school, park and shops find their place: the one nearest to the middle; -1 for none."""
    if len(parts) < 2:
        return -1
    return min(
        range(len(parts)),
        key=lambda number: parts[number].distance(quarter.shape.centroid) - parts[number].area / 1e5,
    )


def _special_blocks(
    part: Polygon, quarter: Quarter, random: np.random.Generator
) -> tuple[list[Block], list[PlanLine]]:
    plots, lines = _cut(part, _PLOT, random)
    plots.sort(key=lambda plot: -plot.area)
    uses = {
        Zone.CENTRE: [Use.HOSPITAL, Use.STATION, Use.GREEN] if quarter.district == "hanbit" else [Use.GREEN],
        Zone.OLD_TOWN: [Use.MARKET if quarter.shape.centroid.x < 0 else Use.SCHOOL, Use.GREEN],
        Zone.INDUSTRY: [Use.GREEN],
    }.get(quarter.zone, [Use.SCHOOL, Use.GREEN, Use.SHOPS])
    blocks: list[Block] = []
    for number, plot in enumerate(plots):
        if number < len(uses):
            blocks.append(Block(plot, uses[number], quarter))
        elif quarter.zone is Zone.ESTATE:
            blocks.append(Block(plot, Use.ROW_HOUSES if number % 2 else Use.ESTATE, quarter))
        else:
            made, more = _local_blocks(plot, quarter, random)
            blocks += made
            lines += more
    return blocks, lines


def _local_blocks(
    part: Polygon, quarter: Quarter, random: np.random.Generator
) -> tuple[list[Block], list[PlanLine]]:
    pieces, lines = _cut(part, _LOCAL[quarter.zone], random)
    return [Block(piece, _PLAIN[quarter.zone], quarter) for piece in pieces], lines


def _cut(shape: Polygon, cut: Cut, random: np.random.Generator) -> tuple[list[Polygon], list[PlanLine]]:
    """Halve the shape across its longer side, again and again, until it is within the limits."""
    length, breadth, direction = _extent(shape)
    if shape.area <= cut.area_max and length <= cut.long_max and breadth <= cut.short_max:
        return [shape], []
    lengthwise = math.isfinite(cut.short_max) and length <= cut.long_max
    if lengthwise:
        direction, length = direction + math.pi / 2, breadth
    share = 0.5 + random.uniform(-cut.wander, cut.wander)
    parts = max(2, math.ceil(length / cut.short_max)) if lengthwise else 2
    if parts > 2:
        share += round(parts / 2) / parts - 0.5
    line = _line_across(shape, direction, share, math.radians(random.uniform(-cut.turn, cut.turn)))
    pieces = [piece for piece in polygons_of(split(shape, line)) if piece.area > 1]
    streets = lines_of(shape.intersection(line))
    if len(pieces) < 2 or len(streets) != 1:
        return [shape], []
    lines = [PlanLine(streets[0], cut.kind, "", cut.width or WIDTHS[cut.kind])]
    found: list[Polygon] = []
    for piece in pieces:
        smaller, more = _cut(piece, cut, random)
        found += smaller
        lines += more
    return found, lines


def _extent(shape: Polygon) -> tuple[float, float, float]:
    """Longer side, shorter side, and direction of the longer one; the river's directions are preferred."""
    west, south, east, north = shape.bounds
    box = shapely.minimum_rotated_rectangle(shape)
    if shape.area / ((east - west) * (north - south)) > 0.72 or box.geom_type != "Polygon":
        return (
            (east - west, north - south, 0.0)
            if east - west >= north - south
            else (north - south, east - west, math.pi / 2)
        )
    corners = shapely.get_coordinates(box)
    sides = np.diff(corners, axis=0)[:2]
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    longer = int(lengths.argmax())
    return float(lengths[longer]), float(lengths[1 - longer]), math.atan2(sides[longer, 1], sides[longer, 0])


def _line_across(shape: Polygon, direction: float, share: float, turn: float) -> LineString:
    """A line at right angles (but for `turn`) to the direction, at this share of the way through the shape."""
    forward = np.array((math.cos(direction), math.sin(direction)))
    positions = np.array(shape.exterior.coords) @ forward
    at = positions.min() + share * (positions.max() - positions.min())
    centre = np.array(shape.centroid.coords[0])
    middle = centre + forward * (at - centre @ forward)
    side = (
        np.array((math.cos(direction + math.pi / 2 + turn), math.sin(direction + math.pi / 2 + turn))) * 3000
    )
    return LineString((middle - side, middle + side))
