"""Type selection and scope queries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.errors import BadRequestData
from madang.ngsild.context import CORE
from madang.ngsild.scope import parse_scope_query
from madang.ngsild.selection import parse_types, type_is


def types(*names: str) -> tuple[str, ...]:
    return tuple(CORE.expand(name) for name in names)


@pytest.mark.parametrize(
    ("text", "alternatives"),
    [
        ("A", (("A",),)),
        ("A,B", (("A",), ("B",))),
        ("A|B", (("A",), ("B",))),
        ("(A;B)|C", (("A", "B"), ("C",))),
        ("A;B", (("A", "B"),)),
        ("(A|B);C", (("A", "C"), ("B", "C"))),
        ("A,A", (("A",),)),
        ("((A))", (("A",),)),
    ],
)
def test_types_are_alternatives_of_conjunctions(text: str, alternatives: tuple[tuple[str, ...], ...]) -> None:
    parsed = parse_types(text, CORE)
    assert parsed is not None
    assert parsed.alternatives == tuple(types(*names) for names in alternatives)


def test_star_selects_every_type() -> None:
    assert parse_types("*", CORE) is None


def test_one_type_is_known_as_such() -> None:
    assert type_is("urn:t").single == "urn:t"
    assert parse_types("A,B", CORE) is not None
    assert getattr(parse_types("(A;B)", CORE), "single", "") is None


@pytest.mark.parametrize(
    "text", ["", "A,", "(A", "A)", "A;;B", "A B", "(" * 30 + "A" + ")" * 30, "A," * 500 + "B"]
)
def test_what_is_no_type_selection_is_refused(text: str) -> None:
    with pytest.raises(BadRequestData, match="type selection"):
        parse_types(text, CORE)


def test_alternatives_do_not_multiply_without_limit() -> None:
    with pytest.raises(BadRequestData, match="combinations"):
        parse_types(";".join(["(A|B|C|D|E)"] * 8), CORE)


@given(st.text(alphabet="AB;|,() *", max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parsed = parse_types(text, CORE)
    except BadRequestData:
        return
    assert parsed is None or all(parsed.matches(names) for names in parsed.alternatives)


@pytest.mark.parametrize(
    ("query", "scopes", "expected"),
    [
        ("/Madrid", ["/Madrid"], True),
        ("Madrid", ["/Madrid"], True),
        ("/Madrid", ["/Madrid/Gardens"], False),
        ("/Madrid/#", ["/Madrid"], True),
        ("/Madrid/#", ["/Madrid/Gardens/ParqueNorte"], True),
        ("/Madrid/#", ["/Madrid2"], False),
        ("/Madrid/+/ParqueNorte", ["/Madrid/Sights/ParqueNorte"], True),
        ("/Madrid/+/ParqueNorte", ["/Madrid/ParqueNorte"], False),
        ("/+/+/#", ["/a"], False),
        ("/+/+/#", ["/a/b/c"], True),
        ("/#", ["/a"], True),
        ("/#", [], False),
        ("(/a;/b)", ["/a", "/b"], True),
        ("(/a;/b)", ["/a"], False),
        ("(/a;/b)|c", ["/c"], True),
        ("/a,/b", ["/b"], True),
        ("/서울/마포", ["/서울/마포"], True),
    ],
)
def test_scopes(query: str, scopes: list[str], expected: bool) -> None:
    assert parse_scope_query(query).matches(tuple(scopes)) is expected


@pytest.mark.parametrize(
    "text", ["", "/", "/a//b", "/a/#/b", "/a/", "/a b", "/a+", "/" + "/".join(["a"] * 40)]
)
def test_what_is_no_scope_is_refused(text: str) -> None:
    with pytest.raises(BadRequestData, match="scopeQ"):
        parse_scope_query(text)
