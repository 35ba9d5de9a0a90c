"""Bus stops and lines on the city's streets: a stop every few hundred metres on both sides, lines along main streets."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np
import shapely
from shapely import LineString, Point, STRtree

from madang.city.demo.gaon import Gaon
from madang.city.demo.model import Class, Street, Words
from madang.city.demo.plane import to_metres
from madang.city.demo.words import named, read

_STOP_EVERY_METRES: Final = 285.0
_KERB_METRES: Final = 2.0
_LANDMARK_METRES: Final = 190.0
_STOPPING: Final = (Class.PRIMARY, Class.SECONDARY)
_DRIVABLE: Final = (*_STOPPING, Class.TERTIARY)
_COLOURS: Final = {"trunk": "1F6FB5", "branch": "2F8F4E", "loop": "C98A00"}
_WALKED_TO: Final = ["townhall", "marketplace", "station", "hospital", "university", "library", "research-institute", "school", "museum", "theatre", "police", "community-centre"]  # fmt: skip


class Stop(msgspec.Struct, frozen=True):
    """street: key of the piece of street. towards: unit vector of the traffic that stops here."""

    key: str
    name: Words
    place: Point
    street: int
    district: str
    towards: tuple[float, float]


class Line(msgspec.Struct, frozen=True):
    """One direction of a route. stops: with the metres from its start. minutes: between buses at busy hours."""

    route: str
    direction: int
    shape: LineString
    stops: tuple[tuple[Stop, float], ...]
    minutes: int


class Route(msgspec.Struct, frozen=True):
    key: str
    name: Words
    kind: str
    colour: str
    lines: tuple[Line, ...]


class Transit(msgspec.Struct, frozen=True):
    stops: tuple[Stop, ...]
    routes: tuple[Route, ...]


def plan_transit(gaon: Gaon) -> Transit:
    stops = _place_stops(gaon)
    roads = [street for street in gaon.streets if street.kind in _DRIVABLE]
    graph = _Graph(roads)
    routes = []
    for key, entry in read("routes").items():
        points = to_metres(np.array(entry["through"], dtype=float))
        lines = []
        for direction, ordered in enumerate((points, points[::-1])):
            shape = graph.path(ordered)
            called = tuple(_called_at(shape, stops))
            lines.append(Line(key, direction, shape, called, entry["minutes"]))
        routes.append(
            Route(key, Words(entry["ko"], entry["en"]), entry["kind"], _COLOURS[entry["kind"]], tuple(lines))
        )
    served = {stop.key for route in routes for line in route.lines for stop, _ in line.stops}
    return Transit(tuple(stop for stop in stops if stop.key in served), tuple(routes))


def _place_stops(gaon: Gaon) -> list[Stop]:
    """Pairs of stops along every main street, away from junctions and bridges."""
    by_name: dict[Words, list[Street]] = {}
    for street in gaon.streets:
        if street.kind in _STOPPING and not street.bridge:
            by_name.setdefault(street.name, []).append(street)
    namer = _StopNames(gaon)
    stops: list[Stop] = []
    for pieces in by_name.values():
        for place, street in _positions(pieces):
            name = namer.name(street.shape.interpolate(place), street)
            for side in (1, -1):
                stops.append(_stop(f"{2100 + len(stops)}", name, place, street, side))
    return stops


def _positions(pieces: list[Street]) -> list[tuple[float, Street]]:
    """Where along which pieces a pair of stops fits: in the middle of pieces, not too near to each other."""
    found: list[tuple[float, Street]] = []
    taken: list[Point] = []
    for street in sorted(pieces, key=lambda piece: -piece.shape.length):
        if street.shape.length < 38:
            continue
        middle = street.shape.interpolate(0.5, normalized=True)
        if all(middle.distance(other) > _STOP_EVERY_METRES for other in taken):
            taken.append(middle)
            found.append((street.shape.length / 2, street))
    return found


def _stop(key: str, name: Words, at: float, street: Street, side: int) -> Stop:
    before, after = street.shape.interpolate(at - 1), street.shape.interpolate(at + 1)
    east, north = (after.x - before.x) / 2, (after.y - before.y) / 2
    off = street.width / 2 - _KERB_METRES
    shift = 9.0 * side
    middle = street.shape.interpolate(at + shift)
    place = Point(middle.x + side * north * off, middle.y - side * east * off)
    return Stop(key, name, place, street.key, street.district, (side * east, side * north))


class _StopNames:
    """Names a stop after what is beside it: a landmark, an estate, a park, a side street; each name once."""

    def __init__(self, gaon: Gaon) -> None:
        spots = [spot for spot in gaon.spots if spot.category in _WALKED_TO]
        spots.sort(key=lambda spot: _WALKED_TO.index(spot.category))
        homes = [house for house in gaon.buildings if house.usage == "apartments"]
        parks = [green for green in gaon.greens if green.name and green.category == "park"]
        sides = [street for street in gaon.streets if street.kind in (Class.TERTIARY, Class.RESIDENTIAL)]
        self._layers = (
            (210.0, STRtree([gaon.square]), [named("place", "madang-square")]),
            (_LANDMARK_METRES, STRtree([spot.place for spot in spots]), [spot.name for spot in spots]),
            (130.0, STRtree([house.shape for house in homes]), [_estate(house.name) for house in homes]),
            (60.0, STRtree([green.shape for green in parks]), [green.name for green in parks]),
            (
                160.0,
                STRtree([street.shape for street in sides]),
                [_entrance(street.name) for street in sides],
            ),
        )
        self._used: set[str] = set()

    def name(self, place: Point, street: Street) -> Words:
        for reach, tree, names in self._layers:
            near = sorted(int(number) for number in tree.query(place, predicate="dwithin", distance=reach))
            for number in near:
                words = names[number]
                if words is not None and words.ko not in self._used:
                    self._used.add(words.ko)
                    return words
        return street.name


def _estate(name: Words) -> Words:
    """ "솔숲마을 3단지 104동" without the number of the house."""
    return Words(name.ko.rsplit(" ", 1)[0], name.en.rsplit(",", 1)[0])


def _entrance(name: Words) -> Words:
    return Words(f"{name.ko} 입구", f"{name.en} Entrance")


class _Graph:
    """Streets as edges between junctions."""

    def __init__(self, streets: Sequence[Street]) -> None:
        self._edges: dict[tuple[float, float], list[tuple[tuple[float, float], LineString]]] = {}
        for street in streets:
            start, end = _node(street.shape.coords[0]), _node(street.shape.coords[-1])
            self._edges.setdefault(start, []).append((end, street.shape))
            self._edges.setdefault(end, []).append((start, shapely.reverse(street.shape)))
        self._nodes = list(self._edges)
        self._tree = STRtree([Point(node) for node in self._nodes])

    def path(self, through: np.ndarray) -> LineString:
        """The shortest way through the points, in order."""
        nodes = [self._nodes[int(self._tree.nearest(Point(point)))] for point in through]
        points: list[tuple[float, float]] = []
        for start, end in pairwise(nodes):
            for piece in self._shortest(start, end):
                points += [(east, north) for east, north in piece.coords if (east, north) not in points[-1:]]
        return LineString(points)

    def _shortest(self, start: tuple[float, float], end: tuple[float, float]) -> list[LineString]:
        best = {start: 0.0}
        came: dict[tuple[float, float], tuple[tuple[float, float], LineString]] = {}
        queue = [(0.0, start)]
        while queue:
            length, node = heapq.heappop(queue)
            if node == end:
                break
            for other, shape in self._edges[node]:
                longer = length + shape.length
                if longer < best.get(other, math.inf):
                    best[other] = longer
                    came[other] = (node, shape)
                    heapq.heappush(queue, (longer, other))
        pieces: list[LineString] = []
        while end != start:
            end, shape = came[end]
            pieces.append(shape)
        return pieces[::-1]


def _node(point: Sequence[float]) -> tuple[float, float]:
    return round(point[0], 1), round(point[1], 1)


def _called_at(shape: LineString, stops: Sequence[Stop]) -> list[tuple[Stop, float]]:
    """The stops that a bus on this way passes on its right, in order, with their metres."""
    found = []
    near = shape.buffer(24)
    shapely.prepare(near)
    for stop in stops:
        if not near.contains(stop.place):
            continue
        at = shape.project(stop.place)
        before, after = shape.interpolate(max(0, at - 2)), shape.interpolate(min(shape.length, at + 2))
        heading = (after.x - before.x, after.y - before.y)
        size = math.hypot(*heading) or 1.0
        way = shape.interpolate(at)
        on_right = heading[0] * (stop.place.y - way.y) < heading[1] * (stop.place.x - way.x)
        if on_right and (heading[0] * stop.towards[0] + heading[1] * stop.towards[1]) / size > 0.8:
            found.append((stop, at))
    return sorted(found, key=lambda pair: pair[1])
