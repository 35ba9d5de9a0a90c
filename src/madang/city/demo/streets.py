"""The street network on the ground: planned lines are bent into the valley, joined where they meet, and cut there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import shapely
from shapely import LineString, STRtree
from shapely.geometry.base import BaseGeometry

from madang.city.demo.model import Class, PlanLine
from madang.city.demo.shapes import lines_of, union

_GRID_METRES: Final = 0.05
_OVERSHOOT_METRES: Final = 0.6
_STUB_METRES: Final = 3.0
_RANK: Final = {kind: rank for rank, kind in enumerate(Class)}
MAIN: Final = frozenset({Class.PRIMARY, Class.SECONDARY, Class.TERTIARY})


class Way(msgspec.Struct, frozen=True):
    """A piece of street between two junctions, in metres. street: key of its name."""

    shape: LineString
    kind: Class
    street: str
    width: float
    bridge: bool = False


def join(lines: Sequence[PlanLine], water: BaseGeometry) -> list[Way]:
    """The network. lines: in metres. water: where a street is on a bridge.

    Where two lines run together the higher class stays. Ends that stick out by less than a car's length go.
    """
    overshot = [_longer(line.shape) for line in lines]
    noded = union(overshot, _GRID_METRES)
    pieces = [piece for piece in lines_of(noded) if piece.length > _GRID_METRES * 2]
    pieces = _without_stubs(pieces)
    pieces = [part for piece in pieces for part in _at_water(piece, water)]
    tree = STRtree(overshot)
    ways = []
    for piece in pieces:
        middle = piece.interpolate(0.5, normalized=True)
        near = tree.query(middle, predicate="dwithin", distance=0.5)
        owner = lines[min(near, key=lambda number: (_RANK[lines[number].kind], number))]
        ways.append(
            Way(piece, owner.kind, owner.street, owner.width, bool(water.intersects(middle)) or owner.bridge)
        )
    return ways


def _longer(line: LineString) -> LineString:
    """The line with a little more at both ends, so that it certainly reaches what it ends on."""
    points = np.array(line.coords)
    for end, before in ((0, 1), (-1, -2)):
        direction = points[end] - points[before]
        points[end] = points[end] + direction / max(1e-9, float(np.hypot(*direction))) * _OVERSHOOT_METRES
    return LineString(points)


def _without_stubs(pieces: list[LineString]) -> list[LineString]:
    ends = [end for piece in pieces for end in (piece.coords[0], piece.coords[-1])]
    count: dict[tuple[float, ...], int] = {}
    for end in ends:
        count[end] = count.get(end, 0) + 1
    return [
        piece
        for piece in pieces
        if piece.length > _STUB_METRES or min(count[piece.coords[0]], count[piece.coords[-1]]) > 1
    ]


def _at_water(piece: LineString, water: BaseGeometry) -> list[LineString]:
    """The piece, cut at the water's edges if it crosses water."""
    if not piece.crosses(water):
        return [piece]
    parts = [*lines_of(piece.intersection(water)), *lines_of(piece.difference(water))]
    return (
        [part for part in parts if part.length > 1] if sum(part.length > 1 for part in parts) > 1 else [piece]
    )


class Surface(msgspec.Struct, frozen=True):
    """What streets cover, to ask near a place. areas, main: polygons in the order of the tree."""

    tree: STRtree
    areas: np.ndarray
    main: np.ndarray

    def near(self, shape: BaseGeometry) -> BaseGeometry:
        """The surface of all streets that touch the shape's surroundings."""
        return shapely.union_all(self.areas[self.tree.query(shape)])

    def main_near(self, shape: BaseGeometry) -> BaseGeometry:
        """The surface of main streets near the shape."""
        found = self.tree.query(shape)
        return shapely.union_all(self.areas[found[self.main[found]]])


def surface_of(ways: Sequence[Way]) -> Surface:
    areas = shapely.buffer(
        np.array([way.shape for way in ways]), np.array([way.width / 2 for way in ways]), quad_segs=4
    )
    return Surface(STRtree(areas), areas, np.array([way.kind in MAIN for way in ways]))
