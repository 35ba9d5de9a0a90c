"""How fast changes are notified: from the first write until the last notification has arrived.

Once as changes of a single entity, which never share a notification, and once as batches of 100 entities, which
do. `python -m madang.cli.bench.notify [SECONDS]` measures both by themselves.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import aiohttp
import msgspec

from madang import server
from madang.cli.bench import entities, processes
from madang.cli.bench.measure import Load, drive
from madang.errors import ProgramFailed

_SETTLE_SECONDS_MAX: Final = 120.0
_JSON: Final = {"Content-Type": "application/json"}


class Way(msgspec.Struct, frozen=True):
    """A way in which changes come. scenario: of requests.lua. stations: on how many entities. floor: changes/s."""

    name: str
    title: str
    scenario: str
    stations: int
    changes: int
    floor: float


WAYS: Final = (
    Way("notify_single", "notified, one entity", "patch_one", 1, 1, 2_000),
    Way("notify_batch", "notified, batches of 100", "upsert_100", 10_000, 100, 10_000),
)


class Notified(msgspec.Struct, frozen=True):
    """A way's figures. changes_per_second, notifications_per_second: from the first write to the last notification.

    late_seconds: from the last write to the last notification. processor_ms: of the server, per change, with
    the write.
    """

    name: str
    title: str
    changes_per_second: float
    notifications_per_second: float
    late_seconds: float
    processor_ms: float
    floor: float

    @property
    def reached(self) -> bool:
        return self.changes_per_second >= self.floor


class _Counts(msgspec.Struct, frozen=True):
    notifications: int
    entities: int


def run_notifications(load: Load, tell: Callable[[str], None]) -> list[Notified]:
    """Measure every way on a platform of its own. Raises ProgramFailed if a notification does not arrive."""
    found = []
    for way in WAYS:
        tell(way.title)
        stock = entities.Stock(entities=way.stations, with_history=0, values=0)
        with receiver() as counter, platform() as running:
            asyncio.run(prepare(running.url, counter, stock))
            measured = msgspec.structs.replace(load, stock=stock)
            found.append(measure_way(way, running, counter, measured))
    return found


def measure_way(way: Way, running: processes.Running, counter: str, load: Load) -> Notified:
    drive(way.scenario, running, msgspec.structs.replace(load, seconds=1), os.getpid())
    before = asyncio.run(settled(running.url, counter, 0))
    used = running.processor_seconds()
    began = time.perf_counter()
    report = drive(way.scenario, running, load, os.getpid() + 1)
    written = time.perf_counter()
    changes = (report.requests - report.failed) * way.changes
    after = asyncio.run(settled(running.url, counter, before.entities + changes))
    ended = time.perf_counter()
    notified = after.entities - before.entities
    return Notified(
        name=way.name,
        title=way.title,
        changes_per_second=notified / (ended - began),
        notifications_per_second=(after.notifications - before.notifications) / (ended - began),
        late_seconds=ended - written,
        processor_ms=(running.processor_seconds() - used) * 1000 / max(notified, 1),
        floor=way.floor,
    )


@contextmanager
def receiver() -> Iterator[str]:
    """Who counts notifications; the address."""
    port = server.claim(processes.HOST, 0)
    with processes.started(["-m", "madang.cli.bench.receiver", str(port)], port) as running:
        yield running.url


@contextmanager
def platform() -> Iterator[processes.Running]:
    """`madang up` with an empty home of its own, which may send to this machine."""
    with TemporaryDirectory(prefix="madang-bench-") as home:
        port = server.claim(processes.HOST, 0)
        allowed = {**os.environ, "MADANG_EGRESS_ALLOW": processes.HOST}
        with processes.started(processes.up(Path(home), port), port, allowed) as running:
            yield running


async def prepare(url: str, counter: str, stock: entities.Stock) -> None:
    """Store the stations, then subscribe to them all."""
    subscription = {
        "type": "Subscription",
        "entities": [{"type": "AirQualityObserved"}],
        "notification": {"endpoint": {"uri": f"{counter}/notify"}},
    }
    async with aiohttp.ClientSession(headers=_JSON) as client:
        for body in entities.batches(stock):
            await send(client, f"{url}/ngsi-ld/v1/entityOperations/create", body)
        await send(client, f"{url}/ngsi-ld/v1/subscriptions", msgspec.json.encode(subscription))


async def send(client: aiohttp.ClientSession, url: str, body: bytes) -> None:
    async with client.post(url, data=body) as response:
        if response.status >= 300:
            raise ProgramFailed(
                f"POST {url} was answered with {response.status}", detail=(await response.text())[:2000]
            )


async def settled(url: str, counter: str, entities_min: int) -> _Counts:
    """What has arrived, once nothing waits any more."""
    async with aiohttp.ClientSession() as client:
        until = time.perf_counter() + _SETTLE_SECONDS_MAX
        while time.perf_counter() < until:
            waiting = (await read(client, f"{url}/api/deliveries"))["subscriptions"]
            counts = msgspec.convert(await read(client, counter), _Counts)
            idle = all(one["waiting"] == 0 and not one["moreOnDisk"] for one in waiting)
            if idle and counts.entities >= entities_min:
                return counts
            await asyncio.sleep(0.02)
    raise ProgramFailed(f"Notifications still wait {_SETTLE_SECONDS_MAX:g} s after the last write: {waiting}")


async def read(client: aiohttp.ClientSession, url: str) -> Any:
    async with client.get(url) as response:
        return await response.json(content_type=None)


def main() -> None:
    load = Load(seconds=float(sys.argv[1]) if len(sys.argv) > 1 else 5.0)
    found = run_notifications(load, lambda _step: None)
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")


if __name__ == "__main__":
    main()
