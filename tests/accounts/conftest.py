"""A platform's store in a real file, a clock that stands, and the accounts over them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from madang.clock import FixedClock
from madang.hub.accounts.accounts import Accounts
from madang.store.sqlite.platform.store import SqlitePlatform

DAY = 24 * 3600 * 1_000_000
NOW = 1_800_000_000_000_000


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[SqlitePlatform]:
    made = SqlitePlatform(tmp_path / "platform.sqlite3")
    yield made
    await made.close()


@pytest.fixture
async def accounts(platform: SqlitePlatform, clock: FixedClock) -> AsyncIterator[Accounts]:
    made = Accounts(platform, clock)
    yield made
    await made.close()
