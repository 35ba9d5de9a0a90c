"""The files of the demonstration city: the same bytes for the same seed, and a city file that says it right."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest
from tests.demo.conftest import MOMENT, SEED

from madang import vocabulary
from madang.city.check import check
from madang.city.demo.fleet import KINDS
from madang.city.demo.gaon import Gaon
from madang.city.demo.generate import generate, write_city
from madang.city.model import City
from madang.connect.adapter import CONNECTORS, built_in, effective_mappings
from madang.connect.reader import Reader
from madang.connect.source import EntityMapping
from madang.errors import Conflict


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows_of(path: Path, encoding: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(encoding))))


@pytest.fixture
async def city(made: Path) -> City:
    async with Reader() as reader:
        checked = await check(made / "city.toml", {}, reader)
    assert checked.shown("city.toml") == ""
    assert checked.city is not None
    return checked.city


def test_the_same_seed_and_moment_give_the_same_bytes(made: Path, gaon: Gaon, tmp_path: Path) -> None:
    """The city of the folder and that of the fixture were built each from the seed."""
    write_city(gaon, tmp_path, MOMENT)
    first, second = contents(made), contents(tmp_path)
    assert set(first) - set(second) == {"made.json"}
    first.pop("made.json")
    assert [name for name in first if first[name] != second[name]] == []


def test_what_is_there_is_not_made_again(made: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*")}
    assert generate(made, SEED, MOMENT + 1) == made / "city.toml"
    assert {path: path.stat().st_mtime_ns for path in made.rglob("*")} == before


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(Conflict, match="not of a demonstration city"):
        generate(tmp_path, SEED, MOMENT)
    assert (tmp_path / "thesis.txt").exists()


async def test_the_city_file_passes_the_check(city: City) -> None:
    assert city.synthetic
    assert {source.connector for source in city.sources} == {"table", "gtfs", "osm"}
    assert len(city.layers) == len({layer.id for layer in city.layers})
    made_types = {
        mapping.type
        for source in city.sources
        for mapping in effective_mappings(source.connector, source.entities)
    }
    assert {layer.type for layer in city.layers} <= made_types


async def test_all_that_it_says_is_in_the_vocabulary(city: City) -> None:
    mappings = [
        mapping
        for source in city.sources
        for mapping in effective_mappings(source.connector, source.entities)
    ]
    mappings += [mapping for connector in CONNECTORS for mapping in built_in(connector).entity]
    assert [word for mapping in mappings for word in unknown(mapping)] == []


def unknown(mapping: EntityMapping) -> list[str]:
    kind = vocabulary.entity_type(vocabulary.context().expand(mapping.type))
    if kind is None:
        return [mapping.type]
    return [name for name in mapping.attributes if vocabulary.context().expand(name) not in kind.attributes]


async def test_the_mapping_of_readings_is_that_of_the_fleet(city: City) -> None:
    readings = next(source for source in city.sources if source.id == "readings")
    said = {
        mapping.type: {(name, made.field, made.unit) for name, made in mapping.attributes.items()}
        for mapping in readings.entities
    }
    assert said == {
        kind.type: {(one.attribute, one.attribute, one.unit) for one in kind.measures} for kind in KINDS
    }


def test_codes_of_the_city_have_labels(made: Path) -> None:
    """What a page would show of them is a word in the reader's language."""
    expand = vocabulary.context().expand
    for row in rows_of(made / "society.csv", "utf-8-sig"):
        for column in (
            "category",
            "status",
            "serviceArea",
            "theme",
            "accrualPeriodicity",
            "direction",
            "round",
        ):
            if row[column]:
                entry = vocabulary.attribute(expand(column))
                assert entry is not None
                assert row[column] in entry.values, f"{column} = {row[column]} of {row['key']}"
    usage = vocabulary.attribute(expand("usage"))
    assert usage is not None
    assert {row["주용도"] for row in rows_of(made / "building-register.csv", "cp949")} <= set(usage.values)


def test_every_row_has_names_and_a_sentence_in_both_languages(made: Path) -> None:
    for row in rows_of(made / "society.csv", "utf-8-sig"):
        assert row["name_ko"], row
        assert row["name_en"], row
        assert row["text_ko"].endswith("."), row["text_ko"]
        assert row["text_en"].endswith("."), row["text_en"]


def test_the_timetable_names_only_stops_that_it_has(made: Path) -> None:
    with zipfile.ZipFile(made / "transit.zip") as archive:
        tables = {
            name: list(csv.DictReader(io.TextIOWrapper(archive.open(name), "utf-8")))
            for name in archive.namelist()
        }
    stops = {row["stop_id"] for row in tables["stops.txt"]}
    assert {row["stop_id"] for row in tables["stop_times.txt"]} == stops
    assert {row["shape_id"] for row in tables["trips.txt"]} == {
        row["shape_id"] for row in tables["shapes.txt"]
    }
    assert any(row["departure_time"] >= "24:00:00" for row in tables["stop_times.txt"])
