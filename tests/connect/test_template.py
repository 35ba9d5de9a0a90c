"""Templates: fields in braces, plain braces, what is wrong with one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.connect.template import parse_template, plain_text, present
from madang.errors import BadRequestData
from madang.ngsild.identifier import escape_key

names = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), min_size=1)


@given(st.lists(st.tuples(names, st.booleans())))
def test_a_template_has_its_fields_and_its_text(parts: list[tuple[str, bool]]) -> None:
    text = "".join(f"{{{part}}}" if is_field else part for part, is_field in parts)
    filled = parse_template(text).fill(lambda name: f"<{name}>")
    assert filled == "".join(f"<{part}>" if is_field else part for part, is_field in parts)


def test_names_are_taken_as_they_stand() -> None:
    assert parse_template("{Rented Bike Count} {name:ko} {Wind speed (m/s)}").fields == (
        "Rented Bike Count",
        "name:ko",
        "Wind speed (m/s)",
    )


def test_double_braces_are_plain() -> None:
    assert parse_template("{{x}} {y}").fill(lambda _name: "1") == "{x} 1"


@pytest.mark.parametrize("text", ["{a", "a}", "{}", "{a{b}"])
def test_a_brace_without_its_partner_is_named(text: str) -> None:
    with pytest.raises(BadRequestData, match="Template"):
        parse_template(text)


def test_known_fields_are_bound() -> None:
    bound = parse_template("urn:ngsi-ld:X:{city}:{id}").bind({"city": "gaon"})
    assert bound.fields == ("id",)
    assert bound.fill(lambda _name: "7") == "urn:ngsi-ld:X:gaon:7"


keys = st.text(st.characters(exclude_categories=["Cs"]))


@given(keys, keys)
def test_two_keys_never_become_one(one: str, other: str) -> None:
    assert (escape_key(one) == escape_key(other)) == (one == other)


@pytest.mark.parametrize(
    ("value", "text"),
    [(" a ", "a"), (4220.0, "4220"), (4.5, "4.5"), (True, "true"), (None, "None"), (7, "7")],
)
def test_values_as_text(value: object, text: str) -> None:
    assert plain_text(value) == text


def test_what_counts_as_no_value() -> None:
    missing = frozenset(("", "-", "NA"))
    assert [present(value, missing) for value in ("", " - ", "NA", None, float("nan"), 0, "0", False)] == [
        False,
        False,
        False,
        False,
        False,
        True,
        True,
        True,
    ]
