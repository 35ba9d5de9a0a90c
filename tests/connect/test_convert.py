"""Numbers, words of truth and geometries as sources write them."""

from __future__ import annotations

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from madang.connect.convert import boolean_reader, geometry_reader, number_reader, point_reader
from madang.errors import BadRequestData


@given(st.integers(-(10**15), 10**15))
def test_whole_numbers_with_thousands(number: int) -> None:
    assert number_reader(".", ",", True)(f"{number:,}") == number
    assert number_reader(",", ".", True)(f"{number:,}".replace(",", ".")) == number


@given(st.floats(-1e12, 1e12).map(lambda number: round(number, 3)))
def test_decimal_comma(number: float) -> None:
    text = f"{number:,.3f}".replace(",", "\0").replace(".", ",").replace("\0", ".")
    assert number_reader(",", ".", False)(text) == pytest.approx(number, abs=1e-9)


def test_a_number_keeps_its_kind() -> None:
    read = number_reader(".", "", False)
    assert [repr(read(value)) for value in ("254", "-5.2", "1e3", ".5", 7.0, 7.5)] == [
        "254",
        "-5.2",
        "1000.0",
        "0.5",
        "7",
        "7.5",
    ]


@pytest.mark.parametrize(
    ("text", "decimal", "thousands"),
    [
        ("abc", ".", ""),
        ("1,2", ".", ""),
        ("1.2", ",", ""),
        ("12,34", ".", ","),
        ("1,23,456", ".", ","),
        ("nan", ".", ""),
        ("inf", ".", ""),
        ("1_000", ".", ""),
        ("١٢", ".", ","),
        ("", ".", ""),
    ],
)
def test_what_is_no_number_is_named(text: str, decimal: str, thousands: str) -> None:
    with pytest.raises(BadRequestData, match="is not a number such as 1"):
        number_reader(decimal, thousands, False)(text)


def test_a_whole_number_has_no_fraction() -> None:
    assert number_reader(".", "", True)("3.0") == 3
    with pytest.raises(BadRequestData, match="whole number"):
        number_reader(".", "", True)("3.5")


def test_words_of_truth() -> None:
    usual = boolean_reader((), ())
    assert [usual(word) for word in ("Yes", "No", "예", "아니오", "1", "0", True, 0.0)] == [
        True,
        False,
        True,
        False,
        True,
        False,
        True,
        False,
    ]
    own = boolean_reader(("운영",), ("휴무",))
    assert (own("운영"), own("휴무")) == (True, False)
    with pytest.raises(BadRequestData, match="'yes' is not one of 운영, 휴무"):
        own("yes")


def test_points_in_a_korean_projection() -> None:
    assert point_reader(".", ",", "EPSG:5186")("200,000", "600000") == {
        "type": "Point",
        "coordinates": [127.0, 38.0],
    }


@pytest.mark.parametrize(
    ("east", "north", "reason"), [("181", "0", "longitude"), ("0", "91", "latitude"), ("x", "0", "number")]
)
def test_points_outside_the_earth_are_named(east: str, north: str, reason: str) -> None:
    with pytest.raises(BadRequestData, match=reason):
        point_reader(".", "", "")(east, north)


def test_a_reference_system_that_does_not_exist_is_named() -> None:
    with pytest.raises(BadRequestData, match="EPSG:99999"):
        point_reader(".", "", "EPSG:99999")


def test_geometries_in_every_form_are_the_same() -> None:
    shape = shapely.from_wkt("POLYGON ((127 37, 127.1 37, 127.1 37.1, 127 37))")
    expected = {
        "type": "Polygon",
        "coordinates": [[[127.0, 37.0], [127.1, 37.0], [127.1, 37.1], [127.0, 37.0]]],
    }
    read = geometry_reader("")
    forms = [shape.wkt, shapely.to_wkb(shape), shapely.to_geojson(shape), expected]
    assert [read(form) for form in forms] == [expected] * 4


def test_what_is_no_geometry_is_named() -> None:
    with pytest.raises(BadRequestData, match="neither GeoJSON nor WKT"):
        geometry_reader("")("somewhere")
