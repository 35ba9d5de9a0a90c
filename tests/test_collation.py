"""ICU's collations: what people of a language expect, and what is no collation."""

from __future__ import annotations

import gc

import pytest

from madang.collation import TAG_CHARACTERS_MAX, sort_key
from madang.errors import BadRequestData

WORDS = ["z", "Zebra", "á", "a", "A", "Ähre", "Adler", "9", "10", "가", "힣", "漢"]


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("und", ["10", "9", "a", "A", "á", "Adler", "Ähre", "z", "Zebra", "가", "힣", "漢"]),
        ("und-x-icu", ["10", "9", "a", "A", "á", "Adler", "Ähre", "z", "Zebra", "가", "힣", "漢"]),
        ("en", ["10", "9", "a", "A", "á", "Adler", "Ähre", "z", "Zebra", "가", "힣", "漢"]),
        ("ko-KR", ["10", "9", "가", "漢", "힣", "a", "A", "á", "Adler", "Ähre", "z", "Zebra"]),
        ("sv", ["10", "9", "a", "A", "á", "Adler", "z", "Zebra", "Ähre", "가", "힣", "漢"]),
        ("und-u-kn", ["9", "10", "a", "A", "á", "Adler", "Ähre", "z", "Zebra", "가", "힣", "漢"]),
        ("und-u-kf-upper", ["10", "9", "A", "a", "á", "Adler", "Ähre", "z", "Zebra", "가", "힣", "漢"]),
    ],
)
def test_orders(tag: str, expected: list[str]) -> None:
    assert sorted(WORDS, key=sort_key(tag)) == expected


def test_strengths() -> None:
    """RFC 6067, CIM 009 §4.23.3: what a strength does not see is equal."""
    base = sort_key("und-u-ks-level1")
    assert base("Á") == base("a")
    assert sort_key("und")("Á") != sort_key("und")("a")
    assert sort_key("de-u-co-phonebk")("Ähre") > sort_key("de-u-co-phonebk")("Aeg")
    assert sort_key("de")("Ähre") > sort_key("de")("Aeg")
    assert sort_key("de-u-co-phonebk")("Ärger") < sort_key("de-u-co-phonebk")("Af")
    assert sort_key("de")("Ärger") > sort_key("de")("Af")


@pytest.mark.parametrize(
    "tag",
    [
        "",
        "!!nope",
        "not a tag",
        "en_US",
        "xx",
        "nonsense",
        "de-u-co-nonsense",
        "und-u-kn-what",
        "한국어",
        "und\x00",
        "und-" + "x" * TAG_CHARACTERS_MAX,
    ],
)
def test_what_is_no_collation(tag: str) -> None:
    with pytest.raises(BadRequestData, match="collation"):
        sort_key(tag)


def test_texts_of_any_length_and_content() -> None:
    key = sort_key("und")
    assert key("") < key("a" * 10_000) < key("a" * 9_999 + "b")
    assert all(map(key, ("a\x00b", "😀", "\ud800")))


def test_collators_are_closed_when_they_are_no_longer_used() -> None:
    for number in range(200):
        sort_key(f"und-u-ks-level{number % 4 + 1}-x-t{number}")
    gc.collect()
    assert sort_key("und")("a") < sort_key("und")("b")
