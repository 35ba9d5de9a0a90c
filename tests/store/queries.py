"""Random entities and queries that have much in common, so that queries select some of the entities."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import strategies as st

from madang.ngsild.context import CORE
from madang.ngsild.geo import LOCATION, GeoQuery, GeoRelation
from madang.ngsild.q import parse_q
from madang.ngsild.query import Query, Selector
from madang.ngsild.scope import parse_scope_query
from madang.ngsild.selection import parse_types

TYPES = ["Sensor", "Station"]
NAMES = ["level", "note", "since", "link"]
NOON = "2026-01-01T12:00:00Z"
scalars = st.sampled_from(
    [
        -1,
        0,
        1,
        1,
        2,
        2.5,
        2**53 + 1,
        True,
        "x",
        "x",
        "xy",
        "y",
        "urn:a:1",
        "2026-01-01",
        "12:00:00Z",
        NOON,
        "",
        False,
        "12:00:00.5Z",
        "2026-01-01T21:00:00+09:00",
        "2026-01-02T00:00:00.000001Z",
        "2026-13-01T00:00:00Z",
        "가" * 300,
    ]
)
values = st.one_of(
    scalars,
    scalars,
    st.lists(scalars, min_size=1, max_size=3),
    st.just({"part": 1, "deep": {"er": "x"}}),
    st.just({"@type": "DateTime", "@value": NOON}),
)
targets = st.sampled_from(["urn:a:1", "urn:a:2", "urn:a:3", "urn:x:0", "urn:x:1", "urn:x:2"])
texts = st.sampled_from(["x", "xy", "y"])
positions = st.tuples(
    st.sampled_from([127.0, 127.001, 127.002, 127.1]), st.sampled_from([37.0, 37.001, 37.05])
)
geometries = st.one_of(
    positions.map(lambda position: {"type": "Point", "coordinates": list(position)}),
    st.lists(positions, min_size=2, max_size=3, unique=True).map(
        lambda line: {"type": "LineString", "coordinates": [list(position) for position in line]}
    ),
    positions.map(
        lambda corner: {
            "type": "Polygon",
            "coordinates": [
                [[corner[0] + x, corner[1] + y] for x, y in ((0, 0), (0.0015, 0), (0.0015, 0.002), (0, 0))]
            ],
        }
    ),
)
instances = st.one_of(
    st.builds(lambda value: {"type": "Property", "value": value}, values),
    st.builds(lambda value: {"type": "Property", "value": value}, values),
    st.builds(lambda target: {"type": "Relationship", "object": target}, targets),
    st.builds(
        lambda ends: {"type": "Relationship", "object": ends}, st.lists(targets, min_size=1, max_size=2)
    ),
    st.builds(
        lambda ends: {"type": "ListRelationship", "objectList": [{"object": end} for end in ends]},
        st.lists(targets, max_size=2),
    ),
    st.builds(
        lambda languages: {"type": "LanguageProperty", "languageMap": languages},
        st.dictionaries(
            st.sampled_from(["ko", "en"]), st.one_of(texts, st.lists(texts, max_size=2)), min_size=1
        ),
    ),
    st.builds(lambda term: {"type": "VocabProperty", "vocab": term}, texts),
    st.builds(
        lambda value: {"type": "JsonProperty", "json": value},
        values.filter(lambda value: isinstance(value, dict | list)),
    ),
    st.builds(lambda items: {"type": "ListProperty", "valueList": items}, st.lists(scalars, max_size=3)),
    st.builds(lambda geometry: {"type": "GeoProperty", "value": geometry}, geometries),
)
extras = st.fixed_dictionaries(
    {},
    optional={
        "observedAt": st.sampled_from([NOON, "2026-01-02T00:00:00Z"]),
        "note": instances,
    },
)
attributes = st.builds(lambda instance, extra: {**instance, **extra}, instances, extras)
measured = st.builds(
    lambda value, extra: {"type": "Property", "value": value, "unitCode": "CEL", **extra}, values, extras
)
several = st.builds(lambda first, second: [first, {**second, "datasetId": "urn:d:1"}], attributes, attributes)
locations = st.builds(lambda geometry: {"type": "GeoProperty", "value": geometry}, geometries)
scopes = st.sampled_from(["/a", "/a/b", "/a/b/c", "/a0", "/b", "/b/b"])


@st.composite
def entities(draw: st.DrawFn) -> dict[str, Any]:
    """An entity without its id."""
    entity: dict[str, Any] = {
        "type": draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=2, unique=True))
    }
    if draw(st.booleans()):
        entity["scope"] = draw(st.lists(scopes, min_size=1, max_size=3, unique=True))
    if draw(st.booleans()):
        entity["location"] = draw(st.one_of(locations, several_locations))
    for name in draw(st.sampled_from([NAMES, NAMES[:2], NAMES[1:3], NAMES[2:], NAMES[3:]])):
        entity[name] = draw(st.one_of(measured, measured, attributes, several))
    return entity


several_locations = st.builds(
    lambda first, second: [first, {**second, "datasetId": "urn:d:1"}], locations, locations
)


def _written(value: Any) -> str:
    if isinstance(value, str):
        return orjson.dumps(value).decode()
    return orjson.dumps(value).decode()


paths = st.sampled_from(
    [
        *NAMES,
        *NAMES,
        *NAMES,
        "absent",
        "level.note",
        "note.observedAt",
        "level.unitCode",
        "level[part]",
        "note[deep.er]",
        "link[ko]",
        "link[*]",
        "level.createdAt",
        "createdAt",
        "modifiedAt",
    ]
)
unquoted = st.sampled_from(
    [NOON, "2026-01-01", "12:00:00Z", "urn:a:1", "urn:a:2", "2026-01-01T21:00:00+09:00"]
)
literals = st.one_of(scalars.map(_written), scalars.map(_written), unquoted)
ordered = st.one_of(
    st.sampled_from(["0", "1", "2", "2.5", '"x"', '"xy"', '""', NOON, "2026-01-01", "12:00:00Z"]),
)
ranges = st.sampled_from(
    ["-1..1", "0..2.5", '""..""', '"x".."xy"', f"2026-01-01T00:00:00Z..{NOON}", "2026-01-01..2026-02-01"]
)


@st.composite
def conditions(draw: st.DrawFn) -> str:
    path = draw(paths)
    if path.rpartition(".")[2] in ("createdAt", "modifiedAt", "observedAt"):
        sign = draw(st.sampled_from(["==", "!=", "<", "<=", ">", ">="]))
        return f"{path}{sign}{draw(st.sampled_from([NOON, '2026-01-01T12:00:01Z']))}"
    form = draw(st.integers(0, 9))
    if form == 0:
        return path
    if form == 1:
        return f"{path}{draw(st.sampled_from(['~=', '!~=']))}{draw(st.sampled_from(['x', '^y', '^x?y$', '^(x|2)']))}"
    if form == 2:
        return f"{path}{draw(st.sampled_from(['==', '!=']))}{draw(ranges)}"
    if form == 3:
        listed = ",".join(draw(st.lists(literals, min_size=2, max_size=3)))
        return f"{path}{draw(st.sampled_from(['==', '!=']))}{listed}"
    if form < 7:
        return f"{path}{draw(st.sampled_from(['<', '<=', '>', '>=']))}{draw(ordered)}"
    return f"{path}{draw(st.sampled_from(['==', '==', '!=']))}{draw(literals)}"


expressions = st.recursive(
    conditions(),
    lambda inner: st.builds(
        lambda parts, sign: f"({sign.join(parts)})",
        st.lists(inner, min_size=2, max_size=3),
        st.sampled_from([";", ";", "|"]),
    ),
    max_leaves=4,
)
linked_conditions = st.builds(
    "{}{{{}{}}}{}".format,
    st.sampled_from(["link", "link", "note", "level.note"]),
    st.sampled_from(["", "", "Sensor:", "Sensor,Station:", "Absent:"]),
    st.sampled_from(
        ["level", "note", "link", "link{Sensor:level}", "level[part]", "absent", "note.observedAt"]
    ),
    st.just(""),
) | st.builds(
    "{}{{{}{}}}{}".format,
    st.sampled_from(["link", "link", "note"]),
    st.sampled_from(["", "", "Station:"]),
    st.sampled_from(["level", "note", "link{level}", "since"]),
    st.sampled_from(["==1", "!=1", '=="x"', ">0", '!="x"', "~=x", "==0..2"]),
)
linked_expressions = st.one_of(
    linked_conditions,
    st.builds("{};{}".format, linked_conditions, conditions()),
    st.builds("{}|{}".format, linked_conditions, conditions()),
)
selectors = st.builds(
    Selector,
    st.sampled_from([parse_types(text, CORE) for text in (*TYPES, "(Sensor;Station)", "Absent", "*")]),
    st.one_of(st.just(()), st.lists(st.integers(0, 8).map("urn:x:{}".format), max_size=3).map(tuple)),
    st.sampled_from([None, None, "1$", "^urn:x:[0-3]"]),
)
references = st.one_of(
    geometries,
    st.just(
        {
            "type": "Polygon",
            "coordinates": [[[126.9, 36.9], [127.05, 36.9], [127.05, 37.1], [126.9, 37.1], [126.9, 36.9]]],
        }
    ),
)


@st.composite
def geo_queries(draw: st.DrawFn) -> GeoQuery:
    relation = draw(st.sampled_from([*GeoRelation, GeoRelation.NEAR, GeoRelation.NEAR]))
    geometry = orjson.dumps(draw(references)).decode()
    name = CORE.expand(draw(st.sampled_from(["location", "location", "level"])))
    distance = draw(st.sampled_from([1.0, 100.0, 150.0, 6000.0]))
    if relation is not GeoRelation.NEAR:
        return GeoQuery(relation, geometry, name)
    if draw(st.booleans()):
        return GeoQuery(relation, geometry, name, min_distance=distance)
    return GeoQuery(relation, geometry, name, max_distance=distance)


selections = st.sampled_from(
    [
        *TYPES,
        *TYPES,
        "Sensor,Station",
        "(Sensor;Station)",
        "(Sensor;Station)|Station",
        "Absent",
        "Absent,Sensor",
        "*",
    ]
)
scope_queries = st.sampled_from(
    [
        "/a",
        "/a/b",
        "/a/#",
        "/#",
        "/+/b",
        "/+",
        "/a,/b",
        "(/a;/b)",
        "(/a/#;/b)|/a0",
        "/a/+/c",
        "/a;/b/#",
        "/b,/a/#",
    ]
)
ids = st.lists(st.integers(0, 30).map(lambda number: f"urn:x:{number}"), min_size=1, max_size=6)


# Conditions that a value index can drive
_drivable = st.one_of(
    st.builds("{}=={}".format, st.sampled_from(NAMES), st.one_of(literals, ranges)),
    st.builds("{}=={},{}".format, st.sampled_from(NAMES), literals, literals),
    st.builds("{}{}{}".format, st.sampled_from(NAMES), st.sampled_from(["<", "<=", ">", ">="]), ordered),
)


@st.composite
def driven_queries(draw: st.DrawFn) -> Query:
    """By type and values."""
    parts = draw(
        st.lists(st.one_of(_drivable, _drivable, conditions()), min_size=1, max_size=draw(st.integers(1, 3)))
    )
    return Query(
        types=parse_types(draw(selections.filter(lambda selection: selection != "*")), CORE),
        q=parse_q(";".join(parts), CORE, None),
    )


@st.composite
def linked_queries(draw: st.DrawFn) -> Query:
    """On what is linked, some with selectors."""
    return Query(
        types=parse_types(draw(selections), CORE),
        q=parse_q(draw(linked_expressions), CORE, None) if draw(st.booleans()) else None,
        selectors=tuple(draw(st.lists(selectors, max_size=3))),
    )


@st.composite
def queries(draw: st.DrawFn) -> Query:
    """Each part is there or not, but nothing about linked entities."""

    def maybe(strategy: st.SearchStrategy[Any], odds: int = 2) -> Any:
        return draw(strategy) if draw(st.integers(0, odds)) == 0 else None

    selection, q, scope = maybe(selections, 1), maybe(expressions, 1), maybe(scope_queries, 3)
    names = maybe(st.lists(st.sampled_from([*NAMES, "absent"]), min_size=1, max_size=2), 4) or []
    return Query(
        types=parse_types(selection, CORE) if selection else None,
        ids=tuple(maybe(ids, 8) or ()),
        id_pattern=maybe(
            st.sampled_from(["^urn:x:1", "1$", "^urn:x:.*", "x", "^urn:x:(1|2)", "^urn:x:1?2"]), 6
        ),
        attributes=tuple(CORE.expand(name) for name in names),
        q=parse_q(q, CORE, None) if q else None,
        scope=parse_scope_query(scope) if scope else None,
        geo=maybe(geo_queries(), 3),
    )


def near(longitude: float, latitude: float, distance: float, attribute: str = LOCATION) -> GeoQuery:
    """What is at most so many metres from a point."""
    geometry = orjson.dumps({"type": "Point", "coordinates": [longitude, latitude]}).decode()
    return GeoQuery(GeoRelation.NEAR, geometry, attribute, max_distance=distance)


def touching_box(west: float, south: float, east: float, north: float) -> GeoQuery:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    geometry = orjson.dumps({"type": "Polygon", "coordinates": [ring]}).decode()
    return GeoQuery(GeoRelation.INTERSECTS, geometry)
