"""How the platform is used is counted by role and day, and nobody's name is kept."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from tests.asgi_client import Client
from tests.trust.closed_city import closed_city

from madang.clock import FixedClock
from madang.ecosystem import reading
from madang.ecosystem.record import Use
from madang.errors import NoTenant, StoreBroken
from madang.hub import usage
from madang.hub.hub import Hub
from madang.ngsild.temporal import DAY
from madang.ngsild.times import parse_moment
from madang.trust.access import OPEN, Access

SEOUL = ZoneInfo("Asia/Seoul")
NOON_DAY = 20_454  # 2026-01-01
STOP = {"id": "urn:ngsi-ld:GtfsStop:1", "type": "GtfsStop", "name": {"type": "Property", "value": "역"}}
BASE = "/ngsi-ld/v1"


async def nobody(_subject: str) -> tuple[str, ...]:
    return ()


async def told(hub: Hub, tenant: str = "") -> Counter[tuple[int, str, str]]:
    found: Counter[tuple[int, str, str]] = Counter()
    for one in await hub.store(Access(tenant=tenant)).usage.all():
        found[one.day, one.what, one.who] += one.count
    return found


async def test_what_is_read_written_and_taken_along(tmp_path: Path) -> None:
    async with closed_city(tmp_path) as city:
        researcher, admin = await city.sign_in("researcher"), await city.sign_in("city-administrator")
        created = await city.client.call("POST", f"{BASE}/entities", json=STOP, headers=admin.headers)
        assert created.status == 201
        for path in (f"/entities/{STOP['id']}", "/entities?type=GtfsStop", "/types"):
            assert (await city.client.get(BASE + path, headers=researcher.headers)).status == 200
        assert (await city.client.get(f"{BASE}/entities/urn:x:1", headers=researcher.headers)).status == 404
        assert (await city.client.get(f"{BASE}/entities?type=GtfsStop")).status == 401
        assert (await city.client.get("/ko/data", headers=admin.headers)).status == 200
        assert (await city.client.get("/ko/types/GtfsStop/export", headers=researcher.headers)).status == 200
        hub = city.platform.hub
        await usage.settle(hub, SEOUL, nobody)
        found = await told(hub)
        assert {(what, who): n for (_, what, who), n in found.items()} == {
            ("read", "researcher"): 2,
            ("read", "city-administrator"): 1,
            ("download", "researcher"): 1,
            ("write", "physical"): 1,
        }
        assert await reading.uses(hub, OPEN) == tuple(Use(*key, n) for key, n in sorted(found.items()))


async def test_at_the_end_it_is_written_down(tmp_path: Path) -> None:
    for _ in range(2):
        async with closed_city(tmp_path) as city:
            citizen = await city.sign_in("citizen", login=f"{_}@closed.example")
            assert (await city.client.get("/en/city", headers=citizen.headers)).status == 200
    async with closed_city(tmp_path) as city:
        assert [
            (one.what, one.who, one.count) for one in await city.platform.hub.store(OPEN).usage.all()
        ] == [("read", "citizen", 2)]


async def test_sums_are_as_many_as_were_counted(hub: Hub, clock: FixedClock) -> None:
    """Whatever is written down in between, over days."""
    random = Random(7)
    wanted: Counter[tuple[int, str, str]] = Counter()
    day = NOON_DAY
    for _ in range(400):
        role = random.choice(("citizen", "startup", ""))
        hub.uses.reads["", (role,) if role else ()] += 1
        wanted[day, "read", role] += 1
        if random.random() < 0.2:
            await usage.settle(hub, SEOUL, nobody)
        if random.random() < 0.05:
            await usage.settle(hub, SEOUL, nobody)
            days = random.randint(1, 3)
            day += days
            clock.moment += days * DAY
    await usage.settle(hub, SEOUL, nobody)
    assert await told(hub) == wanted


async def test_a_day_is_one_of_the_city(hub: Hub, clock: FixedClock) -> None:
    clock.moment = int(parse_moment("2026-01-01T14:59:59Z"))
    for moment in (clock.moment, clock.moment + 1_000_000):
        clock.moment = moment
        hub.uses.downloads["", ("citizen",)] += 1
        await usage.settle(hub, SEOUL, nobody)
    assert await told(hub) == {(NOON_DAY + day, "download", "citizen"): 1 for day in (0, 1)}


async def test_what_cannot_be_written_waits(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    store = hub.store(OPEN, create=True)

    async def broken(_used: object) -> None:
        raise StoreBroken("The disk is full")

    hub.uses.reads["", ("citizen",)] += 1
    with monkeypatch.context() as full:
        full.setattr(store.usage, "add", broken)
        await usage.settle(hub, SEOUL, nobody)
    hub.uses.reads["", ("citizen",)] += 1
    await usage.settle(hub, SEOUL, nobody)
    assert await told(hub) == {(NOON_DAY, "read", "citizen"): 2}


async def test_nothing_is_kept_of_a_tenant_that_does_not_exist(hub: Hub) -> None:
    hub.uses.reads["nowhere", ("citizen",)] += 1
    await usage.settle(hub, SEOUL, nobody)
    with pytest.raises(NoTenant):
        hub.store(Access(tenant="nowhere"))
    assert hub.uses.waiting == {}


async def test_who_was_told_is_a_role_when_it_is_written_down(hub: Hub) -> None:
    async def roles(subject: str) -> tuple[str, ...]:
        if subject == "person:3":
            raise StoreBroken("The accounts cannot be read")
        return ("startup",) if subject == "key:1" else ()

    for subject in ("key:1", "key:1", "person:2", "person:3"):
        hub.uses.told["", subject] += 1
    await usage.settle(hub, SEOUL, roles)
    assert await told(hub) == {(NOON_DAY, "notification", "startup"): 2, (NOON_DAY, "notification", ""): 2}


async def test_changes_that_failed_were_not_written(api: Client, hub: Hub) -> None:
    assert (await api.post(f"{BASE}/entities", STOP)).status == 201
    assert (await api.post(f"{BASE}/entities", STOP)).status == 409
    assert (await api.call("DELETE", f"{BASE}/entities/{STOP['id']}")).status == 204
    assert sum(hub.uses.written.values()) == 2
    # The core @context does not know the type, but the identifier names it
    await usage.settle(hub, SEOUL, nobody)
    assert (NOON_DAY, "write", "physical") in await told(hub)
