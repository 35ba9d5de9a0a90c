"""What many tests need: a hub over a real SQLite store in a folder of its own, and its information API."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import settings
from tests.asgi_client import Client

from madang.api.asgi import information_api
from madang.clock import FixedClock
from madang.hub.contexts import Contexts
from madang.hub.hub import Hub
from madang.hub.trust.gate import OPEN_GATE
from madang.ngsild.context import CORE
from madang.store.sqlite.store import Options, SqliteStore, store_path

# How long an example takes says more about the machine than about the code
settings.register_profile("madang", deadline=None)
settings.load_profile("madang")

# Their tests share servers and cities that take long to come up
TOGETHER = ("web", "demo")
# What takes more than half a minute begins first, the longest before all, so that no process waits for it in the end
LONGEST = (
    "web",
    "test_mixed_load.py",
    "test_matching.py",
    "test_kill.py",
    "demo",
    "test_bench_smoke.py",
    "test_demo_up.py",
    "test_running.py",
    "test_folding_sums.py",
    "test_cores.py",
    "test_command.py",
)

NOON = 1_767_268_800_000_000  # 2026-01-01T12:00:00Z


def pytest_xdist_auto_num_workers() -> int:
    """One more than processors: about a third of the time the tests wait, for servers, browsers and clocks."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several processes run the tests (`make test`), those of a file stay together, and those of some folders."""
    for item in items:
        name = together(item)
        item.add_marker(pytest.mark.xdist_group(name if name in TOGETHER else item.path.as_posix()))
    items.sort(key=lambda item: LONGEST.index(name) if (name := together(item)) in LONGEST else len(LONGEST))


def together(item: pytest.Item) -> str:
    """The folder or the file whose tests one process runs."""
    folder = item.path.parent.name
    return folder if folder in TOGETHER else item.path.name


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
async def hub(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Hub]:
    """A hub whose default @context is the core one."""
    opened = Hub(
        open_store=lambda tenant: SqliteStore(store_path(tmp_path, tenant), clock, Options()),
        has_store=lambda tenant: store_path(tmp_path, tenant).exists(),
        contexts=Contexts(CORE, clock, ("127.0.0.1",)),
        clock=clock,
    )
    yield opened
    await opened.close()


@pytest.fixture
def api(hub: Hub) -> Client:
    return Client(information_api(hub, OPEN_GATE))
