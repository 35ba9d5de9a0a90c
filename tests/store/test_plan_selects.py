"""The SQL form of a query and its Python form select the same entities, on random stores."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any, TypeVar

import apsw
import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.store.queries import NAMES, TYPES, driven_queries, entities, linked_queries, queries

from madang.clock import FixedClock
from madang.ngsild.changes import Mode, Write
from madang.ngsild.context import CORE
from madang.ngsild.entity import Entity
from madang.ngsild.matcher import Follow, compile_query
from madang.ngsild.parse import parse_entity
from madang.ngsild.q import parse_q
from madang.ngsild.query import Query, Window
from madang.ngsild.selection import parse_types
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.connection import open_reader
from madang.store.sqlite.indexes import ValueIndexes
from madang.store.sqlite.plan import Catalog
from madang.store.sqlite.scan import Answer, Scan, make_plan
from madang.store.sqlite.store import Options, SqliteStore
from madang.trust.access import Access
from madang.trust.view import Rule, Sight, View, compile_view

NOON = 1_767_268_800_000_000
Result = TypeVar("Result")


def run(generator: Generator[None, None, Result]) -> Result:
    """To the end, without a breath."""
    while True:
        try:
            next(generator)
        except StopIteration as end:
            found: Result = end.value
            return found


def page(
    connection: apsw.Connection,
    catalog: Catalog,
    query: Query,
    window: Window,
    access: Access,
    rendered: bool,
) -> Answer:
    made, cursor = make_plan(query, window, catalog, access)
    return run(Scan(connection, catalog.terms, made, rendered=rendered).answer(query, window, cursor))


def every_page(
    connection: apsw.Connection, catalog: Catalog, query: Query, limit: int, access: Access, rendered: bool
) -> list[Any]:
    """All items, page by page."""
    found: list[Any] = []
    window = Window(limit=limit)
    while True:
        answer = page(connection, catalog, query, window, access, rendered)
        found += answer.items
        assert len(answer.items) <= limit
        if not answer.next_cursor:
            return found
        assert len(answer.items) == limit
        window = Window(limit=limit, cursor=answer.next_cursor)


def stored(path: Path, given_entities: list[Entity], indexed: list[tuple[str, str]]) -> None:
    """A file with the entities, each created a second after the one before."""

    async def write() -> None:
        clock = FixedClock(NOON)
        store = SqliteStore(path, clock, Options(indexed=tuple(indexed)))
        for entity in given_entities:
            (outcome,) = await store.commit([Write(Mode.CREATE, entity)])
            assert not isinstance(outcome, Exception), outcome
            clock.advance(1_000_000)
        await store.close()

    asyncio.run(write())


def following(known: list[Entity], sight: Sight) -> Follow:
    """Finds linked entities as the caller sees them."""
    return {entity.id: sight.seen(entity) for entity in known}.get


PAIRS = [(CORE.expand(type_), CORE.expand(name)) for type_ in TYPES for name in NAMES]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    raw=st.lists(entities(), min_size=4, max_size=16),
    indexed=st.one_of(st.just(PAIRS), st.lists(st.sampled_from(PAIRS), max_size=8, unique=True)),
    asked=st.lists(
        st.one_of(queries(), driven_queries(), driven_queries(), linked_queries()), min_size=8, max_size=8
    ),
    filters=st.lists(st.one_of(st.none(), st.none(), st.none(), queries()), min_size=8, max_size=8),
    masks=st.lists(
        st.one_of(st.just([]), st.just([]), st.lists(st.sampled_from([*NAMES, "location"]), max_size=2)),
        min_size=8,
        max_size=8,
    ),
    limit=st.integers(1, 5),
)
def test_sql_and_python_select_the_same(
    raw: list[dict[str, Any]],
    indexed: list[tuple[str, str]],
    asked: list[Query],
    filters: list[Query | None],
    masks: list[list[str]],
    limit: int,
) -> None:
    given_entities = [
        parse_entity({"id": f"urn:x:{number}", **members}, CORE) for number, members in enumerate(raw)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.sqlite3"
        stored(path, given_entities, indexed)
        connection = open_reader(path)
        terms = Terms(connection)
        catalog = Catalog(terms, ValueIndexes(connection), connection)
        moments = [NOON + number * 1_000_000 for number in range(len(given_entities))]
        known = [
            msgspec.structs.replace(
                entity,
                created_at=moment,
                modified_at=moment,
                attributes=tuple(
                    msgspec.structs.replace(attribute, created_at=moment, modified_at=moment)
                    for attribute in entity.attributes
                ),
            )
            for entity, moment in zip(given_entities, moments, strict=True)
        ]
        for query, only, mask in zip(asked, filters, masks, strict=True):
            hidden = Rule(attributes=frozenset(map(CORE.expand, mask)))
            view = View((Rule(only or Query()),), (hidden,) if mask else ())
            access = Access(view=view if only is not None or mask else None)
            sight = compile_view(view)
            selects = compile_query(query, follow=following(known, sight))
            seen = [one for entity in known if (one := sight.seen(entity)) is not None]
            expected = sorted(entity.id for entity in seen if selects(entity))
            found = every_page(connection, catalog, query, limit, access, rendered=False)
            made, _ = make_plan(query, Window(), catalog, access)
            what = f"{made.driver} exact={made.exact} {query} {access}"
            assert sorted(entity.id for entity in found) == expected, what
            bodies = every_page(connection, catalog, query, 100, access, rendered=True)
            assert len(bodies) == len(expected), what
            counted = page(
                connection, catalog, query, Window(limit=1, offset=1, count=True), access, rendered=True
            )
            assert counted.total == len(expected), what
            assert len(counted.items) == min(1, max(0, len(expected) - 1)), what
        connection.close()


def test_a_text_that_is_a_moment_comes_once() -> None:
    (type_, name), moment = PAIRS[0], "2026-01-01T12:00:00Z"
    raw = {"id": "urn:x:0", "type": type_, NAMES[0]: {"type": "Property", "value": moment}}
    asked = parse_q(f'{NAMES[0]}=="{moment}",{moment}', CORE, None)
    query = Query(types=parse_types(TYPES[0], CORE), q=asked)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.sqlite3"
        stored(path, [parse_entity(raw, CORE)], [(type_, name)])
        connection = open_reader(path)
        terms = Terms(connection)
        catalog = Catalog(terms, ValueIndexes(connection), connection)
        found = every_page(connection, catalog, query, 5, Access(), rendered=False)
        assert [entity.id for entity in found] == ["urn:x:0"]
        connection.close()
