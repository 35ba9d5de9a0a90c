"""Apartment estates: slabs and towers in a garden, turned to the sun, with a community house, shops and a ring path."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np
import shapely
import shapely.affinity
from shapely import LineString, Polygon

from madang.city.demo.footprints import Footprint, year_between
from madang.city.demo.shapes import Frame, ellipse, frame_of, largest, outline, rectangle, union

_EDGE_METRES: Final = 11.0
_BETWEEN_METRES: Final = 13.0
_FLAT_SQUARE_METRES: Final = 118.0
_LARGE_SQUARE_METRES: Final = 17_000.0


class Estate(msgspec.Struct, frozen=True):
    """gardens: green between the buildings. paths: service ways and footpaths. All in metres."""

    buildings: tuple[Footprint, ...]
    gardens: tuple[Polygon, ...]
    ways: tuple[LineString, ...]


class _Grain(msgspec.Struct, frozen=True):
    """How an estate is laid out. angle: of its slabs. rows: metres between their middles. floors: range.

    bent: share of slabs with a wing; 0 for towers.
    """

    angle: float
    rows: float
    length: tuple[float, float]
    depth: float
    floors: tuple[int, int]
    bent: float


def build_estate(block: Polygon, number: int, random: np.random.Generator) -> Estate:
    """An estate in the block (its outline between the streets)."""
    group = f"estate-{number}"
    inner = largest(block.buffer(-_EDGE_METRES))
    year = year_between(random, 2011, 2024)
    if inner.is_empty or inner.area < 3000:
        return Estate((), (), ())
    frame = frame_of(block)
    centre = inner.representative_point() if not inner.contains(inner.centroid) else inner.centroid
    garden = ellipse(
        (centre.x, centre.y), (min(92.0, frame.length * 0.3), min(62.0, frame.breadth * 0.3)), frame.angle
    )
    large = inner.area > _LARGE_SQUARE_METRES
    taken: list[Polygon] = [largest(garden.intersection(inner))] if large else []
    gardens = tuple(taken)
    buildings = [*_common_houses(inner, frame, group, year, taken, random)] if large else []
    buildings += _slabs(inner, _grain(frame, random), group, year, taken, random)
    return Estate(
        tuple(buildings), gardens, _ways(block, gardens, [building.shape for building in buildings])
    )


def _ways(block: Polygon, gardens: tuple[Polygon, ...], buildings: list[Polygon]) -> tuple[LineString, ...]:
    """A walk around the garden, and ways to it from the streets, between the buildings."""
    if not gardens:
        return ()
    around = outline(gardens[0].buffer(4), 0.8)
    houses = union(buildings)
    ways = [around]
    last = -1.0
    for share in np.linspace(0, 1, 60, endpoint=False):
        gate = block.exterior.interpolate(share, normalized=True)
        way = LineString((gate, around.interpolate(around.project(gate))))
        if share - last > 0.22 and way.distance(houses) > 4:
            ways.append(way)
            last = share
    return tuple(ways)


def _grain(frame: Frame, random: np.random.Generator) -> _Grain:
    """Slabs lie along the frame's direction nearest to east and west, or turned a little off it to the south-east."""
    angle = frame.angle
    while abs(math.remainder(angle, math.pi)) > math.pi / 4:
        angle -= math.pi / 2
    angle = math.remainder(angle, math.pi) + math.radians(float(random.choice((0, 0, 0, 14, -14, 22))))
    if random.random() < 0.35:
        return _Grain(angle, 47, (25, 30), 24, (20, 32), 0.0)
    return _Grain(angle, 49, (42, 62), 12.5, (14, 26), 0.3)


def _common_houses(
    inner: Polygon, frame: Frame, group: str, year: int, taken: list[Polygon], random: np.random.Generator
) -> list[Footprint]:
    """Community house, nursery and the estate's shops, at the edges."""
    found = []
    wanted = (
        ("civic", "community", (30.0, 20.0), 2),
        ("kindergarten", "nursery", (26.0, 18.0), 2),
        ("retail", "shops", (44.0, 15.0), 3),
    )
    ring = inner.exterior
    for number, (usage, label, size, floors) in enumerate(wanted):
        start = random.random()
        for step in range(12):
            at = ring.interpolate((start + number / 3 + step / 37) % 1, normalized=True)
            towards = np.array((inner.centroid.x - at.x, inner.centroid.y - at.y))
            towards = towards / max(1.0, float(np.hypot(*towards))) * (size[1] / 2 + 3)
            shape = rectangle((at.x + towards[0], at.y + towards[1]), size, frame.angle)
            if inner.buffer(3).contains(shape) and not any(shape.distance(other) < 9 for other in taken):
                taken.append(shape)
                found.append(Footprint(shape, usage, floors, year, 0, group, label))
                break
    return found


def _slabs(
    inner: Polygon, grain: _Grain, group: str, year: int, taken: list[Polygon], random: np.random.Generator
) -> list[Footprint]:
    """Row after row from the north, each filled from one end to the other with what fits."""
    shapely.prepare(inner)
    reach = max(inner.bounds[2] - inner.bounds[0], inner.bounds[3] - inner.bounds[1]) * 1.2
    frame = Frame(inner.centroid.x, inner.centroid.y, grain.angle, reach, reach)
    ordinates = shapely.affinity.rotate(inner, -grain.angle, origin=inner.centroid, use_radians=True).bounds
    top = random.uniform(*grain.floors)
    found: list[Footprint] = []
    first = ordinates[3] - inner.centroid.y - grain.depth / 2 - 1
    for y in np.arange(first, ordinates[1] - inner.centroid.y, -grain.rows):
        places = np.arange(
            ordinates[0] - inner.centroid.x + random.uniform(10, 30), ordinates[2] - inner.centroid.x, 5
        )
        middles = np.array([frame.at(float(x), float(y)) for x in places]).reshape(-1, 2)
        after = -math.inf
        for x in places[shapely.contains_xy(inner, middles)]:
            if x < after:
                continue
            shape = _largest_free(_slab(frame, (float(x), float(y)), grain, random), inner, taken)
            if shape is None:
                continue
            after = x + 24
            taken.append(shape)
            floors = int(np.clip(round(top + random.normal(0, 2.4)), 10, 35))
            homes = floors * max(2, round(shape.area / _FLAT_SQUARE_METRES))
            found.append(Footprint(shape, "apartments", floors, year, homes, group, str(101 + len(found))))
    return found


def _slab(
    frame: Frame, at: tuple[float, float], grain: _Grain, random: np.random.Generator
) -> Iterator[Polygon]:
    """Buildings for this place, the smallest first: if that does not fit, none does."""
    length, bent, side = random.uniform(*grain.length), random.random() < grain.bent, random.choice((-1, 1))
    if grain.bent == 0:
        yield frame.box(*at, (length * 0.85, grain.depth * 0.85))
        yield largest(
            frame.box(*at, (length, grain.depth)).union(frame.box(*at, (grain.depth * 0.55, length + 6)))
        )
        return
    for share in (0.55, 0.75, 1.0):
        yield frame.box(*at, (length * share, grain.depth))
    if bent:
        corner = at[0] + side * (length / 2 - grain.depth / 2)
        wing = frame.box(corner, at[1] - 9, (grain.depth, 18 + grain.depth))
        yield largest(frame.box(*at, (length, grain.depth)).union(wing))


def _largest_free(wished: Iterator[Polygon], inner: Polygon, taken: list[Polygon]) -> Polygon | None:
    found = None
    for shape in wished:
        if not _free(shape, inner, taken):
            break
        found = shape
    return found


def _free(shape: Polygon, inner: Polygon, taken: list[Polygon]) -> bool:
    if not inner.contains(shape):
        return False
    west, south, east, north = shape.bounds
    for other in reversed(taken):
        left, bottom, right, top = other.bounds
        apart = max(left - east, west - right, bottom - north, south - top)
        if apart < _BETWEEN_METRES and shapely.dwithin(shape, other, _BETWEEN_METRES):
            return False
    return True
