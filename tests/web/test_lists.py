"""The address of a list: conditions read, described, composed; orders; cells that no spreadsheet runs."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from starlette.datastructures import QueryParams

from madang import vocabulary
from madang.errors import BadRequestData
from madang.i18n import Reader
from madang.sheets import lines, safe
from madang.web import filters
from madang.web.ordering import MISSING, in_order

CONTEXT = vocabulary.context()
KOREAN = Reader("ko", ZoneInfo("Asia/Seoul"), 0)
ENGLISH = Reader("en", ZoneInfo("Asia/Seoul"), 0)


@pytest.mark.parametrize(
    ("form", "condition", "read"),
    [
        (("height", ">=", "1,030"), "height>=1030", "높이 ≥ 1030"),
        (("usage", "==", "업무시설"), 'usage=="office"', "용도 = 업무시설"),
        (("usage", "!=", "office"), 'usage!="office"', "용도 ≠ 업무시설"),
        (("name", "~=", "1+1 (구)"), 'name[*]~="(?i)1\\\\+1 \\\\(구\\\\)"', "이름 포함 1+1 (구)"),
        (("oneway", "==", "예"), "oneway==true", "일방통행 = true"),
        (("standsAt", "==", "urn:x:1"), "standsAt==urn:x:1", "설치 장소 = urn:x:1"),
    ],
)
def test_a_form_s_condition_is_one_of_the_query_language(
    form: tuple[str, str, str], condition: str, read: str
) -> None:
    composed = filters.compose(*form, "ko", CONTEXT)
    assert composed == condition
    described = filters.describe(composed, KOREAN, CONTEXT)
    assert f"{described.label} {described.operator} {described.value}" == read


@pytest.mark.parametrize(
    "form", [("height", ">=", "tall"), ("height", "=~", "3"), ("", "==", "3"), ("height", "==", " ")]
)
def test_a_condition_that_makes_no_sense_is_refused(form: tuple[str, str, str]) -> None:
    with pytest.raises(BadRequestData):
        filters.compose(*form, "en", CONTEXT)


def test_a_view_is_its_address() -> None:
    address = "filter=height%3E%3D30&filter=usage%3D%3D%22office%22&sort=-height&columns=usage,height&text=a"
    view = filters.read_view(QueryParams(address), ENGLISH, CONTEXT)
    assert view.columns == ("usage", "height")
    assert view.query() == {
        "filter": ["height>=30", 'usage=="office"'],
        "text": "a",
        "sort": "-height",
        "columns": "usage,height",
    }
    assert view.without(view.conditions[0])["filter"] == ['usage=="office"']


def test_an_address_with_a_broken_condition_says_where() -> None:
    with pytest.raises(BadRequestData, match="character"):
        filters.read_view(QueryParams("filter=height%3E%3D"), ENGLISH, CONTEXT)


def test_what_has_no_value_comes_last_in_both_directions() -> None:
    keyed = [((0, 2.0, ""), "b"), (MISSING, "none"), ((0, 1.0, ""), "a")]
    assert in_order(keyed, descending=False) == ["a", "b", "none"]
    assert in_order(keyed, descending=True) == ["b", "a", "none"]


@pytest.mark.parametrize(
    ("cell", "written"), [("=1+1", "'=1+1"), ("-4.5", "-4.5"), ("@x", "'@x"), ("가온", "가온"), ("-a", "'-a")]
)
def test_cells_are_no_formulas(cell: str, written: str) -> None:
    assert safe(cell) == written


def test_lines_are_csv() -> None:
    assert lines([["a,b", 'say "x"']]) == '"a,b","say ""x"""\r\n'
