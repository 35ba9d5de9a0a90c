"""Random cities that many write to over time, random views of them, and random questions.

A `World` is what was written, step by step. `write` puts it into a platform of its own, `without` is the same world
from which was left out what a view hides of it at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import orjson
from hypothesis import strategies as st
from tests.store.queries import (
    NAMES,
    expressions,
    geo_queries,
    geometries,
    linked_expressions,
    scope_queries,
    scopes,
)

from madang.ngsild.changes import Change, Delete, DeleteAttribute, Mode, Write
from madang.ngsild.context import CORE
from madang.ngsild.entity import Entity
from madang.ngsild.matcher import compile_query
from madang.ngsild.parse import parse_entity
from madang.ngsild.patch import apply
from madang.ngsild.q import parse_q
from madang.ngsild.query import Query
from madang.ngsild.scope import parse_scope_query
from madang.ngsild.selection import parse_types
from madang.trust.view import Rule, View, compile_view

NOON = 1_767_268_800_000_000
STEP = 10_000_000
TYPES = ["Sensor", "Station", "Person"]
IDS = [f"urn:x:{number}" for number in range(7)]
LOCATED = [*NAMES, "location"]
Seen = Callable[[str], bool]


class Step(msgspec.Struct, frozen=True):
    """at: microseconds after noon. change: as it was asked."""

    at: int
    change: Change


class Place(msgspec.Struct, frozen=True):
    """What an entity is for all its lives: types and scope."""

    types: tuple[str, ...]
    scope: tuple[str, ...]


World = tuple[Step, ...]


def fragment(identifier: str, place: Place, attributes: dict[str, Any]) -> Entity:
    raw = {"id": identifier, "type": list(place.types), **attributes}
    return parse_entity(raw | ({"scope": list(place.scope)} if place.scope else {}), CORE)


values = st.one_of(
    st.builds(
        lambda value: {"type": "Property", "value": value},
        st.sampled_from([0, 1, 1, 2, 2.5, "x", "x", "xy", True, "2026-01-01"]),
    ),
    st.builds(
        lambda value, unit, when: {"type": "Property", "value": value, "unitCode": unit, "observedAt": when},
        st.integers(0, 5),
        st.sampled_from(["CEL", "FAH"]),
        st.sampled_from(["2026-01-01T12:00:00Z", "2026-01-01T13:00:00Z"]),
    ),
    st.builds(lambda target: {"type": "Relationship", "object": target}, st.sampled_from(IDS)),
    st.builds(
        lambda ends: {"type": "Relationship", "object": ends},
        st.lists(st.sampled_from(IDS), min_size=1, max_size=2, unique=True),
    ),
    st.builds(
        lambda text: {"type": "LanguageProperty", "languageMap": {"ko": text}}, st.sampled_from(["x", "y"])
    ),
    st.builds(
        lambda value: [
            {"type": "Property", "value": value},
            {"type": "Property", "value": 9, "datasetId": "urn:d:1"},
        ],
        st.integers(0, 3),
    ),
)
attributes = st.dictionaries(st.sampled_from(NAMES), values, min_size=1, max_size=3)
located = st.builds(
    lambda members, geometry: members | {"location": {"type": "GeoProperty", "value": geometry}},
    attributes,
    geometries,
)
places = st.fixed_dictionaries(
    {
        identifier: st.builds(
            Place,
            st.lists(st.sampled_from(TYPES), min_size=1, max_size=2, unique=True).map(tuple),
            st.lists(scopes, max_size=1).map(tuple),
        )
        for identifier in IDS
    }
)


@st.composite
def changes(draw: st.DrawFn, where: dict[str, Place], names: Sequence[str] = LOCATED) -> Change:
    identifier = draw(st.sampled_from(IDS))
    form = draw(st.integers(0, 11))
    if form == 0:
        return Delete(identifier)
    if form == 1:
        return DeleteAttribute(identifier, CORE.expand(draw(st.sampled_from(names))), every=True)
    members = draw(st.one_of(attributes, located))
    return Write(Mode.UPSERT_UPDATE, fragment(identifier, where[identifier], members))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[World, dict[str, Place]]:
    where = draw(places)
    found = draw(st.lists(changes(where), min_size=6, max_size=16))
    return tuple([Step(number * STEP, change) for number, change in enumerate(found)]), where


def ended(world: World) -> dict[str, Entity]:
    """The entities that there are at the end."""
    known: dict[str, Entity] = {}
    for step in world:
        try:
            applied = apply(step.change, known.get(step.change.id), NOON + step.at)
        except Exception:  # noqa: BLE001 a change of what is not there
            continue
        if applied.entity is None:
            del known[step.change.id]
        else:
            known[step.change.id] = applied.entity
    return known


def seen_by(view: View, world: World, where: dict[str, Place]) -> dict[str, Seen]:
    """Of each entity of the world, deleted ones too, that the view shows: which attributes of it."""
    sight, there = compile_view(view), ended(world)
    found: dict[str, Seen] = {}
    for identifier, place in where.items():
        entity = there.get(identifier)
        if entity is None:
            shown = _of_past(view, Entity(identifier, tuple(map(CORE.expand, place.types))))
            if shown is not None:
                found[identifier] = shown
        elif sight.exists(entity):
            found[identifier] = lambda name, entity=entity: not sight.hides(entity, name)  # type: ignore[misc]  # bound now
    return found


def _of_past(view: View, bare: Entity) -> Seen | None:
    """Of a deleted entity only id and types are known: a rule that asks for more grants nothing, and denies."""

    def known(rule: Rule) -> Query:
        return msgspec.structs.replace(rule.rows, attributes=(), q=None, scope=None, geo=None)

    def matches(rule: Rule) -> bool:
        return rule.outside.isdisjoint(bare.types) and compile_query(known(rule))(bare)

    granted = [rule for rule in view.grants if known(rule) == rule.rows and matches(rule)]
    denied = [rule for rule in view.denials if matches(rule)]
    if not granted or any(rule.attributes is None for rule in denied):
        return None
    return lambda name: (
        any(rule.covers(name) for rule in granted) and not any(rule.covers(name) for rule in denied)
    )


def without(world: World, seen: dict[str, Seen]) -> World:
    """The world without what is not seen."""
    kept: list[Step] = []
    there: set[str] = set()
    for step in world:
        change = step.change
        shown = seen.get(change.id)
        if shown is None:
            continue
        if isinstance(change, Delete):
            there.discard(change.id)
        elif isinstance(change, DeleteAttribute):
            if not shown(change.name):
                continue
        elif isinstance(change, Write):
            left = tuple([one for one in change.fragment.attributes if shown(one.name)])
            if not left and change.id in there:
                continue
            there.add(change.id)
            change = Write(change.mode, msgspec.structs.replace(change.fragment, attributes=left))
        kept.append(Step(step.at, change))
    return tuple(kept)


# --- views ---


def rows_of(text: str) -> Query:
    """What a q selects."""
    return Query(q=parse_q(text, CORE, None))


steady_rows = st.one_of(
    st.just(Query()),
    st.sampled_from([*TYPES, "Sensor,Station", "(Sensor;Station)"]).map(
        lambda text: Query(types=parse_types(text, CORE))
    ),
    st.lists(st.sampled_from(IDS), min_size=1, max_size=4).map(lambda ids: Query(ids=tuple(ids))),
    st.sampled_from(["[0-3]$", "1$", "^urn:x:[46]"]).map(lambda pattern: Query(id_pattern=pattern)),
)
rows = st.one_of(
    steady_rows,
    steady_rows,
    st.sampled_from(["level>0", "level==1", "note", "note!=1", 'link=="urn:x:1"', "since"]).map(rows_of),
    scope_queries.map(lambda text: Query(scope=parse_scope_query(text))),
    geo_queries().map(lambda geo: Query(geo=geo)),
    st.sampled_from(LOCATED).map(lambda name: Query(attributes=(CORE.expand(name),))),
)
some_names = st.lists(st.sampled_from(LOCATED), min_size=1, max_size=3).map(
    lambda names: frozenset(map(CORE.expand, names))
)
protected = st.one_of(st.just(frozenset[str]()), st.just(frozenset((CORE.expand("Person"),))))


def views_of(which: st.SearchStrategy[Query]) -> st.SearchStrategy[View]:
    wide = st.one_of(st.just(Query()), st.just(Query()), which)
    grants = st.builds(Rule, wide, protected, st.one_of(st.none(), st.none(), some_names))
    whole = st.builds(Rule, which.filter(lambda rows: rows != Query()))
    parts = st.builds(Rule, which, st.just(frozenset[str]()), some_names)
    denials = st.one_of(whole, parts, parts)
    return st.builds(
        View,
        st.lists(grants, min_size=1, max_size=3).map(tuple),
        st.lists(denials, max_size=2).map(tuple),
    )


views = views_of(rows)
steady_views = views_of(steady_rows)


# --- questions ---


def _maybe(draw: st.DrawFn, strategy: st.SearchStrategy[Any], odds: int) -> Any:
    return draw(strategy) if draw(st.integers(0, odds)) == odds else None


def _geo_parameters(found: Any) -> dict[str, str]:
    """A geo-query as parameters of a request."""
    geometry = orjson.loads(found.geometry)
    relation = found.relation.value
    if found.max_distance is not None:
        relation += f";maxDistance=={found.max_distance}"
    if found.min_distance is not None:
        relation += f";minDistance=={found.min_distance}"
    return {
        "georel": relation,
        "geometry": geometry["type"],
        "coordinates": orjson.dumps(geometry["coordinates"]).decode(),
        "geoproperty": CORE.compact(found.attribute),
    }


likely = st.one_of(
    st.sampled_from(NAMES),
    st.builds(
        "{}{}{}".format, st.sampled_from(NAMES), st.sampled_from(["<=", ">=", "!="]), st.integers(0, 3)
    ),
    st.sampled_from(['note=="x"', "level==0..2", "link~=urn", 'since!="x"', "level.observedAt"]),
)


selecting: dict[str, st.SearchStrategy[str]] = {
    "type": st.sampled_from([*TYPES, "Sensor,Person", "(Sensor;Station)"]),
    "q": st.one_of(likely, likely, expressions, linked_expressions),
    "scopeQ": scope_queries,
    "attrs": st.sampled_from(["level", "note,since", "location", "link"]),
    "idPattern": st.sampled_from(["[0-3]$", "x"]),
    "id": st.lists(st.sampled_from(IDS), min_size=1, max_size=3).map(",".join),
}


@st.composite
def filters(draw: st.DrawFn) -> dict[str, str]:
    """What selects entities, by little that an answer remains."""
    names = draw(st.lists(st.sampled_from(["q", "q", "type", "geo", *selecting]), max_size=2, unique=True))
    found = {"type": "*"} | {name: draw(selecting[name]) for name in names if name != "geo"}
    return found | (_geo_parameters(draw(geo_queries())) if "geo" in names else {})


orders = st.lists(
    st.sampled_from(
        [
            *("level", "level;desc", "note", "note;desc", "since", "link;desc", "type", "id;desc"),
            *("createdAt;desc", "level.observedAt", "modifiedAt;desc", "modifiedAt", "scope"),
        ]
    ),
    min_size=1,
    max_size=2,
).map(",".join)
forms = st.sampled_from(["", "keyValues", "concise", "sysAttrs", "sysAttrs,concise"])


@st.composite
def queries(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    asked = draw(filters())
    rest = {
        "orderBy": _maybe(draw, orders, 2),
        "limit": _maybe(draw, st.sampled_from(["1", "2", "3"]), 1),
        "offset": _maybe(draw, st.sampled_from(["1", "2"]), 5),
        "count": _maybe(draw, st.just("true"), 1),
        "options": draw(forms),
        "pick": _maybe(draw, st.sampled_from(["id,level", "level,note,link", "id,type,scope"]), 5),
        "omit": _maybe(draw, st.sampled_from(["level", "type,note"]), 6),
        "join": _maybe(draw, st.sampled_from(["inline", "flat"]), 4),
        "joinLevel": _maybe(draw, st.just("2"), 4),
        "datasetId": _maybe(draw, st.sampled_from(["urn:d:1", "@none"]), 8),
    }
    if "{" in asked.get("q", ""):
        rest |= {"join": rest["join"] or "flat", "joinLevel": "2"}
    elif rest["join"] is None:
        rest["joinLevel"] = None
    if rest["pick"] is not None or rest["omit"] is not None:
        asked = {name: text for name, text in asked.items() if name != "attrs"}
        rest["omit"] = None if rest["pick"] is not None else rest["omit"]
    return "/entities", asked | {name: text for name, text in rest.items() if text}


@st.composite
def temporal_queries(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    asked = draw(filters()) if draw(st.booleans()) else {}
    if "{" in asked.get("q", ""):
        asked["q"] = "level"
    if asked and asked["type"] == "*":
        asked["type"] = draw(st.sampled_from(["Sensor", "Station,Person", "Person"]))
    path = "/temporal/entities" if asked else f"/temporal/entities/{draw(st.sampled_from(IDS))}"
    rest: dict[str, str | None] = {
        "timeproperty": _maybe(draw, st.sampled_from(["modifiedAt", "createdAt", "observedAt"]), 1),
        "lastN": _maybe(draw, st.sampled_from(["1", "2"]), 4),
        "attrs": _maybe(draw, st.sampled_from(["level", "note,link", "location", "scope"]), 4),
        "count": _maybe(draw, st.just("true"), 2) if asked else None,
        "limit": _maybe(draw, st.sampled_from(["1", "2"]), 3) if asked else None,
        "options": draw(st.sampled_from(["", "temporalValues", "sysAttrs", "aggregatedValues"])),
    }
    relation = draw(st.sampled_from(["before", "after", None]))
    if relation is not None or asked:
        rest["timerel"] = relation or "after"
        rest["timeAt"] = draw(
            st.sampled_from(["2026-01-01T11:00:00Z", "2026-01-01T12:01:00Z", "2026-01-01T15:00:00Z"])
        )
    if rest["options"] == "aggregatedValues":
        rest["aggrMethods"] = draw(st.sampled_from(["totalCount", "max,min", "avg,distinctCount", "sum"]))
        rest["aggrPeriodDuration"] = draw(st.sampled_from(["PT0S", "PT30S", "PT1H"]))
    return path, asked | {name: text for name, text in rest.items() if text}


retrievals = st.tuples(
    st.sampled_from([f"/entities/{identifier}" for identifier in IDS]),
    st.builds(
        lambda form, join: {"options": form} if form and join else {"join": join} if join else {},
        forms,
        st.sampled_from(["", "inline", "flat"]),
    ),
)
discoveries = st.sampled_from(
    [
        *[(path, query) for path in ("/types", "/attributes") for query in ({}, {"details": "true"})],
        *[(f"/types/{name}", {}) for name in TYPES],
        *[(f"/attributes/{name}", {}) for name in LOCATED],
    ]
)
questions = st.one_of(queries(), queries(), queries(), temporal_queries(), retrievals, discoveries)
