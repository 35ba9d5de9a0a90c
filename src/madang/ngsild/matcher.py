"""The meaning of a query: which entities it selects. A store's own language must select the same ones.

`compile_query` turns a query into a function of an entity once, so that asking many entities decodes only what
the query names. Of an attribute with several instances any one may meet a condition; `!=` and a negated
pattern want an instance that has a value which does not meet it (CIM 009 §4.9). Of an array any element may
meet a condition, and with `!=` none may.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from madang.errors import NotSupported
from madang.ngsild.comparison import keys, strings
from madang.ngsild.core_terms import NGSI_LD
from madang.ngsild.entity import VALUE_MEMBERS, Attribute, Entity, Kind
from madang.ngsild.expression import (
    ATTRIBUTE_MEMBERS,
    ENTITY_MOMENTS,
    And,
    Comparison,
    Exists,
    Expression,
    Linked,
    Match,
    Or,
    Path,
    Within,
    intervals,
    is_negative,
)
from madang.ngsild.geo import GeoQuery, geo_test, has_relation
from madang.ngsild.pattern import compile_pattern
from madang.ngsild.query import Query, Selector
from madang.ngsild.times import format_moment

Matcher = Callable[[Entity], bool]
# Whether the value of an attribute of this kind meets a condition
Meets = Callable[[Kind, Any], bool]

# Gives the entity with an id, as far as the asker may see it
Follow = Callable[[str], Entity | None]

_NO_MASK: Final[frozenset[str]] = frozenset()
_FOLLOWED_MAX: Final = 10_000
_RELATIONS: Final = frozenset((Kind.RELATIONSHIP, Kind.LIST_RELATIONSHIP))
_KINDS: Final[dict[str, Kind]] = {kind.value: kind for kind in Kind}


def matches(query: Query, entity: Entity) -> bool:
    """Whether the query selects the entity."""
    return compile_query(query)(entity)


def compile_query(query: Query, mask: frozenset[str] = _NO_MASK, follow: Follow | None = None) -> Matcher:
    """The query as a function. mask: IRIs of attributes that are taken as absent. follow: finds linked entities.

    Raises NotSupported for conditions on linked entities where nothing finds them.
    """
    return all_of(
        [
            *_entity_tests(query),
            *([_has_attribute(frozenset(query.attributes) - mask)] if query.attributes else []),
            *([compile_expression(query.q, mask, follow)] if query.q is not None else []),
            *([compile_geo(query.geo, mask)] if query.geo is not None else []),
        ]
    )


def all_of(tests: list[Matcher]) -> Matcher:
    """Every test holds."""
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda entity: first(entity) and second(entity)
    return lambda entity: all(test(entity) for test in tests)


def _any_of(tests: list[Matcher]) -> Matcher:
    return lambda entity: any(test(entity) for test in tests)


def _entity_tests(query: Query) -> Iterable[Matcher]:
    """Tests that need no attribute."""
    if query.ids:
        ids = frozenset(query.ids)
        yield lambda entity: entity.id in ids
    if query.id_pattern is not None:
        search = compile_pattern(query.id_pattern, "idPattern").search
        yield lambda entity: search(entity.id) is not None
    if query.types is not None:
        has_types = query.types.matches
        yield lambda entity: has_types(entity.types)
    if query.scope is not None:
        has_scopes = query.scope.matches
        yield lambda entity: has_scopes(entity.scope)
    if query.selectors:
        yield compile_selectors(query.selectors)


def compile_selectors(selectors: tuple[Selector, ...]) -> Matcher:
    """Whether one of the selectors holds; an id in it counts more than its pattern (CIM 009 §5.2.33)."""
    return _any_of(
        [
            all_of(
                list(
                    _entity_tests(
                        Query(
                            types=selector.types,
                            ids=selector.ids,
                            id_pattern=None if selector.ids else selector.id_pattern,
                        )
                    )
                )
            )
            for selector in selectors
        ]
    )


def _has_attribute(names: frozenset[str]) -> Matcher:
    def test(entity: Entity) -> bool:
        return any(attribute.name in names for attribute in entity.attributes)

    return test


def compile_geo(query: GeoQuery, mask: frozenset[str] = _NO_MASK) -> Matcher:
    """A geo-query as a function."""
    if query.attribute in mask:
        return _never
    asked, name = geo_test(query), query.attribute

    def test(entity: Entity) -> bool:
        geometries = [
            attribute.members().get("value")
            for attribute in entity.attributes
            if attribute.name == name and attribute.kind is Kind.GEO_PROPERTY
        ]
        return any(has_relation(asked, geometries))

    return test


def _never(entity: Entity) -> bool:
    return False


def compile_expression(
    expression: Expression, mask: frozenset[str] = _NO_MASK, follow: Follow | None = None
) -> Matcher:
    """An expression of q as a function. Raises NotSupported for conditions on linked entities without `follow`."""
    if isinstance(expression, And):
        return all_of([compile_expression(part, mask, follow) for part in expression.parts])
    if isinstance(expression, Or):
        return _any_of([compile_expression(part, mask, follow) for part in expression.parts])
    if expression.path.names[0] in mask:
        return _never
    if isinstance(expression, Linked):
        if follow is None:
            raise NotSupported("Conditions on linked entities, as in q=a{b}, are not offered here")
        return _at_path(expression.path, _meets_linked(expression, mask, follow))
    return _at_path(expression.path, _meets(expression))


# --- conditions on values ---


def _meets(condition: Exists | Comparison | Within | Match) -> Meets:
    if isinstance(condition, Exists):
        return lambda kind, value: True
    if isinstance(condition, Match):
        return _meets_pattern(condition)
    return _meets_comparison(condition)


def _meets_linked(condition: Linked, mask: frozenset[str], follow: Follow) -> Meets:
    """Whether a relationship leads to an entity that meets the inner condition. Each entity is asked once."""
    meets = compile_expression(condition.condition, mask, follow)
    types = frozenset(condition.types)
    answers: dict[str, bool] = {}

    def reaches(target: str) -> bool:
        known = answers.get(target)
        if known is None:
            entity = follow(target)
            known = entity is not None and (not types or not types.isdisjoint(entity.types)) and meets(entity)
            if len(answers) >= _FOLLOWED_MAX:
                answers.clear()
            answers[target] = known
        return known

    def leads(kind: Kind, value: Any) -> bool:
        return kind in _RELATIONS and any(reaches(str(key)[1:]) for key in keys(kind, value))

    return leads


def _meets_comparison(condition: Comparison | Within) -> Meets:
    wanted = intervals(condition)
    if is_negative(condition):
        return lambda kind, value: (
            not any(interval.holds(key) for key in keys(kind, value) for interval in wanted)
        )
    if len(wanted) == 1 and wanted[0].numeric:
        number_holds = wanted[0].holds

        def meets_number(kind: Kind, value: Any) -> bool:
            if type(value) is float or type(value) is int:
                return number_holds(float(value))
            return type(value) is not str and any(map(number_holds, keys(kind, value)))

        return meets_number
    if all(interval.single for interval in wanted):
        equal = frozenset(interval.low for interval in wanted)
        return lambda kind, value: not equal.isdisjoint(keys(kind, value))
    holds = wanted[0].holds
    return lambda kind, value: any(map(holds, keys(kind, value)))


def _meets_pattern(condition: Match) -> Meets:
    search = compile_pattern(condition.pattern, "In q").search
    if condition.negated:

        def meets_none(kind: Kind, value: Any) -> bool:
            texts = strings(kind, value)
            return bool(texts) and all(search(text) is None for text in texts)

        return meets_none
    return lambda kind, value: any(search(text) is not None for text in strings(kind, value))


# --- paths ---


def _at_path(path: Path, meets: Meets) -> Matcher:
    """Whether any value that the path leads to meets the condition."""
    name, rest = path.names[0], path.names[1:]
    if name in ENTITY_MOMENTS:
        if rest or path.members:
            return _never
        return _entity_moment(name, meets)
    last = rest[-1] if rest else ""
    inner = path.members
    if not rest and not inner:
        return _whole_value(name, meets)

    def test(entity: Entity) -> bool:
        for attribute in entity.attributes:
            if attribute.name != name:
                continue
            owners = [attribute.members()]
            for step in rest[:-1] if last in ATTRIBUTE_MEMBERS else rest:
                owners = [sub for owner in owners for sub in _instances(owner.get(step))]
            if last in ATTRIBUTE_MEMBERS:
                top = attribute if len(rest) == 1 else None
                found = any(_member_meets(owner, last, top, meets) for owner in owners) and not inner
            else:
                found = any(_value_meets(owner, inner, meets) for owner in owners)
            if found:
                return True
        return False

    return test


def _entity_moment(name: str, meets: Meets) -> Matcher:
    if name == "createdAt":
        return lambda entity: meets(Kind.PROPERTY, format_moment(entity.created_at))
    return lambda entity: meets(Kind.PROPERTY, format_moment(entity.modified_at))


def _whole_value(name: str, meets: Meets) -> Matcher:
    """The commonest path, an attribute alone."""

    def test(entity: Entity) -> bool:
        for attribute in entity.attributes:
            if attribute.name == name:
                members = attribute.members()
                kind = _KINDS[members["type"]]
                if meets(kind, members.get(VALUE_MEMBERS[kind])):
                    return True
        return False

    return test


def _instances(sub: Any) -> list[dict[str, Any]]:
    """The instances of a sub-attribute; none if there is none."""
    if type(sub) is list:
        return [instance for instance in sub if type(instance) is dict]
    return [sub] if type(sub) is dict else []


def _member_meets(owner: dict[str, Any], member: str, attribute: Attribute | None, meets: Meets) -> bool:
    """A member that the specification gives to attributes. attribute: the owner, if it is one of the entity's own."""
    if member in ENTITY_MOMENTS:
        if attribute is None:
            return False
        moment = attribute.created_at if member == "createdAt" else attribute.modified_at
        return meets(Kind.PROPERTY, format_moment(moment))
    value = owner.get(member)
    if value is None:
        return False
    if member in ("objectType", "valueType"):
        names = value if type(value) is list else [value]
        return meets(Kind.VOCAB_PROPERTY, [name if ":" in name else NGSI_LD + name for name in names])
    return meets(Kind.PROPERTY, value)


def _value_meets(owner: dict[str, Any], inner: tuple[str, ...], meets: Meets) -> bool:
    """The value of an attribute or sub-attribute, or what `inner` leads to inside of it."""
    kind = _KINDS.get(owner.get("type", ""))
    if kind is None:
        return False
    value = owner.get(VALUE_MEMBERS[kind])
    if not inner:
        return meets(kind, value)
    if kind is Kind.LANGUAGE_PROPERTY and inner == ("*",):
        return type(value) is dict and bool(value) and meets(kind, value)
    for step in inner:
        if type(value) is not dict or step not in value:
            return False
        value = value[step]
    return meets(Kind.PROPERTY, value)
