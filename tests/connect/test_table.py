"""The table adapter over real small files: CSV in Korean encodings, Excel, Parquet."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.connect.real_files import write_excel, write_parquet

from madang.connect.adapter import Reading
from madang.connect.adapters.table.adapter import adapter
from madang.connect.mapping import Record, Refused
from madang.errors import SourceFailed


def read(location: Path, state: dict[str, Any] | None = None, **options: Any) -> list[Record | Refused]:
    steps = adapter.read(Reading(str(location), options), state or {})
    return [row for step in steps for row in step.rows]


def fields(rows: list[Record | Refused]) -> list[dict[str, Any]]:
    return [row.fields for row in rows if isinstance(row, Record)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_csv_in_korean_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "측정소.csv"
    path.write_bytes("측정소,값\r\n중앙로,12\r\n\r\n시청,13".encode(encoding))
    rows = read(path)
    assert fields(rows) == [{"측정소": "중앙로", "값": "12"}, {"측정소": "시청", "값": "13"}]
    assert [row.place for row in rows] == ["측정소.csv:2", "측정소.csv:4"]
    assert rows[0].original == "중앙로,12"


def test_a_row_with_too_many_cells_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n1,2,3\n4,,,\n5\n")
    rows = read(path)
    assert rows[1] == Refused("a.csv:3", "1,2,3", "The row has 3 cells, but the header has 2")
    assert fields(rows) == [{"a": "1", "b": "2"}, {"a": "4", "b": ""}, {"a": "5"}]


def test_a_header_further_down_of_two_rows_with_merged_cells(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["2026년 대기 측정"],
        [],
        ["측정소", "미세먼지", None],
        [None, "PM10", "PM2.5"],
        ["중앙로", 31, 12.5],
    ]
    path = write_excel(tmp_path / "a.xlsx", rows)
    assert fields(read(path, sheet="자료", header=3, header_rows=2)) == [
        {"측정소": "중앙로", "미세먼지 PM10": 31.0, "미세먼지 PM2.5": 12.5}
    ]


def test_excel_has_typed_values_and_row_numbers(tmp_path: Path) -> None:
    when = datetime(2026, 1, 31, 9)  # noqa: DTZ001 -- a workbook knows no zones
    path = write_excel(
        tmp_path / "a.xlsx",
        [["n", "t", "s", "b"], [1, when, "가", True], [None, None, None, None], [2, None, "", False]],
    )
    rows = read(path, sheet="자료")
    assert fields(rows) == [
        {"n": 1, "t": when, "s": "가", "b": True},
        {"n": 2, "t": None, "s": None, "b": False},
    ]
    assert [row.place for row in rows] == ["a.xlsx:2", "a.xlsx:4"]


def test_a_sheet_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = write_excel(tmp_path / "a.xlsx", [["a"]])
    with pytest.raises(SourceFailed, match="no sheet '없음'; its sheets are 안내, 자료"):
        read(path, sheet="없음")


def test_parquet(tmp_path: Path) -> None:
    when = datetime(2026, 1, 31, 9, tzinfo=UTC)
    path = write_parquet(tmp_path / "a.parquet", {"n": [1, 2], "t": [when, None], "s": ["가", None]})
    assert fields(read(path)) == [{"n": 1, "t": when, "s": "가"}, {"n": 2, "t": None, "s": None}]


def test_a_table_without_a_header(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("1;2\n3;4\n")
    assert fields(read(path, header=0)) == [{"1": "1", "2": "2"}, {"1": "3", "2": "4"}]
    assert fields(read(path, header=0, columns=["x", "y"])) == [{"x": "1", "y": "2"}, {"x": "3", "y": "4"}]


def test_columns_without_a_name_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("이름,, 이름 ,이름\n1,2,3,4\n")
    assert fields(read(path)) == [{"이름": "1", "2": "2", "이름 (2)": "3", "이름 (3)": "4"}]


def test_several_files_are_one_table(tmp_path: Path) -> None:
    for month in (2, 1):
        (tmp_path / f"2026-0{month}.csv").write_text(f"a\n{month}\n")
    rows = read(tmp_path / "2026-*.csv")
    assert fields(rows) == [{"a": "1"}, {"a": "2"}]


def test_discovery_says_fields_forms_and_a_sample(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("이름,값\n가,12\n")
    (table,) = adapter.discover(str(path), {})
    assert [(field.name, field.form, field.sample) for field in table.fields] == [
        ("이름", "text", "가"),
        ("값", "number", "12"),
    ]


def test_a_growing_file_is_read_on(tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    path.write_text("t,v\n1,a\n2,")
    reading = Reading(str(path), {}, following=True)
    (step,) = adapter.read(reading, {})
    assert fields(list(step.rows)) == [{"t": "1", "v": "a"}]
    with path.open("a") as file:
        file.write("b\n3,c\n")
    (more,) = adapter.read(reading, step.state)
    assert fields(list(more.rows)) == [{"t": "2", "v": "b"}, {"t": "3", "v": "c"}]
    assert [row.place for row in more.rows] == ["readings.csv:3", "readings.csv:4"]
    assert not more.again
    assert list(adapter.read(reading, more.state)) == []


def test_a_replaced_file_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    path.write_text("t,v\n1,a\n2,b\n")
    reading = Reading(str(path), {}, following=True)
    (step,) = adapter.read(reading, {})
    path.write_text("t,v\n2,b\n3,c\n4,d\n")
    (more,) = adapter.read(reading, step.state)
    assert [row["t"] for row in fields(list(more.rows))] == ["2", "3", "4"]
    assert more.again


@pytest.mark.parametrize("name", ["a.xlsx", "a.parquet"])
def test_what_is_not_the_file_that_its_name_says(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("nothing of the kind")
    with pytest.raises(SourceFailed, match=name):
        read(path)


def test_a_file_of_an_unknown_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.dat"
    path.write_text("a\n1\n")
    with pytest.raises(SourceFailed, match="option `format`"):
        read(path)
    assert fields(read(path, format="csv")) == [{"a": "1"}]
