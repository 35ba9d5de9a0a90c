"""The plan of the city: its river, main streets, and the quarters between them, each with its purpose.

The plan is the town planner's and the same for every seed but for small turns of the main streets. Everything here
is in plan coordinates (see `plane.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import shapely
from shapely import LineString, MultiLineString, Point, Polygon
from shapely.ops import linemerge, split

from madang.city.demo.model import Class, PlanLine, Quarter, Zone
from madang.city.demo.shapes import lines_of, polygons_of, union

EDGE: Final = (2700.0, 1900.0)
"""Half the extent of the plan: along, across."""
RIVER_HALF_WIDTH: Final = 44.0
BANK: Final = 70.0
RIVER_ROAD: Final = 84.0
STREAM_HALF_WIDTH: Final = 5.0
STREAM_CORRIDOR: Final = 26.0
_RING: Final = (1690.0, 1270.0)
_RING_EXPONENT: Final = 2.7

WIDTHS: Final = {
    Class.PRIMARY: 38.0,
    Class.SECONDARY: 27.0,
    Class.TERTIARY: 17.0,
    Class.RESIDENTIAL: 9.5,
    Class.SERVICE: 7.0,
    Class.FOOTWAY: 3.0,
    Class.CYCLEWAY: 3.0,
}


class MainStreet(msgspec.Struct, frozen=True):
    """A street along (constant `across`) or across the river. reach: where it begins and ends.

    beyond: which of its ends leave the city (first, last).
    """

    street: str
    kind: Class
    along: bool
    at: float
    reach: tuple[float, float]
    beyond: tuple[bool, bool] = (False, False)


_INSIDE: Final = (-1900.0, 1900.0)
_SPARE: Final = 40.0
_STUB_MAX: Final = 100.0
MAIN_STREETS: Final = (
    MainStreet("cheonbyeonbuk", Class.SECONDARY, True, RIVER_ROAD, _INSIDE),
    MainStreet("gaon", Class.PRIMARY, True, 420, (-EDGE[0], EDGE[0]), (True, True)),
    MainStreet("solsup", Class.SECONDARY, True, 790, _INSIDE),
    MainStreet("cheonbyeonnam", Class.SECONDARY, True, -RIVER_ROAD, _INSIDE),
    MainStreet("saeteo", Class.SECONDARY, True, -415, _INSIDE),
    MainStreet("garam", Class.PRIMARY, True, -780, (-EDGE[0], EDGE[0]), (True, True)),
    MainStreet("baeum", Class.SECONDARY, False, -1090, _INSIDE),
    MainStreet("yunseul", Class.SECONDARY, False, -560, (-1300, 1300)),
    MainStreet("madang", Class.PRIMARY, False, 30, (-EDGE[1], EDGE[1]), (True, True)),
    MainStreet("haessal", Class.SECONDARY, False, 560, (-1300, -RIVER_ROAD + _SPARE)),
    MainStreet("haessal", Class.SECONDARY, False, 560, (RIVER_ROAD - _SPARE, 420 + _SPARE)),
    MainStreet("nuri", Class.SECONDARY, False, 560, (790 - _SPARE, 1300)),
    MainStreet("daon", Class.PRIMARY, False, 1090, (-1300, EDGE[1]), (False, True)),
)
_DIAGONAL: Final = ((-15.0, 400.0), (30.0, 420.0), (420.0, 600.0), (800.0, 870.0), (1010.0, 1300.0))
_STREAM: Final = (
    (-800.0, 1900.0),
    (-835.0, 1640.0),
    (-800.0, 1270.0),
    (-842.0, 1010.0),
    (-795.0, 790.0),
    (-835.0, 600.0),
    (-800.0, 420.0),
    (-830.0, 240.0),
    (-815.0, 40.0),
)

_ANCHORS: Final = (
    (-1380, 250, Zone.CAMPUS, "baeum"),
    (-960, 250, Zone.HOUSES, "yunseul"),
    (-690, 250, Zone.ESTATE, "yunseul"),
    (-270, 250, Zone.CENTRE, "madang"),
    (300, 250, Zone.CIVIC, "madang"),
    (820, 250, Zone.CENTRE, "daon"),
    (1360, 250, Zone.ESTATE, "daon"),
    (-1380, 600, Zone.CAMPUS, "baeum"),
    (-960, 600, Zone.ESTATE, "yunseul"),
    (-690, 600, Zone.HOUSES, "yunseul"),
    (-270, 600, Zone.PARK, "solsup"),
    (250, 650, Zone.ESTATE, "solsup"),
    (600, 520, Zone.HOUSES, "daon"),
    (900, 680, Zone.HOUSES, "daon"),
    (1360, 600, Zone.ESTATE, "nuri"),
    (-1300, 960, Zone.ESTATE, "baeum"),
    (-960, 1000, Zone.ESTATE, "yunseul"),
    (-690, 1000, Zone.ESTATE, "yunseul"),
    (-270, 1000, Zone.ESTATE, "solsup"),
    (280, 1000, Zone.ESTATE, "solsup"),
    (760, 1000, Zone.HOUSES, "nuri"),
    (1000, 930, Zone.ESTATE, "nuri"),
    (1300, 950, Zone.HOUSES, "nuri"),
    (-1380, -250, Zone.ESTATE, "garam"),
    (-820, -250, Zone.HOUSES, "garam"),
    (-270, -250, Zone.OLD_TOWN, "saeteo"),
    (300, -250, Zone.OLD_TOWN, "saeteo"),
    (820, -250, Zone.CENTRE, "hanbit"),
    (1360, -250, Zone.ESTATE, "hanbit"),
    (-1380, -600, Zone.ESTATE, "garam"),
    (-820, -600, Zone.ESTATE, "garam"),
    (-270, -600, Zone.HOUSES, "saeteo"),
    (300, -600, Zone.ESTATE, "saeteo"),
    (820, -600, Zone.INDUSTRY, "dure"),
    (1360, -600, Zone.INDUSTRY, "dure"),
    (-1250, -950, Zone.HOUSES, "garam"),
    (-820, -1000, Zone.ESTATE, "garam"),
    (-270, -1000, Zone.ESTATE, "saeteo"),
    (300, -1000, Zone.HOUSES, "dure"),
    (820, -1000, Zone.INDUSTRY, "dure"),
    (1300, -950, Zone.INDUSTRY, "dure"),
)


class Plan(msgspec.Struct, frozen=True):
    """ring: the outline of the city. stream: centre line of the brook. All in plan coordinates."""

    ring: Polygon
    stream: LineString
    lines: tuple[PlanLine, ...]
    quarters: tuple[Quarter, ...]


def draw_plan(seed: int) -> Plan:
    random = np.random.default_rng([seed, 1])
    ring = _ring(random)
    stream = _smooth(_STREAM)
    streets = [_main_street(street, ring, random) for street in MAIN_STREETS]
    diagonal = _inside(_smooth(_DIAGONAL), ring)
    lines = [
        PlanLine(LineString(ring.exterior), Class.SECONDARY, "sunhwan", WIDTHS[Class.SECONDARY]),
        *_trimmed([*streets, PlanLine(diagonal, Class.SECONDARY, "hanbit", WIDTHS[Class.SECONDARY])]),
    ]
    faces = shapely.polygonize([union([*(line.shape for line in lines), stream], 0.01)])
    quarters = [_quarter(face) for face in polygons_of(faces) if ring.buffer(1).covers(face)]
    quarters.sort(key=lambda quarter: (quarter.shape.centroid.x, quarter.shape.centroid.y))
    numbered = (msgspec.structs.replace(quarter, number=number) for number, quarter in enumerate(quarters))
    return Plan(ring, stream, tuple(lines), tuple(numbered))


def _ring(random: np.random.Generator) -> Polygon:
    """A rounded outline with a few slow turns."""
    angle = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    turns = sum(0.016 * np.sin(order * angle + random.uniform(0, 6.28)) for order in (2, 3, 5))
    radius = (np.abs(np.cos(angle)) ** _RING_EXPONENT + np.abs(np.sin(angle)) ** _RING_EXPONENT) ** (
        -1 / _RING_EXPONENT
    )
    radius = radius * (1 + turns)
    return Polygon(np.column_stack((_RING[0] * radius * np.cos(angle), _RING[1] * radius * np.sin(angle))))


def _main_street(street: MainStreet, ring: Polygon, random: np.random.Generator) -> PlanLine:
    """The street with a slow turn of its own, ended at the ring unless it leaves the city there."""
    position = np.linspace(*street.reach, 120)
    turn = 9 * np.sin(position / 390 + random.uniform(0, 6.28)) + 5 * np.sin(
        position / 150 + random.uniform(0, 6.28)
    )
    turn = turn * _calm_near_river(street, position)
    line = np.full_like(position, street.at) + turn
    shape = LineString(np.column_stack((position, line) if street.along else (line, position)))
    if not all(street.beyond):
        shape = _inside(shape, ring, street.beyond)
    return PlanLine(shape, street.kind, street.street, WIDTHS[street.kind])


def _calm_near_river(street: MainStreet, position: np.ndarray) -> np.ndarray:
    """Roads along the river keep their distance to it; bridges are straight."""
    if street.along:
        return np.full_like(position, 0.0 if abs(street.at) == RIVER_ROAD else 1.0)
    return np.asarray(np.clip((np.abs(position) - RIVER_ROAD) / 200, 0, 1))


def _inside(line: LineString, ring: Polygon, beyond: tuple[bool, bool] = (False, False)) -> LineString:
    """The part of a line within the ring, and after it where the street leaves the city."""
    within = max(lines_of(line.intersection(ring)), key=lambda part: part.length)
    if not any(beyond):
        return within
    last = max(lines_of(line.difference(ring)), key=lambda part: part.centroid.y)
    return _joined([within, last])


def _joined(pieces: list[LineString]) -> LineString:
    """The pieces, each of which begins where the one before ends, as one line."""
    return max(lines_of(linemerge(pieces)), key=lambda part: part.length)


def _trimmed(lines: list[PlanLine]) -> list[PlanLine]:
    """The streets without what sticks out beyond the last street that they cross."""
    found = []
    for line in lines:
        others = MultiLineString([other.shape for other in lines if other is not line])
        pieces = lines_of(split(line.shape, others))
        if pieces[0].length < _STUB_MAX:
            pieces = pieces[1:]
        if pieces[-1].length < _STUB_MAX:
            pieces = pieces[:-1]
        found.append(msgspec.structs.replace(line, shape=_joined(pieces)))
    return found


def _smooth(points: Sequence[tuple[float, float]]) -> LineString:
    """A Catmull-Rom spline through the points."""
    corners = np.array([points[0], *points, points[-1]])
    curve = []
    for before, start, end, after in zip(corners, corners[1:], corners[2:], corners[3:], strict=False):
        step = np.linspace(0, 1, 12, endpoint=False)[:, None]
        curve.append(
            0.5
            * (
                2 * start
                + (end - before) * step
                + (2 * before - 5 * start + 4 * end - after) * step**2
                + (3 * start - before - 3 * end + after) * step**3
            )
        )
    return LineString(np.vstack([*curve, corners[-1:]]))


def _quarter(face: Polygon) -> Quarter:
    centre = face.centroid
    if abs(centre.y) < RIVER_ROAD:
        return Quarter(0, Zone.CORRIDOR, "", face)
    _, _, zone, district = min(
        _ANCHORS, key=lambda anchor: Point(anchor[:2]).distance(centre) + 1e4 * (anchor[1] * centre.y < 0)
    )
    return Quarter(0, zone, district, face)
