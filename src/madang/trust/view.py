"""What a caller sees of the graph: which entities exist for them, and which attributes of these.

A view is the filter and the mask of an access in one value, because a mask may hold for some entities only: of a
person who has consented more is seen than of another. Policies compile to views; stores and the hub obey them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import msgspec

from madang.ngsild.entity import Entity
from madang.ngsild.matcher import compile_query
from madang.ngsild.query import Query


class Rule(msgspec.Struct, frozen=True):
    """Some attributes of some entities.

    rows: which entities, judged on the whole of them. outside: not those that have one of these types (IRIs).
    attributes: IRIs, None for all, which includes that the entity exists.
    """

    rows: Query = Query()
    outside: frozenset[str] = frozenset()
    attributes: frozenset[str] | None = None

    def covers(self, name: str) -> bool:
        return self.attributes is None or name in self.attributes


class View(msgspec.Struct, frozen=True):
    """An entity exists for the caller if a grant matches it and no denial of all attributes does. An attribute is
    seen if a grant that matches its entity covers it and no denial that matches its entity does."""

    grants: tuple[Rule, ...] = ()
    denials: tuple[Rule, ...] = ()

    def may_hide(self, name: str) -> bool:
        """Whether the attribute (IRI) may be hidden of an entity that is seen: conditions on it, and orders by it, must
        be judged on what is seen, and no index on it may be read."""
        return any(not grant.covers(name) for grant in self.grants) or any(
            denial.attributes is not None and name in denial.attributes for denial in self.denials
        )

    @property
    def masks(self) -> bool:
        """Whether there is an attribute that may be hidden."""
        return any(rule.attributes is not None for rule in (*self.grants, *self.denials))


class Sight(msgspec.Struct, frozen=True):
    """A view that is compiled.

    exists: whether there is such an entity for the caller. seen: the entity as the caller sees it, None if there is none.
    hides: whether this attribute (IRI) of an entity, which exists for the caller, is hidden.
    """

    exists: Callable[[Entity], bool]
    seen: Callable[[Entity], Entity | None]
    hides: Callable[[Entity, str], bool]


@lru_cache(maxsize=1024)
def compile_view(view: View) -> Sight:
    """The functions of a view. Equal views are compiled once."""
    grants = [(_compile(rule), rule) for rule in view.grants]
    denials = [(_compile(rule), rule) for rule in view.denials]
    whole = [matches for matches, rule in denials if rule.attributes is None]
    parts = [(matches, rule) for matches, rule in denials if rule.attributes is not None]

    def exists(entity: Entity) -> bool:
        return any(matches(entity) for matches, _ in grants) and not any(matches(entity) for matches in whole)

    def hider(entity: Entity) -> Callable[[str], bool]:
        granted = [rule for matches, rule in grants if matches(entity)]
        denied = [rule for matches, rule in parts if matches(entity)]
        return lambda name: (
            not any(rule.covers(name) for rule in granted) or any(rule.covers(name) for rule in denied)
        )

    def seen(entity: Entity) -> Entity | None:
        if not exists(entity):
            return None
        if not view.masks:
            return entity
        hides = hider(entity)
        shown = tuple([one for one in entity.attributes if not hides(one.name)])
        if len(shown) == len(entity.attributes):
            return entity
        return msgspec.structs.replace(entity, attributes=shown)

    return Sight(exists, seen, lambda entity, name: hider(entity)(name))


def _compile(rule: Rule) -> Callable[[Entity], bool]:
    matches = compile_query(rule.rows) if rule.rows != Query() else None
    if not rule.outside:
        return matches or (lambda _entity: True)
    if matches is None:
        return lambda entity: rule.outside.isdisjoint(entity.types)
    return lambda entity: rule.outside.isdisjoint(entity.types) and matches(entity)
