"""OpenStreetMap: what an object is by its tags, and real extracts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from tests.connect import mapped_file
from tests.connect.mapped_file import Entities
from tests.connect.real_files import real_data, write_osm

from madang.connect.adapters.osm import features
from madang.connect.mapping import Refused
from madang.connect.source import EntityMapping


def loaded(path: Path, given: tuple[EntityMapping, ...] = ()) -> tuple[Entities, list[Refused]]:
    return mapped_file.loaded("osm", path, given)


def test_streets_buildings_places_green_and_water(tmp_path: Path) -> None:
    entities, refused = loaded(write_osm(tmp_path / "a.osm"))
    street = entities["RoadSegment:w10"]
    assert street["roadClass"] == "primary"
    assert street["maximumAllowedSpeed"] == 48.28
    assert (street["oneway"], street["bridge"]) == (True, True)
    assert "totalLaneNumber" not in street
    assert street["length"] == pytest.approx(1420, abs=10)
    building = entities["Building:w11"]
    assert building["location"]["type"] == "Polygon"
    assert (building["usage"], building["height"], building["floorsAboveGround"]) == ("religious", 9, 3)
    assert building["yearOfConstruction"] == 1987
    place = entities["PointOfInterest:n5"]
    assert place["name"] == {"ko": "소방서", "en": "Fire station"}
    assert (place["category"], place["address"]) == ("fire-station", {"ko": "중앙로 5"})
    assert entities["PlantCover:r20"]["area"] == pytest.approx(980_000, rel=0.02)
    assert entities["WaterBody:w13"]["location"]["type"] == "LineString"
    assert "PointOfInterest:n6" not in entities
    assert [one.reason for one in refused] == [
        "The geometry of w12 cannot be made: Of its 2 nodes the extract has 1, and a line needs two"
    ]


def test_a_city_file_narrows_what_is_taken(tmp_path: Path) -> None:
    given = (
        EntityMapping("RoadSegment", where={"highway": ("footway", "primary_link")}),
        EntityMapping("Building"),
    )
    entities, _ = loaded(write_osm(tmp_path / "a.osm"), given)
    assert set(entities) == {"RoadSegment:w10", "Building:w11"}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("50", 50),
        ("30 mph", 48.28),
        ("3,5", 3.5),
        ("12 m", 12),
        ("10'", 3.05),
        ("BR:urban", None),
        ("2;3", None),
        (None, None),
    ],
)
def test_numbers_in_tags(text: str | None, number: float | None) -> None:
    assert features.number(text) == number


@pytest.mark.parametrize(
    ("tags", "height"),
    [
        ({"height": "12.5"}, 12.5),
        ({"building:levels": "4"}, 12.0),
        ({"height": "5", "building:levels": "4"}, 5),
        ({"height": "high", "building:levels": "2"}, 6.0),
        ({}, None),
    ],
)
def test_the_height_of_a_building(tags: dict[str, str], height: float | None) -> None:
    found = features.building({"building": "yes", **tags})
    assert found is not None
    assert found["@height"] == height


def test_an_extract_of_helsinki() -> None:
    entities, refused = loaded(real_data() / "helsinki" / "Helsinki.osm.pbf")
    counts = Counter(name.split(":")[0] for name in entities)
    # As many buildings as the buildings file of the same extract has
    assert counts["Building"] == 446
    assert counts["RoadSegment"] == 2577
    assert all("and a line needs two" in one.reason for one in refused)
