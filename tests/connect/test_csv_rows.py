"""CSV cut into rows at the level of bytes: nothing is lost, offsets lead back, one bad line costs one line."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.connect.adapters.csv_rows import Dialect, rows, sniff
from madang.errors import SourceFailed

UTF8 = Dialect("utf-8", "cp949", ",")
cells = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=8)
tables = st.lists(st.lists(cells, min_size=2, max_size=4), max_size=12)


def written(table: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(table)
    return out.getvalue().encode()


@given(tables)
def test_what_was_written_is_read(table: list[list[str]]) -> None:
    assert [row.cells for row in rows(io.BytesIO(written(table)), UTF8, 0, 1)] == table


@given(tables, st.integers(0, 11))
def test_reading_goes_on_at_the_end_of_any_row(table: list[list[str]], cut: int) -> None:
    data = written(table)
    read = list(rows(io.BytesIO(data), UTF8, 0, 1))
    if cut < len(read):
        after = read[cut]
        line = read[cut + 1].line if cut + 1 < len(read) else 0
        assert list(rows(io.BytesIO(data), UTF8, after.end, line)) == read[cut + 1 :]


@given(tables.filter(bool), st.integers(1, 200))
def test_a_growing_file_gives_whole_rows_only(table: list[list[str]], size: int) -> None:
    data = written(table)
    first = list(rows(io.BytesIO(data[:size]), UTF8, 0, 1, growing=True))
    end, line = (first[-1].end, first[-1].line + first[-1].text.count("\n") + 1) if first else (0, 1)
    rest = list(rows(io.BytesIO(data), UTF8, end, line, growing=True))
    assert [row.cells for row in first + rest] == table


def test_a_quote_that_never_closes_costs_its_line() -> None:
    data = b'a,b\n1,"x\n2,y\n3,z\n'
    found = list(rows(io.BytesIO(data), UTF8, 0, 1))
    assert [(row.line, row.cells, row.problem) for row in found] == [
        (1, ["a", "b"], ""),
        (2, [], "A quotation mark opens in this line and never closes"),
        (3, ["2", "y"], ""),
        (4, ["3", "z"], ""),
    ]
    assert found[1].text == '1,"x'


def test_a_row_in_another_encoding_is_read_or_named() -> None:
    data = "가,1\n".encode() + "나,2\n".encode("cp949") + b"\xff\xff,3\n"
    found = list(rows(io.BytesIO(data), UTF8, 0, 1))
    assert [row.cells for row in found] == [["가", "1"], ["나", "2"], []]
    assert "not in utf-8" in found[2].problem


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_found_out(encoding: str, delimiter: str) -> None:
    text = "".join(f"관측소{delimiter}주소, 동{delimiter}값{number}\n" for number in range(5000))
    if delimiter == ",":
        text = text.replace(", ", " ")
    data = text.encode(encoding)
    dialect = sniff(data[:65_537], "", "")
    assert dialect.delimiter == delimiter
    found = list(rows(io.BytesIO(data), dialect, 0, 1))
    assert len(found) == 5000
    assert found[0].cells[0] == "관측소"


def test_utf16_is_named() -> None:
    with pytest.raises(SourceFailed, match="UTF-16"):
        sniff("a,b".encode("utf-16"), "", "")


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,x;y;z\n2,x;y;z;w\n", ","),
        ('a,b\n"1,2,3",x;y\n"4,5",x;y\n', ","),
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";"),
        ("title\na\tb\n1\t2\n", "\t"),
        ("title\n", ","),
    ],
)
def test_the_delimiter_is_the_one_that_rows_have_as_many_of(text: str, delimiter: str) -> None:
    assert sniff(text.encode(), "", "").delimiter == delimiter
