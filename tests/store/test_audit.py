"""The chain of events: what was recorded is told again, and whoever changes the file is found out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import apsw
import msgspec
import pytest

from madang.clock import FixedClock
from madang.ngsild.temporal import DAY
from madang.store.audit import Deed, Event, Tally, Wanted, parse_head
from madang.store.sqlite.audit import HOUR
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
    await store.audit.append(
        [Event("person:2", Deed.DOWNLOAD, "types/Person", (ANNA,), reason="case 7")], clock.now()
    )
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


async def test_what_is_forgotten_is_told_no_more_and_the_chain_holds(
    store: SqliteStore, clock: FixedClock
) -> None:
    await store.audit.append([READING], clock.now())
    assert await store.audit.forget([ANNA, "urn:ngsi-ld:Person:gaon:none"]) == 1
    (found,) = await store.audit.page(Wanted(), 10)
    assert found.event.entities == (BORA,)
    assert found.forgotten == 1
    assert not await store.audit.page(Wanted(entity=ANNA), 10)
    await store.audit.append([READING], clock.now())
    assert not (await store.audit.verify()).fault
    assert [one.number for one in await store.audit.page(Wanted(entity=ANNA), 10)] == [2]


CHANGED = {
    "who": ("UPDATE audit SET subject = 'person:9' WHERE number = 3", "event 3"),
    "when": ("UPDATE audit SET time = time - 1 WHERE number = 3", "event 3"),
    "what": ("UPDATE audit SET deed = 'write' WHERE number = 3", "event 3"),
    "how many": ("UPDATE audit SET things = 1 WHERE number = 3", "event 3"),
    "to what": ("UPDATE audit SET object = 'key:9' WHERE number = 3", "event 3"),
    "the rest": (
        "UPDATE audit SET told = (SELECT told FROM audit WHERE number = 2) WHERE number = 3",
        "event 3",
    ),
    "a hash": ("UPDATE audit SET hash = randomblob(32) WHERE number = 3", "event 3"),
    "one gone": ("DELETE FROM audit WHERE number = 3", "event 3 is missing"),
    "the first gone": ("DELETE FROM audit WHERE number = 1", "event 1 is missing"),
    "two changed places": (
        """UPDATE audit SET number = CASE number WHEN 2 THEN -3 ELSE -2 END WHERE number IN (2, 3);
        UPDATE audit SET number = -number WHERE number < 0""",
        "event 2",
    ),
    "hidden from a thing": ("DELETE FROM audit_entity WHERE number = 3", "list of which event"),
    "put on another thing": (
        "UPDATE OR REPLACE audit_entity SET number = 4 WHERE number = 3",
        "list of which event",
    ),
    "another name": (f"UPDATE audit_name SET entity = 'urn:x:y' WHERE entity = '{ANNA}'", "urn:x:y"),
    "a cut that nobody made": (
        """INSERT INTO audit_cut SELECT 1, number, hash FROM audit WHERE number = 2;
        DELETE FROM audit WHERE number <= 2""",
        "no cut tells of it",
    ),
}


@pytest.mark.parametrize("way", CHANGED)
async def test_whoever_changes_the_file_is_found_out(store: SqliteStore, clock: FixedClock, way: str) -> None:
    for number in range(1, 6):
        clock.advance(1_000_000)
        reading = msgspec.structs.replace(READING, entities=(ANNA, BORA) if number % 2 else (ANNA,))
        await store.audit.append([reading], clock.now())
    assert (await store.audit.verify()).events == 5
    statement, told = CHANGED[way]
    tampered(store, statement)
    assert told in (await store.audit.verify()).fault


async def test_an_end_that_is_gone_and_a_chain_made_anew_are_told_by_what_was_noted(
    store: SqliteStore, clock: FixedClock
) -> None:
    for _ in range(3):
        await store.audit.append([READING], clock.now())
    noted = await store.audit.head()
    assert parse_head(str(noted)) == noted
    assert not (await store.audit.verify([noted])).fault
    tampered(store, "DELETE FROM audit WHERE number = 3; DELETE FROM audit_entity WHERE number = 3")
    assert not (await store.audit.verify()).fault
    assert "event 3 was noted" in (await store.audit.verify([noted])).fault
    await store.audit.append([msgspec.structs.replace(READING, subject="person:9")], clock.now())
    assert not (await store.audit.verify()).fault
    assert "not the one that was noted" in (await store.audit.verify([noted])).fault


async def test_what_is_too_old_goes_and_the_chain_can_still_be_checked(
    store: SqliteStore, clock: FixedClock
) -> None:
    began = clock.now()
    only_bora = msgspec.structs.replace(READING, entities=(BORA,))
    await store.audit.append([only_bora] * 700, clock.now())
    noted = await store.audit.head()
    clock.advance(DAY)
    await store.audit.append([READING] * 3, clock.now())
    assert await store.audit.cut(began, clock.now()) == 0
    assert await store.audit.cut(began + 1, clock.now()) == 700
    verdict = await store.audit.verify([noted])
    assert (verdict.events, verdict.fault) == (4, "")
    kept = await store.audit.page(Wanted(), 1000)
    assert [one.number for one in kept] == [704, 703, 702, 701]
    assert (kept[0].event.deed, kept[0].event.object) == (Deed.CUT, str(noted))
    clock.advance(DAY)
    assert await store.audit.cut(clock.now(), clock.now()) == 3
    assert [one.number for one in await store.audit.page(Wanted(), 1000)] == [705, 704]
    assert not await store.audit.page(Wanted(entity=BORA), 10)
    tables = [
        store.place.connection.execute(f"SELECT count(*) FROM {one}").get
        for one in ("audit_entity", "audit_name")
    ]
    assert tables == [0, 0]
    assert not (await store.audit.verify([noted])).fault
    tampered(store, "UPDATE audit_cut SET number = 704")
    assert (await store.audit.verify()).fault


def tampered(store: SqliteStore, statement: str) -> None:
    """Change the file behind the platform's back."""
    with closing(apsw.Connection(str(store.audit.path))) as connection:  # type: ignore[attr-defined]  # of SQLite
        connection.execute(statement)


async def test_what_was_done_is_told_by_hours(store: SqliteStore, clock: FixedClock) -> None:
    began = clock.now()
    for minutes in (0, 10, 70, 200):
        clock.moment = began + minutes * 60_000_000
        await store.audit.append([READING], clock.now())
    await store.audit.append([Event("person:2", Deed.COUNT)], clock.now())
    assert await store.audit.tallies(began, began + 300 * 60_000_000) == [
        Tally(began, "person:1", Deed.READ, 2, 4),
        Tally(began + HOUR, "person:1", Deed.READ, 1, 2),
        Tally(began + 3 * HOUR, "person:1", Deed.READ, 1, 2),
        Tally(began + 3 * HOUR, "person:2", Deed.COUNT, 1, 0),
    ]
    assert len(await store.audit.tallies(began + HOUR, began + 2 * HOUR)) == 1
