"""How notifications are delivered, as a client of the API and a receiver see it (CIM 009 §5.2.12 to §5.2.15, §5.8.6,
§6.3.8, §6.3.18).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.asgi_client import Client
from tests.delivery.receiver import Receiver, receiving
from tests.delivery.saying import notifier
from tests.delivery.test_failures import failures, pass_time, until

from madang.clock import FixedClock
from madang.hub.delivery.notifier import Notifier
from madang.hub.hub import Hub
from madang.trust.access import OPEN

BASE = "/ngsi-ld/v1"
ID = "urn:ngsi-ld:Subscription:1"
ROOM = "urn:ngsi-ld:Room:1"
NOW = "2026-01-01T12:00:00Z"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as running:
        yield running


@pytest.fixture
async def city(hub: Hub) -> Hub:
    """A hub that notifies."""
    hub.delivery = Notifier(hub, ("127.0.0.1",))
    hub.store(OPEN, create=True)
    return hub


async def subscribe(api: Client, uri: str, endpoint: dict[str, Any] | None = None, **members: Any) -> None:
    subscription = {
        "id": ID,
        "type": "Subscription",
        "entities": [{"type": "Room"}],
        "notification": {"endpoint": {"uri": uri, **(endpoint or {})}},
        **members,
    }
    reply = await api.post(f"{BASE}/subscriptions", subscription)
    assert reply.status == 201, reply.body


async def warm(api: Client, degrees: float) -> None:
    """Make a room so warm."""
    room = {"id": ROOM, "type": "Room", "temperature": {"type": "Property", "value": degrees}}
    reply = await api.post(f"{BASE}/entityOperations/upsert", [room])
    assert reply.status in (201, 204), reply.body


async def notification_of(api: Client) -> dict[str, Any]:
    """The member "notification" of the subscription."""
    shown: dict[str, Any] = (await api.get(f"{BASE}/subscriptions/{ID}")).json()["notification"]
    return shown


# --- what became of it: §5.2.14.2 ---


async def test_before_the_first_notification_nothing_is_told_of_it(
    api: Client, city: Hub, receiver: Receiver
) -> None:
    """§5.2.14.2: times are numbers greater than 0, so there are none yet."""
    await subscribe(api, receiver.url)
    shown = await notification_of(api)
    assert not shown.keys() & {"status", "timesSent", "timesFailed", "lastNotification", "lastSuccess"}


async def test_a_success_is_shown(api: Client, city: Hub, receiver: Receiver) -> None:
    """§5.2.14.2, §5.8.6: timesSent, lastNotification, lastSuccess, status "ok"."""
    await subscribe(api, receiver.url)
    await warm(api, 20)
    await until(lambda: notifier(city).counts.delivered == 1)
    shown = await notification_of(api)
    assert (shown["status"], shown["timesSent"]) == ("ok", 1)
    assert shown["lastNotification"] == shown["lastSuccess"] == NOW
    assert not shown.keys() & {"timesFailed", "lastFailure"}


@pytest.mark.parametrize("status", [301, 404, 500, 503])
async def test_a_failure_is_shown(api: Client, city: Hub, receiver: Receiver, status: int) -> None:
    """§5.2.14.2, §5.8.6: timesFailed, lastFailure, status "failed"; redirections are not followed."""
    receiver.statuses = [status]
    await subscribe(api, receiver.url)
    await warm(api, 20)
    await failures(city, 1)
    shown = await notification_of(api)
    assert (shown["status"], shown["timesSent"], shown["timesFailed"]) == ("failed", 1, 1)
    assert shown["lastFailure"] == shown["lastNotification"] == NOW
    assert "lastSuccess" not in shown


async def test_a_success_after_a_failure_is_ok_again(
    api: Client, city: Hub, clock: FixedClock, receiver: Receiver
) -> None:
    """§5.2.14.2: the status is that of the last attempt."""
    receiver.statuses = [500]
    await subscribe(api, receiver.url)
    await warm(api, 20)
    await failures(city, 1)
    pass_time(city, clock, 2)
    await until(lambda: notifier(city).counts.delivered == 1)
    shown = await notification_of(api)
    assert (shown["status"], shown["timesSent"], shown["timesFailed"]) == ("ok", 2, 1)


@pytest.mark.parametrize("status", [201, 202, 204])
async def test_a_receiver_that_has_it_is_not_told_again(
    api: Client, city: Hub, receiver: Receiver, status: int
) -> None:
    """§5.8.6 speaks of 200 OK; any 2xx says that the notification has been taken (decision 16)."""
    receiver.statuses = [status]
    await subscribe(api, receiver.url)
    await warm(api, 20)
    await until(lambda: notifier(city).counts.delivered == 1)
    assert (await notification_of(api))["status"] == "ok"


# --- the endpoint: §5.2.15, §6.3.8 ---


async def test_receiver_info_becomes_headers(api: Client, city: Hub, receiver: Receiver) -> None:
    """§6.3.8, §5.2.22."""
    pairs = {"Authorization": "Bearer x", "X-City": "gaon"}
    info = [{"key": key, "value": value} for key, value in pairs.items()]
    await subscribe(api, f"{receiver.url}/here?way=1", {"receiverInfo": info})
    await warm(api, 20)
    await receiver.until_count(1)
    ((path, headers, _),) = receiver.received
    assert path == "/here"
    assert (headers["Authorization"], headers["X-City"]) == ("Bearer x", "gaon")
    assert headers["Host"] == f"127.0.0.1:{receiver.port}"


@pytest.mark.parametrize("accept", ["application/json", "application/ld+json", "application/geo+json"])
async def test_the_media_type_is_the_one_asked_for(
    api: Client, city: Hub, receiver: Receiver, accept: str
) -> None:
    """§6.3.8: JSON names its @context in a Link header, the others in the body."""
    await subscribe(api, receiver.url, {"accept": accept})
    await warm(api, 20)
    await receiver.until_count(1)
    ((_, headers, body),) = receiver.received
    assert headers["Content-Type"] == accept
    assert ("Link" in headers) is (accept == "application/json")
    assert (body["data"]["type"] == "FeatureCollection") if "geo" in accept else body["data"][0]["id"] == ROOM


async def test_an_answer_after_the_timeout_is_a_failure(api: Client, city: Hub, receiver: Receiver) -> None:
    """§5.2.15 timeout, in milliseconds."""
    receiver.held = asyncio.Event()
    await subscribe(api, receiver.url, {"timeout": 40})
    await warm(api, 20)
    await failures(city, 1)
    assert (await notification_of(api))["status"] == "failed"
    receiver.held.set()


async def test_nothing_is_sent_during_the_cooldown(
    api: Client, city: Hub, clock: FixedClock, receiver: Receiver
) -> None:
    """§5.2.15 cooldown, in milliseconds; what changes meanwhile is told after it."""
    receiver.statuses = [500]
    await subscribe(api, receiver.url, {"cooldown": 60_000})
    await warm(api, 20)
    await failures(city, 1)
    await warm(api, 21)
    pass_time(city, clock, 59)
    await asyncio.sleep(0.05)
    assert len(receiver.received) == 1
    pass_time(city, clock, 1)
    await receiver.until_count(3)
    assert [one["temperature"]["value"] for one in receiver.entities()] == [20, 20, 21]


# --- when: §5.2.12, §5.8.6 ---


async def test_throttling_is_the_least_time_between_two(
    api: Client, city: Hub, clock: FixedClock, receiver: Receiver
) -> None:
    """§5.2.12 throttling, in seconds, with fractions."""
    await subscribe(api, receiver.url, throttling=2.5)
    await warm(api, 20)
    await receiver.until_count(1)
    await warm(api, 21)
    await warm(api, 22)
    pass_time(city, clock, 2.4)
    await asyncio.sleep(0.05)
    assert len(receiver.received) == 1
    pass_time(city, clock, 0.1)
    await receiver.until_count(2)
    assert [one["temperature"]["value"] for one in receiver.entities()] == [20, 22]


async def test_a_time_interval_tells_of_what_meets_the_conditions(
    api: Client, city: Hub, clock: FixedClock, receiver: Receiver
) -> None:
    """§5.8.6: all subscribed entities that match, whatever changes; nothing where none matches."""
    await warm(api, 20)
    await subscribe(api, receiver.url, timeInterval=30, q="temperature>20")
    pass_time(city, clock, 30)
    await asyncio.sleep(0.05)
    assert not receiver.received
    await warm(api, 21)
    for count in (1, 2):
        pass_time(city, clock, 30)
        await receiver.until_count(count)
    assert [one["temperature"]["value"] for one in receiver.entities()] == [21, 21]


async def test_a_write_of_the_same_value_is_no_change(api: Client, city: Hub, receiver: Receiver) -> None:
    """§5.8.6: an attribute changes when a member has another value than before."""
    await subscribe(api, receiver.url)
    for degrees in (20, 20, 21):
        await warm(api, degrees)
    await receiver.until_count(2)
    assert [one["temperature"]["value"] for one in receiver.entities()] == [20, 21]


async def test_only_an_active_subscription_is_notified(
    api: Client, city: Hub, clock: FixedClock, receiver: Receiver
) -> None:
    """§5.8.6, §5.8.2.4: not while it is paused, nor after it has expired; expiresAt in the future makes it active."""
    await subscribe(api, receiver.url, isActive=False)
    await warm(api, 20)
    for fragment in ({"isActive": True}, {"expiresAt": "2026-01-01T13:00:00Z"}):
        assert (await api.patch(f"{BASE}/subscriptions/{ID}", fragment)).status == 204
    await warm(api, 21)
    await receiver.until_count(1)
    pass_time(city, clock, 3600)
    await warm(api, 22)
    await asyncio.sleep(0.05)
    assert (await api.get(f"{BASE}/subscriptions/{ID}")).json()["status"] == "expired"
    assert (
        await api.patch(f"{BASE}/subscriptions/{ID}", {"expiresAt": "2026-01-01T14:00:00Z"})
    ).status == 204
    await warm(api, 23)
    await receiver.until_count(2)
    assert [one["temperature"]["value"] for one in receiver.entities()] == [21, 23]


async def test_tenants_have_notifications_of_their_own(api: Client, city: Hub, receiver: Receiver) -> None:
    """§6.3.14: changes of one tenant are not told to the subscribers of another; the header names it."""
    await subscribe(api, receiver.url)
    inner = {"ngsild-tenant": "inner"}
    room = {"id": ROOM, "type": "Room", "temperature": {"type": "Property", "value": 1}}
    assert (await api.post(f"{BASE}/entities", room, headers=inner)).status == 201
    own = {
        "type": "Subscription",
        "entities": [{"type": "Room"}],
        "notification": {"endpoint": {"uri": f"{receiver.url}/inner"}},
    }
    assert (await api.post(f"{BASE}/subscriptions", own, headers=inner)).status == 201
    reply = await api.patch(
        f"{BASE}/entities/{ROOM}/attrs", {"temperature": {"type": "Property", "value": 2}}, headers=inner
    )
    assert reply.status == 204
    await receiver.until_count(1)
    ((path, headers, _),) = receiver.received
    assert (path, headers["NGSILD-Tenant"]) == ("/inner", "inner")


# --- no loops: §6.3.18 ---


async def test_its_own_notifications_are_refused(api: Client, city: Hub) -> None:
    """§6.3.18: a platform that finds itself in Via answers 508."""
    room = {"id": ROOM, "type": "Room"}
    own = {"via": f"1.1 proxy, 1.1 {notifier(city).name}"}
    reply = await api.post(f"{BASE}/entities", room, headers=own)
    assert (reply.status, reply.json()["status"]) == (508, 508)
    assert (await api.post(f"{BASE}/entities", room, headers={"via": "1.1 proxy"})).status == 201
