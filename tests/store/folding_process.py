"""A program that writes histories and folds them at once, for the test that kills it: `python -m ... FILE`.

It says after each commit which value was the last that every sensor has.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

import orjson

from madang.clock import SystemClock
from madang.ngsild.attribute import property_
from madang.ngsild.changes import AppendHistory
from madang.ngsild.context import CORE
from madang.ngsild.entity import Entity
from madang.ngsild.temporal import TemporalQuery
from madang.ngsild.times import format_moment
from madang.store.sqlite.store import Options, SqliteStore
from madang.trust.access import OPEN

SENSORS: Final = [f"urn:ngsi-ld:Sensor:{number}" for number in range(3)]
SENSOR: Final = CORE.expand("Sensor")
LEVEL: Final = CORE.expand("level")
TOGETHER: Final = 250


def written(sensor: str, first: int) -> AppendHistory:
    """The next values of a sensor."""
    values = range(first, first + TOGETHER)
    instances = [property_(LEVEL, n, observed_at=format_moment(n * 1_000_000)) for n in values]
    return AppendHistory(Entity(sensor, (SENSOR,), tuple(instances)))


async def numbers(store: SqliteStore, sensor: str) -> list[int]:
    """All values of a sensor, in their order."""
    evolution = await store.evolution(sensor, TemporalQuery(), OPEN)
    if evolution is None:
        return []
    (series,) = evolution.series
    return [orjson.loads(instance.body)["value"] for instance in series.instances]


async def main(path: Path) -> None:
    store = SqliteStore(path, SystemClock(), Options())
    last = len(await numbers(store, SENSORS[0]))

    async def write() -> None:
        nonlocal last
        while True:
            await store.commit([written(sensor, last) for sensor in SENSORS])
            last += TOGETHER
            sys.stdout.write(f"{last}\n")
            sys.stdout.flush()
            await asyncio.sleep(0.01)

    async def fold() -> None:
        while True:
            steps = await store.fold()
            sys.stdout.write(f"folded {steps}\n")
            sys.stdout.flush()

    await asyncio.gather(write(), fold())


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
