"""Names of organisations taken apart, and the numbers by which they are registered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.business_numbers import business_number, check_digit, written
from madang.ecosystem.names import in_latin, names_in, sound


@pytest.mark.parametrize(
    ("text", "core", "form", "part"),
    [
        ("㈜가온테크", "가온테크", "stock", ""),
        ("(주) 가온 테크", "가온테크", "stock", ""),
        ("주식회사　가온테크", "가온테크", "stock", ""),
        ("가온테크(유)", "가온테크", "limited", ""),
        ("농업회사법인 주식회사 푸른들", "푸른들", "agricultural", ""),
        ("(재)가온테크노파크", "가온테크노파크", "foundation", ""),
        ("사회적협동조합 나루", "나루", "social-cooperative", ""),
        ("Gaon Tech Co., Ltd.", "gaontech", "stock", ""),
        ("GAON TECH, INC", "gaontech", "stock", ""),
        ("The Gaon & Naru GmbH", "gaonandnaru", "limited", ""),
        ("Siemens AG", "siemens", "stock", ""),
        ("株式会社ガオン", "ガオン", "japanese", ""),
        ("가온전자 수원공장", "가온전자", "", "수원공장"),
        ("가온대학교 산학협력단", "가온대학교", "", "산학협력단"),
        ("가온테크(부산지점)", "가온테크", "", "부산지점"),
        ("3M 코리아", "3m코리아", "", ""),
        ("Inc.", "inc", "", ""),
    ],
)
def test_taken_apart(text: str, core: str, form: str, part: str) -> None:
    (name,) = names_in(text)
    assert (name.core, name.form, name.part) == (core, form, part)


def test_two_names_in_one_and_none() -> None:
    korean, english = names_in("가온테크(Gaon Tech)")
    assert (korean.core, english.core) == ("가온테크", "gaontech")
    assert korean.latin == english.latin
    assert names_in("") == names_in("(주)") == names_in("  ·  ") == ()


def test_in_latin_letters() -> None:
    assert in_latin("현대자동차") == "hyeondaemotor"
    assert sound(in_latin("현대자동차")) == sound("hyundaimotor")
    assert sound("samseong") == sound("samsung")
    assert in_latin("Café") == "Cafe"
    (name,) = names_in("씨제이이엔엠")
    assert name.spelled == names_in("CJ ENM")[0].latin


@given(st.text(max_size=40))
def test_any_text_is_taken_apart(text: str) -> None:
    for name in names_in(text):
        assert name.core
        assert name.core == name.core.casefold()
        assert not name.stem or name.latin.startswith(name.stem)


def test_business_numbers() -> None:
    assert business_number("124-81-00998") == business_number(" 1248100998 ") == "1248100998"
    assert [
        business_number(text) for text in ("124-81-00999", "000-00-00000", "12481009", "", "A24-81-00998")
    ] == [""] * 5
    assert written("1248100998") == "124-81-00998"


@given(st.text("0123456789", min_size=9, max_size=9).filter(lambda text: bool(text.strip("0"))))
def test_one_check_digit_fits_and_no_other(nine: str) -> None:
    fitting = [digit for digit in "0123456789" if business_number(nine + digit)]
    assert fitting == [check_digit(nine)]
