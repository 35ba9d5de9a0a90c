"""What is behind reads the outbox once for all lines, and never what is not there any more."""

from __future__ import annotations

from tests.delivery.conftest import Opening
from tests.delivery.receiver import Receiver
from tests.delivery.saying import subscribe, write

from madang.hub.delivery.backlog import Backlog
from madang.store.base import Store
from madang.store.deliveries import Deliveries, OutboxRow
from madang.trust.access import OPEN

ALL = 1 << 62


class Counted:
    """Deliveries of a store that count how often rows are read."""

    def __init__(self, deliveries: Deliveries) -> None:
        self.reads = 0
        self._deliveries = deliveries

    async def rows(self, after: int, up_to: int, bytes_max: int) -> list[OutboxRow]:
        self.reads += 1
        return await self._deliveries.rows(after, up_to, bytes_max)


async def waiting_store(open_city: Opening, receiver: Receiver) -> Store:
    """A store with 20 commits that no endpoint has taken."""
    receiver.statuses = [503] * 100
    city = open_city()
    await subscribe(city, receiver.url)
    for level in range(20):
        await write(city, 1, level)
    return city.store(OPEN)


async def test_lines_share_what_was_read(open_city: Opening, receiver: Receiver) -> None:
    store = await waiting_store(open_city, receiver)
    truth = await store.deliveries.rows(0, ALL, 1 << 40)
    counted = Counted(store.deliveries)
    backlog = Backlog(counted)
    for after in [0, *[row.sequence for row in truth[:-1]]] * 3:
        found = await backlog.rows(after, ALL)
        assert [row.sequence for row in found] == [row.sequence for row in truth if row.sequence > after]
    assert counted.reads == 1


async def test_what_was_not_there_yet_is_read(open_city: Opening, receiver: Receiver) -> None:
    store = await waiting_store(open_city, receiver)
    truth = await store.deliveries.rows(0, ALL, 1 << 40)
    counted = Counted(store.deliveries)
    backlog = Backlog(counted)
    middle = truth[9].sequence
    assert len(await backlog.rows(0, middle)) == 10
    assert await backlog.rows(middle, middle) == []
    assert [row.sequence for row in await backlog.rows(middle, ALL)] == [row.sequence for row in truth[10:]]
    assert counted.reads == 3


async def test_what_was_erased_is_not_told_from_memory(open_city: Opening, receiver: Receiver) -> None:
    store = await waiting_store(open_city, receiver)
    counted = Counted(store.deliveries)
    backlog = Backlog(counted)
    await backlog.rows(0, ALL)
    backlog.forget()
    await backlog.rows(0, ALL)
    assert counted.reads == 2
