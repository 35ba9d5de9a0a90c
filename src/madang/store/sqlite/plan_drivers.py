"""Which index a query is driven from: the candidates in the order in which they are tried.

A driver decides some of the conditions alone; those are taken out of what it returns as left.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import apsw
import msgspec
from msgspec import structs

from madang.ngsild.comparison import TARGET
from madang.ngsild.context import CORE
from madang.ngsild.distance import Bounds
from madang.ngsild.entity import Entity, Kind
from madang.ngsild.geo import geo_test
from madang.ngsild.pattern import literal_prefix
from madang.ngsild.scope import ScopePattern
from madang.ngsild.selection import TypeExpression
from madang.settings import LIMITS
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.combinations import Combinations
from madang.store.sqlite.cutting import Cutters
from madang.store.sqlite.indexes import ValueIndexes
from madang.store.sqlite.plan_conditions import (
    LAST_CHARACTER,
    Conditions,
    has_scopes,
    has_types,
    none_of,
)
from madang.store.sqlite.plan_steps import Around, Position, Step, Walk
from madang.store.sqlite.plan_values import comparable, index_keys, value_drive
from madang.store.sqlite.row_sight import Kept, RowSight, Sights, is_whole
from madang.trust.access import Access

# Every identifier of ours begins so, therefore a pattern that says no more selects nothing
_COMMON_PREFIX = "urn:ngsi-ld:"


_SMALL_DEGREES = 0.02
_MOST = 0.8
_COUNT = "SELECT n FROM type_count WHERE type = ?"
_ROOT = "SELECT data FROM place_node WHERE nodeno = 1"
_KINDS = "SELECT kind FROM attribute_count WHERE type = 0 AND attribute = ? AND n > 0"
_RELATIONS = frozenset((Kind.RELATIONSHIP.value, Kind.LIST_RELATIONSHIP.value))


class Catalog(msgspec.Struct, frozen=True):
    """What is stored and indexed. sights: what callers see of it; made anew for each plan without them."""

    terms: Terms
    indexes: ValueIndexes
    connection: apsw.Connection | None = None
    sights: Sights | None = None

    def sight(self, access: Access) -> RowSight | None:
        """What a caller sees; None for everything."""
        if is_whole(access):
            return None
        sights = self.sights
        if sights is None:
            assert self.connection is not None
            sights = Sights(Kept(self.terms, Combinations(self.connection), Cutters(CORE)))
        return sights.of(access)

    def only_relations(self, attribute: int) -> bool:
        """Whether every instance of an attribute (number) is a relationship, so that the index of relations has
        all its values. Not without a connection to ask."""
        if self.connection is None:
            return False
        kinds = {kind for (kind,) in self.connection.execute(_KINDS, (attribute,))}
        return bool(kinds) and kinds <= _RELATIONS

    def is_crowded(self, window: Bounds, types: TypeExpression) -> bool:
        """Whether a window holds so much that walking the entities of the types finds a page of them sooner: it
        covers most of the area in which anything is, or there are few entities of the type."""
        west, south, east, north = window
        if self.connection is None or max(east - west, north - south) < _SMALL_DEGREES:
            return False
        if types.single is not None:
            count = self.connection.execute(_COUNT, (self.terms.find(types.single),)).get
            if count is None or count <= LIMITS.slice_entities_max:
                return True
        least_west, least_south, most_east, most_north = _extent(self.connection.execute(_ROOT).get)
        width, height = most_east - least_west, most_north - least_south
        inner_width = min(east, most_east) - max(west, least_west)
        inner_height = min(north, most_north) - max(south, least_south)
        return inner_width >= _MOST * width and inner_height >= _MOST * height


def _extent(root: bytes) -> Bounds:
    """The bounds of everything in the R-tree, from its root node: 4 bytes of header with the number of cells,
    then per cell a number of 8 bytes and the four bounds as 32-bit floats (sqlite.org/rtree.html)."""
    cells = [
        struct.unpack_from(">4f", root, 12 + 24 * cell) for cell in range(int.from_bytes(root[2:4], "big"))
    ]
    if not cells:
        return 0.0, 0.0, 0.0, 0.0
    wests, easts, souths, norths = zip(*cells, strict=True)
    return min(wests), min(souths), max(easts), max(norths)


class Drive(msgspec.Struct, frozen=True):
    """A way through the entities. name: tells drivers of one query apart, in cursors. left: the conditions that
    it does not decide. narrow: it goes through no more than the query's own conditions select, not through all
    entities of a type or whatever begins alike."""

    name: str
    steps: tuple[Step, ...]
    left: Conditions
    narrow: bool = True


def without(items: tuple[Any, ...], gone: Sequence[Any]) -> tuple[Any, ...]:
    return tuple([item for item in items if not any(item is one for one in gone)])


def drives(conditions: Conditions, catalog: Catalog) -> Iterator[Drive]:
    """Every way, the best first. The last one is always possible."""
    if conditions.ids is not None:
        yield _by_ids(conditions, conditions.ids)
        return
    around = list(_by_place(conditions, catalog.terms))
    late = around and any(
        isinstance(step, Around) and catalog.is_crowded(step.window, conditions.types[0])
        for step in around[0].steps
        if conditions.types
    )
    if not late:
        yield from around
    yield from _by_value(conditions, catalog)
    yield from _by_relation(conditions, catalog)
    yield from _by_prefix(conditions)
    yield from by_scope(conditions)
    yield from _by_type(conditions, catalog.terms)
    yield from around
    yield Drive("all", (Walk("entity", "e", ("e.row",)),), conditions, narrow=False)


def _by_ids(conditions: Conditions, ids: frozenset[str]) -> Drive:
    ordered = tuple(sorted(ids))
    condition = (f"e.id IN ({', '.join('?' * len(ordered))})", ordered)
    walk = Walk("entity", "e", ("e.id",), (condition,))
    return Drive("ids", (walk,) if ordered else (), structs.replace(conditions, ids=None))


def _by_place(conditions: Conditions, terms: Terms) -> Iterator[Drive]:
    for geo in conditions.geos:
        test, term = geo_test(geo), terms.find(geo.attribute)
        if test.window is not None and term is not None and geo.attribute not in conditions.masked:
            left = structs.replace(conditions, geos=without(conditions.geos, [geo]))
            yield Drive(f"place:{term}", (Around(test.window, term, test),), left)


def _by_value(conditions: Conditions, catalog: Catalog) -> Iterator[Drive]:
    every = comparable(conditions)
    for asked in every:
        for types in conditions.types:
            drive = value_drive(every, asked, types, catalog.terms, catalog.indexes)
            if drive is not None:
                left = structs.replace(
                    conditions,
                    q=without(conditions.q, [decided.condition for decided in drive.decides]),
                    types=without(conditions.types, [types]),
                )
                yield Drive(f"value:{catalog.terms.find(asked.name)}", drive.walks, left)


def _by_relation(conditions: Conditions, catalog: Catalog) -> Iterator[Drive]:
    for asked in comparable(conditions):
        name, term = asked.name, catalog.terms.find(asked.name)
        targets = [str(interval.low)[1:] for interval in asked.wanted if str(interval.low)[0] == TARGET]
        if targets and term is not None and catalog.only_relations(term):
            walks = tuple(
                Walk(
                    "relation",
                    "r",
                    ("r.row",),
                    (("r.target = ? AND r.term = ?", (target, term)),),
                    is_first=_first_target(name, targets, number) if number else None,
                    reads=frozenset((name,)) if number else frozenset(),
                )
                for number, target in enumerate(targets)
            )
            yield Drive(
                f"relation:{term}",
                walks,
                structs.replace(conditions, q=without(conditions.q, [asked.condition])),
            )


def _first_target(name: str, targets: list[str], number: int) -> Callable[[Entity, Position], bool]:
    earlier = frozenset(TARGET + target for target in targets[:number])

    def is_first(entity: Entity, position: Position) -> bool:
        return earlier.isdisjoint(map(str, index_keys(entity, name)))

    return is_first


def _by_prefix(conditions: Conditions) -> Iterator[Drive]:
    for pattern in conditions.patterns:
        prefix, enough = literal_prefix(pattern)
        if prefix and not (conditions.types and _COMMON_PREFIX.startswith(prefix)):
            walk = Walk(
                "entity",
                "e",
                ("e.id",),
                low=("e.id >= ?", (prefix,)),
                high=("e.id < ?", (prefix + LAST_CHARACTER,)),
            )
            patterns = without(conditions.patterns, [pattern]) if enough else conditions.patterns
            yield Drive("prefix", (walk,), structs.replace(conditions, patterns=patterns), narrow=False)


def _by_type(conditions: Conditions, terms: Terms) -> Iterator[Drive]:
    # Of the query's and the filter's types the fewer alternatives
    for types in sorted(conditions.types, key=lambda types: len(types.alternatives)):
        walks = tuple(
            Walk(
                "entity_type",
                "t",
                ("t.row",),
                (("t.type = ?", (terms.find(names[0]),)),),
                filters=(
                    *([has_types(names[1:], terms)] if len(names) > 1 else []),
                    *none_of([has_types(earlier, terms) for earlier in types.alternatives[:number]]),
                ),
            )
            for number, names in enumerate(types.alternatives)
        )
        left = structs.replace(conditions, types=without(conditions.types, [types]))
        yield Drive("type", walks, left, narrow=False)
        return


def by_scope(conditions: Conditions) -> Iterator[Drive]:
    """By one scope of each alternative, or by all scopes beneath one."""
    for scopes in conditions.scopes:
        walks: list[Walk] = []
        for number, patterns in enumerate(scopes.alternatives):
            exact = next((pattern for pattern in patterns if pattern.exact is not None), None)
            if exact is None:
                walks = []
                break
            others = tuple(pattern for pattern in patterns if pattern is not exact)
            earlier = scopes.alternatives[:number]
            if any("+" in pattern.levels for part in (others, *earlier) for pattern in part):
                walks = []
                break
            filters = (*([has_scopes(others)] if others else []), *none_of(list(map(has_scopes, earlier))))
            walks.append(
                Walk("entity_scope", "s", ("s.row",), (("s.scope = ?", (exact.exact,)),), filters=filters)
            )
        if not walks and len(scopes.alternatives) == 1 == len(scopes.alternatives[0]):
            walks = _beneath(scopes.alternatives[0][0])
        if walks:
            left = structs.replace(conditions, scopes=without(conditions.scopes, [scopes]))
            yield Drive("scope", tuple(walks), left, narrow=False)


def _beneath(pattern: ScopePattern) -> list[Walk]:
    """A scope, then all scopes beneath it; an entity with several of them counts at the least one."""
    if "+" in pattern.levels or not pattern.levels:
        return []
    top = "/" + "/".join(pattern.levels)

    def is_first(entity: Entity, position: Position) -> bool:
        if top in entity.scope:
            return False
        return position[0] == min(scope for scope in entity.scope if scope.startswith(top + "/"))

    return [
        Walk("entity_scope", "s", ("s.row",), (("s.scope = ?", (top,)),)),
        Walk(
            "entity_scope",
            "s",
            ("s.scope", "s.row"),
            low=("s.scope > ?", (top + "/",)),
            high=("s.scope < ?", (top + "0",)),
            is_first=is_first,
        ),
    ]
