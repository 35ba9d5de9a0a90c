"""What every adapter must do, run against each: the runtime relies on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from tests.connect.real_files import write_excel, write_gtfs, write_osm, write_parquet

from madang import vocabulary
from madang.city.file import SourceTable
from madang.connect.adapter import (
    CONNECTORS,
    Reading,
    Step,
    adapter_named,
    built_in,
    effective_mappings,
    spec,
)
from madang.connect.mapping import Mapped, Mapper, Record, Refused
from madang.connect.source import AttributeMapping, EntityMapping, Surroundings
from madang.errors import SourceFailed

AROUND = Surroundings("gaon", "s", "Asia/Seoul", "ko")
TABLE = EntityMapping("Thing", id="{id}", attributes={"value": AttributeMapping(field="value")})


def write_csv(path: Path) -> Path:
    path.write_text("id,value\n" + "".join(f"{n},{n * n}\n" for n in range(1000)) + "x,1,2,3\n")
    return path


def write_rows_to_excel(path: Path) -> Path:
    return write_excel(path, [["id", "value"], *([n, n * n] for n in range(600))], "Sheet")


def write_rows_to_parquet(path: Path) -> Path:
    return write_parquet(path, {"id": list(range(600)), "value": [n * n for n in range(600)]})


def write_long_gtfs(path: Path) -> Path:
    stops = "".join(f"S{n},Stop {n},{37 + n / 1000},127.0\n" for n in range(700))
    return write_gtfs(path, stops="stop_id,stop_name,stop_lat,stop_lon\n" + stops)


# connector, file, how it is written, options, mapping; every kind of file of every connector
CASES = [
    ("table", "a.csv", write_csv, {}, (TABLE,)),
    ("table", "a.xlsx", write_rows_to_excel, {"sheet": "Sheet"}, (TABLE,)),
    ("table", "a.parquet", write_rows_to_parquet, {}, (TABLE,)),
    ("gtfs", "a.zip", write_long_gtfs, {}, ()),
    ("osm", "a.osm", write_osm, {}, ()),
]
Case = tuple[str, str, Callable[[Path], Path], dict[str, Any], tuple[EntityMapping, ...]]
each = pytest.mark.parametrize("case", CASES, ids=[case[1] for case in CASES])


def reading(case: Case, folder: Path, rows_max: int = 100) -> Reading:
    _, name, write, options, given = case
    path = folder / name
    if not path.exists():
        write(path)
    tables = frozenset(mapping.table for mapping in effective_mappings(case[0], given))
    return Reading(str(path), options, tables, rows_max=rows_max)


def test_every_connector_has_a_case_and_is_in_the_city_files_form() -> None:
    assert {case[0] for case in CASES} == set(CONNECTORS)
    connectors = msgspec.json.schema(SourceTable)["$defs"]["SourceTable"]["properties"]["connector"]["enum"]
    assert set(connectors) == set(CONNECTORS)


@each
def test_options_are_described_by_a_schema(case: Case) -> None:
    schema = spec(case[0])
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(case[3], schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"no such option": 1}, schema)


@each
def test_discovery_names_every_field_that_a_record_has(case: Case, tmp_path: Path) -> None:
    adapter, what = adapter_named(case[0]), reading(case, tmp_path)
    tables = {table.name: table for table in adapter.discover(what.location, what.options)}
    for step in adapter.read(what, {}):
        for row in step.rows:
            if isinstance(row, Record):
                table = tables[row.table]
                known = {field.name for field in table.fields}
                assert not table.closed or row.fields.keys() <= known


@each
def test_reading_stopped_anywhere_goes_on_without_loss_or_repetition(case: Case, tmp_path: Path) -> None:
    adapter = adapter_named(case[0])
    what = reading(case, tmp_path, rows_max=3 if case[0] == "osm" else 100)
    whole: list[Step] = list(adapter.read(what, {}))
    assert len(whole) > 1
    for stop in range(len(whole)):
        state = msgspec.json.decode(msgspec.json.encode(whole[stop].state))
        rest = list(adapter.read(what, state))
        assert [row for step in rest for row in step.rows] == [
            row for step in whole[stop + 1 :] for row in step.rows
        ]
        assert not any(step.again for step in rest)


@each
def test_steps_are_bounded_and_shares_grow(case: Case, tmp_path: Path) -> None:
    what = reading(case, tmp_path, rows_max=50)
    steps = list(adapter_named(case[0]).read(what, {}))
    assert all(0 < len(step.rows) <= 50 for step in steps)
    shares = [step.share for step in steps]
    assert shares == sorted(shares)
    assert 0 < shares[-1] <= 1


@each
def test_every_row_says_where_it_comes_from(case: Case, tmp_path: Path) -> None:
    what = reading(case, tmp_path)
    rows = [row for step in adapter_named(case[0]).read(what, {}) for row in step.rows]
    assert all(row.place.startswith(case[1]) for row in rows)
    assert len({(row.place, isinstance(row, Record) and row.table) for row in rows}) == len(rows)


@each
def test_bad_rows_do_not_stop_the_others(case: Case, tmp_path: Path) -> None:
    what = reading(case, tmp_path)
    mapper = Mapper(effective_mappings(case[0], case[4]), AROUND, vocabulary.context())
    made: list[Mapped | Refused] = []
    for step in adapter_named(case[0]).read(what, {}):
        for row in step.rows:
            made.extend([row] if isinstance(row, Refused) else mapper.map(row))
    refused = [one for one in made if isinstance(one, Refused)]
    assert len(made) - len(refused) >= 5
    assert all(one.reason and one.original for one in refused)
    if case[1] in ("a.csv", "a.osm"):
        assert refused


@each
def test_a_file_that_is_not_there_is_named(case: Case, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing" / case[1])
    adapter = adapter_named(case[0])
    with pytest.raises(SourceFailed, match=missing):
        adapter.discover(missing, case[3])
    with pytest.raises(SourceFailed, match=missing):
        list(adapter.read(Reading(missing, case[3]), {}))


@pytest.mark.parametrize("case", CASES[1:], ids=[case[1] for case in CASES[1:]])
def test_a_file_of_another_kind_is_named(case: Case, tmp_path: Path) -> None:
    path = tmp_path / case[1]
    path.write_bytes(b"\0\1\2 not what it seems")
    with pytest.raises(SourceFailed, match=case[1]):
        list(adapter_named(case[0]).read(Reading(str(path), case[3]), {}))


@each
def test_built_in_types_and_attributes_are_in_the_vocabulary(case: Case) -> None:
    context = vocabulary.context()
    for mapping in built_in(case[0]).entity:
        assert vocabulary.entity_type(context.expand(mapping.type)) is not None, mapping.type
        unknown = [
            name
            for name in mapping.attributes
            if name != "location" and vocabulary.attribute(context.expand(name)) is None
        ]
        assert not unknown, f"{mapping.type}: {unknown}"
