"""Erased means erased: no byte of a person is left in any file of the store, read raw, however it came there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
import pytest
from tests.store.a_life import (
    COMPLAINT,
    CONTEXT,
    EMAIL,
    KIM,
    LEE,
    NAME,
    OPTIONS,
    PERSON,
    SECRETS,
    TAKES_PART,
    a_life,
    fold_all,
    left_in,
    person,
    series_of,
)

from madang.clock import FixedClock
from madang.ngsild.attribute import property_
from madang.ngsild.changes import Delete, Mode, PatchAttribute, Write
from madang.ngsild.query import Query, Window
from madang.store.deliveries import Keeping
from madang.store.sqlite.examine import Judge
from madang.store.sqlite.store import SqliteStore
from madang.trust.access import OPEN


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("deleted", [False, True])
async def test_nothing_of_a_person_is_left_in_the_raw_files(
    tmp_path: Path, clock: FixedClock, *, folded: bool, deleted: bool
) -> None:
    path = tmp_path / "default.sqlite3"
    store = SqliteStore(path, clock, OPTIONS)
    await a_life(store, clock)
    if deleted:
        await store.commit([Delete(KIM)])
    if folded:
        await fold_all(store, path)
    assert {secret for _, secret in left_in(tmp_path)} == set(SECRETS)
    own = [KIM, "urn:ngsi-ld:Complaint:gaon:c:1"]
    remains = await store.persons.erase(own, ("김새벽별", "kim.first@example.org", "zq7k4"))
    # The deletion itself waits to be told; only that it was this id
    rows = await store.deliveries.rows(0, 10**9, 10**9)
    told = [
        change
        for row in rows
        for change in row.changes
        if change.before and change.before.id == KIM and change.after is None
    ]
    assert [change.before.attributes for change in told if change.before] == ([] if deleted else [()])
    await store.deliveries.keep(Keeping(await store.last_sequence(), {}, (), (), await store.last_sequence()))
    assert left_in(tmp_path), "freed pages and the log hold it until the file is written anew"
    await store.persons.compact()
    assert left_in(tmp_path) == []
    assert remains.types == {PERSON: 1, COMPLAINT: 1}
    assert remains.other["rejected rows"] == 1
    assert remains.other["undelivered notifications"] == 1
    assert await store.retrieve(KIM, OPEN) is None
    assert not await store.has_history(KIM)
    assert store.persons.person_of("person:9") == ""
    assert store.persons.standing(clock.now()).consents == ()
    await store.close()
    assert left_in(tmp_path) == []
    assert Judge(path, CONTEXT, frozenset({NAME})).examine(repair=False, report=lambda *_: None) == []


async def test_what_is_not_of_the_person_stays(tmp_path: Path, clock: FixedClock) -> None:
    path = tmp_path / "default.sqlite3"
    store = SqliteStore(path, clock, OPTIONS)
    await a_life(store, clock)
    before = await store.retrieve(LEE, OPEN)
    history = await series_of(store, LEE)
    await store.persons.erase([KIM], ("김새벽별",))
    await store.persons.compact()
    assert await store.retrieve(LEE, OPEN) == before
    assert await series_of(store, LEE) == history
    meeting = await store.retrieve("urn:ngsi-ld:Meeting:gaon:m:1", OPEN)
    assert meeting is not None
    assert orjson.loads(meeting.instances(TAKES_PART)[0].body)["object"] in (LEE, [LEE])
    assert len(await store.sources.rejected("register", 10)) == 1
    assert (await store.page(Query(), Window(1, count=True), OPEN)).total == 84
    counts = await store.type_counts(OPEN)
    assert counts[PERSON] == 81
    assert [one.id for one in await store.search("김새벽별", 5, OPEN)] == []
    clock.advance(1)
    await store.commit([PatchAttribute(LEE, property_(EMAIL, "later@example.org"))])
    sequence = await store.last_sequence()
    await store.close()
    again = SqliteStore(path, clock, OPTIONS)
    assert await again.last_sequence() == sequence
    await again.commit([Write(Mode.CREATE, person(KIM, "A new life", "", ""))])
    assert {len(bodies) for _, bodies in await series_of(again, KIM)} == {1}
    await again.close()


async def test_an_erasure_that_is_overtaken_by_a_write_still_erases(
    tmp_path: Path, clock: FixedClock
) -> None:
    """Changes of the same commit must not write back what was taken away."""
    path = tmp_path / "default.sqlite3"
    store = SqliteStore(path, clock, OPTIONS)
    await a_life(store, clock)
    writes = [store.commit([PatchAttribute(KIM, property_(NAME, f"김새벽별 {n}"))]) for n in range(9)]
    await asyncio.gather(*writes[:4], store.persons.erase([KIM], ()), *writes[4:])
    await store.persons.erase([KIM, "urn:ngsi-ld:Complaint:gaon:c:1"], ("zq7k4", "김새벽별"))
    await store.deliveries.keep(Keeping(10**6, {}, (), (), 10**6))
    await store.persons.compact()
    assert left_in(tmp_path) == []
    await store.close()
