"""The parser of the query language q (CIM 009 §4.9) into an `Expression`.

Beyond the grammar it takes spaces between the parts, prefixed names (`schema:name`), DateTimes with an
offset, words without quotes as texts after == and !=, and quotes around patterns. A value without quotes ends at the next
`;` `|` `,` `(` `)` or `"`, so a URI with one of these needs quotes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import isfinite
from typing import Final

import orjson

from madang.errors import BadRequestData
from madang.ngsild.comparison import (
    CLOCK_FORM,
    DATE,
    DATE_FORM,
    MOMENT,
    MOMENT_FORM,
    TARGET,
    TEXT,
    clock_key,
    moment_key,
)
from madang.ngsild.context import Context
from madang.ngsild.expression import (
    ATTRIBUTE_MEMBERS,
    ENTITY_MOMENTS,
    MOMENTS,
    And,
    Comparison,
    Condition,
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
from madang.ngsild.pattern import compile_pattern
from madang.ngsild.times import parse_moment
from madang.settings import LIMITS

PATH_NAMES_MAX: Final = 10
_NOT_IN_Q: Final = {"id": "id", "type": "type", "scope": "scopeQ"}

_NAME = r"[^\W\d_]\w*"
_PREFIXED = rf"{_NAME}(?::{_NAME})?"
_PATH = re.compile(rf"\s*({_PREFIXED}(?:\.{_PREFIXED})*)")
_TYPES = re.compile(rf"\s*({_NAME}(?:,{_NAME})*):(?={_NAME})")
_MEMBERS = re.compile(r"\[([^\[\]]*)\]")
_OPERATOR = re.compile(r"\s*(==|!=|>=|<=|~=|!~=|>|<)")
_END = r"\s*(?=$|[;|),]|\.\.)"
_VALUE = re.compile(
    rf"""\s*(?:(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?){_END}
    |"(?P<text>(?:[^"\\]|\\.)*)"{_END}
    |(?P<boolean>true|false){_END}
    |(?P<moment>{MOMENT_FORM}){_END}
    |(?P<date>{DATE_FORM}){_END}
    |(?P<clock>{CLOCK_FORM}){_END}
    |(?P<word>[^\s;|(),"]+){_END})""",
    re.VERBOSE | re.ASCII,
)
_QUOTED_PATTERN = re.compile(r'\s*"((?:[^"\\]|\\.)*)"' + _END)


@lru_cache(maxsize=1024)
def parse_q(text: str, context: Context, expanded: frozenset[str] | None = frozenset()) -> Expression:
    """The expression that `text` says, its names expanded by the context. expanded: the attributes (IRIs) whose
    values are expanded too, because they are terms of a vocabulary (expandValues); None for every attribute.

    Raises BadRequestData, which names the character where it cannot be read and what would be right there.
    """
    size = len(text.encode())
    if size > LIMITS.q_bytes_max:
        raise BadRequestData(f"q has {size} bytes; it may have at most {LIMITS.q_bytes_max}")
    return _Reader(text, context, expanded).whole()


class _Reader:
    """Reads one q from left to right; `position` is where it has got to."""

    __slots__ = ("context", "expanded", "position", "terms", "text")

    def __init__(self, text: str, context: Context, expanded: frozenset[str] | None) -> None:
        self.text = text
        self.context = context
        self.expanded = expanded
        self.position = 0
        self.terms = 0

    def wrong(self, expected: str, position: int | None = None) -> BadRequestData:
        at = self.position if position is None else position
        rest = self.text[at : at + 20]
        found = f"'{rest}'" if rest else "its end"
        return BadRequestData(f"q cannot be read at character {at + 1}, {found}: {expected}")

    def whole(self) -> Expression:
        expression = self.alternatives(0)
        if self.position < len(self.text):
            raise self.wrong("expected ';' (and), '|' (or) or the end")
        return expression

    def next_is(self, character: str) -> bool:
        """Step over the character if it comes next, whatever the spaces before it."""
        text, at = self.text, self.position
        while at < len(text) and text[at] == " ":
            at += 1
        found = text.startswith(character, at)
        self.position = at + 1 if found else at
        return found

    def alternatives(self, depth: int) -> Expression:
        parts = [self.conjunction(depth)]
        while self.next_is("|"):
            parts.append(self.conjunction(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def conjunction(self, depth: int) -> Expression:
        parts: list[Expression] = []
        while not parts or self.next_is(";"):
            part = self.group(depth) if self.next_is("(") else self.condition(0)
            parts.extend(part.parts if isinstance(part, And) else (part,))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def group(self, depth: int) -> Expression:
        if depth >= LIMITS.q_depth_max:
            raise self.wrong(f"parentheses may be nested at most {LIMITS.q_depth_max} deep")
        inside = self.alternatives(depth + 1)
        if not self.next_is(")"):
            raise self.wrong("expected ')' for a '(' before it")
        return inside

    def condition(self, linked: int) -> Condition:
        if not linked:
            self.terms += 1
            if self.terms > LIMITS.q_terms_max:
                raise self.wrong(f"it may have at most {LIMITS.q_terms_max} conditions")
        path = self.path(linked)
        if self.next_is("{"):
            return self.linked(path, linked + 1)
        # The operator stands behind the braces of the links that lead to this path
        for _ in range(linked):
            if not self.next_is("}"):
                raise self.wrong("expected '}' for a '{' before it")
        operator = _OPERATOR.match(self.text, self.position)
        if operator is None:
            if self.position < len(self.text) and self.text[self.position] not in ";|)":
                raise self.wrong("expected an operator (== != > >= < <= ~= !~=), ';', '|' or the end")
            return Exists(path)
        self.position = operator.end()
        sign = operator[1]
        if sign in ("~=", "!~="):
            return Match(path, self.pattern(), sign == "!~=")
        return self.comparison(path, Operator(sign))

    def linked(self, path: Path, depth: int) -> Linked:
        if depth > LIMITS.join_levels_max:
            raise self.wrong(f"relationships may be followed at most {LIMITS.join_levels_max} deep")
        types: tuple[str, ...] = ()
        stated = _TYPES.match(self.text, self.position)
        if stated is not None:
            self.position = stated.end()
            types = tuple(self.context.expand(name) for name in stated[1].split(","))
        return Linked(path, types, self.condition(depth))

    def path(self, linked: int) -> Path:
        start = self.position
        stated = _PATH.match(self.text, start)
        if stated is None:
            if self.next_is("!"):
                raise self.wrong("there is no 'not'; '!=' and '!~=' negate a comparison", start)
            raise self.wrong("expected the name of an attribute, which begins with a letter")
        self.position = stated.end()
        terms = stated[1].split(".")
        if len(terms) > PATH_NAMES_MAX:
            raise self.wrong(f"a path may have at most {PATH_NAMES_MAX} names", start)
        first = terms[0]
        if first in _NOT_IN_Q:
            raise self.wrong(f"'{first}' is no attribute; use the parameter {_NOT_IN_Q[first]}", start)
        expand = self.context.expand
        names = [first if first in ENTITY_MOMENTS and not linked else expand(first)]
        names += [term if term in ATTRIBUTE_MEMBERS else expand(term) for term in terms[1:]]
        members = _MEMBERS.match(self.text, self.position)
        if members is None:
            return Path(tuple(names))
        inside = tuple(members[1].split("."))
        if not all(inside) or len(inside) > PATH_NAMES_MAX:
            raise self.wrong(f"expected 1 to {PATH_NAMES_MAX} names with dots between, such as [city]")
        self.position = members.end()
        return Path(tuple(names), inside)

    def pattern(self) -> str:
        quoted = _QUOTED_PATTERN.match(self.text, self.position)
        if quoted is not None:
            self.position = quoted.end()
            pattern = quoted[1].replace('\\"', '"')
        else:
            start = self.position
            self.position = _end_of_pattern(self.text, start)
            pattern = self.text[start : self.position].strip()
        if not pattern:
            raise self.wrong("expected a regular expression")
        compile_pattern(pattern, "In q")
        return pattern

    def comparison(self, path: Path, operator: Operator) -> Comparison | Within:
        start = self.position
        first = self.literal(path)
        equality = operator in (Operator.EQUAL, Operator.UNEQUAL)
        text = self.text
        if text.startswith(".." if equality else "\0", self.position):
            self.position += 2
            return self.range(path, first, operator, start)
        if not equality:
            if not first.ordered:
                raise self.wrong("booleans, URIs and words are compared with == or !=; quote a text", start)
            return Comparison(path, operator, (first,))
        literals = [first]
        while text.startswith(",", self.position):
            self.position += 1
            literals.append(self.literal(path))
            if len(literals) > LIMITS.q_terms_max:
                raise self.wrong(f"a list may have at most {LIMITS.q_terms_max} values")
        return Comparison(path, operator, tuple(literals))

    def range(self, path: Path, low: Literal, operator: Operator, start: int) -> Within:
        high = self.literal(path)
        for end in (low, high):
            if not end.ordered:
                raise self.wrong("a range is between numbers, quoted texts, or times", start)
        same = type(low.key) is type(high.key) and (
            isinstance(low.key, float) or low.key[0] == str(high.key)[0]
        )
        if not same or low.key > high.key:  # type: ignore[operator]  # both are of one type here
            raise self.wrong("a range is from a lower to a higher value of the same type", start)
        return Within(path, low, high, operator is Operator.UNEQUAL)

    def literal(self, path: Path) -> Literal:
        start = self.position
        found = _VALUE.match(self.text, start)
        if found is None:
            raise self.wrong('expected a number, true, false, a time, a URI, or a text in "quotes"')
        self.position = found.end()
        literal = self.made(found, start, self.expanded is None or path.names[-1] in self.expanded)
        if path.names[-1] in MOMENTS and not path.members:
            return self.moment(literal, path, start)
        return literal

    def made(self, found: re.Match[str], start: int, is_term: bool) -> Literal:
        """The literal of a match of `_VALUE`. is_term: whether a text means what the @context says of it."""
        form = found.lastgroup
        text = found[form or 0]
        if form == "number":
            number = float(text)
            if not isfinite(number):
                raise self.wrong("expected a number that 64 bits can hold", start)
            return Literal(number)
        if form == "text":
            try:
                text = orjson.loads(f'"{text}"') if "\\" in text else text
            except orjson.JSONDecodeError as error:
                raise self.wrong("the text's escapes are not those of JSON", start) from error
            return Literal(TEXT + text, _term(text, self.context) if is_term else text)
        if form == "boolean":
            return Literal("b" + text)
        if form == "moment":
            return Literal(moment_key(parse_moment(text, "In q,")))
        if form == "date":
            return Literal(DATE + text)
        if form == "clock":
            return Literal(clock_key(text))
        if ".." in text and ":" not in text:
            raise self.wrong("a range is between numbers, quoted texts, or times", start)
        return Literal(TARGET + text, _term(text, self.context) if is_term else text)

    def moment(self, literal: Literal, path: Path, start: int) -> Literal:
        """The literal as a moment, for paths to what always is one; clients often quote it."""
        key = literal.key
        if isinstance(key, str) and key[0] == MOMENT:
            return literal
        if isinstance(key, str) and key[0] == TEXT and re.fullmatch(MOMENT_FORM, key[1:], re.ASCII):
            return Literal(moment_key(parse_moment(key[1:], "In q,")))
        raise self.wrong(
            f"{path.names[-1]} is a date and time; compare it with one such as 2026-01-31T09:00:00Z", start
        )


def _term(text: str, context: Context) -> str:
    """What the text means as a term of a vocabulary; the text itself where it cannot be one."""
    try:
        return context.expand_term(text)
    except BadRequestData:
        return text


def _end_of_pattern(text: str, start: int) -> int:
    """Where an unquoted pattern ends: at ';', '|' or ')' outside its own parentheses and brackets."""
    depth = 0
    in_brackets = False
    at = start
    while at < len(text):
        character = text[at]
        if character == "\\":
            at += 1
        elif in_brackets:
            in_brackets = character != "]"
        elif character == "[":
            in_brackets = True
            if text.startswith(("]", "^]"), at + 1):
                at += 1 + text.startswith("^", at + 1)
        elif character == "(":
            depth += 1
        elif depth == 0 and character in ";|)":
            return at
        elif character == ")":
            depth -= 1
        at += 1
    return min(at, len(text))
