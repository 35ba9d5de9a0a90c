"""Notifications arrive: every change, in order, whatever other endpoints do (CIM 009 §5.8.6)."""

from __future__ import annotations

from tests.delivery.receiver import Receiver
from tests.delivery.saying import delete, notifier, shown, subscribe, told, write, write_all

from madang.hub.hub import Hub
from madang.ngsild.subscription import Trigger
from madang.settings import LIMITS


async def test_a_change_is_told(city: Hub, receiver: Receiver) -> None:
    await subscribe(city, f"{receiver.url}/one")
    await write(city, 1, 10)
    await receiver.until(lambda: receiver.received)
    ((path, headers, body),) = receiver.received
    assert path == "/one"
    assert body["type"] == "Notification"
    assert body["subscriptionId"] == "urn:ngsi-ld:Subscription:1"
    assert told(body["data"]) == [(1, 10)]
    assert headers["Content-Type"] == "application/json"
    assert headers["Via"] == f"1.1 {notifier(city).name}"
    await receiver.until(lambda: city.uses.told)
    assert city.uses.told == {("", "anonymous"): 1}


async def test_a_burst_on_one_entity_loses_none_and_joins_none(city: Hub, receiver: Receiver) -> None:
    await subscribe(city, receiver.url)
    await write_all(city, [(1, level) for level in range(300)])
    await receiver.until(lambda: len(receiver.received) == 300)
    assert told(receiver.entities()) == [(1, level) for level in range(300)]
    assert all(len(body["data"]) == 1 for body in receiver.bodies)


async def test_waiting_changes_of_different_entities_share_notifications(
    city: Hub, receiver: Receiver
) -> None:
    await subscribe(city, receiver.url)
    await write_all(city, [(number, 0) for number in range(250)])
    await receiver.until(lambda: len(receiver.entities()) == 250)
    assert told(receiver.entities()) == [(number, 0) for number in range(250)]
    sizes = [len(body["data"]) for body in receiver.bodies]
    assert max(sizes) <= LIMITS.notification_entities_max
    assert len(sizes) < 25, f"hardly any were shared: {sizes}"


async def test_the_order_of_changes_is_kept_over_entities(city: Hub, receiver: Receiver) -> None:
    await subscribe(city, receiver.url)
    levels = [(number % 3, number) for number in range(50)]
    await write_all(city, levels)
    await receiver.until(lambda: len(receiver.entities()) == 50)
    assert told(receiver.entities()) == levels


async def test_deletions_are_told_where_they_trigger(city: Hub, receiver: Receiver) -> None:
    await subscribe(city, receiver.url, triggers=frozenset((Trigger.ENTITY_DELETED,)))
    await write(city, 1, 10)
    await delete(city, 1)
    await receiver.until(lambda: receiver.received)
    (entity,) = receiver.entities()
    assert entity["id"] == "urn:ngsi-ld:Station:1"
    assert "deletedAt" in entity


async def test_what_became_of_it_is_shown_at_once(city: Hub, receiver: Receiver) -> None:
    receiver.statuses = [500]
    await subscribe(city, receiver.url)
    await write(city, 1, 10)
    await receiver.until(lambda: notifier(city).counts.failed)
    state = (await shown(city)).state
    assert (state.times_sent, state.times_failed, state.ok) == (1, 1, False)
    assert state.last_failure == state.last_notification == city.clock.now()
    assert state.last_success == 0
