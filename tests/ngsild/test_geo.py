"""Geo-queries: parsing, relations, distances against PROJ."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod
from tests.store.queries import near, touching_box

from madang.errors import BadRequestData
from madang.ngsild.context import CORE
from madang.ngsild.distance import metres, widen
from madang.ngsild.geo import (
    LOCATION,
    GeoQuery,
    GeoRelation,
    geo_test,
    has_relation,
    parse_geo,
)
from madang.settings import LIMITS

ELLIPSOID = Geod(ellps="WGS84")
longitudes, latitudes = st.floats(-180, 180), st.floats(-89, 89)
SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]]}
TRIANGLE = {"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [0, 2], [0, 0]]]}


def point(longitude: float, latitude: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [longitude, latitude]}


def line(*positions: tuple[float, float]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": [list(position) for position in positions]}


def asked(
    relation: GeoRelation,
    geometry: dict[str, Any],
    max_distance: float | None = None,
    min_distance: float | None = None,
) -> GeoQuery:
    return GeoQuery(
        relation, orjson.dumps(geometry).decode(), max_distance=max_distance, min_distance=min_distance
    )


def test_reads_the_four_parameters() -> None:
    query = parse_geo("near;maxDistance==2000", "Point", "[8,40]", "observationSpace", CORE)
    assert query == GeoQuery(
        GeoRelation.NEAR, '{"type":"Point","coordinates":[8,40]}', CORE.expand("observationSpace"), 2000.0
    )
    square = parse_geo("within", "Polygon", SQUARE["coordinates"], None, CORE)
    assert square == asked(GeoRelation.WITHIN, SQUARE)
    assert square is not None
    assert square.attribute == LOCATION
    assert parse_geo(None, None, None, None, CORE) is None


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ((None, "Point", "[1,2]", None), "georel is missing"),
        (("within", None, "[1,2]", None), "geometry is missing"),
        (("within", "Point", None, None), "coordinates is missing"),
        ((None, None, None, "location"), "geoproperty needs"),
        (("near", "Point", "[1,2]", None), "near;maxDistance==METRES"),
        (("near;maxDistance==0", "Point", "[1,2]", None), "above 0"),
        (("near;maxDistance==-5", "Point", "[1,2]", None), "above 0"),
        (("near;maxDistance==1e999", "Point", "[1,2]", None), "above 0"),
        (("near;maxDistance==5;minDistance==2", "Point", "[1,2]", None), "near;maxDistance"),
        (("around", "Point", "[1,2]", None), "one of within"),
        ((5, "Point", "[1,2]", None), "one of within"),
        (("within", "Circle", "[1,2]", None), "must be one of LineString"),
        (("within", "GeometryCollection", "[]", None), "must be one of"),
        (("within", "Point", "1,2", None), "is not a JSON array"),
        (("within", "Point", "[200,2]", None), "not a position"),
        (("within", "Polygon", "[[[0,0],[1,1],[0,0],[0,0]]]", None), "encloses nothing"),
        (("within", "Polygon", "[[[0,0],[1,1],[1,0],[0,1]]]", None), "ring"),
        (("within", "Point", "[1,2]", 5), "geoproperty must be the name"),
    ],
)
def test_refuses_and_says_which_parameter(parameters: tuple[Any, Any, Any, Any], says: str) -> None:
    with pytest.raises(BadRequestData) as caught:
        parse_geo(*parameters, CORE)
    assert says in caught.value.message


def test_geometries_of_very_many_vertices_are_refused() -> None:
    many = [[index / 1000, index % 2] for index in range(LIMITS.geo_vertices_max + 1)]
    with pytest.raises(BadRequestData, match=f"at most {LIMITS.geo_vertices_max}"):
        parse_geo("intersects", "LineString", many, None, CORE)


RELATIONS = [
    (GeoRelation.WITHIN, SQUARE, point(1, 1), True),
    (GeoRelation.WITHIN, SQUARE, point(0, 1), False),
    (GeoRelation.WITHIN, TRIANGLE, point(1.5, 1.5), False),
    (GeoRelation.WITHIN, SQUARE, line((0.5, 0.5), (1, 1)), True),
    (GeoRelation.CONTAINS, point(1, 1), SQUARE, True),
    (GeoRelation.CONTAINS, point(3, 1), SQUARE, False),
    (GeoRelation.INTERSECTS, SQUARE, point(0, 1), True),
    (GeoRelation.INTERSECTS, TRIANGLE, point(1, 1), True),
    (GeoRelation.INTERSECTS, SQUARE, line((-1, 1), (3, 1)), True),
    (
        GeoRelation.OVERLAPS,
        SQUARE,
        {"type": "Polygon", "coordinates": [[[1, 1], [3, 1], [3, 3], [1, 1]]]},
        True,
    ),
    (GeoRelation.OVERLAPS, SQUARE, point(1, 1), False),
    (GeoRelation.EQUALS, point(1, 1), point(1, 1), True),
    (GeoRelation.EQUALS, line((0, 0), (1, 1)), line((1, 1), (0, 0)), True),
    (GeoRelation.DISJOINT, SQUARE, point(3, 3), True),
    (GeoRelation.DISJOINT, SQUARE, point(2, 2), False),
]


@pytest.mark.parametrize(("relation", "reference", "target", "expected"), RELATIONS)
def test_relations(
    relation: GeoRelation, reference: dict[str, Any], target: dict[str, Any], expected: bool
) -> None:
    test = geo_test(asked(relation, reference))
    assert has_relation(test, [target]) == [expected]
    assert has_relation(test, [target, point(50, 50), target]) == [
        expected,
        relation is GeoRelation.DISJOINT,
        expected,
    ]


def test_stored_shapes_with_crossing_rings_are_taken_as_well_as_can_be() -> None:
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    for relation in GeoRelation:
        distance = 5.0 if relation is GeoRelation.NEAR else None
        assert len(has_relation(geo_test(asked(relation, SQUARE, distance)), [bow])) == 1


def test_near_and_far() -> None:
    close, far = point(127.001, 37.0), point(127.1, 37.0)
    assert has_relation(geo_test(near(127.0, 37.0, 100)), [close, far]) == [True, False]
    beyond = geo_test(asked(GeoRelation.NEAR, point(127.0, 37.0), min_distance=100.0))
    assert has_relation(beyond, [close, far]) == [False, True]
    assert beyond.window is None


def test_distance_to_a_shape_is_to_its_nearest_point() -> None:
    street = line((127.0, 37.001), (128.0, 37.001))
    (_, _, to_street) = ELLIPSOID.inv(127.5, 37.0, 127.5, 37.001)
    for shift, expected in ((0.999, False), (1.001, True)):
        assert has_relation(geo_test(near(127.5, 37.0, to_street * shift)), [street]) == [expected]
    around = geo_test(asked(GeoRelation.NEAR, street, max_distance=to_street * 1.001))
    assert has_relation(around, [point(127.5, 37.0), point(127.5, 36.99)]) == [True, False]


def test_a_box_has_its_edges() -> None:
    box = touching_box(0, 0, 2, 2)
    assert has_relation(geo_test(box), [point(0, 0), point(2, 1), point(2.1, 1)]) == [True, True, False]


def test_near_reaches_over_the_antimeridian() -> None:
    test = geo_test(near(179.9999, 0.0, 100))
    assert has_relation(test, [point(-179.9999, 0.0), point(179.0, 0.0)]) == [True, False]
    assert test.window is not None
    assert test.window[0] <= -179.9999


@given(longitudes, latitudes, st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_short_distances_are_those_of_proj(
    longitude: float, latitude: float, east: float, north: float
) -> None:
    other = max(-89.0, min(89.0, latitude + north))
    (_, _, expected) = ELLIPSOID.inv(longitude, latitude, longitude + east, other)
    assert metres(longitude, latitude, longitude + east, other) == pytest.approx(expected, rel=5e-5, abs=1e-3)


@given(longitudes, latitudes, longitudes, latitudes)
def test_long_distances_are_those_of_proj(
    longitude: float, latitude: float, other_longitude: float, other_latitude: float
) -> None:
    (_, _, expected) = ELLIPSOID.inv(longitude, latitude, other_longitude, other_latitude)
    found = metres(longitude, latitude, other_longitude, other_latitude)
    assert found == pytest.approx(expected, rel=4e-3, abs=1e-3)


@given(longitudes, latitudes, st.floats(0.1, 5e6), st.floats(0, 360))
def test_the_window_holds_all_that_is_near(
    longitude: float, latitude: float, distance: float, direction: float
) -> None:
    west, south, east, north = widen((longitude, latitude, longitude, latitude), distance)
    (found_longitude, found_latitude, _) = ELLIPSOID.fwd(longitude, latitude, direction, distance * 0.999)
    assert south <= found_latitude <= north
    assert west <= found_longitude <= east or abs(abs(found_longitude) - 180) < 1e-9


@given(
    st.tuples(st.floats(-179, 179), st.floats(-80, 80)),
    st.floats(1, 80_000),
    st.lists(st.tuples(st.floats(-1.2, 1.2), st.floats(-1.2, 1.2)), max_size=10),
)
def test_the_quick_test_of_points_is_the_exact_one(
    centre: tuple[float, float], distance: float, shifts: list[tuple[float, float]]
) -> None:
    """Shifts are in radii, so that points are close to the edge."""
    degree = distance / 111_000
    positions = [(centre[0] + east * degree, centre[1] + north * degree) for east, north in shifts]
    found = geo_test(near(*centre, distance)).points(positions)
    assert found == [metres(*centre, *position) <= distance for position in positions]


def test_rings_that_cross_are_read_as_what_they_enclose() -> None:
    """RFC 7946 lets a client write them; OGC's relations need an area without doubt."""
    bow = parse_geo("within", "Polygon", "[[[0,0],[2,2],[2,0],[0,2],[0,0]]]", None, CORE)
    assert bow is not None
    inside, outside = [0.2, 1.0], [1.0, 0.2]
    assert geo_test(bow).points([inside, outside]) == [True, False]
    for relation in ("contains", "overlaps", "intersects", "equals", "disjoint"):
        asked = parse_geo(relation, "Polygon", "[[[0,0],[2,2],[2,0],[0,2],[0,0]]]", None, CORE)
        assert asked is not None
        square = {"type": "Polygon", "coordinates": [[[5, 5], [6, 5], [6, 6], [5, 6], [5, 5]]]}
        assert has_relation(geo_test(asked), [square]) == [relation == "disjoint"]
    bow_itself = {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}
    equal = parse_geo("equals", "Polygon", bow_itself["coordinates"], None, CORE)
    assert equal is not None
    assert has_relation(geo_test(equal), [bow_itself]) == [True]
