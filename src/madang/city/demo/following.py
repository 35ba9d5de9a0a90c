"""The files of readings: the week before, and then a row of every sensor each minute, for as long as asked.

A file holds an hour of live readings; files a day old go. What was missed while nobody wrote is filled in hour by
hour, into a file for each day. The values are those of `readings.py`: where one run stops, the next goes on as if nothing had happened.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from madang.city.demo.fleet import COLUMNS, Fleet
from madang.city.demo.readings import Group, groups_of, measure_group
from madang.city.demo.waves import Floats
from madang.city.demo.weather import KST, Weather, weather_at
from madang.clock import Clock

STEP_SECONDS: Final = 15
# A sensor reports once a minute, a part of them at every step: alive to look at, and not a million writes a day
TURNS: Final = 4
HISTORY_DAYS: Final = 7
FLEET_FILE: Final = "fleet.json"
READINGS: Final = "readings"
_HOUR: Final = 3600
_AHEAD_STEPS: Final = 8
_LATE_STEPS: Final = 4
_HOURS_KEPT: Final = 25
_DAYS_KEPT: Final = 2 * HISTORY_DAYS + 2
_HEADER: Final = ",".join(("kind", "sensor", "time", *COLUMNS)) + "\n"
_TAIL_BYTES: Final = 4096


def write_history(fleet: Fleet, folder: Path) -> None:
    """A file for each day (KST) of the week before the moment of the fleet, one row per sensor and hour."""
    readings = folder / READINGS
    readings.mkdir(parents=True, exist_ok=True)
    last = fleet.moment // 1_000_000 // _HOUR * _HOUR
    seconds = np.arange(last - HISTORY_DAYS * 24 * _HOUR, last + 1, _HOUR, dtype=float)
    by_day: dict[str, list[str]] = {}
    weather = weather_at(fleet.seed, seconds)
    by_kind = [_rows(group, weather, seconds) for group in groups_of(fleet)]
    for moment, *kinds in zip(seconds, *by_kind, strict=True):
        for rows in kinds:
            by_day.setdefault(f"{_local(moment):%Y-%m-%d}.csv", []).extend(rows)
    for name, rows in by_day.items():
        (readings / name).write_text(_HEADER + "".join(rows), encoding="utf-8")


async def keep_alive(folder: Path, clock: Clock, step_seconds: int = STEP_SECONDS) -> None:
    """Append readings every `step_seconds` until cancelled. It never holds the event loop for more than a few
    milliseconds."""
    fleet = msgspec.json.decode((folder / FLEET_FILE).read_bytes(), type=Fleet)
    groups = groups_of(fleet)
    readings = folder / READINGS
    written = await fill(groups, readings, clock.now() // 1_000_000)
    while True:
        start = max(written, clock.now() // 1_000_000 - step_seconds)
        ahead = (start // step_seconds + np.arange(1.0, _AHEAD_STEPS + 1)) * step_seconds
        for moment, rows in zip(ahead, await _rows_in_slices(groups, ahead), strict=True):
            await asyncio.sleep(max(0.0, moment - clock.now() / 1_000_000))
            if clock.now() / 1_000_000 - moment > _LATE_STEPS * step_seconds:
                written = await fill(groups, readings, clock.now() // 1_000_000)
                break
            append(readings, int(moment), _in_turn(rows, int(moment) // step_seconds))
            written = int(moment)


def _in_turn(rows: Sequence[str], step: int) -> list[str]:
    """The rows of the sensors whose turn it is at this step."""
    return [row for number, row in enumerate(rows) if (number + step) % TURNS == 0]


async def fill(groups: Sequence[Group], readings: Path, now: int) -> int:
    """Write what is missing since the last row, hourly, at most for the week before. Returns the last time written.

    now: seconds since 1970."""
    last = max(last_written(readings), now - HISTORY_DAYS * 24 * _HOUR)
    missing = np.arange(last // _HOUR * _HOUR + _HOUR, now, _HOUR, dtype=np.float64)
    for at in range(0, len(missing), _AHEAD_STEPS):
        some = missing[at : at + _AHEAD_STEPS]
        for moment, rows in zip(some, await _rows_in_slices(groups, some), strict=True):
            _append(readings / f"{_local(moment):%Y-%m-%d}-filled.csv", rows)
            last = int(moment)
    return last


def append(readings: Path, moment: int, rows: Iterable[str]) -> None:
    """One step's rows to the file of its hour. moment: seconds since 1970."""
    _append(readings / f"{_local(moment):%Y-%m-%dT%H}.csv", rows)


def _append(path: Path, rows: Iterable[str]) -> None:
    """With every new file old ones go: of the hours all but a day's, of the days all but a week's."""
    if path.exists():
        with path.open("a", encoding="utf-8") as file:
            file.write("".join(rows))
        return
    path.write_text(_HEADER + "".join(rows), encoding="utf-8")
    files = sorted(path.parent.glob("*.csv"))
    hours = [file for file in files if "T" in file.stem]
    days = [file for file in files if "T" not in file.stem]
    for old in (*hours[:-_HOURS_KEPT], *days[:-_DAYS_KEPT]):
        old.unlink()


def last_written(readings: Path) -> int:
    """The time of the last whole row of all files, seconds since 1970; 0 if there is none."""
    return max((_last_in(path) for path in readings.glob("*.csv")), default=0)


def _last_in(path: Path) -> int:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        lines = file.read().decode("utf-8", "replace").splitlines(keepends=True)
    for line in reversed(lines):
        cells = line.split(",")
        if line.endswith("\n") and len(cells) > len(COLUMNS) and cells[2] != "time":
            return int(datetime.fromisoformat(cells[2]).timestamp())
    return 0


async def _rows_in_slices(groups: Sequence[Group], seconds: Floats) -> list[list[str]]:
    """The lines of each moment, giving way to others after every kind of sensor."""
    weather = weather_at(groups[0].seed, seconds)
    found: list[list[str]] = [[] for _ in seconds]
    for group in groups:
        for collected, rows in zip(found, _rows(group, weather, seconds), strict=True):
            collected.extend(rows)
        await asyncio.sleep(0)
    return found


def _rows(group: Group, weather: Weather, seconds: Floats) -> Iterator[list[str]]:
    """The lines of one kind of sensor, for each moment."""
    measured = measure_group(group, weather, seconds)
    values = np.stack(list(measured.values()), axis=2)
    order = [COLUMNS.index(column) for column in measured]
    empty = [""] * len(COLUMNS)
    for moment, of_sensors in zip(seconds, values.tolist(), strict=True):
        time = _local(moment).isoformat(timespec="seconds")
        rows: list[str] = []
        for key, numbers in zip(group.keys, of_sensors, strict=True):
            cells = empty.copy()
            for at, number in zip(order, numbers, strict=True):
                cells[at] = _cell(number)
            if any(cells):
                rows.append(f"{group.kind},{key},{time},{','.join(cells)}\n")
        yield rows


def _cell(value: float) -> str:
    return "" if math.isnan(value) else f"{value:g}" if value < 100_000 else f"{value:.0f}"


def _local(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC).astimezone(KST)
