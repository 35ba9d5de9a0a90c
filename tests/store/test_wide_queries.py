"""Queries that no index serves: the process that answers them, and the index that is built behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from madang.clock import FixedClock
from madang.hub import batch, entities
from madang.hub.hub import Hub
from madang.ngsild.attribute import property_
from madang.ngsild.changes import Mode, Write
from madang.ngsild.context import CORE
from madang.ngsild.entity import Entity
from madang.ngsild.q import parse_q
from madang.ngsild.query import Query, Window
from madang.ngsild.selection import parse_types
from madang.store.sqlite import page
from madang.store.sqlite.store import Options, SqliteStore
from madang.trust.access import OPEN

CAR = CORE.expand("Car")
SPEED = CORE.expand("speed")


def cars(n: int) -> list[Write]:
    return [
        Write(Mode.CREATE, Entity(f"urn:x:{number}", (CAR,), (property_(SPEED, number),)))
        for number in range(n)
    ]


def faster_than(speed: int) -> Query:
    return Query(types=parse_types("Car", CORE), q=parse_q(f"speed>{speed}", CORE))


async def built(store: SqliteStore, query: Query) -> None:
    """Wait until the index that the query wished for serves it."""
    for _ in range(200):
        if not store.place.registry.unready() and store.place.registry.n:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("The index was not built within 2 s")


async def test_a_wide_query_is_answered_by_the_process(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "_SLICES_IN_LOOP_MAX", 0)
    await batch.apply(hub, OPEN, cars(40))
    found = await entities.query(hub, OPEN, faster_than(29), Window(limit=5, count=True))
    assert [entity.id for entity in found.entities] == [f"urn:x:{number}" for number in range(30, 35)]
    assert found.total == 10
    rest = await entities.rendered_query(
        hub, OPEN, faster_than(29), Window(limit=5, cursor=found.next_cursor)
    )
    assert len(rest.entities) == 5
    assert rest.next_cursor == ""


async def test_the_index_is_built_behind_and_kept_by_writes(tmp_path: Path, clock: FixedClock) -> None:
    store = SqliteStore(tmp_path / "x.sqlite3", clock, Options())
    await store.commit(cars(400))
    query = faster_than(389)
    before = await store.page(query, Window(limit=50), OPEN)
    await store.commit([Write(Mode.APPEND, Entity("urn:x:0", (), (property_(SPEED, 1000),)))])
    await built(store, query)
    after = await store.page(query, Window(limit=50), OPEN)
    assert len(before.entities) == 10
    assert {entity.id for entity in after.entities} == {entity.id for entity in before.entities} | {"urn:x:0"}
    await store.close()


async def test_a_build_goes_on_after_a_restart(tmp_path: Path, clock: FixedClock) -> None:
    path = tmp_path / "x.sqlite3"
    store = SqliteStore(path, clock, Options())
    await store.commit(cars(1000))
    await store.close()
    store = SqliteStore(path, clock, Options(indexed=((CAR, SPEED),)))
    await store.close()
    store = SqliteStore(path, clock, Options())
    await built(store, faster_than(0))
    assert (await store.page(faster_than(989), Window(limit=50), OPEN)).entities[-1].id == "urn:x:999"
    await store.close()
