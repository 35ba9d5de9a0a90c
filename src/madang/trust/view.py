"""What a caller sees of the graph: which entities exist for them, and which attributes of these.

A view is the filter and the mask of an access in one value, because a mask may hold for some entities only: of a
person who has consented more is seen than of another. Policies compile to views; stores and the hub obey them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import msgspec

from madang.ngsild.entity import Entity
from madang.ngsild.matcher import compile_query
from madang.ngsild.query import Query

# How conditions and orders name the moment of an entity's last change
_MODIFIED: Final = frozenset(("modifiedAt", "@modifiedAt"))


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
        be judged on what is seen, and no index on it may be read. So it is with the entity's modifiedAt, which would
        tell of writes that are not seen."""
        if name in _MODIFIED and self.masks:
            return True
        return any(not grant.covers(name) for grant in self.grants) or any(
            denial.attributes is not None and name in denial.attributes for denial in self.denials
        )

    def may_show(self, type_: str) -> bool:
        """Whether an entity of the type (IRI) may be seen."""
        return any(type_ not in grant.outside for grant in self.grants)

    @property
    def masks(self) -> bool:
        """Whether there is an attribute that may be hidden."""
        return any(rule.attributes is not None for rule in (*self.grants, *self.denials))

    @property
    def steady(self) -> bool:
        """Whether what is seen of an entity depends on nothing but its id and types."""
        return all(rule.rows == _bare(rule.rows) for rule in (*self.grants, *self.denials))


NOTHING: Final = View()


class Sight(msgspec.Struct, frozen=True):
    """A view that is compiled.

    exists: whether there is such an entity for the caller. seen: the entity as the caller sees it, None if there is none;
    where something is hidden, it was modified when what is seen was. hides: whether this attribute (IRI) of an entity,
    which exists for the caller, is hidden. whole: whether none of its attributes can be. existed: whether a deleted
    entity with this id and these types (IRIs) has been one that the caller saw, whatever else it was; existed_whole:
    with all its attributes.
    """

    exists: Callable[[Entity], bool]
    seen: Callable[[Entity], Entity | None]
    hides: Callable[[Entity, str], bool]
    whole: Callable[[Entity], bool]
    existed: Callable[[str, tuple[str, ...]], bool]
    existed_whole: Callable[[str, tuple[str, ...]], bool]


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
        if not view.masks or whole_of(entity):
            return entity
        hides = hider(entity)
        shown = tuple([one for one in entity.attributes if not hides(one.name)])
        modified_at = max([entity.created_at, *(one.modified_at for one in shown)])
        if len(shown) == len(entity.attributes) and modified_at == entity.modified_at:
            return entity
        return msgspec.structs.replace(entity, attributes=shown, modified_at=modified_at)

    def whole_of(entity: Entity) -> bool:
        return any(rule.attributes is None and matches(entity) for matches, rule in grants) and not any(
            matches(entity) for matches, _ in parts
        )

    return Sight(
        exists,
        seen,
        lambda entity, name: hider(entity)(name),
        whole_of,
        _existed(view, whole=False),
        _existed(view, whole=True),
    )


def _existed(view: View, *, whole: bool) -> Callable[[str, tuple[str, ...]], bool]:
    """Of a deleted entity no more than id and types is known: rules that ask for more grant nothing, and may deny."""
    grants = [
        _compile(rule)
        for rule in view.grants
        if rule.rows == _bare(rule.rows) and not (whole and rule.attributes is not None)
    ]
    denials = [
        _compile(msgspec.structs.replace(rule, rows=_bare(rule.rows)))
        for rule in view.denials
        if whole or rule.attributes is None
    ]

    def existed(identifier: str, types: tuple[str, ...]) -> bool:
        bare = Entity(identifier, types)
        return any(matches(bare) for matches in grants) and not any(matches(bare) for matches in denials)

    return existed


def _bare(rows: Query) -> Query:
    """What of a query needs no more than id and types."""
    return msgspec.structs.replace(rows, attributes=(), q=None, scope=None, geo=None)


def _compile(rule: Rule) -> Callable[[Entity], bool]:
    matches = compile_query(rule.rows) if rule.rows != Query() else None
    if not rule.outside:
        return matches or (lambda _entity: True)
    if matches is None:
        return lambda entity: rule.outside.isdisjoint(entity.types)
    return lambda entity: rule.outside.isdisjoint(entity.types) and matches(entity)
