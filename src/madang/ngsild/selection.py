"""Selection of entities by their types (CIM 009 §4.17): `A`, `A,B`, `A|B`, `(A;B)|C`."""

from __future__ import annotations

import msgspec

from madang.ngsild.alternatives import parse_alternatives
from madang.ngsild.context import Context


class TypeExpression(msgspec.Struct, frozen=True):
    """alternatives: an entity that has all the types (IRIs) of one of them is selected."""

    alternatives: tuple[tuple[str, ...], ...]

    @property
    def single(self) -> str | None:
        """The type's IRI, if it selects by one type only."""
        return self.alternatives[0][0] if len(self.alternatives) == 1 == len(self.alternatives[0]) else None

    def matches(self, types: tuple[str, ...]) -> bool:
        return any(all(name in types for name in conjunction) for conjunction in self.alternatives)


def type_is(iri: str) -> TypeExpression:
    """The selection of one type."""
    return TypeExpression(((iri,),))


def parse_types(text: str, context: Context) -> TypeExpression | None:
    """The selection that `text` says, names expanded; None for "*", which selects every type.

    Raises BadRequestData.
    """
    if text.strip() == "*":
        return None
    return TypeExpression(parse_alternatives(text, "The type selection", context.expand))
