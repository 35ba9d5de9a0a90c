"""The chain of events: what was recorded is told again, and whoever changes the file is found out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from madang.clock import FixedClock
from madang.store.audit import Deed, Event, Wanted
from madang.store.sqlite.store import Options, SqliteStore

ANNA, BORA = "urn:ngsi-ld:Person:gaon:anna", "urn:ngsi-ld:Person:gaon:bora"
READING = Event(
    "person:1", Deed.READ, entities=(ANNA, BORA), types=("x:Person",), purpose="care", rules=("care",)
)


@pytest.fixture
async def store(tmp_path: Path, clock: FixedClock) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "tenant.sqlite3", clock, Options())
    yield opened
    await opened.close()


async def test_what_was_recorded_is_told(store: SqliteStore, clock: FixedClock) -> None:
    began = clock.now()
    await store.audit.append([READING], clock.now())
    clock.advance(1_000_000)
    await store.audit.append([Event("person:2", Deed.DOWNLOAD, "types/Person", (ANNA,), reason="case 7")], clock.now())
    later, first = await store.audit.page(Wanted(), 10)
    assert (first.number, first.time, first.event) == (1, began, READING)
    assert (later.number, later.time, later.event.reason) == (2, began + 1_000_000, "case 7")
    for wanted, numbers in (
        (Wanted(subject="person:1"), [1]),
        (Wanted(deed=Deed.DOWNLOAD), [2]),
        (Wanted(entity=ANNA), [2, 1]),
        (Wanted(entity=BORA), [1]),
        (Wanted(entity="urn:ngsi-ld:Person:gaon:none"), []),
        (Wanted(since=began + 1), [2]),
        (Wanted(until=began + 1, entity=ANNA), [1]),
    ):
        assert [one.number for one in await store.audit.page(wanted, 10)] == numbers, wanted
    assert [one.number for one in await store.audit.page(Wanted(), 10, before=2)] == [1]
    verdict = await store.audit.verify()
    assert (verdict.events, verdict.fault, verdict.head) == (2, "", await store.audit.head())


async def test_what_is_forgotten_is_told_no_more_and_the_chain_holds(store: SqliteStore, clock: FixedClock) -> None:
    await store.audit.append([READING], clock.now())
    assert await store.audit.forget([ANNA, "urn:ngsi-ld:Person:gaon:none"]) == 1
    (found,) = await store.audit.page(Wanted(), 10)
    assert found.event.entities == (BORA,)
    assert found.forgotten == 1
    assert not await store.audit.page(Wanted(entity=ANNA), 10)
    await store.audit.append([READING], clock.now())
    assert not (await store.audit.verify()).fault
    assert [one.number for one in await store.audit.page(Wanted(entity=ANNA), 10)] == [2]
