"""What fails is tried again, later and later; what cannot be delivered becomes a dead letter; others never notice."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest
from tests.delivery.receiver import Receiver, receiving
from tests.delivery.saying import notifier, redirect, shown, subscribe, told, write, write_all

from madang import server
from madang.clock import FixedClock
from madang.hub import telling
from madang.hub.delivery import schedule
from madang.hub.delivery.dispatcher import Dispatcher
from madang.hub.hub import Hub
from madang.settings import LIMITS
from madang.store.deliveries import OutboxRow
from madang.trust.access import OPEN

SECOND = 1_000_000
ONE = "urn:ngsi-ld:Subscription:1"


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def failures(city: Hub, attempts: int) -> None:
    """Wait until so many attempts have failed."""
    await until(lambda: notifier(city).counts.failed >= attempts)


def pass_time(city: Hub, clock: FixedClock, seconds: float) -> None:
    clock.advance(int(seconds * SECOND))
    notifier(city).poke()


async def fail_again(city: Hub, clock: FixedClock, attempts: int) -> None:
    """Let the time pass in which so many more attempts fail."""
    for _ in range(attempts):
        failed = notifier(city).counts.failed
        pass_time(city, clock, LIMITS.notification_pause_seconds_max)
        await failures(city, failed + 1)


def test_pauses_double_up_to_the_limit_and_spread() -> None:
    assert [schedule.pause(n, 0, 0) / SECOND for n in (1, 2, 3, 4)] == [1, 2, 4, 8]
    assert schedule.pause(100, 0, 0) == LIMITS.notification_pause_seconds_max * SECOND
    assert schedule.pause(3, 0, 1) == 2 * SECOND
    assert schedule.pause(1, 5000, 0.5) == 5 * SECOND


def test_nothing_is_given_up_early() -> None:
    long = LIMITS.notification_age_seconds_max * SECOND
    assert not schedule.is_given_up(long - 1, 50, 0)
    assert not schedule.is_given_up(long, 4, 0)
    assert schedule.is_given_up(long, 5, 0)
    assert schedule.is_given_up(0, 1, LIMITS.notification_refusals_max)


async def test_an_attempt_follows_each_pause(city: Hub, clock: FixedClock, receiver: Receiver) -> None:
    receiver.statuses = [503, 503, 200]
    await subscribe(city, receiver.url)
    await write(city, 1, 10)
    for attempts, pause in ((1, 1), (2, 2)):
        await failures(city, attempts)
        pass_time(city, clock, pause / 2 - 0.01)
        await asyncio.sleep(0.05)
        assert len(receiver.received) == attempts, "tried again too early"
        pass_time(city, clock, pause)
        await receiver.until_count(attempts + 1)
    assert len({body["id"] for body in receiver.bodies}) == 1, "an attempt at the same has another id"
    await until(lambda: notifier(city).counts.delivered == 1)
    state = (await shown(city)).state
    assert (state.times_sent, state.times_failed, state.ok) == (3, 2, True)


async def test_a_failure_is_followed_by_the_cooldown(
    city: Hub, clock: FixedClock, receiver: Receiver
) -> None:
    receiver.statuses = [503]
    await subscribe(city, receiver.url, cooldown_ms=30_000)
    await write(city, 1, 10)
    await failures(city, 1)
    pass_time(city, clock, 29)
    await asyncio.sleep(0.05)
    assert len(receiver.received) == 1
    pass_time(city, clock, 1)
    await receiver.until(lambda: len(receiver.received) == 2)


async def test_the_order_outlasts_failures(city: Hub, clock: FixedClock, receiver: Receiver) -> None:
    receiver.statuses = [503]
    await subscribe(city, receiver.url)
    for level in range(20):
        await write(city, 1, level)
    await failures(city, 1)
    pass_time(city, clock, 2)
    await receiver.until(lambda: len(receiver.received) == 21)
    assert told(receiver.entities()) == [(1, 0), *((1, level) for level in range(20))]


async def test_dead_and_slow_endpoints_delay_no_other(city: Hub, receiver: Receiver) -> None:
    """Some refuse connections, some take them and never answer, some answer late."""
    nobody = server.claim("127.0.0.1", 0)
    silent = socket.create_server(("127.0.0.1", 0))
    async with receiving() as slow:
        slow.held = asyncio.Event()
        for number in range(40):
            await subscribe(city, f"http://127.0.0.1:{nobody}", f"urn:ngsi-ld:Subscription:dead:{number}")
            address = f"http://127.0.0.1:{silent.getsockname()[1]}"
            await subscribe(city, address, f"urn:ngsi-ld:Subscription:silent:{number}")
            await subscribe(city, slow.url, f"urn:ngsi-ld:Subscription:slow:{number}")
        await subscribe(city, receiver.url, "urn:ngsi-ld:Subscription:well")
        for level in range(100):
            await write(city, 1, level)
        await receiver.until(lambda: len(receiver.received) == 100)
        assert told(receiver.entities()) == [(1, level) for level in range(100)]
        slow.held.set()
    silent.close()


async def test_an_endpoint_that_takes_too_long_has_failed(city: Hub, receiver: Receiver) -> None:
    receiver.held = asyncio.Event()
    await subscribe(city, receiver.url, timeout_ms=50)
    await write(city, 1, 10)
    await failures(city, 1)
    line = notifier(city).line("", ONE)
    assert line is not None
    assert line.failing is not None
    assert line.failing.reason == "No answer within 0.05 s"
    receiver.held.set()


async def test_what_is_too_old_becomes_dead_letters(city: Hub, clock: FixedClock, receiver: Receiver) -> None:
    receiver.statuses = [503] * 100
    await subscribe(city, receiver.url)
    await write_all(city, [(1, 10), (2, 20), (1, 11)])
    await failures(city, 1)
    await fail_again(city, clock, 3)
    assert notifier(city).counts.dead == 0
    pass_time(city, clock, LIMITS.notification_age_seconds_max)
    await until(lambda: notifier(city).counts.dead == 2)
    await write(city, 3, 30)
    await notifier(city).keep("")
    letters = await city.store(OPEN).deliveries.letters(ONE, 10)
    assert [letter.entities for letter in letters] == [2, 1]
    assert letters[0].attempts == 5
    assert letters[0].reason == "The receiver answered with status 503"
    receiver.statuses = []
    pass_time(city, clock, LIMITS.notification_pause_seconds_max)
    await receiver.until(lambda: told(receiver.entities())[-1] == (3, 30))


async def test_what_is_refused_becomes_a_dead_letter_soon(
    city: Hub, clock: FixedClock, receiver: Receiver
) -> None:
    receiver.statuses = [400] * LIMITS.notification_refusals_max
    await subscribe(city, receiver.url)
    await write_all(city, [(1, 10), (1, 11)])
    await failures(city, 1)
    await fail_again(city, clock, LIMITS.notification_refusals_max - 1)
    await until(lambda: notifier(city).counts.dead == 1)
    pass_time(city, clock, LIMITS.notification_pause_seconds_max)
    await receiver.until(lambda: told(receiver.entities())[-1] == (1, 11))


async def test_a_full_list_of_dead_letters_says_what_was_given_up(
    city: Hub, clock: FixedClock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("madang.hub.delivery.courier.DEAD_LETTERS_MAX", 3)
    receiver.statuses = [503] * 100
    await subscribe(city, receiver.url)
    await write_all(city, [(1, level) for level in range(10)])
    await failures(city, 1)
    await fail_again(city, clock, 3)
    pass_time(city, clock, LIMITS.notification_age_seconds_max)
    await until(lambda: notifier(city).counts.dead == 3)
    line = notifier(city).line("", ONE)
    assert line is not None
    await until(lambda: line.is_idle)
    assert line.skipped == clock.now()


async def test_a_changed_endpoint_is_tried_at_once(city: Hub, receiver: Receiver) -> None:
    await subscribe(city, f"http://127.0.0.1:{server.claim('127.0.0.1', 0)}")
    await write(city, 1, 10)
    await failures(city, 1)
    await redirect(city, receiver.url)
    await receiver.until(lambda: told(receiver.entities()) == [(1, 10)])


async def test_addresses_of_inner_networks_are_refused(city: Hub) -> None:
    await subscribe(city, "http://10.1.2.3/notify")
    await write(city, 1, 10)
    await failures(city, 1)
    line = notifier(city).line("", ONE)
    assert line is not None
    assert line.failing is not None
    assert "MADANG_EGRESS_ALLOW" in line.failing.reason


async def test_an_outbox_that_is_full_gives_up_the_oldest_of_who_is_behind(
    city: Hub, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("madang.hub.delivery.bookkeeping.OUTBOX_BYTES_MAX", 20_000)
    dead = f"http://127.0.0.1:{server.claim('127.0.0.1', 0)}"
    await subscribe(city, dead, "urn:ngsi-ld:Subscription:behind")
    await subscribe(city, receiver.url, "urn:ngsi-ld:Subscription:well")
    for level in range(300):
        await write(city, 1, level)
    await receiver.until_count(300)
    line = notifier(city).line("", "urn:ngsi-ld:Subscription:behind")
    assert line is not None
    await until(lambda: line.skipped)
    await redirect(city, f"{receiver.url}/late", "urn:ngsi-ld:Subscription:behind")
    await receiver.until(
        lambda: receiver.entities("/late") and told(receiver.entities("/late"))[-1] == (1, 299)
    )
    late = told(receiver.entities("/late"))
    levels = [level for _, level in late]
    # The first may have been on its way when those after it were given up
    assert levels[0] < levels[1]
    assert levels[1:] == list(range(levels[1], 300))
    assert 0 < len(late) < 300


async def test_a_fault_of_ours_in_one_notification_holds_up_no_other(
    city: Hub, clock: FixedClock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = telling.message

    async def broken(*arguments: Any) -> Any:
        if arguments[3][0].entity.id.endswith(":1"):
            raise ZeroDivisionError
        return await real(*arguments)

    monkeypatch.setattr(telling, "message", broken)
    await subscribe(city, receiver.url)
    await write(city, 1, 10)
    line = notifier(city).line("", ONE)
    assert line is not None
    for _ in range(LIMITS.notification_refusals_max):
        await until(lambda: line.failing is not None or notifier(city).counts.dead)
        pass_time(city, clock, LIMITS.notification_pause_seconds_max)
        await asyncio.sleep(0.02)
    await until(lambda: notifier(city).counts.dead == 1)
    await write(city, 2, 20)
    pass_time(city, clock, LIMITS.notification_pause_seconds_max)
    await receiver.until(lambda: told(receiver.entities()) == [(2, 20)])


async def test_a_fault_of_ours_in_matching_is_got_over(
    city: Hub, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dispatcher of the tenant ends; another one goes on from what is on disk."""
    monkeypatch.setattr("madang.hub.delivery.notifier.AFTER_BUG_SECONDS", 0.01)
    await subscribe(city, receiver.url)
    await write(city, 1, 1)
    await receiver.until_count(1)
    real, faults = Dispatcher._match_row, [1]

    async def broken(self: Dispatcher, row: OutboxRow) -> None:
        if faults:
            faults.pop()
            raise ZeroDivisionError
        await real(self, row)

    monkeypatch.setattr(Dispatcher, "_match_row", broken)
    await write(city, 1, 2)
    await receiver.until_count(2)
    await write(city, 1, 3)
    await receiver.until(lambda: told(receiver.entities())[-1] == (1, 3))
    assert (1, 2) in told(receiver.entities())
