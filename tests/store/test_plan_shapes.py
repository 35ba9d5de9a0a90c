"""Every shape of query is driven by the index that is meant for it: SQLite's own plan says so."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest
from tests.store.queries import near, touching_box
from tests.store.test_plan_selects import run
from tests.views import seeing

from madang.clock import FixedClock
from madang.errors import BadRequestData, NotSupported
from madang.ngsild.changes import Mode, Write
from madang.ngsild.context import CORE
from madang.ngsild.geo import GeoQuery, GeoRelation
from madang.ngsild.parse import parse_entity
from madang.ngsild.q import parse_q
from madang.ngsild.query import Query, Window
from madang.ngsild.scope import parse_scope_query
from madang.ngsild.selection import parse_types
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.connection import open_reader
from madang.store.sqlite.cursor import Cursor, decode_cursor, encode_cursor
from madang.store.sqlite.indexes import ValueIndexes
from madang.store.sqlite.plan import Catalog, Plan, plan
from madang.store.sqlite.plan_steps import Around, items_statement
from madang.store.sqlite.scan import Scan, make_plan
from madang.store.sqlite.store import Options, SqliteStore
from madang.trust.access import OPEN

ENTITIES = 1200
LEVEL, NOTE, LINK, MANY = (CORE.expand(name) for name in ("level", "note", "link", "many"))


def sensor(number: int) -> dict[str, Any]:
    """Sensors on a grid of about 100 m; every third is a Station too."""
    return {
        "id": f"urn:ngsi-ld:Sensor:{number:05}",
        "type": ["Sensor", "Station"] if number % 3 == 0 else "Sensor",
        "scope": [f"/city/d{number % 10}", "/all"],
        "level": {"type": "Property", "value": number / 10},
        "note": {"type": "Property", "value": f"note {number % 7}"},
        "many": {"type": "Property", "value": [number % 5, number % 7]},
        "link": {"type": "Relationship", "object": f"urn:ngsi-ld:Device:{number % 40}"},
        "location": {
            "type": "GeoProperty",
            "value": {"type": "Point", "coordinates": [127 + number % 40 / 1000, 37 + number // 40 / 1000]},
        },
    }


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    """A store with an index of level, note and many of Sensor, and a lone building."""
    path: Path = tmp_path_factory.mktemp("plan") / "tenant.sqlite3"
    type_ = CORE.expand("Sensor")

    async def write() -> None:
        store = SqliteStore(
            path, FixedClock(1), Options(indexed=((type_, LEVEL), (type_, NOTE), (type_, MANY)))
        )
        raw = [sensor(number) for number in range(ENTITIES)]
        raw.append(
            {"id": "urn:ngsi-ld:Building:1", "type": "Building", "height": {"type": "Property", "value": 3}}
        )
        changes = [Write(Mode.CREATE, parse_entity(entity, CORE)) for entity in raw]
        outcomes = await store.commit(changes)
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        await store.close()

    asyncio.run(write())
    connection = open_reader(path)
    yield Catalog(Terms(connection), ValueIndexes(connection), connection)
    connection.close()


def connection_of(catalog: Catalog) -> apsw.Connection:
    assert catalog.connection is not None
    return catalog.connection


def asked(types: str = "", q: str = "", scope: str = "", **more: Any) -> Query:
    return Query(
        types=parse_types(types, CORE) if types else None,
        q=parse_q(q, CORE) if q else None,
        scope=parse_scope_query(scope) if scope else None,
        **more,
    )


DRIVEN_ENTITY = "SEARCH e USING INTEGER PRIMARY KEY (rowid=?)"
BY_TYPE = ["SEARCH t USING PRIMARY KEY (type=?)", DRIVEN_ENTITY]
BY_ID_RANGE = ["SEARCH e USING INDEX sqlite_autoindex_entity_1 (id>? AND id<?)"]
BY_PLACE = ["SCAN p VIRTUAL TABLE INDEX 2:B0D1B2D3", "SCAN c VIRTUAL TABLE INDEX 1:", DRIVEN_ENTITY]
BY_RANGE = ["SEARCH v USING PRIMARY KEY (index_number=? AND value>? AND value<?)", DRIVEN_ENTITY]
BY_VALUE = ["SEARCH v USING PRIMARY KEY (index_number=? AND value=?)", DRIVEN_ENTITY]
BY_RELATION = ["SEARCH r USING PRIMARY KEY (target=? AND term=?)", DRIVEN_ENTITY]

# query, driver, how much SQL decides, SQLite's plan of the first step
SHAPES: list[tuple[str, Query, str, str, list[str]]] = [
    ("type", asked("Sensor"), "type", "direct", BY_TYPE),
    ("types", asked("Sensor,Station"), "type", "exact", BY_TYPE),
    ("both types", asked("(Sensor;Station)"), "type", "exact", BY_TYPE),
    ("nothing", asked(), "all", "direct", ["SCAN e"]),
    ("ids", asked("Sensor", ids=("urn:a:1", "urn:a:2")), "ids", "exact", ["SEARCH e USING INDEX sqlite_autoindex_entity_1 (id=?)"]),
    ("id prefix", asked(id_pattern="^urn:ngsi-ld:Sensor:000"), "prefix", "direct", BY_ID_RANGE),
    ("id prefix and more", asked(id_pattern="^urn:ngsi-ld:Sensor:000.*[05]$"), "prefix", "some", BY_ID_RANGE),
    ("common prefix", asked("Sensor", id_pattern="^urn:"), "type", "exact", BY_TYPE),
    ("id pattern", asked("Sensor", id_pattern="7$"), "type", "some", BY_TYPE),
    ("value", asked("Sensor", "level==3"), "value", "direct", BY_VALUE),
    ("value range", asked("Sensor", "level>3"), "value", "direct", BY_RANGE),
    ("two ends", asked("Sensor", "level>3;level<=4"), "value", "direct", BY_RANGE),
    ("range", asked("Sensor", "level==3..4"), "value", "direct", BY_RANGE),
    ("values", asked("Sensor", "level==3,4,5"), "value", "direct", BY_VALUE),
    ("text", asked("Sensor", 'note=="note 3"'), "value", "direct", BY_VALUE),
    ("text range", asked("Sensor", 'note>="note 3"'), "value", "direct", BY_RANGE),
    ("one of many", asked("Sensor", "many==3"), "value", "direct", BY_VALUE),
    ("range of many", asked("Sensor", "many>3"), "value", "some", BY_RANGE),
    ("value and path", asked("Sensor", "level>3;note.sub==1"), "value", "some", BY_RANGE),
    ("value and pattern", asked("Sensor", "level>3;note~=5"), "value", "some", BY_RANGE),
    ("value of both types", asked("(Sensor;Station)", "level>3"), "value", "exact", BY_RANGE),
    ("no index for the other type", asked("Sensor,Station", "level>3"), "type", "some", BY_TYPE),
    ("negation", asked("Sensor", "level!=3"), "type", "some", BY_TYPE),
    ("relation", asked("", "link==urn:ngsi-ld:Device:3"), "relation", "direct", BY_RELATION),
    ("relation of a type", asked("Station", 'link=="urn:ngsi-ld:Device:3"'), "relation", "exact", BY_RELATION),
    ("scope", asked(scope="/city/d3"), "scope", "direct", ["SEARCH s USING PRIMARY KEY (scope=?)", DRIVEN_ENTITY]),
    ("scope tree", asked("Sensor", scope="/city/#"), "scope", "some", ["SEARCH s USING PRIMARY KEY (scope=?)", DRIVEN_ENTITY]),
    ("scope wildcard", asked("Sensor", scope="/+/d3"), "type", "some", BY_TYPE),
    ("attributes", asked("Sensor", attributes=(LEVEL,)), "type", "exact", BY_TYPE),
    ("near", asked("Sensor", geo=near(127.02, 37.01, 300)), "place", "exact", BY_PLACE),
    ("near without type", asked(geo=near(127.02, 37.01, 300)), "place", "direct", BY_PLACE),
    ("near and value", asked("Sensor", "level>3", geo=near(127.02, 37.01, 300)), "place", "some", BY_PLACE),
    ("box", asked("Sensor", geo=touching_box(127.0, 37.0, 127.01, 37.01)), "place", "exact", BY_PLACE),
    ("box around all", asked("Sensor", geo=touching_box(126.0, 36.0, 128.0, 38.0)), "type", "some", BY_TYPE),
    ("box and a small type", asked("Building", geo=touching_box(127.0, 37.0, 127.03, 37.01)), "type", "some", BY_TYPE),
    ("far", asked("Sensor", geo=GeoQuery(GeoRelation.NEAR, '{"type":"Point","coordinates":[127,37]}', min_distance=9.0)), "type", "some", BY_TYPE),
    ("modified", asked("Sensor", "modifiedAt>2020-01-01T00:00:00Z"), "type", "exact", BY_TYPE),
    ("unknown type", asked("Nowhere"), "none", "direct", []),
    ("unknown attribute", asked("Sensor", "nowhere!=3"), "none", "direct", []),
    ("unknown alternative", asked("Sensor", "nowhere|level>3"), "value", "direct", BY_RANGE),
]  # fmt: skip


def explained(catalog: Catalog, made: Plan) -> list[str]:
    """SQLite's plan for the statements of the first step."""
    if not made.steps:
        return []
    step = made.steps[0]
    connection = connection_of(catalog)
    if isinstance(step, Around):
        statements = [step.candidates(step.window), (items_statement("e.rendered"), (None,))]
    else:
        statements = [step.select("e.rendered", None, None)]
    return [
        re.sub(r" \(~\d+ rows\)", "", str(row[3]))
        for sql, parameters in statements
        for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
    ]


@pytest.mark.parametrize(
    ("query", "driver", "decides", "expected"),
    [shape[1:] for shape in SHAPES],
    ids=[shape[0] for shape in SHAPES],
)
def test_shapes(catalog: Catalog, query: Query, driver: str, decides: str, expected: list[str]) -> None:
    made = plan(query, catalog, OPEN)
    assert made.driver.partition(":")[0] == driver
    assert ("direct" if made.direct else "exact" if made.exact else "some") == decides
    assert explained(catalog, made) == expected


@pytest.mark.parametrize("query", [shape[1] for shape in SHAPES], ids=[shape[0] for shape in SHAPES])
def test_later_pages_go_on_without_a_sort_or_a_scan(catalog: Catalog, query: Query) -> None:
    """The walk of every step begins at the position: no row before it is read again."""
    for step in plan(query, catalog, OPEN).steps:
        if isinstance(step, Around):
            continue
        position = tuple("m" if column in ("e.id", "s.scope") else 5 for column in step.key)
        for sql, parameters in (
            step.select("e.rendered", position, None),
            step.bound(position),
            step.count(position, position),
        ):
            lines = [
                str(row[3]) for row in connection_of(catalog).execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
            ]
            assert all(line.startswith("SEARCH") for line in lines), (sql, lines)
            assert ">" in lines[0] or "id=?" in lines[0], (sql, lines)


WANTED = [
    (asked("Sensor", "link==urn:x:1;level>3"), None),
    (asked("Building", "height>3"), ("Building", "height")),
    (asked("Sensor,Station", "level>3"), ("Station", "level")),
    (asked("Building", "height!=3"), None),
    (asked("", "height>3"), None),
    (asked("Building", "height>3", ids=("urn:x:1",)), None),
]


@pytest.mark.parametrize(("query", "wanted"), WANTED)
def test_an_index_that_would_have_served_is_wanted(
    catalog: Catalog, query: Query, wanted: tuple[str, str] | None
) -> None:
    expected = tuple(map(CORE.expand, wanted)) if wanted else None
    assert plan(query, catalog, OPEN).wanted_index == expected


def test_no_index_is_driven_that_the_mask_hides(catalog: Catalog) -> None:
    """The order of the answer would tell of the values. The filter may still read them."""
    hidden = seeing(asked(q="level>3"), frozenset((LEVEL,)))
    assert plan(asked("Sensor"), catalog, hidden).driver == "type"
    assert plan(asked("Sensor", "level>3"), catalog, hidden).driver == "none"
    assert plan(asked("Sensor", "level>3|note"), catalog, hidden).driver == "type"
    assert plan(asked("Sensor"), catalog, seeing(asked(q="level>3"))).driver.startswith("value")


def answer(catalog: Catalog, query: Query, window: Window) -> Any:
    made, cursor = make_plan(query, window, catalog, OPEN)
    return run(Scan(connection_of(catalog), catalog.terms, made, rendered=True).answer(query, window, cursor))


@pytest.mark.parametrize("query", [shape[1] for shape in SHAPES], ids=[shape[0] for shape in SHAPES])
def test_pages_cover_everything_once(catalog: Catalog, query: Query) -> None:
    whole = answer(catalog, query, Window(limit=5000, count=True))
    assert len(whole.items) == whole.total == len(set(whole.items))
    cursor, found = "", []
    for _ in itertools.count():
        page = answer(catalog, query, Window(limit=97, cursor=cursor))
        found += page.items
        cursor = page.next_cursor
        if not cursor:
            break
    assert found == list(whole.items)
    assert answer(catalog, query, Window(limit=3, offset=2)).items == whole.items[2:5]


def test_cursors_are_bound_to_their_query(catalog: Catalog) -> None:
    query = asked("Sensor", "level>3")
    cursor = answer(catalog, query, Window(limit=2)).next_cursor
    assert decode_cursor(cursor, query).driver.startswith("value")
    with pytest.raises(BadRequestData, match="not one of this query"):
        answer(catalog, asked("Sensor"), Window(cursor=cursor))


@pytest.mark.parametrize("text", ["x", "", "e30", "W10", "WzEsMiwzXQ", "ünknown", "AAAA" * 500])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadRequestData, match="cursor"):
        decode_cursor(text, Query())


@pytest.mark.parametrize(
    "forged",
    [
        Cursor("value:999", 0, (1.0, 1)),
        Cursor("type", 5, (1,)),
        Cursor("type", 0, (1, 2)),
        Cursor("nothing", 0, (1,)),
        Cursor("place:1", 0, ("x",)),
    ],
)
def test_forged_cursors_are_refused(catalog: Catalog, forged: Cursor) -> None:
    query = asked("Sensor", "level>3", geo=near(127.02, 37.01, 300))
    with pytest.raises(BadRequestData, match="cursor"):
        answer(catalog, query, Window(cursor=encode_cursor(forged, query)))


def test_a_page_goes_on_as_it_began_when_an_index_is_there_meanwhile(catalog: Catalog) -> None:
    """Without the index the type drives; the second page still goes by type."""
    query = asked("Sensor", "level>3")
    nothing_indexed = msgspec.structs.replace(catalog, indexes=ValueIndexes(apsw_without_indexes()))
    window = Window(limit=500)
    first = answer(nothing_indexed, query, window)
    second = answer(catalog, query, Window(limit=5000, cursor=first.next_cursor))
    assert len({*first.items, *second.items}) == len(first.items) + len(second.items) == ENTITIES - 31


def apsw_without_indexes() -> apsw.Connection:
    empty = apsw.Connection(":memory:")
    empty.execute("CREATE TABLE value_index (number, type, attribute, state, plain)")
    return empty


def test_conditions_on_linked_entities_are_asked_in_small_slices(catalog: Catalog) -> None:
    made = plan(asked("Sensor", "link{level}>3;level>5"), catalog, OPEN)
    assert made.residue.follows
    assert not plan(asked("Sensor", "link;level>5"), catalog, OPEN).residue.follows
    without = Catalog(catalog.terms, catalog.indexes)
    with pytest.raises(NotSupported):
        plan(asked("Sensor", "link{level}>3"), without, OPEN)


@pytest.mark.parametrize(
    ("query", "seconds_max"),
    [
        (asked("Sensor"), 0.005),
        (asked("Sensor", "level>100"), 0.005),
        (asked("Sensor", geo=near(127.02, 37.01, 300)), 0.005),
    ],
)
def test_served_shapes_are_quick(catalog: Catalog, query: Query, seconds_max: float) -> None:
    """With room for a busy machine: it takes a twentieth of that."""
    times = []
    for _ in range(20):
        begun = time.process_time()
        answer(catalog, query, Window(limit=100))
        times.append(time.process_time() - begun)
    assert min(times) < seconds_max
