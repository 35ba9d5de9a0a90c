"""What a value of an attribute is when it is compared: a list of keys, and intervals of keys.

Every data type of CIM 009 §4.6.3 has keys of its own, so that values of different types are never equal and
never in order: a number is a float; anything else is a text whose first character names the type. The matcher
compares keys, and a store indexes the very same keys, so the two cannot disagree. Keys of one type are in the
type's own order (texts by code point, moments by time).

    1.5                              number (64-bit float, RFC 8259 §6)
    "s" + text                       string
    "t2026-01-31T09:00:00.000000Z"   moment: a string in the form of a DateTime
    "d2026-01-31", "c09:00:00.0..."  Date and Time (clock), by the form of the string too
    "btrue", "bfalse"                boolean
    "u" + URI                        target of a relationship
    "v" + IRI                        term of a VocabProperty

A string in the form of a DateTime, Date or Time has two keys: as what it means and as the text it is. Objects
have none (a path into them has), and of an array each element is compared.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from madang.errors import BadRequestData
from madang.ngsild.entity import Kind
from madang.ngsild.times import format_moment, parse_moment

Key = float | str

TEXT: Final = "s"
MOMENT: Final = "t"
DATE: Final = "d"
CLOCK: Final = "c"
BOOLEAN: Final = "b"
TARGET: Final = "u"
VOCABULARY: Final = "v"

MOMENT_FORM: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)"
DATE_FORM: Final = r"\d{4}-\d\d-\d\d"
CLOCK_FORM: Final = r"\d\d:\d\d:\d\d(?:[.,]\d{1,6})?Z"
_TIMES = re.compile(rf"({MOMENT_FORM})|({DATE_FORM})|({CLOCK_FORM})", re.ASCII)


class Interval(msgspec.Struct, frozen=True):
    """Keys of one type from `low` to `high`; the ends belong to it unless they are open."""

    low: Key
    high: Key
    low_open: bool = False
    high_open: bool = False

    @property
    def numeric(self) -> bool:
        return type(self.low) is float

    @property
    def single(self) -> bool:
        """Whether it holds one key and says which."""
        return self.low == self.high and not self.low_open and not self.high_open

    def holds(self, key: Key) -> bool:
        if type(key) is not type(self.low):
            return False
        return self.low <= key <= self.high and not (  # type: ignore[operator]  # both are float or both are str
            (self.low_open and key == self.low) or (self.high_open and key == self.high)
        )

    def meet(self, other: Interval) -> Interval | None:
        """The keys in both; None where the two are of different types."""
        if type(self.low) is not type(other.low):
            return None
        low = max(self, other, key=lambda interval: (interval.low, interval.low_open))
        high = min(self, other, key=lambda interval: (interval.high, not interval.high_open))
        return Interval(low.low, high.high, low.low_open, high.high_open)


def at_least(key: Key, *, open_end: bool = False) -> Interval:
    """All keys of this key's type from it on."""
    if isinstance(key, float):
        return Interval(key, float("inf"), open_end)
    return Interval(key, chr(ord(key[0]) + 1), open_end, high_open=True)


def at_most(key: Key, *, open_end: bool = False) -> Interval:
    """All keys of this key's type up to it."""
    if isinstance(key, float):
        return Interval(float("-inf"), key, high_open=open_end)
    return Interval(key[0], key, high_open=open_end)


def moment_key(microseconds: int) -> str:
    """The key of a moment. microseconds: since 1970 UTC."""
    text = format_moment(microseconds)
    return f"t{text[:-1]}.000000Z" if len(text) == 20 else f"t{text}"


def text_keys(text: str) -> list[Key]:
    """The keys of a string: as text, and as what its form says it is."""
    if text[:1].isdigit():
        form = _TIMES.fullmatch(text)
        if form is not None:
            return [TEXT + text, *_time_keys(text, form)]
    return [TEXT + text]


def _time_keys(text: str, form: re.Match[str]) -> list[Key]:
    if form.lastindex == 1:
        try:
            return [moment_key(parse_moment(text))]
        except (BadRequestData, OverflowError):
            return []
    return [DATE + text] if form.lastindex == 2 else [clock_key(text)]


def clock_key(text: str) -> str:
    """The key of a Time "hh:mm:ss[.ffffff]Z"."""
    return f"{CLOCK}{text[:8]}.{text[9:-1].ljust(6, '0')}"


def keys(kind: Kind, value: Any) -> list[Key]:
    """The keys of the value of an attribute instance of this kind; none for what cannot be compared."""
    value_type = type(value)
    if value_type is list:
        return [key for element in value if type(element) is not list for key in keys(kind, element)]
    if value_type is str:
        if kind is Kind.RELATIONSHIP or kind is Kind.LIST_RELATIONSHIP:
            return [TARGET + value]
        return [VOCABULARY + value] if kind is Kind.VOCAB_PROPERTY else text_keys(value)
    if value_type is float or value_type is int:
        return [float(value)]
    if value_type is bool:
        return ["btrue" if value else "bfalse"]
    if value_type is dict:
        if kind is Kind.LANGUAGE_PROPERTY:
            return [key for text in value.values() for key in keys(Kind.PROPERTY, text)]
        inner = value.get("object") if kind is Kind.LIST_RELATIONSHIP else value.get("@value")
        if type(inner) is not dict and type(inner) is not list:
            return keys(kind, inner)
    return []


def strings(kind: Kind, value: Any) -> list[str]:
    """The texts of a value that a pattern is matched with: strings only, no URIs of relationships and terms."""
    return [key[1:] for key in keys(kind, value) if type(key) is str and key[0] == TEXT]
