"""A hub that notifies, and a receiver of what it sends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tests.delivery.receiver import Receiver, receiving

from madang.clock import Clock, FixedClock
from madang.hub.contexts import Contexts
from madang.hub.delivery.notifier import Notifier
from madang.hub.hub import Hub
from madang.ngsild.context import CORE
from madang.store.sqlite.store import Options, SqliteStore, store_path
from madang.trust.access import OPEN

Opening = Callable[[], Hub]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as running:
        yield running


@pytest.fixture
async def open_city(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Callable[..., Hub]]:
    """Opens a hub that notifies, over the same files each time; what is open at the end is closed."""
    opened: list[Hub] = []

    def open_again(time: Clock = clock) -> Hub:
        hub = Hub(
            open_store=lambda tenant: SqliteStore(store_path(tmp_path, tenant), time, Options()),
            has_store=lambda tenant: store_path(tmp_path, tenant).exists(),
            contexts=Contexts(CORE, time, ("127.0.0.1",)),
            clock=time,
        )
        hub.delivery = Notifier(hub, ("127.0.0.1",))
        hub.store(OPEN, create=True)
        opened.append(hub)
        return hub

    yield open_again
    for hub in opened:
        await hub.close()


@pytest.fixture
async def city(open_city: Opening) -> Hub:
    return open_city()
