"""When notifications are sent: throttling, time intervals, pauses and the end of a subscription (CIM 009 §5.2.12, §5.8.6)."""

from __future__ import annotations

import asyncio

from tests.delivery.receiver import Receiver
from tests.delivery.saying import change, delete, notifier, shown, subscribe, told, write, write_all
from tests.delivery.test_failures import pass_time, until

from madang.clock import FixedClock
from madang.hub import subscriptions
from madang.hub.hub import Hub
from madang.trust.access import OPEN

SECOND = 1_000_000
ONE = "urn:ngsi-ld:Subscription:1"


async def test_throttling_sends_the_last_state_of_each_entity_when_the_time_has_passed(
    city: Hub, clock: FixedClock, receiver: Receiver
) -> None:
    await subscribe(city, receiver.url, throttling_seconds=10)
    await write(city, 1, 1)
    await receiver.until(lambda: receiver.received)
    for level in range(2, 6):
        await write_all(city, [(1, level), (2, level)])
    pass_time(city, clock, 9.9)
    await asyncio.sleep(0.05)
    assert len(receiver.received) == 1, "sent before the time had passed"
    pass_time(city, clock, 0.1)
    await receiver.until(lambda: len(receiver.received) == 2)
    assert told(receiver.bodies[1]["data"]) == [(1, 5), (2, 5)]


async def test_throttling_says_nothing_of_what_came_and_went(
    city: Hub, clock: FixedClock, receiver: Receiver
) -> None:
    await subscribe(city, receiver.url, throttling_seconds=10)
    await write(city, 1, 1)
    await receiver.until(lambda: receiver.received)
    await write(city, 2, 1)
    await delete(city, 2)
    await write(city, 3, 1)
    pass_time(city, clock, 10)
    await receiver.until(lambda: len(receiver.received) == 2)
    assert told(receiver.bodies[1]["data"])[-1] == (3, 1)


async def test_a_time_interval_sends_all_entities_again_and_again(
    city: Hub, clock: FixedClock, receiver: Receiver
) -> None:
    await write_all(city, [(number, 7) for number in range(120)])
    await subscribe(city, receiver.url, interval_seconds=60)
    await write(city, 1, 8)
    await asyncio.sleep(0.05)
    assert not receiver.received, "a change or the making of the subscription was told"
    for rounds in (1, 2):
        pass_time(city, clock, 60)
        await receiver.until_count(2 * rounds)
    assert [len(body["data"]) for body in receiver.bodies] == [100, 20, 100, 20]
    assert (1, 8) in told(receiver.entities())


async def test_a_time_interval_without_entities_sends_nothing(
    city: Hub, clock: FixedClock, receiver: Receiver
) -> None:
    await subscribe(city, receiver.url, interval_seconds=60)
    pass_time(city, clock, 60)
    await asyncio.sleep(0.05)
    assert not receiver.received
    await write(city, 1, 1)
    pass_time(city, clock, 60)
    await receiver.until(lambda: told(receiver.entities()) == [(1, 1)])


async def test_a_round_that_fails_is_followed_by_the_next(
    city: Hub, clock: FixedClock, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    await write(city, 1, 1)
    await subscribe(city, receiver.url, interval_seconds=60)
    pass_time(city, clock, 60)
    await until(lambda: notifier(city).counts.failed == 1)
    await write(city, 1, 2)
    pass_time(city, clock, 60)
    await receiver.until(lambda: len(receiver.received) == 2)
    assert told(receiver.bodies[1]["data"]) == [(1, 2)]


async def test_what_happens_during_a_pause_is_not_told(city: Hub, receiver: Receiver) -> None:
    await subscribe(city, receiver.url)
    await change(city, is_active=False)
    await write(city, 1, 1)
    await asyncio.sleep(0.05)
    await change(city, is_active=True)
    await write(city, 1, 2)
    await receiver.until(lambda: receiver.received)
    assert told(receiver.entities()) == [(1, 2)]


async def test_what_waits_when_it_is_paused_becomes_dead_letters(
    city: Hub, clock: FixedClock, receiver: Receiver
) -> None:
    receiver.statuses = [503]
    await subscribe(city, receiver.url)
    await write(city, 1, 1)
    await until(lambda: notifier(city).counts.failed == 1)
    await change(city, is_active=False)
    await until(lambda: notifier(city).counts.dead == 1)
    await notifier(city).keep("")
    (letter,) = await city.store(OPEN).deliveries.letters(ONE, 10)
    assert letter.reason == "The subscription was paused before this could be sent"


async def test_nothing_is_sent_after_it_has_expired(city: Hub, clock: FixedClock, receiver: Receiver) -> None:
    await subscribe(city, receiver.url, expires_at=clock.now() + 10 * SECOND)
    await write(city, 1, 1)
    await receiver.until(lambda: receiver.received)
    pass_time(city, clock, 10)
    await write(city, 1, 2)
    await asyncio.sleep(0.05)
    assert len(receiver.received) == 1


async def test_nothing_is_sent_after_it_was_deleted(city: Hub, clock: FixedClock, receiver: Receiver) -> None:
    receiver.statuses = [503]
    await subscribe(city, receiver.url)
    await write(city, 1, 1)
    await until(lambda: notifier(city).counts.failed == 1)
    await subscriptions.delete(city, OPEN, ONE)
    pass_time(city, clock, 100)
    await write(city, 1, 2)
    await asyncio.sleep(0.05)
    assert len(receiver.received) == 1
    await subscribe(city, receiver.url)
    assert (await shown(city)).state.times_sent == 0
