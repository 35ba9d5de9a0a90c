"""A view of a store is a store from which everything was taken that the view hides, whatever is asked."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.store.queries import TYPES, driven_queries, entities, linked_queries, queries
from tests.store.test_plan_selects import NOON, PAIRS, every_page, page, stored
from tests.store.views import views

from madang.clock import FixedClock
from madang.ngsild.changes import Delete, Mode, Write
from madang.ngsild.context import CORE, Context
from madang.ngsild.entity import Entity
from madang.ngsild.evolution import Evolution
from madang.ngsild.matcher import compile_query
from madang.ngsild.parse import parse_entity
from madang.ngsild.q import parse_q
from madang.ngsild.query import Order, Query, Window
from madang.ngsild.representation import render_whole
from madang.ngsild.selection import type_is
from madang.ngsild.temporal import TemporalQuery
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.connection import open_reader
from madang.store.sqlite.indexes import ValueIndexes
from madang.store.sqlite.plan import Catalog, plan
from madang.store.sqlite.store import Options, SqliteStore
from madang.trust.access import OPEN, Access
from madang.trust.view import Rule, View, compile_view

OTHER = Context({"Fuehler": CORE.expand("Sensor"), "Pegel": CORE.expand("level")})
ORDERS = st.lists(
    st.builds(
        Order,
        st.sampled_from([(CORE.expand("level"),), (CORE.expand("note"),), ("@modifiedAt",), ("@type",)]),
        st.booleans(),
    ),
    max_size=2,
).map(tuple)
COLLECTED = st.lists(entities(), min_size=4, max_size=14)
LEAVING = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def made(raw: list[dict[str, Any]]) -> list[Entity]:
    return [parse_entity({"id": f"urn:x:{number}", **members}, CORE) for number, members in enumerate(raw)]


def as_written(given_entities: list[Entity]) -> list[Entity]:
    """As `stored` leaves them."""
    return [
        msgspec.structs.replace(
            entity,
            created_at=moment,
            modified_at=moment,
            attributes=tuple(
                [
                    msgspec.structs.replace(one, created_at=moment, modified_at=moment)
                    for one in entity.attributes
                ]
            ),
        )
        for entity, moment in (
            (entity, NOON + number * 1_000_000) for number, entity in enumerate(given_entities)
        )
    ]


@LEAVING
@given(
    raw=COLLECTED,
    indexed=st.one_of(st.just(PAIRS), st.just([])),
    asked=st.lists(
        st.tuples(st.one_of(queries(), driven_queries(), linked_queries()), views, ORDERS),
        min_size=6,
        max_size=6,
    ),
    limit=st.integers(1, 5),
)
def test_pages_hold_what_is_seen_and_nothing_else(
    raw: list[dict[str, Any]],
    indexed: list[tuple[str, str]],
    asked: list[tuple[Query, View, tuple[Order, ...]]],
    limit: int,
) -> None:
    known = as_written(made(raw))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.sqlite3"
        stored(path, known, indexed)
        connection = open_reader(path)
        terms = Terms(connection)
        catalog = Catalog(terms, ValueIndexes(connection), connection)
        for query, view, order in asked:
            access = Access(view=view)
            seen = {one.id: one for entity in known if (one := compile_view(view).seen(entity)) is not None}
            selects = compile_query(query, follow=seen.get)
            expected = {one.id: one for one in seen.values() if selects(one)}
            found = every_page(connection, catalog, query, limit, access, rendered=False)
            assert len(found) == len(expected)
            assert {one.id: one for one in found} == expected, (query, view)
            bodies = every_page(connection, catalog, query, 100, access, rendered=True)
            assert {orjson.loads(one)["id"]: orjson.loads(one) for one in bodies} == {
                one.id: orjson.loads(render_whole(one, CORE)) for one in expected.values()
            }
            window = Window(limit=100, order=order, count=True)
            ordered = page(connection, catalog, query, window, access, rendered=False)
            assert ordered.total == len(expected), (query, view)
            assert {one.id: one for one in ordered.items if isinstance(one, Entity)} == expected
        connection.close()


async def written(path: Path, given_entities: list[Entity], gone: set[str]) -> SqliteStore:
    clock = FixedClock(NOON)
    options = Options(indexed=tuple(PAIRS), names=frozenset((CORE.expand("note"), CORE.expand("level"))))
    store = SqliteStore(path, clock, options)
    for entity in given_entities:
        clock.moment = entity.created_at
        (outcome,) = await store.commit([Write(Mode.CREATE, entity)])
        assert not isinstance(outcome, Exception), outcome
    clock.moment = NOON + 3_600_000_000
    await store.commit([Delete(entity.id) for entity in given_entities if entity.id in gone])
    return store


def values(found: Evolution | None) -> dict[tuple[str, str | None], list[Any]] | None:
    """What a history holds, by attribute and dataset. Without a single value it is as if there were none."""
    if found is None or not found.series:
        return None
    return {
        (one.name, one.dataset_id): [(orjson.loads(each.body), each.created_at) for each in one.instances]
        for one in found.series
    }


async def answers(store: SqliteStore, access: Access, every: list[Entity], query: Query) -> dict[str, Any]:
    """Whatever can be asked of a store, but for its own pages."""
    window = Window(limit=3, order=(Order(("@id",)),), count=True)
    history = await store.history(query, TemporalQuery(), window, access)
    wide = await store.rendered_page(query, Window(limit=100, count=True), access, OTHER)
    counts = await store.attribute_counts(access)
    said: dict[str, Any] = {
        "types": await store.type_counts(access),
        "attributes": {(one.type, one.attribute, one.kind): one.n for one in counts},
        "page": sorted(orjson.loads(one)["id"] for one in wide.entities),
        "bodies": {orjson.loads(one)["id"]: orjson.loads(one) for one in wide.entities},
        "total": wide.total,
        "histories": {one.id: values(one) for one in history.evolutions},
        "histories in all": history.total,
    }
    for text in ("x", "xy", "y"):
        said[f"search {text}"] = [one.id for one in await store.search(text, 3, access)]
    for entity in every:
        said[f"retrieve {entity.id}"] = await store.retrieve(entity.id, access)
        for context in (None, OTHER):
            body = await store.rendered(entity.id, access, context)
            said[f"rendered {entity.id} {context is None}"] = orjson.loads(body) if body is not None else None
        said[f"history {entity.id}"] = values(await store.evolution(entity.id, TemporalQuery(), access))
        said[f"incoming {entity.id}"] = [
            (name, one.id) for name, one in await store.incoming(entity.id, 3, access)
        ]
    return said


@LEAVING
@given(raw=COLLECTED, asked=st.lists(st.tuples(views, queries()), min_size=3, max_size=3))
def test_a_view_is_a_store_without_what_it_hides(
    raw: list[dict[str, Any]], asked: list[tuple[View, Query]]
) -> None:
    async def compare() -> None:
        known = as_written(made(raw))
        with tempfile.TemporaryDirectory() as folder:
            store = await written(Path(folder) / "whole.sqlite3", known, set())
            for number, (view, query) in enumerate(asked):
                seen = [one for entity in known if (one := compile_view(view).seen(entity)) is not None]
                other = await written(Path(folder) / f"{number}.sqlite3", seen, set())
                mine = await answers(store, Access(view=view), known, query)
                theirs = await answers(other, OPEN, known, query)
                for what, expected in theirs.items():
                    assert mine[what] == expected, (what, view, query)
                await other.close()
            await store.close()

    asyncio.run(compare())


@LEAVING
@given(raw=COLLECTED, view=views, gone=st.sets(st.integers(0, 13).map("urn:x:{}".format), min_size=1))
def test_of_deleted_entities_no_more_is_told_than_was_seen(
    raw: list[dict[str, Any]], view: View, gone: set[str]
) -> None:
    async def compare() -> None:
        known = as_written(made(raw))
        sight = compile_view(view)
        with tempfile.TemporaryDirectory() as folder:
            store = await written(Path(folder) / "t.sqlite3", known, gone)
            for entity in known:
                if entity.id not in gone:
                    continue
                told = values(await store.evolution(entity.id, TemporalQuery(), Access(view=view))) or {}
                was = sight.seen(entity)
                assert was is not None or not told
                hidden = {name for name, _ in told} - {one.name for one in was.attributes} if was else set()
                assert hidden <= {CORE.expand("scope")}
                if sight.existed_whole(entity.id, entity.types):
                    assert {name for name, _ in told} >= {one.name for one in entity.attributes}
            await store.close()

    asyncio.run(compare())


def test_moments_are_no_attributes(tmp_path: Path) -> None:
    """When an entity was created is told of any that exists, whatever attributes a rule names."""
    stored(tmp_path / "t.sqlite3", made([{"type": "Sensor"}]), [])
    connection = open_reader(tmp_path / "t.sqlite3")
    catalog = Catalog(Terms(connection), ValueIndexes(connection), connection)
    query = Query(types=type_is(CORE.expand("Sensor")), q=parse_q("createdAt>2020-01-01T00:00:00Z", CORE))
    level = frozenset((CORE.expand("level"),))
    for view in (View((Rule(attributes=level),)), View((Rule(Query(ids=("urn:x:0",)), attributes=level),))):
        access = Access(view=view)
        for asked in (
            query,
            msgspec.structs.replace(query, q=parse_q("modifiedAt>2020-01-01T00:00:00Z", CORE)),
        ):
            assert len(page(connection, catalog, asked, Window(), access, rendered=False).items) == 1
    connection.close()


def test_nobody_is_found_by_a_hidden_name(tmp_path: Path) -> None:
    async def search() -> None:
        note = {"type": "Property", "value": "xylophone"}
        store = await written(
            tmp_path / "t.sqlite3", as_written(made([{"type": "Sensor", "note": note}])), set()
        )
        for hidden, n in (("note", 0), ("level", 1)):
            access = Access(view=View((Rule(),), (Rule(attributes=frozenset((CORE.expand(hidden),))),)))
            assert len(await store.search("xylo", 5, access)) == n
        await store.close()

    asyncio.run(search())


def test_types_that_nobody_has_cost_nothing(tmp_path: Path) -> None:
    """What is protected does not change the plans for what is not."""
    persons: list[dict[str, Any]] = [{"type": "Person"}, {"type": ["Station", "Person"]}]
    stored(tmp_path / "t.sqlite3", made([*({"type": name} for name in TYPES), *persons]), [])
    connection = open_reader(tmp_path / "t.sqlite3")
    catalog = Catalog(Terms(connection), ValueIndexes(connection), connection)
    person, absent = CORE.expand("Person"), CORE.expand("Absent")
    access = Access(view=View((Rule(outside=frozenset((person, absent))),)))
    for name, is_same in (("Sensor", True), ("Station", False)):
        query = Query(types=type_is(CORE.expand(name)))
        mine, everyone = plan(query, catalog, access), plan(query, catalog, OPEN)
        assert (mine.steps == everyone.steps) is is_same
        assert (mine.single_type == everyone.single_type) is is_same
        assert mine.exact
    assert plan(Query(types=type_is(person)), catalog, access).driver == "none"
    connection.close()
