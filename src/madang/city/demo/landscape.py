"""River, brook, ponds, parks and woods, in plan coordinates; and the paths that lead along and through them."""

from __future__ import annotations

import math
from typing import Final

import msgspec
import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from madang.city.demo.model import Class, PlanLine, Quarter, Zone
from madang.city.demo.plan import (
    BANK,
    EDGE,
    RIVER_HALF_WIDTH,
    STREAM_CORRIDOR,
    STREAM_HALF_WIDTH,
    WIDTHS,
    Plan,
)
from madang.city.demo.shapes import ellipse, largest, lines_of, outline, polygons_of, union

_PATH_METRES: Final = 62.0
_STREAM_PATH_METRES: Final = 14.0
_WOODS: Final = (
    (-1750, 1480, 1000, 620), (-950, 1790, 1000, 340), (330, 1720, 1000, 380), (1130, 1780, 420, 300), (1950, 1430, 900, 760),
    (-2230, 470, 420, 760), (-2190, -430, 400, 420), (-1650, -1500, 900, 520), (-620, -1690, 700, 300), (540, -1740, 760, 260),
    (2180, 640, 420, 500), (1900, -1450, 700, 420), (2300, -560, 330, 420),
)  # fmt: skip


class Patch(msgspec.Struct, frozen=True):
    """name: key of its name, "" for none."""

    shape: Polygon
    category: str
    tag: tuple[str, str]
    name: str = ""


class Landscape(msgspec.Struct, frozen=True):
    """Plan coordinates. corridor: what nothing is built on (river with banks, brook with banks)."""

    waters: tuple[Patch, ...]
    greens: tuple[Patch, ...]
    paths: tuple[PlanLine, ...]
    corridor: BaseGeometry


def draw_landscape(plan: Plan, seed: int) -> Landscape:
    random = np.random.default_rng([seed, 2])
    river, banks = _river(random), _band(BANK)
    stream = plan.stream.buffer(STREAM_HALF_WIDTH).difference(river)
    stream_banks = plan.stream.buffer(STREAM_CORRIDOR, cap_style="flat").intersection(plan.ring.buffer(20))
    park = next(quarter for quarter in plan.quarters if quarter.zone is Zone.PARK)
    pond = _pond(park, random)
    waters = [
        Patch(river, "river", ("natural", "water"), "gaoncheon"),
        Patch(largest(stream), "stream", ("natural", "water"), "solnae"),
        Patch(pond, "pond", ("natural", "water"), "solsup-pond"),
    ]
    greens = [
        *(Patch(bank, "riverside", ("leisure", "park"), name) for bank, name in _banks(banks, river)),
        *(
            Patch(side, "riverside", ("landuse", "grass"))
            for side in polygons_of(stream_banks.difference(banks).difference(stream))
        ),
        Patch(park.shape, "park", ("leisure", "park"), "solsup-park"),
        *_groves(park, pond, random),
        *_woods(plan, banks, random),
    ]
    paths = [*_river_paths(plan), *_stream_paths(plan), *_park_paths(park, pond)]
    return Landscape(tuple(waters), tuple(greens), tuple(paths), banks.union(stream_banks))


def _band(half_width: float) -> Polygon:
    along = np.linspace(-EDGE[0], EDGE[0], 180)
    return Polygon(
        np.vstack(
            (
                np.column_stack((along, np.full_like(along, half_width))),
                np.column_stack((along, np.full_like(along, -half_width)))[::-1],
            )
        )
    )


def _river(random: np.random.Generator) -> Polygon:
    """Water between its banks, wider in some places than in others."""
    along = np.linspace(-EDGE[0], EDGE[0], 220)
    edges = []
    for side in (1, -1):
        turn = 5 * np.sin(along / 130 + random.uniform(0, 6.28)) + 4 * np.sin(
            along / 57 + random.uniform(0, 6.28)
        )
        edges.append(np.column_stack((along, side * (RIVER_HALF_WIDTH + turn))))
    return Polygon(np.vstack((edges[0], edges[1][::-1])))


def _banks(banks: Polygon, river: Polygon) -> list[tuple[Polygon, str]]:
    sides = sorted(polygons_of(banks.difference(river)), key=lambda side: -side.area)[:2]
    return [(side, "north-bank" if side.centroid.y > 0 else "south-bank") for side in sides]


def _pond(park: Quarter, random: np.random.Generator) -> Polygon:
    centre = park.shape.centroid
    turn = np.linspace(0, 2 * math.pi, 40, endpoint=False)
    radius = (
        1
        + 0.12 * np.sin(2 * turn + random.uniform(0, 6.28))
        + 0.07 * np.sin(3 * turn + random.uniform(0, 6.28))
    )
    return Polygon(
        np.column_stack(
            (centre.x + 20 + 92 * radius * np.cos(turn), centre.y - 14 + 46 * radius * np.sin(turn))
        )
    )


def _groves(park: Quarter, pond: Polygon, random: np.random.Generator) -> list[Patch]:
    """Pine groves in the park, around the pond."""
    inner = park.shape.buffer(-34)
    groves: list[Patch] = []
    for _ in range(60):
        x, y = random.uniform(*inner.bounds[::2]), random.uniform(*inner.bounds[1::2])
        grove = ellipse((x, y), (random.uniform(45, 110), random.uniform(32, 60)), random.uniform(0, math.pi))
        if (
            inner.contains(grove)
            and grove.distance(pond) > 16
            and all(grove.distance(other.shape) > 14 for other in groves)
        ):
            groves.append(Patch(grove, "wood", ("natural", "wood")))
    return groves


def _woods(plan: Plan, banks: Polygon, random: np.random.Generator) -> list[Patch]:
    """Wooded hills around the city, beyond the ring road."""
    roads = [line.shape.buffer(line.width) for line in plan.lines]
    kept_clear = union([*roads, plan.stream.buffer(30), plan.ring.buffer(45), banks.buffer(40)])
    found: list[Patch] = []
    bounds = Polygon([(-EDGE[0], -EDGE[1]), (EDGE[0], -EDGE[1]), (EDGE[0], EDGE[1]), (-EDGE[0], EDGE[1])])
    for number, (x, y, length, breadth) in enumerate(_WOODS):
        turn = np.linspace(0, 2 * math.pi, 60, endpoint=False)
        radius = np.ones_like(turn)
        for order in (2, 3, 5, 7):
            radius = radius + 0.32 / order * np.sin(order * turn + random.uniform(0, 6.28))
        hill = Polygon(
            np.column_stack((x + length / 2 * radius * np.cos(turn), y + breadth / 2 * radius * np.sin(turn)))
        )
        for part in polygons_of(hill.buffer(0).intersection(bounds).difference(kept_clear)):
            if part.area > 6000 and all(part.disjoint(other.shape) for other in found):
                found.append(
                    Patch(part, "wood", ("natural", "wood"), f"hill-{number}" if part.area > 60_000 else "")
                )
    return found


def _river_paths(plan: Plan) -> list[PlanLine]:
    """Cycle ways along both banks, and the footbridge in front of the square."""
    west, _, east, _ = plan.ring.bounds
    paths = [
        PlanLine(
            LineString([(x, side * _PATH_METRES) for x in np.linspace(west + 20, east - 20, 160)]),
            Class.CYCLEWAY,
            path,
            WIDTHS[Class.CYCLEWAY],
        )
        for side, path in ((1, "path-north"), (-1, "path-south"))
    ]
    footbridge = LineString([(300, 84), (300, -84)])
    return [*paths, PlanLine(footbridge, Class.FOOTWAY, "footbridge", 6.0)]


def _stream_paths(plan: Plan) -> list[PlanLine]:
    lower = plan.stream.intersection(plan.ring).difference(_band(_PATH_METRES))
    return [
        PlanLine(side, Class.FOOTWAY, "path-stream", WIDTHS[Class.FOOTWAY])
        for distance in (_STREAM_PATH_METRES, -_STREAM_PATH_METRES)
        for side in lines_of(shapely.offset_curve(lower, distance))
    ]


def _park_paths(park: Quarter, pond: Polygon) -> list[PlanLine]:
    """A walk around the pond, and ways from it to the streets on all sides."""
    around = outline(pond.buffer(13), 1.0)
    edge, centre = park.shape.exterior, pond.centroid
    paths = [PlanLine(around, Class.FOOTWAY, "path-park", WIDTHS[Class.FOOTWAY])]
    for share in np.linspace(0.06, 0.94, 7):
        gate = edge.interpolate(share, normalized=True)
        inward = around.interpolate(around.project(gate))
        side = np.array((-(gate.y - inward.y), gate.x - inward.x)) * (
            0.16 if round(share * 100) % 2 else -0.16
        )
        middle = ((gate.x + inward.x) / 2 + side[0], (gate.y + inward.y) / 2 + side[1])
        step = np.linspace(0, 1, 14)[:, None]
        curve = (
            (1 - step) ** 2 * np.array((gate.x, gate.y))
            + 2 * step * (1 - step) * np.array(middle)
            + step**2 * np.array((inward.x, inward.y))
        )
        if centre.distance(gate) > 60:
            paths.append(PlanLine(LineString(curve), Class.FOOTWAY, "path-park", WIDTHS[Class.FOOTWAY]))
    ring = outline(park.shape.buffer(-85).buffer(47, quad_segs=12), 1.0)
    return [*paths, PlanLine(ring, Class.FOOTWAY, "path-park", WIDTHS[Class.FOOTWAY])]
