"""Backups hold persons only under keys that stay at home: with the key all comes back, without it nothing does."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest
from tests.store.a_life import CONTEXT, KIM, LEE, NAME, OPTIONS, SECRETS, a_life, fold_all, left_in, series_of

from madang.clock import FixedClock
from madang.errors import BackupUnusable
from madang.home import Home
from madang.ngsild.changes import Delete
from madang.ngsild.query import Query, Window
from madang.store import backups
from madang.store.backups import Manifest
from madang.store.persons import Cause, Destruction
from madang.store.sqlite.examine import Judge
from madang.store.sqlite.files import SqliteFiles
from madang.store.sqlite.keys_file import SqliteKeys
from madang.store.sqlite.store import SqliteStore, store_path
from madang.trust.access import OPEN

FILES = SqliteFiles(lambda: OPTIONS)
# Ids carry no personal data; those of links in what is not protected are in a backup as they are
PERSONAL = tuple(secret for secret in SECRETS if secret not in KIM)


def silent(_what: str, _done: int, _of: int) -> None:
    pass


async def opened(home: Home, clock: FixedClock) -> SqliteStore:
    return SqliteStore(store_path(home.tenants, ""), clock, OPTIONS)


def restored(home: Home, backup: Path) -> Manifest:
    manifest = backups.stage(home, backup, FILES, silent)
    backups.swap_in(home)
    return manifest


def findings(home: Home) -> list[str]:
    judge = Judge(store_path(home.tenants, ""), CONTEXT, frozenset({NAME}))
    return [one.fault for one in judge.examine(repair=False, report=lambda *_: None)]


@pytest.fixture(params=[False, True])
async def home(tmp_path: Path, clock: FixedClock, request: pytest.FixtureRequest) -> Home:
    """With a life in it, folded or not, of which a backup was made."""
    place = Home(tmp_path / "home")
    place.create()
    store = await opened(place, clock)
    await a_life(store, clock)
    if request.param:
        await fold_all(store, store_path(place.tenants, ""))
    await store.commit([Delete("urn:ngsi-ld:Person:gaon:other:7")])
    await store.close()
    manifest = backups.back_up(place, tmp_path / "backup", FILES, clock, silent)
    assert manifest.sealed == 84
    return place


async def test_a_backup_shows_nobody(tmp_path: Path, home: Home) -> None:
    assert {secret for _, secret in left_in(home.path)} == set(SECRETS)
    assert left_in(tmp_path / "backup", PERSONAL) == []
    assert not list((tmp_path / "backup").rglob("keys*"))
    assert (home.keys_file.stat().st_mode & 0o077) == 0


async def test_with_its_keys_all_of_it_comes_back(tmp_path: Path, home: Home, clock: FixedClock) -> None:
    store = await opened(home, clock)
    before = await store.retrieve(KIM, OPEN), await series_of(store, KIM), await store.type_counts(OPEN)
    sequence = await store.last_sequence()
    await store.close()
    assert restored(home, tmp_path / "backup").lost == 0
    assert findings(home) == []
    store = await opened(home, clock)
    assert (
        await store.retrieve(KIM, OPEN),
        await series_of(store, KIM),
        await store.type_counts(OPEN),
    ) == before
    assert await store.last_sequence() == sequence
    assert len(await store.sources.rejected("register", 9)) == 2
    assert len(await store.deliveries.letters("", 9)) == 1
    assert [one.purpose for one in store.persons.consents_of(KIM)] == ["contact"]
    assert store.persons.person_of("person:9") == KIM
    assert await store.has_history("urn:ngsi-ld:Person:gaon:other:7")
    assert [one.id for one in await store.search("김새벽별", 5, OPEN)] == [KIM]
    await store.close()


async def test_who_was_erased_does_not_come_back_with_an_old_backup(
    tmp_path: Path, home: Home, clock: FixedClock
) -> None:
    store = await opened(home, clock)
    await store.persons.erase([KIM, "urn:ngsi-ld:Complaint:gaon:c:1"], ("김새벽별",))
    await store.close()
    keys = home.keys_file.read_bytes()
    secrets = [key.secret for key in SqliteKeys(home.keys_file).take("", (KIM, LEE)).values()]
    assert SqliteKeys(home.keys_file).destroy("", (KIM, "urn:ngsi-ld:Complaint:gaon:c:1")) == 3
    assert secrets[0] in keys
    assert [one in home.keys_file.read_bytes() for one in secrets] == [False, True]
    # Two entities, and what may have been anybody's
    assert restored(home, tmp_path / "backup").lost == 3
    assert left_in(home.tenants, PERSONAL) == []
    assert findings(home) == []
    store = await opened(home, clock)
    assert await store.retrieve(KIM, OPEN) is None
    assert not await store.has_history(KIM)
    assert await store.retrieve(LEE, OPEN) is not None
    assert await store.sources.rejected("register", 9) == []
    await store.close()


async def test_without_the_keys_the_rest_of_the_city_comes_back(
    tmp_path: Path, home: Home, clock: FixedClock
) -> None:
    del home
    elsewhere = Home(tmp_path / "elsewhere")
    elsewhere.create()
    assert restored(elsewhere, tmp_path / "backup").lost == 85
    assert findings(elsewhere) == []
    store = await opened(elsewhere, clock)
    page = await store.page(Query(), Window(9, count=True), OPEN)
    assert (page.total, [one.id for one in page.entities]) == (1, ["urn:ngsi-ld:Building:gaon:b:1"])
    await store.close()


async def test_a_backup_that_somebody_changed_is_refused(tmp_path: Path, home: Home) -> None:
    path = next((tmp_path / "backup" / "tenants").glob("*.sqlite3"))
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE sealed SET body = zeroblob(length(body))")
    connection.close()
    with pytest.raises(BackupUnusable):
        restored(home, tmp_path / "backup")


async def test_no_backup_is_made_across_an_erasure(tmp_path: Path, home: Home, clock: FixedClock) -> None:
    """Whose keys were destroyed before the backup made them new ones would be in it for good."""
    copy = tmp_path / "copy.sqlite3"
    FILES.copy(store_path(home.tenants, ""), copy, lambda *_: None)
    store = await opened(home, clock)
    await store.persons.record(Destruction(Cause.ERASURE, "person:1", "asked", {}, {}, clock.now()))
    await store.close()
    with pytest.raises(BackupUnusable, match="begin again"):
        FILES.seal(store_path(home.tenants, ""), copy, home.keys_file)
