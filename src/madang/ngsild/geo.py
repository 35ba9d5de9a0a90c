"""Geo-queries (CIM 009 §4.10): which relation an entity's geometry must have to a given one.

`within`, `contains`, `overlaps`, `intersects`, `equals` and `disjoint` are those of OGC Simple Features in the
plane of longitude and latitude. `near` measures metres on the ellipsoid (`distance.py`): between points
exactly, otherwise between the two nearest points of the geometries, which are found in a plane whose degrees of
longitude are shortened as at the reference's latitude.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import lru_cache
from math import cos, isfinite, radians
from typing import Any, Final, Protocol

import msgspec
import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from madang.errors import BadRequestData
from madang.ngsild.context import Context
from madang.ngsild.core_terms import NGSI_LD
from madang.ngsild.distance import Bounds, metres, widen
from madang.ngsild.geometry import GEOMETRY_TYPES, require_geometry
from madang.settings import LIMITS

Geometries = NDArray[np.object_]

LOCATION: Final = NGSI_LD + "location"
_NEAR = re.compile(r"near;(maxDistance|minDistance)==(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)", re.ASCII)
# A space as forms write it in URLs; in JSON a plus has a meaning in exponents only
_SPACE: Final = re.compile(r"(?<![eE])\+")
_ALLOWED: Final = sorted(GEOMETRY_TYPES - {"GeometryCollection"})


class GeoRelation(StrEnum):
    NEAR = "near"
    WITHIN = "within"
    CONTAINS = "contains"
    OVERLAPS = "overlaps"
    INTERSECTS = "intersects"
    EQUALS = "equals"
    DISJOINT = "disjoint"


class GeoQuery(msgspec.Struct, frozen=True):
    """The entity's GeoProperty `attribute` (IRI) has the relation to `geometry` (text of a GeoJSON geometry).

    For NEAR exactly one of max_distance (at most so far) and min_distance (farther than) is set, in metres.
    """

    relation: GeoRelation
    geometry: str
    attribute: str = LOCATION
    max_distance: float | None = None
    min_distance: float | None = None


def parse_geo(
    georel: object, geometry: object, coordinates: object, geoproperty: object, context: Context
) -> GeoQuery | None:
    """The geo-query that the four parameters say; None if none of them is given.

    coordinates: JSON text, or the array itself. Raises BadRequestData, which names the parameter.
    """
    if georel is None and geometry is None and coordinates is None:
        if geoproperty is not None:
            raise BadRequestData("geoproperty needs georel, geometry and coordinates")
        return None
    for name, given in (("georel", georel), ("geometry", geometry), ("coordinates", coordinates)):
        if given is None:
            raise BadRequestData(f"{name} is missing; a geo-query needs georel, geometry and coordinates")
    relation, max_distance, min_distance = _parse_relation(georel)
    attribute = LOCATION if geoproperty is None else _expand(geoproperty, context)
    shape = parse_reference(geometry, coordinates)
    return GeoQuery(relation, orjson.dumps(shape).decode(), attribute, max_distance, min_distance)


def _expand(geoproperty: object, context: Context) -> str:
    if not isinstance(geoproperty, str):
        raise BadRequestData("geoproperty must be the name of a GeoProperty, such as location")
    return context.expand(geoproperty)


def _parse_relation(georel: object) -> tuple[GeoRelation, float | None, float | None]:
    if isinstance(georel, str):
        compact = georel.replace(" ", "")
        if compact in GeoRelation.__members__.values() and compact != GeoRelation.NEAR:
            return GeoRelation(compact), None, None
        near_form = _NEAR.fullmatch(compact)
        if near_form is not None and isfinite(distance := float(near_form[2])) and distance > 0:
            return (
                GeoRelation.NEAR,
                *((distance, None) if near_form[1] == "maxDistance" else (None, distance)),
            )
    raise BadRequestData(
        f"georel '{georel!s:.60}' must be near;maxDistance==METRES or near;minDistance==METRES with a number "
        "above 0, or one of within, contains, overlaps, intersects, equals, disjoint"
    )


def parse_reference(
    geometry: object, coordinates: object, names: tuple[str, str] = ("geometry", "coordinates")
) -> dict[str, Any]:
    """The GeoJSON geometry of a type and coordinates (JSON text, or the array itself).

    names: of the two, for errors. Raises BadRequestData."""
    of_type, of_coordinates = names
    if geometry not in _ALLOWED:
        raise BadRequestData(f"{of_type} '{geometry!s:.60}' must be one of {', '.join(_ALLOWED)}")
    if isinstance(coordinates, str):
        try:
            coordinates = orjson.loads(_SPACE.sub(" ", coordinates))
        except orjson.JSONDecodeError as error:
            raise BadRequestData(
                f"{of_coordinates} '{coordinates:.60}' is not a JSON array; a Point is written [127.0,37.5]"
            ) from error
    shape = require_geometry({"type": geometry, "coordinates": coordinates}, of_coordinates)
    if geometry == "Point":
        return shape
    text = orjson.dumps(shape).decode()
    vertices = shapely.get_num_coordinates(shapely.from_geojson(text))
    if vertices > LIMITS.geo_vertices_max:
        raise BadRequestData(
            f"{of_coordinates} has {vertices} positions; it may have at most {LIMITS.geo_vertices_max}"
        )
    if _reference(text).is_empty:
        raise BadRequestData(f"{of_coordinates} is a {geometry} that encloses nothing")
    return shape


def _reference(text: str) -> Any:
    """The geometry of a query. Rings that cross are read as the areas that they enclose: RFC 7946 allows to write
    them, and clients do."""
    reference = shapely.from_geojson(text)
    return reference if reference.is_valid else _valid(reference)


def _valid(geometries: Any) -> Any:
    return shapely.make_valid(geometries, method="structure", keep_collapsed=False)


class GeoTest(Protocol):
    """A geo-query, ready to be asked. window: bounds (west, south, east, north) outside which nothing can have
    the relation; None if it can be had anywhere.
    """

    window: Bounds | None

    def points(self, positions: Sequence[Sequence[float]]) -> list[bool]:
        """Which of the positions have the relation."""
        ...

    def shapes(self, targets: Geometries) -> list[bool]:
        """The same of any geometries."""
        ...


@lru_cache(maxsize=256)
def geo_test(query: GeoQuery) -> GeoTest:
    """The test of a query; kept, because preparing the geometry costs more than asking a few times."""
    return _NearTest(query) if query.relation is GeoRelation.NEAR else _PlaneTest(query)


def has_relation(test: GeoTest, geometries: Sequence[Any]) -> list[bool]:
    """Which of the geometries have the relation. Each is a GeoJSON object, or the position of a point."""
    if dict not in set(map(type, geometries)):
        return test.points(geometries) if geometries else []
    positions: list[Sequence[float]] = []
    texts: list[bytes] = []
    point_at: list[bool] = []
    for geometry in geometries:
        is_point = type(geometry) is not dict or geometry["type"] == "Point"
        point_at.append(is_point)
        if is_point:
            positions.append(geometry["coordinates"] if type(geometry) is dict else geometry)
        else:
            texts.append(orjson.dumps(geometry))
    points = test.points(positions) if positions else []
    if not texts:
        return points
    of_points, of_shapes = iter(points), iter(test.shapes(shapely.from_geojson(texts)))
    return [next(of_points if is_point else of_shapes) for is_point in point_at]


class _NearTest:
    """How far it is to the reference. A point as reference needs no geometry engine for points as targets."""

    __slots__ = ("_maximum", "_minimum", "_point", "_rough", "_text", "window")

    def __init__(self, query: GeoQuery) -> None:
        self._maximum, self._minimum = query.max_distance, query.min_distance
        self._text = query.geometry
        geometry = orjson.loads(query.geometry)
        self._point: tuple[float, float] | None = None
        self._rough: _Rough | None = None
        if geometry["type"] == "Point":
            longitude, latitude = self._point = tuple(geometry["coordinates"][:2])
            bounds: Bounds = (longitude, latitude, longitude, latitude)
            if self._maximum is not None:
                self._rough = _rough(longitude, latitude, self._maximum)
        else:
            bounds = _reference(query.geometry).bounds
        self.window = None if self._maximum is None else widen(bounds, self._maximum)

    def points(self, positions: Sequence[Sequence[float]]) -> list[bool]:
        if self._point is None:
            return self.shapes(_points(positions))
        if self._rough is None:
            return [self._reaches(position) for position in positions]
        longitude, latitude = self._point
        width, inner, outer = self._rough
        found = []
        for position in positions:
            across = (position[0] - longitude) * width
            along = position[1] - latitude
            square = across * across + along * along
            found.append(square < inner or (square < outer and self._reaches(position)))
        return found

    def _reaches(self, position: Sequence[float]) -> bool:
        longitude, latitude = self._point or (0.0, 0.0)
        return self._allows(metres(longitude, latitude, position[0], position[1]))

    def _allows(self, distance: float) -> bool:
        if self._maximum is not None:
            return distance <= self._maximum
        return distance > (self._minimum or 0.0)

    def shapes(self, targets: Geometries) -> list[bool]:
        return [
            ends is not None and self._allows(metres(*ends))
            for ends in nearest(_reference(self._text), targets)
        ]


def nearest(reference: Any, targets: Geometries) -> list[list[float] | None]:
    """Where the reference and each target come nearest to each other: the two positions, None for an empty one."""
    # In a plane whose degrees of longitude are as long as those of latitude
    scale = np.array([cos(radians(shapely.centroid(reference).y)), 1.0])
    flat, others = (
        shapely.transform(geometry, lambda positions: positions * scale) for geometry in (reference, targets)
    )
    shapely.prepare(flat)
    lines: Geometries = np.asarray(shapely.shortest_line(flat, others))
    ends = iter((shapely.get_coordinates(lines) / scale).reshape(-1, 4).tolist())
    return [next(ends) if line is not None else None for line in lines]


def _points(positions: Sequence[Sequence[float]]) -> Geometries:
    points: Geometries = shapely.points([(position[0], position[1]) for position in positions])
    return points


_Rough = tuple[float, float, float]


def _rough(longitude: float, latitude: float, distance: float) -> _Rough | None:
    """What decides most points around a point without trigonometry: how long a degree of longitude is there in
    degrees of latitude, and the squares of a radius that is surely inside and of one that is surely outside, in
    degrees of latitude. None where the earth's curvature makes that wrong by more than a few percent."""
    if abs(latitude) > 60 or distance > 50_000 or abs(longitude) > 179:
        return None
    radius = distance / 110_900
    return cos(radians(latitude)), (radius * 0.95) ** 2, (radius * 1.05) ** 2


class _PlaneTest:
    """A relation of Simple Features in the plane of longitude and latitude."""

    __slots__ = ("_area", "_is_box", "_reference", "_relation", "window")

    def __init__(self, query: GeoQuery) -> None:
        self._relation = query.relation
        self._reference = _reference(query.geometry)
        shapely.prepare(self._reference)
        self._area = self._reference.geom_type in ("Polygon", "MultiPolygon")
        self._is_box = self._area and bool(self._reference.equals(shapely.box(*self._reference.bounds)))
        self.window: Bounds | None = (
            None if query.relation is GeoRelation.DISJOINT else self._reference.bounds
        )

    def points(self, positions: Sequence[Sequence[float]]) -> list[bool]:
        if not self._area or self._relation not in _POINT_RELATIONS:
            return self.shapes(_points(positions))
        if self._is_box:
            return self._points_in_box(positions)
        longitudes = [position[0] for position in positions]
        latitudes = [position[1] for position in positions]
        found: list[bool] = _POINT_RELATIONS[self._relation](self._reference, longitudes, latitudes).tolist()
        return found

    def _points_in_box(self, positions: Sequence[Sequence[float]]) -> list[bool]:
        """Plain comparisons; a point on the edge touches the box, but is not within it."""
        west, south, east, north = self._reference.bounds
        if self._relation is GeoRelation.WITHIN:
            return [west < position[0] < east and south < position[1] < north for position in positions]
        return [west <= position[0] <= east and south <= position[1] <= north for position in positions]

    def shapes(self, targets: Geometries) -> list[bool]:
        relation = _RELATIONS[self._relation]
        if self._relation is GeoRelation.EQUALS and not shapely.is_valid(targets).all():
            targets = _valid(targets)
        try:
            found = relation(self._reference, targets)
        except shapely.GEOSException:
            # Stored geometries are well formed, but their rings may cross
            found = relation(self._reference, _valid(targets))
        answers: list[bool] = np.asarray(found).tolist()
        return answers


# The reference comes first, because it is the one that is prepared
_RELATIONS: Final[dict[GeoRelation, Callable[..., Any]]] = {
    GeoRelation.WITHIN: shapely.contains,
    GeoRelation.CONTAINS: shapely.within,
    GeoRelation.OVERLAPS: shapely.overlaps,
    GeoRelation.INTERSECTS: shapely.intersects,
    GeoRelation.EQUALS: shapely.equals,
    GeoRelation.DISJOINT: shapely.disjoint,
}
# For points and an area as reference
_POINT_RELATIONS: Final[dict[GeoRelation, Callable[..., Any]]] = {
    GeoRelation.WITHIN: shapely.contains_xy,
    GeoRelation.INTERSECTS: shapely.intersects_xy,
}
