"""What was not delivered when the process ended is delivered by the next one, from the outbox."""

from __future__ import annotations

import asyncio

import apsw
import pytest
from tests.delivery.conftest import Opening
from tests.delivery.receiver import Receiver
from tests.delivery.saying import notifier, redirect, shown, subscribe, told, write, write_all
from tests.delivery.test_failures import until

from madang import server
from madang.clock import FixedClock
from madang.hub.delivery.dispatcher import Dispatcher
from madang.hub.hub import Hub
from madang.ngsild.event import Event
from madang.ngsild.trigger import Watch
from madang.settings import LIMITS
from madang.trust.access import OPEN


async def outbox_rows(city: Hub) -> int:
    return len(await city.store(OPEN).deliveries.rows(0, 1 << 62, 1 << 40))


async def test_what_waits_is_sent_by_the_next_process(
    open_city: Opening, clock: FixedClock, receiver: Receiver
) -> None:
    receiver.statuses = [503]
    first = open_city()
    await subscribe(first, receiver.url)
    await write_all(first, [(1, 1), (1, 2), (2, 1)])
    await until(lambda: notifier(first).counts.failed == 1)
    await first.close()
    second = open_city()
    clock.advance(10_000_000)
    await receiver.until(lambda: len(receiver.received) == 3)
    assert told(receiver.entities()) == [(1, 1), (1, 1), (1, 2), (2, 1)]
    await until(lambda: notifier(second).counts.delivered == 2)
    state = (await shown(second)).state
    assert (state.times_sent, state.times_failed) == (3, 1)


async def test_what_was_delivered_is_not_sent_again(open_city: Opening, receiver: Receiver) -> None:
    first = open_city()
    await subscribe(first, receiver.url)
    await write(first, 1, 1)
    await receiver.until(lambda: receiver.received)
    await first.close()
    second = open_city()
    await write(second, 1, 2)
    await receiver.until(lambda: len(receiver.received) >= 2)
    assert told(receiver.entities()) == [(1, 1), (1, 2)]
    await until(lambda: notifier(second).counts.delivered == 1)
    assert (await shown(second)).state.times_sent == 2


async def test_writes_before_the_subscriptions_are_read_are_not_missed(
    open_city: Opening, receiver: Receiver
) -> None:
    first = open_city()
    await subscribe(first, receiver.url)
    await first.close()
    second = open_city()
    # The store is open, the task that reads the subscriptions has not run yet
    await write(second, 1, 1)
    await receiver.until(lambda: told(receiver.entities()) == [(1, 1)])


async def test_the_outbox_empties(city: Hub, receiver: Receiver) -> None:
    await subscribe(city, receiver.url)
    for level in range(20):
        await write(city, 1, level)
    await receiver.until(lambda: len(receiver.received) == 20)
    await until(lambda: notifier(city).counts.delivered == 20)
    async with asyncio.timeout(5):
        while await outbox_rows(city):
            await asyncio.sleep(0.05)


async def test_without_subscriptions_nothing_goes_to_the_outbox(city: Hub, receiver: Receiver) -> None:
    await write(city, 1, 1)
    assert await outbox_rows(city) == 0
    await subscribe(city, receiver.url, watched=("https://example.org/other",))
    await write(city, 1, 2)
    assert await outbox_rows(city) == 0, "an attribute that nobody watches"


async def test_more_than_memory_holds_waits_in_the_outbox(city: Hub, receiver: Receiver) -> None:
    """While one endpoint fails many changes come; another one gets them as they come."""
    failing = server.claim("127.0.0.1", 0)
    await subscribe(city, f"http://127.0.0.1:{failing}", "urn:ngsi-ld:Subscription:behind")
    await subscribe(city, f"{receiver.url}/well", "urn:ngsi-ld:Subscription:well")
    many = LIMITS.notification_waiting_changes_max + 500
    for start in range(0, many, 250):
        await write_all(city, [(number % 50, number) for number in range(start, start + 250)])
    line = notifier(city).line("", "urn:ngsi-ld:Subscription:behind")
    assert line is not None
    await until(lambda: line.behind)
    assert line.waiting <= LIMITS.notification_waiting_changes_max + LIMITS.notification_entities_max
    await receiver.until(lambda: len(receiver.entities("/well")) == many)
    await redirect(city, f"{receiver.url}/late", "urn:ngsi-ld:Subscription:behind")
    await receiver.until(lambda: len(receiver.entities("/late")) == many)
    assert told(receiver.entities("/late")) == [(number % 50, number) for number in range(many)]


async def test_what_waits_longest_survives_two_restarts(open_city: Opening, receiver: Receiver) -> None:
    """A subscription far behind the others goes on from its own place."""
    failing = server.claim("127.0.0.1", 0)
    city = open_city()
    await subscribe(city, f"http://127.0.0.1:{failing}", "urn:ngsi-ld:Subscription:behind")
    await subscribe(city, f"{receiver.url}/well", "urn:ngsi-ld:Subscription:well")
    for level in range(30):
        await write(city, 1, level)
    await receiver.until(lambda: len(receiver.entities("/well")) == 30)
    await until(lambda: notifier(city).counts.delivered == 30)
    for level in range(2):
        await city.close()
        city = open_city()
        await write(city, 2, level)
    await until(lambda: notifier(city).line("", "urn:ngsi-ld:Subscription:behind") is not None)
    await redirect(city, f"{receiver.url}/late", "urn:ngsi-ld:Subscription:behind")
    await receiver.until(lambda: len(receiver.entities("/late")) == 32)
    assert told(receiver.entities("/late")) == [*((1, level) for level in range(30)), (2, 0), (2, 1)]
    assert told(receiver.entities("/well"))[:30] == [(1, level) for level in range(30)]


async def test_a_commit_that_fails_tells_nobody(city: Hub, receiver: Receiver) -> None:
    await subscribe(city, receiver.url)
    store = city.store(OPEN)

    def broken(connection: apsw.Connection) -> None:
        raise apsw.FullError("the disk is full")

    await write(city, 1, 1)
    await receiver.until(lambda: receiver.received)
    lost = asyncio.gather(
        write(city, 1, 2),
        store._committer.commit((), broken),  # type: ignore[attr-defined]  # the SQLite store's own
        return_exceptions=True,
    )
    assert any(isinstance(one, Exception) for one in await lost)
    await write(city, 1, 3)
    await receiver.until(lambda: told(receiver.entities())[-1] == (1, 3))
    assert (1, 2) not in told(receiver.entities()) or len(receiver.received) == 3


async def test_who_catches_up_while_a_commit_is_matched_misses_nothing_of_it(
    city: Hub, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With many subscriptions matching a commit takes several breaths of the event loop. One that was behind, as after a
    restart, is passed by then, and may have read all that is before that commit while it is still being matched."""
    well = "urn:ngsi-ld:Subscription:well"
    await subscribe(city, f"{receiver.url}/well", well)
    for number in range(100):
        await subscribe(city, f"{receiver.url}/other", f"urn:ngsi-ld:Subscription:other:{number}")
    await write(city, 1, 0)
    await receiver.until(lambda: len(receiver.entities("/other")) == 100)
    await until(lambda: notifier(city).counts.delivered == 101)
    real = Dispatcher._told

    async def told_behind(self: Dispatcher, found: Event) -> list[Watch]:
        watches = sorted(await real(self, found), key=lambda one: one.subscription.id != well)
        line = self.lines[well]
        line.behind, line.read_to = True, self.books.position
        self._start(line)
        return watches

    monkeypatch.setattr(Dispatcher, "_told", told_behind)
    await write(city, 1, 1)
    await receiver.until(lambda: len(receiver.entities("/other")) == 200)
    await receiver.until(lambda: told(receiver.entities("/well")) == [(1, 0), (1, 1)])
