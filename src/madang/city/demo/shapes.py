"""Rectangles and frames: the little geometry from which all buildings are made. Metres and radians."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from madang.city.demo.plane import Points


class Frame(msgspec.Struct, frozen=True):
    """A rectangle that lies at an angle, and the coordinates within it: x along the longer side, from the middle."""

    east: float
    north: float
    angle: float
    length: float
    breadth: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        return self.east + x * cosine - y * sine, self.north + x * sine + y * cosine

    def box(self, x: float, y: float, size: tuple[float, float], turn: float = 0.0) -> Polygon:
        """A rectangle of size (along x, along y) around (x, y), turned by `turn` against the frame."""
        return rectangle(self.at(x, y), size, self.angle + turn)


_CORNERS: Final = np.array(((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5)))


def rectangle(centre: tuple[float, float], size: tuple[float, float], angle: float) -> Polygon:
    cosine, sine = math.cos(angle), math.sin(angle)
    turned = np.array(((size[0] * cosine, size[0] * sine), (-size[1] * sine, size[1] * cosine)))
    return polygon(_CORNERS @ turned + centre)


def polygon(points: Points) -> Polygon:
    """A ring of points, closed, as a polygon; much quicker than `Polygon` for the thousands that are tried."""
    made = shapely.polygons(points)
    assert isinstance(made, Polygon)
    return made


def frame_of(shape: Polygon) -> Frame:
    """The smallest rectangle around the shape, its x along the longer side, pointing east."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shape))
    sides = np.diff(corners, axis=0)[:2]
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    longer = int(lengths.argmax())
    angle = math.atan2(sides[longer, 1], sides[longer, 0])
    if math.cos(angle) < 0:
        angle += math.pi
    centre = corners[:4].mean(axis=0)
    return Frame(
        float(centre[0]), float(centre[1]), angle, float(lengths[longer]), float(lengths[1 - longer])
    )


def polygons_of(shape: BaseGeometry) -> list[Polygon]:
    """The polygons in what an operation left over."""
    if isinstance(shape, Polygon):
        return [] if shape.is_empty else [shape]
    return [piece for part in getattr(shape, "geoms", ()) for piece in polygons_of(part)]


def lines_of(shape: BaseGeometry) -> list[LineString]:
    """The lines in what an operation left over."""
    if isinstance(shape, LineString):
        return [] if shape.is_empty else [shape]
    return [piece for part in getattr(shape, "geoms", ()) for piece in lines_of(part)]


def largest(shape: BaseGeometry) -> Polygon:
    """The biggest polygon of what an operation left over; an empty one if nothing is."""
    return max(polygons_of(shape), key=lambda piece: piece.area, default=Polygon())


def outline(shape: BaseGeometry, tolerance: float) -> LineString:
    """The outer edge of the biggest polygon, simplified by a tolerance in metres."""
    return LineString(largest(shape).exterior.simplify(tolerance).coords)


def union(shapes: Sequence[BaseGeometry], grid: float | None = None) -> BaseGeometry:
    """grid: metres to which the result is rounded, so that what should touch does."""
    made: BaseGeometry = shapely.union_all(np.array(shapes, dtype=object), grid_size=grid)
    return made


def ellipse(centre: tuple[float, float], size: tuple[float, float], angle: float) -> Polygon:
    """size: both whole axes."""
    turn = np.linspace(0, 2 * math.pi, 28, endpoint=False)
    x, y = np.cos(turn) * size[0] / 2, np.sin(turn) * size[1] / 2
    cosine, sine = math.cos(angle), math.sin(angle)
    ring = np.column_stack((centre[0] + x * cosine - y * sine, centre[1] + x * sine + y * cosine))
    return polygon(np.vstack((ring, ring[:1])))
