"""Readings keep arriving: every sensor at every step, on from where the last run stopped, and old files go."""

from __future__ import annotations

import asyncio
import shutil
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
from tests.demo.conftest import MOMENT

from madang.city.demo.fleet import COLUMNS, Fleet
from madang.city.demo.following import READINGS, append, fill, keep_alive, last_written
from madang.city.demo.readings import groups_of, measure

SECOND = 1_000_000


class RunningClock:
    """A clock that runs from a moment on."""

    def __init__(self, moment: int) -> None:
        self.begin, self.start = moment, time.monotonic()

    def now(self) -> int:
        return self.begin + int((time.monotonic() - self.start) * SECOND)


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    (tmp_path / READINGS).mkdir()
    shutil.copy(made / "fleet.json", tmp_path)
    newest = max((made / READINGS).glob("*.csv"), key=lambda path: path.stem)
    shutil.copy(newest, tmp_path / READINGS)
    return tmp_path


def rows(folder: Path) -> list[list[str]]:
    found = []
    for path in sorted([*(folder / READINGS).glob("*T*.csv"), *(folder / READINGS).glob("*-filled.csv")]):
        lines = path.read_text("utf-8").splitlines()
        assert lines[0] == ",".join(("kind", "sensor", "time", *COLUMNS))
        found += [line.split(",") for line in lines[1:]]
    return found


async def alive(folder: Path, clock: RunningClock, seconds: float) -> None:
    task = asyncio.create_task(keep_alive(folder, clock, step_seconds=1))
    await asyncio.sleep(seconds)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_sensors_take_turns_at_every_step(folder: Path) -> None:
    await alive(folder, RunningClock(MOMENT), 3.3)
    by_time: dict[str, set[str]] = {}
    for row in rows(folder):
        assert len(row) == 3 + len(COLUMNS)
        by_time.setdefault(row[2], set()).add(row[1])
    times = sorted(datetime.fromisoformat(moment).timestamp() for moment in by_time)
    assert len(times) >= 3
    assert {later - earlier for earlier, later in pairwise(times)} == {1}
    assert all(40 <= len(sensors) <= 50 for sensors in by_time.values())


async def test_what_was_missed_is_filled_hour_by_hour(folder: Path) -> None:
    await fill(groups_of(fleet(folder)), folder / READINGS, MOMENT // SECOND + 50 * 3600)
    times = sorted({row[2] for row in rows(folder)})
    assert len(times) == 49
    assert times[0] == "2025-11-25T02:00:00+09:00"
    assert times[-1] == "2025-11-27T02:00:00+09:00"


async def test_at_most_a_week_is_filled(folder: Path) -> None:
    groups = groups_of(fleet(folder))
    now = MOMENT // SECOND + 60 * 86_400
    await fill(groups, folder / READINGS, now)
    days = {path.stem[:10] for path in (folder / READINGS).glob("*-filled.csv")}
    assert min(days) >= "2026-01-16"
    assert last_written(folder / READINGS) >= now - 3600


async def test_a_second_run_goes_on_with_the_same_values(folder: Path) -> None:
    """What the file says is what the sensors measure at that moment: no run has a memory."""
    await alive(folder, RunningClock(MOMENT), 1.3)
    first = rows(folder)
    await alive(folder, RunningClock(MOMENT + 10 * SECOND), 1.3)
    second = rows(folder)
    assert second[: len(first)] == first
    assert len({(row[1], row[2]) for row in second}) == len(second)
    groups = groups_of(fleet(folder))
    moment = datetime.fromisoformat(second[-1][2]).timestamp()
    last = {row[1]: row for row in second if row[2] == second[-1][2]}
    for group, values in zip(groups, measure(groups, np.array([moment])), strict=True):
        for column, measured in values.items():
            for key, value in zip(group.keys, measured[0], strict=True):
                if key in last and not np.isnan(value):
                    assert float(last[key][3 + COLUMNS.index(column)]) == pytest.approx(value)


def test_a_row_that_was_cut_off_is_not_the_last_one(folder: Path) -> None:
    readings = folder / READINGS
    append(
        readings, MOMENT // SECOND + 30, ["air,air-01,2025-11-25T01:00:30+09:00" + ",1" * len(COLUMNS) + "\n"]
    )
    path = next(readings.glob("*T*.csv"))
    path.write_text(path.read_text("utf-8") + "air,air-02,2025-11-25T01:0", "utf-8")
    assert last_written(readings) == MOMENT // SECOND + 30


def test_files_of_more_than_a_day_go(folder: Path) -> None:
    readings = folder / READINGS
    for hour in range(40):
        append(readings, MOMENT // SECOND + 3600 * hour, ["x\n"])
    live = sorted(path.name for path in readings.glob("*T*.csv"))
    assert len(live) == 25
    assert live[-1] == "2025-11-26T16.csv"


def fleet(folder: Path) -> Fleet:
    return msgspec.json.decode((folder / "fleet.json").read_bytes(), type=Fleet)
