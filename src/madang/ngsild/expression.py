"""The query language q as values: what `q.py` parses, `matcher.py` evaluates and a store compiles.

CIM 009 §4.9. Names in paths are absolute IRIs, except the members that the specification itself gives to
entities and attributes ("observedAt", "unitCode" ...), which keep their core terms as they do in bodies. The
structs are tagged, so that a query can be sent to another process.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from madang.ngsild.comparison import BOOLEAN, TARGET, TEXT, VOCABULARY, Interval, Key, at_least, at_most

# Members of entities and of attributes that the specification gives; in paths they keep their core terms
ENTITY_MOMENTS: Final = frozenset(("createdAt", "modifiedAt"))
MOMENTS: Final = frozenset(("observedAt", "createdAt", "modifiedAt", "expiresAt"))
ATTRIBUTE_MEMBERS: Final = MOMENTS | {"unitCode", "datasetId", "lang", "objectType", "valueType"}


class Operator(StrEnum):
    EQUAL = "=="
    UNEQUAL = "!="
    GREATER_OR_EQUAL = ">="
    GREATER = ">"
    LESS_OR_EQUAL = "<="
    LESS = "<"


class Literal(msgspec.Struct, frozen=True):
    """A value written in a query. key: as in `comparison`. iri: what a text means as a vocabulary's term."""

    key: Key
    iri: str = ""

    @property
    def ordered(self) -> bool:
        """Whether it has a place in an order; booleans and URIs have none."""
        return isinstance(self.key, float) or self.key[0] not in (BOOLEAN, TARGET)

    @property
    def equals(self) -> tuple[Key, ...]:
        """Every key that is equal to it: a text may also be a relationship's target or a term."""
        if isinstance(self.key, float) or self.key[0] not in (TEXT, TARGET):
            return (self.key,)
        text = self.key[1:]
        return (TEXT + text, TARGET + text, VOCABULARY + self.iri)


class Path(msgspec.Struct, frozen=True):
    """Leads to a value. names: attribute, sub-attributes. members: names inside the value, after "[".

    Of a LanguageProperty the one member is a language tag, or "*" for any.
    """

    names: tuple[str, ...]
    members: tuple[str, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether it leads to the whole value of an attribute of the entity."""
        return len(self.names) == 1 and not self.members


class Exists(msgspec.Struct, frozen=True, tag=True):
    """The path leads to something."""

    path: Path


class Comparison(msgspec.Struct, frozen=True, tag=True):
    """The value compares so with the literal; with several literals (== and != only) with any of them."""

    path: Path
    operator: Operator
    literals: tuple[Literal, ...]


class Within(msgspec.Struct, frozen=True, tag=True):
    """The value is from `low` to `high`, both included; negated: there is a value, and it is not."""

    path: Path
    low: Literal
    high: Literal
    negated: bool = False


class Match(msgspec.Struct, frozen=True, tag=True):
    """The RE2 pattern is found in the text; negated: there is a text, and it is not."""

    path: Path
    pattern: str
    negated: bool = False


class Linked(msgspec.Struct, frozen=True, tag=True):
    """An entity that the relationship leads to, of one of the types if any are named, meets the condition."""

    path: Path
    types: tuple[str, ...]
    condition: Exists | Comparison | Within | Match | Linked


class And(msgspec.Struct, frozen=True, tag=True):
    parts: tuple[Expression, ...]


class Or(msgspec.Struct, frozen=True, tag=True):
    parts: tuple[Expression, ...]


Condition = Exists | Comparison | Within | Match | Linked
Expression = And | Or | Exists | Comparison | Within | Match | Linked


def intervals(condition: Comparison | Within) -> tuple[Interval, ...]:
    """The keys that the condition speaks of; with != and a negated range those that must not be there."""
    if isinstance(condition, Within):
        low, high = condition.low.key, condition.high.key
        return (Interval(low, high),)
    if condition.operator in (Operator.EQUAL, Operator.UNEQUAL):
        equal = dict.fromkeys(key for literal in condition.literals for key in literal.equals)
        return tuple(Interval(key, key) for key in equal)
    key = condition.literals[0].key
    is_open = condition.operator in (Operator.GREATER, Operator.LESS)
    if condition.operator in (Operator.GREATER, Operator.GREATER_OR_EQUAL):
        return (at_least(key, open_end=is_open),)
    return (at_most(key, open_end=is_open),)


def is_negative(condition: Comparison | Within) -> bool:
    """Whether the keys of `intervals` must not be there."""
    return condition.negated if isinstance(condition, Within) else condition.operator is Operator.UNEQUAL


def conjuncts(expression: Expression | None) -> list[Expression]:
    """The parts that must all hold."""
    if expression is None:
        return []
    return list(expression.parts) if isinstance(expression, And) else [expression]


def linked_depth(expression: Expression) -> int:
    """How many relationships its conditions follow at most, one after the other."""
    if isinstance(expression, And | Or):
        return max(linked_depth(part) for part in expression.parts)
    return 1 + linked_depth(expression.condition) if isinstance(expression, Linked) else 0


def first_names(expression: Expression) -> set[str]:
    """The attributes of the entity itself that it reads: IRIs, or "createdAt" and "modifiedAt"."""
    if isinstance(expression, And | Or):
        return {name for part in expression.parts for name in first_names(part)}
    return {expression.path.names[0]}
