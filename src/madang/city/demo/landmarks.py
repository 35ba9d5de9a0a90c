"""What every city has a few of: schools, the market, the campus, the hospital, the station, the square and its city hall."""

from __future__ import annotations

import math
from typing import Final

import msgspec
import numpy as np
from shapely import LineString, Polygon

from madang.city.demo.footprints import Footprint, year_between
from madang.city.demo.shapes import Frame, ellipse, frame_of, largest, outline, rectangle

Greens = list[tuple[Polygon, str]]
"""(shape, category) of lawns, pitches and groves."""


class Landmark(msgspec.Struct, frozen=True):
    """paths: ways through the grounds. square: the paved middle, if it has one. All in metres."""

    buildings: tuple[Footprint, ...]
    greens: tuple[tuple[Polygon, str], ...] = ()
    paths: tuple[LineString, ...] = ()
    square: Polygon | None = None


def build_school(block: Polygon, group: str, random: np.random.Generator) -> Landmark:
    """A main house at the northern edge, a wing, a hall, and the yard to the south."""
    frame = _northward(frame_of(block))
    inner = block.buffer(-6)
    year = year_between(random, 2010, 2023)
    floors, side = int(random.integers(4, 6)), 1 if random.random() < 0.5 else -1
    found = []
    house = next((shape for shape in _school_houses(frame, side) if inner.contains(shape)), None)
    if house is not None:
        found.append(Footprint(house, "school", floors, year, 0, group, "main"))
    hall = frame.box(side * (frame.length / 2 - 26), -frame.breadth / 2 + 27, (32, 23))
    if inner.contains(hall) and all(hall.distance(other.shape) > 6 for other in found):
        found.append(Footprint(hall, "sports", 1, year, 0, group, "hall"))
    size = (min(88.0, frame.length * 0.52), min(52.0, frame.breadth * 0.38))
    pitch = largest(frame.box(-side * 14, -frame.breadth * 0.17, size).intersection(inner))
    for other in found:
        pitch = largest(pitch.difference(other.shape.buffer(5)))
    return Landmark(tuple(found), ((pitch, "grass"),) if pitch.area > 500 else ())


def _school_houses(frame: Frame, side: int) -> list[Polygon]:
    """Main house with a wing, and smaller ones for plots that are not quite square."""
    wished = []
    for scale, down in ((0.62, 20), (0.62, 28), (0.5, 24), (0.5, 36), (0.4, 40)):
        length, top = min(84.0, frame.length * scale), frame.breadth / 2 - down
        main = frame.box(-side * frame.length * 0.06, top, (length, 15))
        wing = frame.box(-side * frame.length * 0.06 + side * (length / 2 - 7), top - 19, (14, 26))
        wished += [largest(main.union(wing)), main]
    return wished


def build_market(block: Polygon, group: str, random: np.random.Generator) -> Landmark:
    """Halls in rows with lanes between them, as a market of fifty years has them."""
    frame, inner = frame_of(block), block.buffer(-3)
    found: list[Footprint] = []
    for y in np.arange(-frame.breadth / 2 + 9, frame.breadth / 2 - 6, 14.5):
        x = -frame.length / 2 + 8
        while x < frame.length / 2 - 14:
            length = random.uniform(17, 30)
            shape = _within(frame.box(x + length / 2, float(y), (length, 10.2)), inner)
            if shape is not None:
                found.append(
                    Footprint(
                        shape,
                        "market",
                        int(random.choice((1, 1, 2, 2, 3))),
                        year_between(random, 1974, 2016),
                        0,
                        group,
                        str(len(found) + 1),
                    )
                )
            x += length + (5.5 if random.random() < 0.3 else 0.9)
    return Landmark(tuple(found))


_CAMPUS_SIZES: Final = ((62.0, 18.0), (48.0, 17.0), (40.0, 30.0), (74.0, 16.0), (34.0, 24.0))


def build_campus(block: Polygon, group: str, count: int, random: np.random.Generator) -> Landmark:
    """Institutes around lawns, at two angles, with groves at the edge."""
    frame, inner = frame_of(block), block.buffer(-20)
    lawn = ellipse(frame.at(0, 0), (frame.length * 0.34, frame.breadth * 0.27), frame.angle)
    taken = [lawn]
    found: list[Footprint] = []
    greens: Greens = [(lawn, "grass")]
    for _ in range(count * 30):
        if len(found) >= count:
            break
        at = frame.at(random.uniform(-0.45, 0.45) * frame.length, random.uniform(-0.45, 0.45) * frame.breadth)
        size = _CAMPUS_SIZES[int(random.integers(len(_CAMPUS_SIZES)))]
        turn = frame.angle + float(random.choice((0, math.pi / 2, 0, math.pi / 2, math.radians(28))))
        shape = rectangle(at, size, turn)
        if random.random() < 0.4:
            shape = largest(
                shape.union(
                    rectangle(
                        (at[0] + math.cos(turn) * size[0] * 0.32, at[1] + math.sin(turn) * size[0] * 0.32),
                        (size[1], size[1] * 2.4),
                        turn,
                    )
                )
            )
        if inner.contains(shape) and all(shape.distance(other) > 19 for other in taken):
            taken.append(shape)
            usage = "sports" if len(found) == count - 1 else "university"
            floors = 1 if usage == "sports" else int(random.integers(3, 9))
            found.append(
                Footprint(
                    shape, usage, floors, year_between(random, 2008, 2023), 0, group, str(len(found) + 1)
                )
            )
    for _ in range(40):
        at = frame.at(random.uniform(-0.5, 0.5) * frame.length, random.uniform(-0.5, 0.5) * frame.breadth)
        grove = ellipse(at, (random.uniform(40, 90), random.uniform(25, 48)), random.uniform(0, math.pi))
        if block.buffer(-6).contains(grove) and all(grove.distance(other) > 7 for other in taken):
            taken.append(grove)
            greens.append((grove, "wood"))
    around = outline(lawn.buffer(7), 1.0)
    return Landmark(tuple(found), tuple(greens), (around,))


def build_hospital(block: Polygon, group: str, random: np.random.Generator) -> Landmark:
    frame, inner = frame_of(block), block.buffer(-5)
    year = year_between(random, 2014, 2021)
    for scale in (1.0, 0.85, 0.7, 0.55):
        ward = largest(_box(frame, -14, 2, (72, 20), scale).union(_box(frame, -14, 2, (20, 56), scale)))
        parts = (
            (ward, "hospital", 11, "ward"),
            (_box(frame, 46, -6, (30, 44), scale), "hospital", 4, "clinic"),
            (_box(frame, -46, -24, (26, 16), scale), "hospital", 2, "hall"),
        )
        if inner.contains(ward):
            break
    return Landmark(_standing(parts, inner, year, group))


def build_station(block: Polygon, group: str, random: np.random.Generator) -> Landmark:
    frame, inner = frame_of(block), block.buffer(-5)
    year = year_between(random, 2012, 2016)
    for scale in (1.0, 0.8, 0.6):
        hall = _box(frame, 0, 12, (86, 26), scale)
        if inner.contains(hall):
            break
    parts = ((hall, "station", 3, "hall"), (_box(frame, -26, -26, (34, 14), scale), "parking", 4, "parking"))
    return Landmark(_standing(parts, inner, year, group))


def _box(frame: Frame, x: float, y: float, size: tuple[float, float], scale: float) -> Polygon:
    return frame.box(x * scale, y * scale, (size[0] * scale, size[1] * scale))


def build_civic(block: Polygon, group: str, centre: tuple[float, float], axis: float) -> Landmark:
    """City hall over the square, with library, theatre, museum and innovation centre beside it, in lawns."""
    frame = Frame(centre[0], centre[1], axis, 400, 260)
    hall = largest(
        frame.box(-20, 92, (128, 22)).union(frame.box(-74, 70, (22, 56))).union(frame.box(34, 70, (22, 56)))
    )
    parts = (
        (hall, "public", 9, "city-hall"),
        (ellipse(frame.at(90, 84), (46, 34), axis), "public", 4, "council"),
        (frame.box(-172, 86, (46, 34)), "office", 12, "innovation"),
        (
            largest(frame.box(-172, -8, (58, 34)).union(frame.box(-152, -28, (22, 44)))),
            "library",
            4,
            "library",
        ),
        (ellipse(frame.at(124, -22), (84, 58), axis + 0.35), "civic", 4, "theatre"),
        (
            largest(frame.box(176, 66, (50, 40)).difference(frame.box(182, 66, (38, 14)))),
            "civic",
            3,
            "museum",
        ),
        (frame.box(-178, -86, (44, 24)), "public", 6, "police"),
        (frame.box(186, -82, (36, 26)), "public", 4, "fire"),
        (frame.box(-96, -92, (34, 18)), "retail", 2, "pavilion-west"),
        (frame.box(52, -94, (30, 18)), "retail", 2, "pavilion-east"),
    )
    square = frame.box(-22, -10, (132, 104))
    buildings = _standing(parts, block.buffer(-5), 2014, group)
    lawns: Greens = []
    for x, y, length, breadth in (
        (-22, -84, 110, 22),
        (-118, 30, 30, 60),
        (74, 34, 34, 44),
        (-100, -34, 26, 62),
        (196, 6, 40, 52),
        (-206, 36, 46, 40),
    ):
        lawn = ellipse(frame.at(x, y), (length, breadth), axis)
        if (
            block.buffer(-3).contains(lawn)
            and all(lawn.distance(part.shape) > 3 for part in buildings)
            and lawn.disjoint(square)
        ):
            lawns.append((lawn, "grass"))
    return Landmark(buildings, tuple(lawns), (), square)


def _standing(
    parts: tuple[tuple[Polygon, str, int, str], ...], inner: Polygon, year: int, group: str
) -> tuple[Footprint, ...]:
    """The parts that the ground has room for."""
    return tuple(
        Footprint(shape, usage, floors, year, 0, group, label)
        for shape, usage, floors, label in parts
        if inner.contains(shape)
    )


def _within(shape: Polygon, inner: Polygon) -> Polygon | None:
    return shape if inner.contains(shape) else None


def _northward(frame: Frame) -> Frame:
    """The same frame with its positive y nearest to north."""
    angle = frame.angle + (math.pi if math.cos(frame.angle) < 0 else 0)
    if abs(math.sin(angle)) < 0.75:
        return Frame(frame.east, frame.north, angle, frame.length, frame.breadth)
    return Frame(
        frame.east,
        frame.north,
        angle - math.copysign(math.pi / 2, math.sin(angle)),
        frame.breadth,
        frame.length,
    )
