"""GTFS: what its entities say, and what is worked out from several tables."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from tests.connect import mapped_file
from tests.connect.mapped_file import Entities
from tests.connect.real_files import real_data, write_gtfs

from madang.connect.mapping import Refused
from madang.connect.source import EntityMapping
from madang.errors import SourceFailed

ALL = tuple(EntityMapping(f"Gtfs{kind}") for kind in ("Agency", "Route", "Stop", "Shape", "Trip"))


def loaded(path: Path, given: tuple[EntityMapping, ...] = ALL) -> tuple[Entities, list[Refused]]:
    return mapped_file.loaded("gtfs", path, given)


def test_a_feed_becomes_entities_with_their_links(tmp_path: Path) -> None:
    entities, refused = loaded(write_gtfs(tmp_path / "a.zip"))
    urn = "urn:ngsi-ld:Gtfs{}:gaon:gtfs:{}".format
    assert entities["GtfsAgency:A"]["name"] == {"ko": "가온교통"}
    assert entities["GtfsRoute:R1"] == {
        "name": {"ko": "일번"},
        "shortName": "1",
        "routeType": "3",
        "operatedBy": urn("Agency", "A"),
        "hasShape": urn("Shape", "H1"),
    }
    assert entities["GtfsRoute:R2"]["name"] == {"ko": "2"}
    assert entities["GtfsRoute:R2"]["operatedBy"] == urn("Agency", "A")
    assert entities["GtfsStop:S1"] == {
        "name": {"ko": "시청"},
        "location": {"type": "Point", "coordinates": [127.0, 37.5]},
        "locationType": "0",
        "tripCount": 1,
        "hasParentStation": urn("Stop", "P"),
        "servedBy": urn("Route", "R1"),
    }
    assert entities["GtfsStop:P"]["locationType"] == "1"
    assert entities["GtfsStop:P"]["tripCount"] == 0
    assert entities["GtfsShape:H1"]["location"]["coordinates"] == [[127.0, 37.5], [127.1, 37.6]]
    assert entities["GtfsShape:H1"]["length"] == pytest.approx(14_189, abs=100)
    assert entities["GtfsTrip:T2"]["departureTime"] == "25:30:00"
    assert entities["GtfsTrip:T1"]["stopCount"] == 2
    assert [(one.place, one.id.split(":")[5]) for one in refused] == [("a.zip/stops.txt:4", "S3")]
    assert "'stop_lon' and 'stop_lat': 'here' is not a number" in refused[0].reason


def test_trips_are_made_on_request_only(tmp_path: Path) -> None:
    entities, _ = loaded(write_gtfs(tmp_path / "a.zip"), ())
    assert {name.split(":")[0] for name in entities} == {"GtfsAgency", "GtfsRoute", "GtfsStop", "GtfsShape"}


def test_what_is_not_loaded_is_not_linked_to(tmp_path: Path) -> None:
    entities, _ = loaded(
        write_gtfs(tmp_path / "a.zip"), (EntityMapping("GtfsStop", where={"stop_id": ("S1",)}),)
    )
    assert list(entities) == ["GtfsStop:S1"]
    assert "servedBy" not in entities["GtfsStop:S1"]


def test_a_feed_with_one_agency_without_an_id(tmp_path: Path) -> None:
    path = write_gtfs(
        tmp_path / "a.zip",
        agency="agency_name,agency_url,agency_timezone\nX,http://x.example,Asia/Seoul\n",
        routes="route_id,route_short_name,route_type\nR1,1,3\n",
    )
    entities, _ = loaded(path)
    assert entities["GtfsAgency:agency"]["name"] == {"ko": "X"}
    assert entities["GtfsRoute:R1"]["operatedBy"] == "urn:ngsi-ld:GtfsAgency:gaon:gtfs:agency"


def test_an_empty_table_is_no_error(tmp_path: Path) -> None:
    entities, _ = loaded(write_gtfs(tmp_path / "a.zip", stops="", stop_times=""))
    assert "GtfsRoute:R1" in entities


def test_a_zip_that_is_no_feed(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("readme.txt", "x")
    with pytest.raises(SourceFailed, match=r"it has no agency.txt, routes.txt, stops.txt"):
        loaded(tmp_path / "a.zip")


def test_a_sample_feed_of_others() -> None:
    entities, refused = loaded(real_data() / "protocols" / "gtfs" / "sample-feed-1.zip")
    assert not refused
    assert len([name for name in entities if name.startswith("GtfsStop")]) == 9
    assert entities["GtfsStop:BEATTY_AIRPORT"]["servedBy"] == [
        f"urn:ngsi-ld:GtfsRoute:gaon:gtfs:{route}" for route in ("AAMV", "AB", "STBA")
    ]
