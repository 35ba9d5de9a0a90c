"""What an entity must meet, as separate conditions; and how a condition reads in SQL where it has a form there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from msgspec import structs

from madang.ngsild.expression import (
    ENTITY_MOMENTS,
    And,
    Comparison,
    Expression,
    Operator,
    Or,
    conjuncts,
    first_names,
    linked_depth,
)
from madang.ngsild.geo import GeoQuery
from madang.ngsild.matcher import (
    Follow,
    Matcher,
    all_of,
    compile_expression,
    compile_geo,
    compile_query,
    compile_selectors,
)
from madang.ngsild.pattern import compile_pattern, literal_prefix
from madang.ngsild.query import Query, Selector
from madang.ngsild.scope import ScopeExpression, ScopePattern
from madang.ngsild.selection import TypeExpression
from madang.ngsild.times import parse_moment
from madang.store.sqlite.codec import FIELD_SEPARATOR, SEGMENT_SEPARATOR, Terms
from madang.store.sqlite.outlook import Outlook
from madang.store.sqlite.verdict import reads_of

# A condition in SQL on the row `e` of the entity table, and its parameters
Condition = tuple[str, tuple[object, ...]]
# Above every text that begins with what stands before it
LAST_CHARACTER = "\U0010ffff"
_LISTS = ("patterns", "types", "attributes", "q", "scopes", "geos", "selectors")


class Conditions(msgspec.Struct, frozen=True):
    """All of them must hold. ids: None if any. attributes: of each set the entity has at least one.

    masked: attributes, and "modifiedAt", on which conditions must be asked of what is seen of each entity: no index may be
    driven from them.
    """

    ids: frozenset[str] | None
    patterns: tuple[str, ...]
    types: tuple[TypeExpression, ...]
    attributes: tuple[frozenset[str], ...]
    q: tuple[Expression, ...]
    scopes: tuple[ScopeExpression, ...]
    geos: tuple[GeoQuery, ...]
    selectors: tuple[tuple[Selector, ...], ...]
    masked: frozenset[str]


def collect(query: Query, terms: Terms, outlook: Outlook | None = None) -> Conditions | None:
    """The conditions of the query. None if nothing can meet them: of all names in what is returned there is something
    stored. outlook: of the caller, None if all is seen."""
    asked = _existing(query, terms, outlook)
    if asked is None:
        return None
    masked = frozenset[str]()
    if outlook is not None and outlook.masks:
        names = reads_of(asked) | (first_names(asked.q) if asked.q is not None else set())
        masked = frozenset(filter(outlook.may_hide, names))
    return Conditions(
        ids=frozenset(asked.ids) if asked.ids else None,
        patterns=(asked.id_pattern,) if asked.id_pattern is not None else (),
        types=tuple(_types_of(asked)),
        attributes=(frozenset(asked.attributes),) if asked.attributes else (),
        q=tuple(conjuncts(asked.q)),
        scopes=(asked.scope,) if asked.scope is not None else (),
        geos=(asked.geo,) if asked.geo is not None else (),
        selectors=(asked.selectors,) if asked.selectors else (),
        masked=masked,
    )


def with_implied(own: Conditions, outlook: Outlook, terms: Terms) -> Conditions | None:
    """The conditions with those that all that is seen meets, so that more indexes can drive; None if nothing can meet
    them."""
    implied = collect(outlook.implied, terms)
    if implied is None:
        return None
    ids = [one.ids for one in (own, implied) if one.ids is not None]
    hidden = frozenset(filter(outlook.may_hide, reads_of(outlook.implied)))
    both = {name: getattr(own, name) + getattr(implied, name) for name in _LISTS}
    return structs.replace(
        own, ids=frozenset.intersection(*ids) if ids else None, masked=own.masked | hidden, **both
    )


def without_implied(left: Conditions, own: Conditions) -> Conditions:
    """Of what a drive over conditions with implied ones has left, those that are not implied."""
    kept = {
        name: tuple([one for one in getattr(left, name) if any(one is mine for mine in getattr(own, name))])
        for name in _LISTS
    }
    return structs.replace(left, **kept)


def _types_of(query: Query) -> list[TypeExpression]:
    """The query's type selections, and what its selectors have in common: one of their types."""
    found = [query.types] if query.types is not None else []
    stated = [selector.types for selector in query.selectors if selector.types is not None]
    if stated and len(stated) == len(query.selectors):
        found.append(TypeExpression(tuple([names for types in stated for names in types.alternatives])))
    return found


def _existing(query: Query, terms: Terms, outlook: Outlook | None) -> Query | None:
    """The query without alternatives that ask for types and attributes that do not exist; None if none is left."""

    def is_absent(name: str) -> bool:
        if terms.find(name) is None and name not in ENTITY_MOMENTS:
            return True
        return outlook is not None and outlook.always_hides(name)

    types, attributes, q, selectors = query.types, query.attributes, query.q, query.selectors
    if types is not None:
        types = _stored_types(types, terms)
        if types is None:
            return None
    if selectors:
        selectors = tuple([known for one in selectors if (known := _stored_selector(one, terms)) is not None])
        if not selectors:
            return None
    if attributes:
        attributes = tuple([name for name in attributes if not is_absent(name)])
        if not attributes:
            return None
    if q is not None:
        q = _reachable(q, is_absent)
        if q is None:
            return None
    if query.geo is not None and is_absent(query.geo.attribute):
        return None
    return Query(types, query.ids, query.id_pattern, attributes, q, query.scope, query.geo, selectors)


def _stored_types(types: TypeExpression, terms: Terms) -> TypeExpression | None:
    """The selection without alternatives of which there cannot be an entity; None if none is left."""
    known = tuple([names for names in types.alternatives if None not in map(terms.find, names)])
    if not known:
        return None
    return types if len(known) == len(types.alternatives) else TypeExpression(known)


def _stored_selector(selector: Selector, terms: Terms) -> Selector | None:
    """The selector with such a selection; None if nothing can meet it."""
    if selector.types is None:
        return selector
    types = _stored_types(selector.types, terms)
    return structs.replace(selector, types=types) if types is not None else None


def _reachable(expression: Expression, is_absent: Callable[[str], bool]) -> Expression | None:
    """The expression without alternatives on absent attributes; None if nothing is left. Every condition wants
    its attribute to be there, also a negated one."""
    if isinstance(expression, And):
        parts = [_reachable(part, is_absent) for part in expression.parts]
        kept = tuple([part for part in parts if part is not None])
        return And(kept) if len(kept) == len(parts) else None
    if isinstance(expression, Or):
        parts = [_reachable(part, is_absent) for part in expression.parts]
        kept = tuple([part for part in parts if part is not None])
        return (Or(kept) if len(kept) > 1 else kept[0]) if kept else None
    return None if is_absent(expression.path.names[0]) else expression


class Residue(msgspec.Struct, frozen=True):
    """What SQL cannot decide. of_id: on the id alone. of_entity: on the entity as it is seen, of which it reads the
    attributes `reads` (IRIs, perhaps also "modifiedAt"), and the types only if `types` says so. follows: whether it looks at other entities too, which
    costs more. Empty if SQL alone decides.
    """

    of_id: tuple[Callable[[str], object | None], ...] = ()
    of_entity: Matcher | None = None
    reads: frozenset[str] = frozenset()
    types: bool = False
    follows: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.of_id and self.of_entity is None


def divide(
    conditions: Conditions, terms: Terms, follow: Follow | None = None
) -> tuple[list[Condition], Residue]:
    """The conditions as SQL, and what is left of them. `ids` is no longer among them: it always drives.

    Raises NotSupported for conditions on linked entities where nothing finds them.
    """
    found: list[Condition] = [type_condition(types, terms) for types in conditions.types]
    plain = [names for names in conditions.attributes if conditions.masked.isdisjoint(names)]
    found += [_attribute_condition(names, terms) for names in plain]
    hidden = [names for names in conditions.attributes if names not in plain]
    of_id: list[Callable[[str], object | None]] = []
    of_entity: list[Matcher] = [compile_query(Query(attributes=tuple(names))) for names in hidden]
    reads: set[str] = set().union(*hidden)
    for pattern in conditions.patterns:
        prefix, enough = literal_prefix(pattern)
        if prefix:
            found.append(("e.id >= ? AND e.id < ?", (prefix, prefix + LAST_CHARACTER)))
        if not enough:
            of_id.append(compile_pattern(pattern, "idPattern").search)
    for scopes in conditions.scopes:
        condition = _scope_condition(scopes)
        if condition is not None:
            found.append(condition)
        else:
            of_entity.append(lambda entity, scopes=scopes: scopes.matches(entity.scope))  # type: ignore[misc]  # bound now
    for expression in conditions.q:
        moment = _moment_condition(expression)
        if moment is not None and conditions.masked.isdisjoint(first_names(expression)):
            found.append(moment)
        else:
            of_entity.append(compile_expression(expression, follow=follow))
            reads |= first_names(expression)
    for geo in conditions.geos:
        of_entity.append(compile_geo(geo))
        reads.add(geo.attribute)
    of_entity += [compile_selectors(selectors) for selectors in conditions.selectors]
    residue = Residue(
        tuple(of_id),
        all_of(of_entity) if of_entity else None,
        frozenset(reads),
        types=bool(conditions.selectors),
        follows=any(linked_depth(expression) for expression in conditions.q),
    )
    return found, residue


def gone_condition(outlook: Outlook) -> list[Condition]:
    """Not one of the combinations of types of which the caller sees nothing; none where there is none."""
    if not outlook.gone:
        return []
    listed, word = (
        (outlook.gone, "NOT IN") if len(outlook.gone) <= len(outlook.kept) else (outlook.kept, "IN")
    )
    return [(f"e.types {word} ({', '.join('?' * len(listed))})", listed)]


def type_condition(types: TypeExpression, terms: Terms) -> Condition:
    return any_of([has_types(names, terms) for names in types.alternatives])


def has_types(names: tuple[str, ...], terms: Terms) -> Condition:
    """The entity has all these types."""
    return (
        " AND ".join(["instr(e.types, ?) > 0"] * len(names)),
        tuple([f" {terms.find(name)} " for name in names]),
    )


def any_of(conditions: Sequence[Condition]) -> Condition:
    """One of them holds; there is at least one."""
    if len(conditions) == 1:
        return conditions[0]
    return (
        "(" + " OR ".join(f"({text})" for text, _ in conditions) + ")",
        tuple(parameter for _, parameters in conditions for parameter in parameters),
    )


def none_of(conditions: Sequence[Condition]) -> list[Condition]:
    """None of them holds; there may be none."""
    if not conditions:
        return []
    text, parameters = any_of(conditions)
    return [(f"NOT ({text})", parameters)]


def _attribute_condition(names: frozenset[str], terms: Terms) -> Condition:
    """A segment begins with the attribute's number (see `codec`)."""
    starts = [str(terms.find(name)).encode() + FIELD_SEPARATOR for name in sorted(names)]
    return any_of(
        [
            (
                "substr(e.segments, 1, ?) = ? OR instr(e.segments, ?) > 0",
                (len(start), start, SEGMENT_SEPARATOR + start),
            )
            for start in starts
        ]
    )


def _scope_condition(scopes: ScopeExpression) -> Condition | None:
    """None if a pattern has "+", which SQL does not know."""
    if any("+" in pattern.levels for conjunction in scopes.alternatives for pattern in conjunction):
        return None
    return any_of([has_scopes(conjunction) for conjunction in scopes.alternatives])


def has_scopes(patterns: tuple[ScopePattern, ...]) -> Condition:
    """For every pattern, none of which has "+", the entity has a scope."""
    parts = [_scope_pattern_condition(pattern) for pattern in patterns]
    return (
        " AND ".join([f"({text})" for text, _ in parts]),
        tuple([parameter for _, parameters in parts for parameter in parameters]),
    )


def _scope_pattern_condition(pattern: ScopePattern) -> Condition:
    """`scopes` is the entity's scopes with 0x1f between them (see `codec`)."""
    if not pattern.levels:
        return "e.scopes <> ''", ()
    scope = "\x1f/" + "/".join(pattern.levels)
    if not pattern.below:
        return "instr(char(31) || e.scopes || char(31), ?) > 0", (scope + "\x1f",)
    return (
        "instr(char(31) || e.scopes || char(31), ?) > 0 OR instr(char(31) || e.scopes, ?) > 0",
        (scope + "\x1f", scope + "/"),
    )


_COLUMNS = {"createdAt": "e.created", "modifiedAt": "e.modified"}
_SIGNS = {operator: "=" if operator is Operator.EQUAL else operator.value for operator in Operator}


def _moment_condition(expression: Expression) -> Condition | None:
    """A comparison of the entity's own createdAt or modifiedAt with one moment."""
    if (
        not isinstance(expression, Comparison)
        or expression.path.names[0] not in _COLUMNS
        or len(expression.path.names) > 1
        or expression.path.members
        or len(expression.literals) > 1
    ):
        return None
    moment = parse_moment(str(expression.literals[0].key)[1:])
    return f"{_COLUMNS[expression.path.names[0]]} {_SIGNS[expression.operator]} ?", (moment,)
