"""When the folding begins by itself: soon after much was written, be it many changes or few that are large."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.store.folding_process import SENSORS, written

from madang.clock import FixedClock
from madang.store.sqlite import folder
from madang.store.sqlite.connection import open_reader
from madang.store.sqlite.store import Options, SqliteStore

SECONDS_MAX = 20


@pytest.mark.parametrize("batches", [1, 40])
async def test_a_batch_of_history_is_folded_soon(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, batches: int
) -> None:
    monkeypatch.setattr(folder, "_CHECK_SECONDS", 0.05)
    monkeypatch.setattr(folder, "_PASS_SECONDS_MIN", 0.1)
    store = SqliteStore(tmp_path / "t.sqlite3", clock, Options())
    reader = open_reader(tmp_path / "t.sqlite3")
    await store.commit([written(SENSORS[0], 250 * number) for number in range(batches)])
    for _ in range(SECONDS_MAX * 20 if batches > 1 else 20):
        await asyncio.sleep(0.05)
        if folded := reader.execute("SELECT total(n) FROM chunk").get:
            break
    # One batch is too little to be worth a process of its own; its time comes later
    assert bool(folded) is (batches > 1)
    reader.close()
    await store.close()
