"""Subscriptions shown, listed, changed and ended (CIM 009 §5.8.2 to §5.8.5, §6.10, §6.11)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.asgi_client import Client
from tests.conformance.subscribing import (
    BASE,
    FUTURE,
    ID,
    NULL,
    PAST,
    SUBSCRIPTIONS,
    is_bad,
    subscription,
)
from tests.delivery.receiver import receiving

from madang.clock import FixedClock
from madang.hub.delivery.notifier import Notifier
from madang.hub.hub import Hub
from madang.store.sqlite.store import Options, SqliteStore, store_path
from madang.trust.access import OPEN

# --- retrieve and list: §5.8.3, §5.8.4 ---


async def test_a_subscription_that_is_not_there(api: Client) -> None:
    """§5.8.2.4, §5.8.3.4, §5.8.5.4."""
    for method in ("GET", "PATCH", "DELETE"):
        reply = await api.call(method, f"{SUBSCRIPTIONS}/{ID}", json={})
        assert (reply.status, reply.json()["type"].rpartition("/")[2]) == (404, "ResourceNotFound")
        is_bad(await api.call(method, f"{SUBSCRIPTIONS}/1", json={}), "URI")


async def test_they_are_listed_in_pages(api: Client) -> None:
    """§5.8.4.4, §5.5.9, §6.3.10."""
    for n in range(3):
        await api.post(SUBSCRIPTIONS, subscription(id=f"{ID}{n}"))
    reply = await api.get(
        f"{SUBSCRIPTIONS}?limit=1&offset=1&count=true", headers={"accept": "application/ld+json"}
    )
    assert [one["id"] for one in reply.json()] == [f"{ID}1"]
    assert reply.headers["ngsild-results-count"] == "3"
    page = f"{SUBSCRIPTIONS}?limit=1&offset="
    assert f'<{page}2&count=true>; rel="next"; type="application/ld+json"' in reply.headers["link"]
    assert f'<{page}0&count=true>; rel="prev"; type="application/ld+json"' in reply.headers["link"]
    whole = await api.get(SUBSCRIPTIONS)
    assert len(whole.json()) == 3
    assert 'rel="next"' not in whole.headers["link"]
    assert (await api.get(f"{SUBSCRIPTIONS}?limit=0&count=true")).headers["ngsild-results-count"] == "3"
    for wrong in ("limit=-1", "limit=x", "offset=-1", "limit=0"):
        is_bad(await api.get(f"{SUBSCRIPTIONS}?{wrong}"), wrong.partition("=")[0])


async def test_when_it_was_made_is_shown_on_wish(api: Client, clock: FixedClock) -> None:
    """§4.8: system attributes."""
    await api.post(SUBSCRIPTIONS, subscription())
    clock.advance(1_000_000)
    await api.patch(f"{SUBSCRIPTIONS}/{ID}", {"description": "new"})
    shown = (await api.get(f"{SUBSCRIPTIONS}/{ID}?options=sysAttrs")).json()
    assert (shown["createdAt"], shown["modifiedAt"]) == ("2026-01-01T12:00:00Z", "2026-01-01T12:00:01Z")


async def test_what_became_of_notifications_is_shown(api: Client, hub: Hub) -> None:
    """Table 5.2.14.2-1; and who delivers hears of every change of the subscription."""
    hub.delivery = Notifier(hub, ("127.0.0.1",))
    car = {"id": "urn:ngsi-ld:Car:1", "type": "Car", "speed": {"type": "Property", "value": 1}}

    async def shown() -> dict[str, Any]:
        notification: dict[str, Any] = (await api.get(f"{SUBSCRIPTIONS}/{ID}")).json()["notification"]
        return notification

    async with receiving() as receiver:
        await api.post(SUBSCRIPTIONS, subscription(notification={"endpoint": {"uri": receiver.url}}))
        assert (await shown()).keys() == {"endpoint"}
        await api.post(f"{BASE}/entities", car)
        await receiver.until(lambda: receiver.received)
        while "status" not in (notification := await shown()):
            await asyncio.sleep(0.01)
        assert notification == {
            "endpoint": {"uri": receiver.url},
            "status": "ok",
            "timesSent": 1,
            "lastNotification": "2026-01-01T12:00:00Z",
            "lastSuccess": "2026-01-01T12:00:00Z",
        }
        await api.patch(f"{SUBSCRIPTIONS}/{ID}", {"isActive": False})
        await api.patch(f"{BASE}/entities/{car['id']}/attrs", {"speed": 2})
        await api.delete(f"{SUBSCRIPTIONS}/{ID}")
        await api.post(SUBSCRIPTIONS, subscription(notification={"endpoint": {"uri": receiver.url}}))
        await api.patch(f"{BASE}/entities/{car['id']}/attrs", {"speed": 3})
        await receiver.until(lambda: len(receiver.received) == 2)
        assert receiver.bodies[1]["data"][0]["speed"]["value"] == 3


# --- update: §5.8.2 ---


async def test_members_are_replaced_one_by_one(api: Client) -> None:
    """§5.5.8: what the fragment names takes the place of what was there; nothing else changes."""
    await api.post(SUBSCRIPTIONS, subscription(q="speed>1", description="old"))
    fragment = {
        "type": "Subscription",
        "description": "new",
        "notification": {"endpoint": {"uri": "http://other.test/"}, "format": "concise"},
    }
    reply = await api.patch(f"{SUBSCRIPTIONS}/{ID}", fragment)
    assert (reply.status, reply.body) == (204, b"")
    shown = (await api.get(f"{SUBSCRIPTIONS}/{ID}")).json()
    assert (shown["q"], shown["description"]) == ("speed>1", "new")
    assert shown["notification"] == fragment["notification"]


async def test_null_takes_a_member_away(api: Client) -> None:
    """§5.5.8: NGSI-LD Null."""
    await api.post(SUBSCRIPTIONS, subscription(q="speed>1", throttling=5, description="x"))
    fragment = {"q": NULL, "throttling": NULL, "description": None}
    assert (await api.patch(f"{SUBSCRIPTIONS}/{ID}", fragment)).status == 204
    assert (await api.get(f"{SUBSCRIPTIONS}/{ID}")).json().keys().isdisjoint(fragment)


@pytest.mark.parametrize(
    ("fragment", "word"),
    [
        ({"notification": {"format": "keyValues"}}, "endpoint"),
        ({"notification": {"format": "keyValues", "endpoint": None}}, "endpoint"),
        ({"notification": NULL}, "notification"),
        ({"entities": NULL}, "entities"),
        ({"timeInterval": 5}, "throttling"),
        ({"expiresAt": PAST}, "expiresAt"),
        ({"expiresAt": PAST, "isActive": True}, "expiresAt"),
        ({"id": "urn:ngsi-ld:Subscription:2"}, "id"),
        ({"type": "Entity"}, "type"),
        ({"jsonldContext": NULL}, "jsonldContext"),
        ({"expandValues": "speed"}, "give q"),
    ],
)
async def test_a_fragment_must_leave_a_valid_subscription(
    api: Client, fragment: dict[str, Any], word: str
) -> None:
    """§5.8.2.4."""
    await api.post(SUBSCRIPTIONS, subscription(throttling=5, q="speed>1"))
    before = (await api.get(f"{SUBSCRIPTIONS}/{ID}")).json()
    is_bad(await api.patch(f"{SUBSCRIPTIONS}/{ID}", fragment), word)
    assert (await api.get(f"{SUBSCRIPTIONS}/{ID}")).json() == before


async def test_the_status_follows_from_activity_and_expiry(api: Client, clock: FixedClock) -> None:
    """§5.8.2.4, its rules one after the other; §5.8.1.4: expiry comes by itself."""

    async def patched(**fragment: Any) -> str:
        assert (await api.patch(f"{SUBSCRIPTIONS}/{ID}", fragment)).status == 204
        status: str = (await api.get(f"{SUBSCRIPTIONS}/{ID}")).json()["status"]
        return status

    await api.post(SUBSCRIPTIONS, subscription(isActive=False))
    assert await patched(isActive=True) == "active"
    assert await patched(isActive=False) == "paused"
    assert await patched(isActive=True, expiresAt="2026-01-01T12:00:01Z") == "active"
    clock.advance(1_000_000)
    assert await patched() == "expired"
    assert await patched(isActive=True) == "expired"
    assert await patched(isActive=False) == "expired"
    assert await patched(expiresAt=FUTURE) == "active"
    assert (await api.get(f"{SUBSCRIPTIONS}/{ID}")).json()["isActive"] is True
    assert await patched(isActive=False) == "paused"
    assert await patched(expiresAt="2031-01-01T00:00:00Z") == "paused"


async def test_changes_at_the_same_time_all_hold(api: Client) -> None:
    """§5.5.8: each fragment meets the subscription that the one before has left."""
    await api.post(SUBSCRIPTIONS, subscription())
    fragments: list[dict[str, Any]] = [
        {"description": "new"},
        {"q": "speed>1"},
        {"isActive": False},
        {"throttling": 5},
    ]
    await asyncio.gather(*[api.patch(f"{SUBSCRIPTIONS}/{ID}", one) for one in fragments])
    shown = (await api.get(f"{SUBSCRIPTIONS}/{ID}")).json()
    assert [{name: shown[name] for name in one} for one in fragments] == fragments


# --- delete: §5.8.5, and the resources of §6.10, §6.11 ---


async def test_a_deleted_subscription_is_gone(api: Client) -> None:
    """§5.8.5.4."""
    await api.post(SUBSCRIPTIONS, subscription())
    assert (await api.delete(f"{SUBSCRIPTIONS}/{ID}")).status == 204
    assert (await api.get(f"{SUBSCRIPTIONS}/{ID}")).status == 404
    assert (await api.post(SUBSCRIPTIONS, subscription())).status == 201


async def test_without_an_id_nothing_is_changed_or_deleted(api: Client) -> None:
    """§6.10.3: the collection has GET and POST."""
    for method in ("PATCH", "DELETE"):
        for path in (SUBSCRIPTIONS, f"{SUBSCRIPTIONS}/"):
            assert (await api.call(method, path, json={})).status == 405


async def test_tenants_have_their_own(api: Client) -> None:
    """§6.3.14."""
    headers = {"ngsild-tenant": "other"}
    assert (await api.get(SUBSCRIPTIONS, headers=headers)).status == 404
    assert (await api.post(SUBSCRIPTIONS, subscription(), headers=headers)).status == 201
    assert len((await api.get(SUBSCRIPTIONS, headers=headers)).json()) == 1
    assert (await api.get(SUBSCRIPTIONS)).json() == []


async def test_they_survive_a_restart(api: Client, hub: Hub, tmp_path: Path, clock: FixedClock) -> None:
    """What a store keeps it gives back whole, with who subscribed."""
    written = subscription(
        q='speed>50;(name=="a"|brand~="^b")',
        entities=[{"type": "(Car;Fast)|Bus", "idPattern": "^urn"}],
        geoQ={"georel": "within", "geometry": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [0, 0]]]},
        scopeQ="/a/+/b",
        notificationTrigger=["entityDeleted"],
    )
    await api.post(SUBSCRIPTIONS, written)
    before = await hub.store(OPEN).subscriptions.get(ID)
    await hub.close()
    store = SqliteStore(store_path(tmp_path, ""), clock, Options())
    after = await store.subscriptions.get(ID)
    assert before is not None
    assert (after, before.subject) == (before, "anonymous")
    await store.close()
