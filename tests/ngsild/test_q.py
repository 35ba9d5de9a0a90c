"""The parser of q: what it reads, what it refuses and how it says so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.errors import BadRequestData, NotSupported
from madang.ngsild.context import CORE, Context
from madang.ngsild.expression import (
    And,
    Comparison,
    Exists,
    Expression,
    Linked,
    Literal,
    Match,
    Operator,
    Or,
    Path,
    Within,
)
from madang.ngsild.matcher import compile_expression
from madang.ngsild.q import parse_q
from madang.settings import LIMITS

HOME = Context.from_terms({"speed": "https://example.org/speed", "Male": "https://example.org/Male"})


def path(*names: str, members: tuple[str, ...] = ()) -> Path:
    return Path((CORE.expand(names[0]), *names[1:]), members)


def text(value: str) -> Literal:
    return Literal("s" + value, CORE.expand(value) if value.isalnum() else value)


READ: list[tuple[str, Expression]] = [
    ("a", Exists(path("a"))),
    ("이름", Exists(path("이름"))),
    ("a==20", Comparison(path("a"), Operator.EQUAL, (Literal(20.0),))),
    ("a!=-1.5e3", Comparison(path("a"), Operator.UNEQUAL, (Literal(-1500.0),))),
    ("a >= 3", Comparison(path("a"), Operator.GREATER_OR_EQUAL, (Literal(3.0),))),
    ('a=="x"', Comparison(path("a"), Operator.EQUAL, (text("x"),))),
    ('a<"\\u00e9;|)\\""', Comparison(path("a"), Operator.LESS, (Literal('sé;|)"', 'é;|)"'),))),
    ("a==true", Comparison(path("a"), Operator.EQUAL, (Literal("btrue"),))),
    ('a=="x", "y"', Comparison(path("a"), Operator.EQUAL, (text("x"), text("y")))),
    ("a==1..2", Within(path("a"), Literal(1.0), Literal(2.0))),
    ('a!="a".."b"', Within(path("a"), text("a"), text("b"), negated=True)),
    ("a==2026-01-01", Comparison(path("a"), Operator.EQUAL, (Literal("d2026-01-01"),))),
    ("a>12:30:00,5Z", Comparison(path("a"), Operator.GREATER, (Literal("c12:30:00.500000"),))),
    ("a~=^x(a|b);b", And((Match(path("a"), "^x(a|b)"), Exists(path("b"))))),
    ("a!~=[)|;]|b", Or((Match(path("a"), "[)|;]", negated=True), Exists(path("b"))))),
    ('a~="x;\\"y\\d"', Match(path("a"), 'x;"y\\d')),
    ("a[b.c]", Exists(path("a", members=("b", "c")))),
    ("a[zh-Hant]", Exists(path("a", members=("zh-Hant",)))),
    ("a.observedAt", Exists(path("a", "observedAt"))),
    ("a.b", Exists(path("a", CORE.expand("b")))),
    ("a;b|c", Or((And((Exists(path("a")), Exists(path("b")))), Exists(path("c"))))),
    ("a;(b|c)", And((Exists(path("a")), Or((Exists(path("b")), Exists(path("c"))))))),
    ("(a;(b;c))", And((Exists(path("a")), Exists(path("b")), Exists(path("c"))))),
    ("a{b}", Linked(path("a"), (), Exists(path("b")))),
    (
        "a{T,U:b.c}==1",
        Linked(
            path("a"),
            (CORE.expand("T"), CORE.expand("U")),
            Comparison(path("b", CORE.expand("c")), Operator.EQUAL, (Literal(1.0),)),
        ),
    ),
]


@pytest.mark.parametrize(("asked", "expected"), READ, ids=[asked for asked, _ in READ])
def test_reads(asked: str, expected: Expression) -> None:
    assert parse_q(asked, CORE, None) == expected


@pytest.mark.parametrize(
    ("asked", "moment"),
    [
        ("modifiedAt>2026-01-01T09:00:00+09:00", "t2026-01-01T00:00:00.000000Z"),
        ('a.observedAt=="2026-01-01T00:00:00,25Z"', "t2026-01-01T00:00:00.250000Z"),
    ],
)
def test_moments_are_instants(asked: str, moment: str) -> None:
    expression = parse_q(asked, CORE)
    assert isinstance(expression, Comparison)
    assert expression.literals == (Literal(moment),)


def test_names_and_terms_are_those_of_the_context() -> None:
    for expanded in (None, frozenset(("https://example.org/speed",))):
        expression = parse_q("speed==Male", HOME, expanded)
        assert isinstance(expression, Comparison)
        assert expression.path.names == ("https://example.org/speed",)
        assert expression.literals == (Literal("uMale", "https://example.org/Male"),)


def test_values_are_terms_only_where_that_is_said() -> None:
    """CIM 009 §4.9: the value of a query term is expanded if its attribute is among expandValues."""
    for expanded in (frozenset[str](), frozenset(("https://example.org/gender",))):
        expression = parse_q("speed==Male", HOME, expanded)
        assert isinstance(expression, Comparison)
        assert expression.literals == (Literal("uMale", "Male"),)


REFUSED = [
    ("", "character 1, its end: expected the name of an attribute"),
    ("a=1", "character 2, '=1': expected an operator (== != "),
    ("a==", "character 4, its end: expected a number, true, false"),
    ("!a", "there is no 'not'"),
    ("a==1;", "character 6, its end"),
    ("(a|b", "expected ')'"),
    ("a)", "character 2, ')': expected ';' (and), '|' (or) or the end"),
    ("a>true", "compared with == or !="),
    ("a>urn:x:1", "compared with == or !="),
    ("a>word", "quote a text"),
    ('a=="x', 'a text in "quotes"'),
    ('a=="\\q"', "escapes"),
    ("a==1e999", "64 bits"),
    ("a==1..", "its end"),
    ("a==5..1", "from a lower to a higher"),
    ('a==1.."b"', "of the same type"),
    ("a==x..y", "a range is between"),
    ("a.observedAt>5", "such as 2026-01-31T09:00:00Z"),
    ("modifiedAt==2026-01-01", "such as 2026-01-31T09:00:00Z"),
    ("a==2026-02-30T00:00:00Z", "2026-02-30T00:00:00Z"),
    ("a~=(", "RE2"),
    ("a~=", "expected a regular expression"),
    ("a[b", "expected an operator"),
    ("a[]", "names with dots between"),
    ("a{b", "expected '}'"),
    ("id==1", "use the parameter id"),
    ("type==1", "use the parameter type"),
    ("1a", "begins with a letter"),
    ("a.b." * 6 + "a", "at most 10 names"),
    ("(" * 30 + "a" + ")" * 30, f"at most {LIMITS.q_depth_max} deep"),
    (";".join(["a"] * 101), f"at most {LIMITS.q_terms_max} conditions"),
    ("a==" + ",".join(["1"] * 101), f"at most {LIMITS.q_terms_max} values"),
    ('a=="' + "x" * 9000 + '"', f"at most {LIMITS.q_bytes_max}"),
    ("a{" * 9 + "b" + "}" * 9, "followed at most"),
    ("a~=" + "x" * 600, f"at most {LIMITS.regex_bytes_max}"),
]


@pytest.mark.parametrize(("asked", "says"), REFUSED, ids=[asked[:20] for asked, _ in REFUSED])
def test_refuses_and_says_where(asked: str, says: str) -> None:
    with pytest.raises(BadRequestData) as caught:
        parse_q(asked, CORE)
    assert says in caught.value.message


@given(st.text(alphabet='ab.;|,()[]{}=!<>~" \\1-TZ:é+*', max_size=30))
def test_any_text_is_read_or_refused(asked: str) -> None:
    """No other error comes out, and what was read can be compiled."""
    try:
        expression = parse_q(asked, CORE)
    except BadRequestData:
        return
    try:
        compile_expression(expression)
    except NotSupported:
        assert "{" in asked
