"""The shape that type selection and scope queries share: names joined by and (`;`), or (`|` `,`) and
parentheses (CIM 009 §4.17, §4.19), read into a disjunction of conjunctions.

Beyond the grammar it takes a conjunction without parentheses, and parentheses nested in each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeVar

from madang.errors import BadRequestData
from madang.settings import LIMITS

Name = TypeVar("Name")
Alternatives = tuple[tuple[Name, ...], ...]

_TOKEN: Final = re.compile(r"\s*([;|,()]|[^;|,()\s]+)")


def parse_alternatives(text: str, what: str, read: Callable[[str], Name]) -> Alternatives[Name]:
    """Each inner tuple is a conjunction; one of them must hold.

    what: the parameter, for errors. read: makes a name of its text, raising BadRequestData if it is none.
    Raises BadRequestData for what cannot be read, or has too many names in it.
    """
    if len(text.encode()) > LIMITS.q_bytes_max:
        raise BadRequestData(f"{what} is longer than {LIMITS.q_bytes_max} bytes")
    tokens = _TOKEN.findall(text)
    if len(tokens) > 4 * LIMITS.q_terms_max:
        raise BadRequestData(f"{what} has too many parts; it may have at most {LIMITS.q_terms_max} names")
    parsed, end = _disjunction(tokens, 0, what, read, 0)
    if end < len(tokens):
        raise BadRequestData(f"{what} '{text:.60}' has a '{tokens[end]}' that does not belong there")
    return tuple(dict.fromkeys(tuple(dict.fromkeys(conjunction)) for conjunction in parsed))


def _disjunction(
    tokens: list[str], at: int, what: str, read: Callable[[str], Name], depth: int
) -> tuple[list[tuple[Name, ...]], int]:
    found, at = _conjunction(tokens, at, what, read, depth)
    while at < len(tokens) and tokens[at] in "|,":
        more, at = _conjunction(tokens, at + 1, what, read, depth)
        found = found + more
    return found, at


def _conjunction(
    tokens: list[str], at: int, what: str, read: Callable[[str], Name], depth: int
) -> tuple[list[tuple[Name, ...]], int]:
    found, at = _part(tokens, at, what, read, depth)
    while at < len(tokens) and tokens[at] == ";":
        more, at = _part(tokens, at + 1, what, read, depth)
        if len(found) * len(more) > LIMITS.q_terms_max:
            raise BadRequestData(
                f"{what} has more than {LIMITS.q_terms_max} combinations; use fewer alternatives"
            )
        found = [(*left, *right) for left in found for right in more]
    return found, at


def _part(
    tokens: list[str], at: int, what: str, read: Callable[[str], Name], depth: int
) -> tuple[list[tuple[Name, ...]], int]:
    name = tokens[at] if at < len(tokens) else ""
    if name == "(" and depth < LIMITS.q_depth_max:
        found, at = _disjunction(tokens, at + 1, what, read, depth + 1)
        if at >= len(tokens) or tokens[at] != ")":
            raise BadRequestData(f"{what} has a '(' without its ')'")
        return found, at + 1
    if not name or name in ";|,()":
        shown = f"a '{name}'" if name else "nothing"
        raise BadRequestData(f"{what} has {shown} where a name is expected, as in A,B or (A;B)|C")
    return [(read(name),)], at + 1
