"""Many tenants: the stores that were longest not used are closed, and opened again when they are needed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest
from tests.asgi_client import Client

from madang.api.asgi import information_api
from madang.clock import FixedClock
from madang.errors import Busy
from madang.home import Home
from madang.hub import hub as hub_module
from madang.hub import live
from madang.hub.hub import Hub
from madang.hub.trust.gate import OPEN_GATE
from madang.settings import LIMITS
from madang.settings import read as read_settings
from madang.trust.access import OPEN, Access
from madang.wire import WIRING

ENTITIES = "/ngsi-ld/v1/entities"
SECOND = 1_000_000


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """At most four open, at most eight at work."""
    limits = msgspec.structs.replace(LIMITS, open_tenants_max=4, busy_tenants_max=8)
    monkeypatch.setattr(hub_module, "LIMITS", limits)
    return limits.open_tenants_max


def of(tenant: str) -> dict[str, str]:
    return {"ngsild-tenant": tenant}


async def write(api: Client, tenant: str, number: int = 1) -> None:
    body = {"id": f"urn:x:{number}", "type": "Car", "tenant": {"type": "Property", "value": tenant}}
    reply = await api.post(ENTITIES, body, headers=of(tenant))
    assert reply.status == 201, reply.body


async def read(api: Client, tenant: str, number: int = 1) -> Any:
    reply = await api.get(f"{ENTITIES}/urn:x:{number}?options=keyValues", headers=of(tenant))
    return reply.json()["tenant"] if reply.status == 200 else reply.status


async def test_more_tenants_than_are_kept_open(api: Client, hub: Hub, clock: FixedClock, few: int) -> None:
    names = [f"t{number}" for number in range(3 * few)]
    for name in names:
        clock.advance(2 * SECOND)
        await write(api, name)
        await asyncio.sleep(0.01)
        assert len(hub.open_stores) <= few + 1
    for name in names:
        clock.advance(2 * SECOND)
        assert await read(api, name) == name
        await asyncio.sleep(0.01)
    assert len(hub.open_stores) <= few + 1


async def test_the_least_recently_used_goes_first(api: Client, hub: Hub, clock: FixedClock, few: int) -> None:
    for name in ("a", "b", "c", "d"):
        await write(api, name)
        clock.advance(2 * SECOND)
    assert await read(api, "a") == "a"
    clock.advance(2 * SECOND)
    await write(api, "e")
    assert "a" in hub.open_stores
    assert "b" not in hub.open_stores


async def test_who_was_asked_for_a_moment_ago_stays(
    api: Client, hub: Hub, clock: FixedClock, few: int
) -> None:
    """Tenants in turns do not open and close one store after the other."""
    names = [f"t{number}" for number in range(few + 2)]
    for _ in range(3):
        for name in names:
            assert await read(api, name) in (name, 404)
            if name not in hub.open_stores:
                await write(api, name)
    assert set(names) <= set(hub.open_stores)
    clock.advance(2 * SECOND)
    await write(api, "late")
    assert len(hub.open_stores) <= few + 1


async def test_the_default_tenant_stays(api: Client, hub: Hub, clock: FixedClock, few: int) -> None:
    reply = await api.post(ENTITIES, {"id": "urn:x:1", "type": "Car"})
    assert reply.status == 201
    for number in range(2 * few):
        clock.advance(2 * SECOND)
        await write(api, f"t{number}")
    assert "" in hub.open_stores


async def test_who_is_at_work_stays(api: Client, hub: Hub, clock: FixedClock, few: int) -> None:
    """A page that follows a tenant's changes keeps its store open; when it goes, the store may be closed."""
    await write(api, "followed")
    following = live.watch(hub, Access(tenant="followed"), after=0)
    assert (await anext(following)).kind == "created"
    waiting = asyncio.ensure_future(anext(following))
    await asyncio.sleep(0)
    for number in range(2 * few):
        clock.advance(2 * SECOND)
        await write(api, f"t{number}")
        await asyncio.sleep(0.01)
    assert "followed" in hub.open_stores
    await write(api, "followed", 2)
    assert (await waiting).id == "urn:x:2"
    del following, waiting


async def test_too_many_at_work_at_one_time(api: Client, hub: Hub, clock: FixedClock, few: int) -> None:
    followers = []
    for number in range(2 * few):
        await write(api, f"t{number}")
        followers.append(hub.store(Access(tenant=f"t{number}")).watch())
    reply = await api.post(ENTITIES, {"id": "urn:x:1", "type": "Car"}, headers=of("more"))
    assert (reply.status, reply.headers["retry-after"]) == (503, "1")
    assert await read(api, "t0") == "t0"
    followers.clear()
    clock.advance(2 * SECOND)
    await write(api, "more")


async def test_a_store_that_is_being_closed_is_not_opened_beside_itself(
    api: Client, hub: Hub, clock: FixedClock, few: int
) -> None:
    for number in range(few):
        await write(api, f"t{number}")
    clock.advance(2 * SECOND)
    hub.store(Access(tenant="new"), create=True)
    assert "t0" not in hub.open_stores
    with pytest.raises(Busy):
        hub.store(Access(tenant="t0"))
    await asyncio.sleep(0.05)
    assert await read(api, "t0") == "t0"


@pytest.mark.parametrize("name", ["../x", "a/b", "", "default", "x" * 65, ".", "a b"])
async def test_names_that_cannot_be(api: Client, hub: Hub, name: str) -> None:
    reply = await api.get(f"{ENTITIES}/urn:x:1", headers=of(name))
    assert reply.status == (404 if not name else 400)


async def test_one_tenant_that_is_broken_does_not_keep_the_others_from_coming_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = Home(tmp_path)
    home.create()
    settings = read_settings({"MADANG_HOME": str(home.path)})
    subscription = {
        "type": "Subscription",
        "entities": [{"type": "Car"}],
        "notification": {"endpoint": {"uri": "http://127.0.0.1:9/"}},
    }
    async with WIRING.open_hub(home, settings) as hub:
        api = Client(information_api(hub, OPEN_GATE))
        for tenant in ("broken", "whole"):
            reply = await api.post("/ngsi-ld/v1/subscriptions", subscription, headers=of(tenant))
            assert reply.status == 201, reply.body
    connection = apsw.Connection(str(home.tenants / "broken.sqlite3"))
    connection.pragma("user_version", 9999)
    connection.close()
    async with WIRING.open_hub(home, settings) as hub:
        assert set(hub.open_stores) == {"whole"}
        assert "later version" in caplog.text
        api = Client(information_api(hub, OPEN_GATE))
        reply = await api.get("/ngsi-ld/v1/types", headers=of("broken"))
        assert reply.status == 500
        assert (await api.get("/ngsi-ld/v1/types")).status == 200


async def test_who_follows_from_a_later_number_reads_anew(api: Client, hub: Hub) -> None:
    """A restored backup is of an earlier moment than what a page has seen last."""
    reply = await api.post(ENTITIES, {"id": "urn:x:1", "type": "Car"})
    assert reply.status == 201
    following = live.watch(hub, OPEN, after=1000)
    assert (await anext(following)).kind == "lost"
    waiting = asyncio.ensure_future(anext(following))
    await asyncio.sleep(0)
    await api.post(ENTITIES, {"id": "urn:x:2", "type": "Car"})
    assert (await waiting).id == "urn:x:2"
