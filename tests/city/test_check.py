"""`madang check`: every mistake of a city file at once, each with its line and what would be right."""

from __future__ import annotations

import textwrap
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.city.check import Checked, check, read_city, require
from madang.city.file import SCHEMA
from madang.city.model import Style
from madang.connect.reader import Reader
from madang.errors import CityFileInvalid

HEAD = """\
[city]
id = "gaon"
name = { ko = "가온시", en = "Gaon" }
languages = ["ko", "en"]
time_zone = "Asia/Seoul"
extent = [126.9, 37.4, 127.0, 37.5]
"""
STOPS = """
[[source]]
id = "stops"
connector = "table"
location = "stops.csv"
[[source.entity]]
type = "GtfsStop"
id = "{id}"
[source.entity.attributes]
location = { point = ["lon", "lat"] }
"""


WRONG = """\
[city]
id = "Gaon City"
name = { ko = "가온시" }
languages = ["ko", "english!"]
time_zone = "Asia/Soul"
extent = [127.0, 37.5, 126.9, 37.4]
population = 5

[[source]]
id = "grid"
conector = "table"
location = "${NOWHERE}/x.csv"

[[source]]
id = "grid"
connector = "tabel"
location = "a.csv"

[[source]]
id = "bike"
connector = "table"
location = "bikes.csv"
schedule = "every 5 minutes"
[source.options]
encodin = "cp949"
header = "2"
[[source.entity]]
type = "BikeRentalObserved"
history = true
[source.entity.attributes]
rentals = { field = "Rented Bike Count", as = "nummer" }
temp = { field = "T", constant = 3 }
both = {}
near = { relationship = "urn:ngsi-ld:X:{a" }

[[source]]
id = "bike2"
connector = "table"
location = "bikes.csv"
[[source.entity]]
type = "BikeRentalObserved"
id = "{date}"
[source.entity.attributes]
rentals = { field = "Rented Bike Cout", as = "number" }
seen = { field = "Hour", as = "datetime", format = "YYYY" }
where = { point = ["Hour", "lat"] }

[[source]]
id = "gone"
connector = "gtfs"
location = "nothing.zip"
[[source.entity]]
type = "GtfsStopp"

[[layer]]
id = "air"
type = "AirQualityObserved"
style = "valu"

[[layer]]
id = "b"
type = "BikeRental"
style = "value"
"""
MAKERS = '"field", "constant", "point", "geometry", "language" or "relationship"'
MISTAKES = [
    '2:6: error: "id" must be lower-case letters, digits and hyphens, such as "gaon", but is "Gaon City"',
    '4:20: error: "english!" is no language tag such as "ko" or "en"',
    '5:13: error: There is no time zone "Asia/Soul"; did you mean "Asia/Seoul"?',
    '6:10: error: "extent" is west, south, east, north, but south 37.5 is not south of north 37.4',
    '6:10: error: "extent" is west, south, east, north, but west 127.0 is not west of east 126.9',
    '7:1: error: [city] has no key "population"; it may be "synthetic"',
    '9:1: error: [[source]] lacks "connector": "gtfs", "osm" or "table"',
    '11:1: error: [[source]] has no key "conector"; did you mean "connector"?',
    "12:12: error: ${NOWHERE} is not set; set the environment variable NOWHERE before you start",
    '15:6: error: Another [[source]] has the id "grid" already; each needs its own',
    '16:13: error: "connector" cannot be "tabel"; did you mean "table"?',
    '23:12: error: "schedule" must be a number with s, min, h or d: how often it is read again, such as "15 s", but is "every 5 minutes"',
    '25:1: error: [source.options] has no key "encodin"; did you mean "encoding"?',
    '26:10: error: "header" must be the number of the first header row, 0 for no header, but is "2"',
    '27:1: error: [[source.entity]] of type "BikeRentalObserved" lacks "id": the key, such as "{id}"',
    '29:11: error: With "history" the mapping needs "observed_at": when a row was observed',
    '31:47: error: "as" cannot be "nummer"; did you mean "number"?',
    f'32:1: error: An attribute is made of one of {MAKERS}, but "temp" has field and constant',
    f'33:1: error: An attribute is made of one of {MAKERS}, but "both" has none of them',
    "34:25: error: Template 'urn:ngsi-ld:X:{a' has a single '{'; a field is written {name}, a plain brace twice",
    '42:6: error: The file has no field "date"; did you mean "Date"?',
    '44:21: error: The file has no field "Rented Bike Cout"; did you mean "Rented Bike Count"?',
    '45:52: error: "YYYY" has no part such as %Y in it, so that it fits one text only',
    '46:28: error: The file has no field "lat"; it may be "Date", "Hour" or "Rented Bike Count"',
    "51:12: error: The file FOLDER/nothing.zip does not exist",
    '52:1: error: [[source.entity]] of type "GtfsStopp" lacks "id": the key, such as "{id}"; the connector\'s own types are "GtfsAgency", "GtfsRoute", "GtfsShape", "GtfsStop" or "GtfsTrip"',
    '58:9: error: "style" cannot be "valu"; did you mean "value"?',
    '63:9: error: A layer of style "value" is coloured by an attribute; add "attribute"',
]


def write(folder: Path, text: str) -> Path:
    path = folder / "city.toml"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def mistakes(checked: Checked) -> list[str]:
    """As they are shown, without the name of the file."""
    return [line.removeprefix("city.toml:") for line in checked.shown("city.toml").splitlines()]


async def checked(folder: Path, text: str, **environment: str) -> list[str]:
    async with Reader() as reader:
        return mistakes(await check(write(folder, text), environment, reader))


def form(folder: Path, text: str, **environment: str) -> list[str]:
    return mistakes(read_city(write(folder, text), environment))


def test_a_right_file_becomes_a_city(tmp_path: Path) -> None:
    text = (
        HEAD
        + STOPS
        + '\n[[layer]]\nid = "stops"\ntype = "GtfsStop"\nstyle = "point"\nname = { ko = "정류장" }\n'
    )
    city = require(read_city(write(tmp_path, text), {}), tmp_path / "city.toml")
    assert (city.id, city.languages, city.extent) == ("gaon", ("ko", "en"), (126.9, 37.4, 127.0, 37.5))
    assert city.sources[0].location == str(tmp_path / "stops.csv")
    assert city.sources[0].entities[0].attributes["location"].point == ("lon", "lat")
    assert (city.layers[0].style, city.layers[0].visible) == (Style.POINT, True)
    assert city.path == str(tmp_path / "city.toml")


async def test_all_mistakes_at_once(tmp_path: Path) -> None:
    (tmp_path / "bikes.csv").write_text("Date,Hour,Rented Bike Count\n1/12/2017,0,254\n")
    found = await checked(tmp_path, WRONG)
    assert [line.replace(str(tmp_path), "FOLDER") for line in found] == MISTAKES


def test_syntax_does_not_hide_the_rest(tmp_path: Path) -> None:
    text = HEAD.replace('time_zone = "Asia/Seoul"', "time_zone = Asia/Seoul") + STOPS.replace(
        '"{id}"', '"{id'
    )
    text += '\n[[layer]]\nid = "a"\nid = "b"\nstyle = "dots"\n'
    assert form(tmp_path, text) == [
        "5:13: error: This is not TOML: invalid value",
        "14:10: error: This is not TOML: illegal character '\\n'",
        "20:9: error: This is not TOML: cannot overwrite a value",
        '21:9: error: "style" cannot be "dots"; it may be "area", "building", "line", "point" or "value"',
    ]


async def test_fields_that_the_file_does_not_have(tmp_path: Path) -> None:
    (tmp_path / "stops.csv").write_text("id,lon,latitude\n1,127,37\n")
    assert await checked(tmp_path, HEAD + STOPS) == [
        '16:30: error: The file has no field "lat"; did you mean "latitude"?'
    ]


async def test_files_that_are_not_there(tmp_path: Path) -> None:
    assert await checked(tmp_path, HEAD + STOPS) == [
        f"11:12: error: The file {tmp_path}/stops.csv does not exist"
    ]
    found = await checked(tmp_path, HEAD + STOPS.replace("stops.csv", "${DATA}/*.csv"), DATA=str(tmp_path))
    assert found == [f"11:12: error: No file matches {tmp_path}/*.csv; check the folder and the pattern"]


async def test_a_reference_system_that_does_not_exist(tmp_path: Path) -> None:
    (tmp_path / "stops.csv").write_text("id,lon,lat\n1,127,37\n")
    text = HEAD + STOPS.replace('"lat"] }', '"lat"], crs = "EPSG:99999" }')
    (found,) = await checked(tmp_path, text)
    assert found.startswith("12:1: error: There is no reference system EPSG:99999")


def test_a_layer_that_nothing_fills_is_a_warning(tmp_path: Path) -> None:
    text = HEAD + STOPS + '\n[[layer]]\nid = "air"\ntype = "GtfsStopp"\nstyle = "value"\nattribute = "pm25"\n'
    path = write(tmp_path, text)
    read = read_city(path, {})
    assert read.city is not None
    warning = 'No source makes entities of type "GtfsStopp", so that the layer stays empty; did you mean "GtfsStop"?'
    assert mistakes(read) == [f"20:8: warning: {warning}"]
    read = read_city(write(tmp_path, text.replace("GtfsStopp", "GtfsStop")), {})
    assert mistakes(read) == [
        '22:13: warning: No source gives "GtfsStop" the attribute "pm25"; it may be "location"'
    ]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CityFileInvalid, match="No such file"):
        read_city(tmp_path / "none.toml", {})
    (tmp_path / "city.toml").write_bytes("이름".encode("cp949"))
    with pytest.raises(CityFileInvalid, match="is not UTF-8"):
        read_city(tmp_path / "city.toml", {})


def test_the_error_has_all_mistakes_in_its_detail(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD.replace("gaon", "Gaon").replace("Asia/Seoul", "KST"))
    with pytest.raises(CityFileInvalid) as caught:
        require(read_city(path, {}), path)
    assert caught.value.message == f"{path} has 2 mistakes"
    assert len(caught.value.detail.splitlines()) == 2


def test_the_schema_is_one_that_editors_understand() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


CITIES = [HEAD, HEAD + STOPS]


@given(city=st.sampled_from(CITIES), data=st.data())
def test_no_damage_to_a_file_makes_the_check_fail(
    city: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    start = data.draw(st.integers(0, len(city)))
    end = data.draw(st.integers(start, min(len(city), start + 40)))
    inserted = data.draw(st.text(st.sampled_from('[]{}="\n .1aé'), max_size=6))
    path = tmp_path_factory.getbasetemp() / "damaged.toml"
    path.write_text(city[:start] + inserted + city[end:], encoding="utf-8")
    read = read_city(path, {})
    assert (read.city is None) == any(not mistake.warning for mistake in read.mistakes)
    lines = path.read_text(encoding="utf-8").count("\n") + 1
    assert all(1 <= mistake.line <= lines for mistake in read.mistakes)


def test_values_of_every_wrong_type_are_named(tmp_path: Path) -> None:
    for wrong in ('"text"', "5", "true", "[1]", "{ a = 1 }", "2026-01-01"):
        for key in ("id", "name", "languages", "time_zone", "extent", "synthetic"):
            lines = [line for line in HEAD.splitlines() if not line.startswith(key)]
            read = read_city(write(tmp_path, "\n".join([*lines, f"{key} = {wrong}"])), {})
            right = (key, wrong) in {("synthetic", "true"), ("id", '"text"')}
            assert bool(read.mistakes) != right, (key, wrong)
