"""What a view says of entities with certain types: often that follows from the types alone, else it is left to ask.

`trust.view` is the meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from madang.ngsild.entity import Entity
from madang.ngsild.expression import ENTITY_MOMENTS, first_names
from madang.ngsild.matcher import Matcher, compile_query
from madang.ngsild.query import Query
from madang.store.sqlite.mask import MODIFIED, MOMENTS, PLAIN, Mask
from madang.trust.view import Rule, View

_MASKS_MAX: Final = 10_000
_ANYTHING: Final = Query()


class Part(msgspec.Struct, frozen=True):
    """What is left of a rule for entities of certain types. rows: None if they are all of them. bare: their id tells it."""

    rule: Rule
    rows: Matcher | None
    bare: bool

    @property
    def attributes(self) -> frozenset[str] | None:
        return self.rule.attributes


class Parts:
    """Rules that may match an entity; those that name identifiers are found by these."""

    __slots__ = ("_by_id", "_others", "every")

    def __init__(self, every: list[Part]) -> None:
        self.every = every
        self._others = [part for part in every if not part.rule.rows.ids]
        self._by_id: dict[str, list[Part]] = {}
        for part in every:
            for identifier in part.rule.rows.ids:
                self._by_id.setdefault(identifier, []).append(part)

    def matching(self, entity: Entity) -> Iterator[Part]:
        for part in (*self._others, *self._by_id.get(entity.id, ())):
            if part.rows is None or part.rows(entity):
                yield part

    def of_past(self, entity: Entity, *, unsure: bool) -> Iterator[Part]:
        """As `matching`, of a deleted entity, of which no more than id and types is known. unsure: with those rules of
        which nobody can say whether they match."""
        for part in (*self._others, *self._by_id.get(entity.id, ())):
            if not part.bare:
                if unsure:
                    yield part
            elif part.rows is None or part.rows(entity):
                yield part


class Depends:
    """What a view says of entities with certain types, where that depends on more than the types. reads: the attributes
    (IRIs) by which it is told."""

    __slots__ = ("_denials", "_grants", "_masks", "reads")

    def __init__(self, grants: Parts, denials: Parts) -> None:
        self._grants = grants
        self._denials = denials
        self._masks: dict[Mask, Mask] = {}
        self.reads = frozenset(
            name for part in (*grants.every, *denials.every) for name in reads_of(part.rule.rows)
        )

    @property
    def rules(self) -> list[Rule]:
        """Those that grant."""
        return [part.rule for part in self._grants.every]

    def mask(self, entity: Entity) -> Mask | None:
        """What is seen of an entity of which at least the attributes `reads` are decoded; None if there is none."""
        return self._mask(self._grants.matching(entity), self._denials.matching(entity))

    def mask_of_past(self, entity: Entity) -> Mask | None:
        """What is seen of a deleted entity: a rule that asks for more than is known of it grants nothing, and denies."""
        grants = self._grants.of_past(entity, unsure=False)
        return self._mask(grants, self._denials.of_past(entity, unsure=True))

    def _mask(self, grants: Iterable[Part], denials: Iterable[Part]) -> Mask | None:
        mask = combined([part.attributes for part in grants], [part.attributes for part in denials])
        if mask is None or mask == PLAIN:
            return mask and PLAIN
        if len(self._masks) > _MASKS_MAX:
            self._masks.clear()
        return self._masks.setdefault(mask, mask)

    def may_hide(self, name: str) -> bool:
        """As of a mask: whether that of some entity does."""
        some = any(part.attributes is not None for part in (*self._grants.every, *self._denials.every))
        if name in MOMENTS:
            return some and name in MODIFIED
        return any(not part.rule.covers(name) for part in self._grants.every) or any(
            part.attributes is not None and name in part.attributes for part in self._denials.every
        )

    def always_hides(self, name: str) -> bool:
        """Whether the mask of every entity does."""
        if name in MOMENTS:
            return False
        return not any(part.rule.covers(name) for part in self._grants.every) or any(
            part.rows is None and part.attributes is not None and name in part.attributes
            for part in self._denials.every
        )


# What there is of entities with certain types: a mask, nothing at all, or it depends
Verdict = Mask | Depends | None


def combined(granted: list[frozenset[str] | None], denied: list[frozenset[str] | None]) -> Mask | None:
    """What rules with these attributes, which all match an entity, make of it together."""
    if not granted or None in denied:
        return None
    hidden = frozenset[str]().union(*[names for names in denied if names is not None])
    if None in granted:
        return Mask(None, hidden) if hidden else PLAIN
    return Mask(frozenset[str]().union(*[names for names in granted if names is not None]), hidden)


def reads_of(rows: Query) -> set[str]:
    """The attributes (IRIs) that a rule looks at."""
    names = set(rows.attributes)
    if rows.q is not None:
        names |= first_names(rows.q)
    if rows.geo is not None:
        names.add(rows.geo.attribute)
    return names - ENTITY_MOMENTS


def verdict_of(view: View, types: tuple[str, ...]) -> Verdict:
    """What the view says of entities with exactly these types (IRIs)."""
    grants = _parts(view.grants, types)
    denials = _parts(view.denials, types)
    whole = [part for part in denials if part.attributes is None]
    if not grants or any(part.rows is None for part in whole):
        return None
    if any(part.rows is not None for part in (*grants, *denials)):
        return Depends(Parts(grants), Parts(denials))
    return combined([part.attributes for part in grants], [part.attributes for part in denials])


def _parts(rules: tuple[Rule, ...], types: tuple[str, ...]) -> list[Part]:
    """The rules that may match an entity with these types."""
    found = []
    for rule in rules:
        rows = rule.rows
        if rule.outside.isdisjoint(types) and (rows.types is None or rows.types.matches(types)):
            left = rows if rows.types is None else msgspec.structs.replace(rows, types=None)
            bare = left.q is None and left.geo is None and left.scope is None and not left.attributes
            found.append(Part(rule, compile_query(left) if left != _ANYTHING else None, bare))
    return found
