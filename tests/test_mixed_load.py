"""Writes, queries and subscriptions at once, and `kill -9` every few seconds: nothing acknowledged is lost, every
change is notified, in order, again only after a kill, and memory does not grow.

Two minutes here. For two hours: MADANG_MIXED_LOAD_SECONDS=7200 .venv/bin/python -m pytest tests/test_mixed_load.py
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import orjson
import pytest
from aiohttp import web
from tests.acknowledged import BASE, write_one, write_together
from tests.serving import Platform

from madang import server

SECONDS = float(os.environ.get("MADANG_MIXED_LOAD_SECONDS", "120"))
LIFE_SECONDS = (2.0, 6.0)
# The last life is long enough to see memory grow, if it does: after hours, queues are long, and memory fills up to its
# limits with what is read of them before it can be flat
LAST_SECONDS = max(25.0, SECONDS / 24)
SETTLE_SECONDS_MAX = max(60.0, SECONDS / 30)
GROWTH_MAX = 1.25
COUNTERS, BATCHES, BATCH = 6, 2, 10
REFUSED_EVERY = 150
SUBSCRIPTION = "urn:ngsi-ld:Subscription:"
# To which types the standing subscriptions are, by the path at which they are notified
STANDING = {"well": ("Counted", "Together"), "flaky": ("Counted", "Together"), "together": ("Together",)}


class Heard:
    """What was notified. levels: which levels of an entity came to a path, whatever the number of times. last: the
    highest that one process sent, by process, subscription and entity. problems: what must not be."""

    def __init__(self) -> None:
        self.levels: dict[tuple[str, str], bytearray] = {}
        self.last: dict[tuple[str, str, str], int] = {}
        self.problems: list[str] = []
        self.again = 0
        self.notifications = 0

    async def handle(self, request: web.Request) -> web.Response:
        path = request.path.strip("/")
        body = orjson.loads(await request.read())
        self.notifications += 1
        if path == "flaky" and self.notifications % REFUSED_EVERY == 0:
            return web.Response(status=503)
        process = request.headers["Via"]
        for entity in body["data"]:
            self.note((process, body["subscriptionId"]), path, entity["id"], entity["level"]["value"])
        if len({entity["id"] for entity in body["data"]}) < len(body["data"]):
            self.problems.append(f"an entity is twice in {body}")
        return web.Response()

    def note(self, sender: tuple[str, str], path: str, identifier: str, level: int) -> None:
        known = self.levels.setdefault((path, identifier), bytearray())
        if level >= len(known):
            known.extend(bytes(level + 1 - len(known)))
        self.again += known[level] if path in STANDING else 0
        known[level] = 1
        last = self.last.get((*sender, identifier), -1)
        if level <= last:
            self.problems.append(f"{sender} sent {level} of {identifier} after {last}")
        self.last[*sender, identifier] = level

    def missing(self, path: str, identifier: str, levels: bytearray) -> list[int]:
        """Levels that were written and not notified."""
        heard = self.levels.get((path, identifier), bytearray())
        return [
            level for level, written in enumerate(levels) if written and heard[level : level + 1] != b"\1"
        ]


class Written(msgspec.Struct):
    """What the writers know: by entity, which levels are in the store for certain, and the one on its way."""

    levels: dict[str, bytearray] = msgspec.field(default_factory=dict)
    tried: dict[str, int] = msgspec.field(default_factory=dict)
    reads: int = 0

    def note(self, identifier: str, level: int) -> None:
        known = self.levels.setdefault(identifier, bytearray())
        known.extend(bytes(level + 1 - len(known)))
        known[level] = 1

    def last(self, identifier: str) -> int:
        return len(self.levels.get(identifier, b"")) - 1


@asynccontextmanager
async def listening(heard: Heard) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_post("/{path:.*}", heard.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def level_of(level: int) -> dict[str, Any]:
    return {"type": "Property", "value": level}


async def subscribe(client: aiohttp.ClientSession, identifier: str, uri: str, types: tuple[str, ...]) -> None:
    subscription = {
        "id": identifier,
        "type": "Subscription",
        "entities": [{"type": name} for name in types],
        "watchedAttributes": ["level"],
        "notification": {"endpoint": {"uri": uri}},
    }
    async with client.post(f"{BASE}/subscriptions", json=subscription) as response:
        assert response.status == 201, await response.text()


async def resume(client: aiohttp.ClientSession, written: Written, identifier: str) -> int:
    """The next level of an entity: what the store holds is the last acknowledged one, or the one that was on its way."""
    async with client.get(f"{BASE}/entities/{identifier}") as response:
        found = (await response.json())["level"]["value"] if response.status == 200 else -1
    allowed = {written.last(identifier), written.tried.get(identifier, -1)}
    assert found in allowed, f"{identifier} is {found}, acknowledged and tried are {allowed}"
    if found >= 0:
        written.note(identifier, found)
    return found + 1


async def count(client: aiohttp.ClientSession, written: Written, number: int) -> None:
    """One entity, one change at a time, as fast as they are acknowledged."""
    identifier = f"urn:ngsi-ld:Counted:{number}"
    level = await resume(client, written, identifier)
    while True:
        written.tried[identifier] = level
        entity = {"id": identifier, "type": "Counted", "level": level_of(level)}
        await write_one(client, entity, new=level == 0)
        written.note(identifier, level)
        level += 1
        await asyncio.sleep(random.uniform(0, 0.02))


async def count_together(client: aiohttp.ClientSession, written: Written, number: int) -> None:
    """Several entities in one batch."""
    identifiers = [f"urn:ngsi-ld:Together:{number}:{place}" for place in range(BATCH)]
    level = max([await resume(client, written, one) for one in identifiers])
    while True:
        written.tried |= dict.fromkeys(identifiers, level)
        entities = [{"id": one, "type": "Together", "level": level_of(level)} for one in identifiers]
        await write_together(client, entities)
        for one in identifiers:
            written.note(one, level)
        level += 1
        await asyncio.sleep(random.uniform(0, 0.05))


async def read(client: aiohttp.ClientSession, written: Written, number: int) -> None:
    """Queries, whose answers may not be older than what was acknowledged before."""
    while True:
        identifier = f"urn:ngsi-ld:Counted:{number % COUNTERS}"
        known = written.last(identifier)
        query = {"type": "Counted", "q": f"level>={known}", "limit": "100"}
        async with client.get(f"{BASE}/entities", params=query) as response:
            assert response.status == 200, await response.text()
            found = {entity["id"] for entity in await response.json()}
        assert known < 0 or identifier in found, f"{identifier} is not at {known} or above"
        written.reads += 1
        number += 1
        await asyncio.sleep(random.uniform(0, 0.05))


async def come_and_go(client: aiohttp.ClientSession, url: str) -> None:
    """Subscriptions that are made and deleted all the time, some with a dead endpoint."""
    while True:
        identifier = f"{SUBSCRIPTION}passing:{random.getrandbits(48):x}"
        uri = random.choice((f"{url}/passing", f"http://127.0.0.1:{server.claim('127.0.0.1', 0)}"))
        await subscribe(client, identifier, uri, ("Counted",))
        await asyncio.sleep(random.uniform(0.05, 0.5))
        async with client.delete(f"{BASE}/subscriptions/{identifier}") as response:
            assert response.status == 204, await response.text()


async def clear(client: aiohttp.ClientSession) -> None:
    """Delete the passing subscriptions that a kill left behind: each would be told of every change from then on."""
    async with client.get(f"{BASE}/subscriptions", params={"limit": "1000"}) as response:
        assert response.status == 200, await response.text()
        left = [one["id"] for one in await response.json() if ":passing:" in one["id"]]
    for identifier in left:
        async with client.delete(f"{BASE}/subscriptions/{identifier}") as response:
            assert response.status == 204, await response.text()


async def live(platform: Platform, written: Written, url: str, seconds: float) -> None:
    """Everything at once for so long; then the server is killed."""
    async with aiohttp.ClientSession(platform.url) as client:
        await clear(client)
        work = [
            *(count(client, written, number) for number in range(COUNTERS)),
            *(count_together(client, written, number) for number in range(BATCHES)),
            *(read(client, written, number) for number in range(2)),
            come_and_go(client, url),
        ]
        tasks = [asyncio.create_task(one) for one in work]
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks:
            if task.done():
                await task
        platform.kill()
        problems = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(problem, aiohttp.ClientError) for problem in problems), problems


def own_memory(platform: Platform) -> int:
    """KiB of memory that are the server's own, without the mapped file."""
    status = Path(f"/proc/{platform.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon"))


async def flat_memory(platform: Platform, seconds: float) -> None:
    """Memory after a third of the time and at its end."""
    await asyncio.sleep(seconds / 3)
    early = own_memory(platform)
    await asyncio.sleep(seconds * 2 / 3 - 0.5)
    late = own_memory(platform)
    assert late < early * GROWTH_MAX, f"memory grew from {early} to {late} KiB"


async def all_heard(heard: Heard, written: Written) -> None:
    """Wait until every change has been notified to every subscription that it concerns."""
    lost: dict[str, list[int]] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_SECONDS_MAX):
            while True:
                lost = {
                    f"{identifier} to /{path}": missing[:5]
                    for path, types in STANDING.items()
                    for identifier, levels in written.levels.items()
                    if identifier.split(":")[2] in types
                    and (missing := heard.missing(path, identifier, levels))
                }
                if not lost:
                    return
                await asyncio.sleep(0.25)
    pytest.fail(f"not notified: {lost}")


async def test_nothing_is_lost_or_told_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MADANG_EGRESS_ALLOW", "127.0.0.1")
    heard, written = Heard(), Written()
    async with listening(heard) as url:
        platform = Platform.start(tmp_path)
        try:
            async with aiohttp.ClientSession(platform.url) as client:
                for path, types in STANDING.items():
                    await subscribe(client, SUBSCRIPTION + path, f"{url}/{path}", types)
                dead = f"http://127.0.0.1:{server.claim('127.0.0.1', 0)}"
                await subscribe(client, SUBSCRIPTION + "dead", dead, ("Counted", "Together"))
            loop = asyncio.get_running_loop()
            last = min(LAST_SECONDS, SECONDS / 2)
            until = loop.time() + SECONDS - last
            kills = 0
            while loop.time() < until:
                await live(platform, written, url, random.uniform(*LIFE_SECONDS))
                kills += 1
                platform = await asyncio.to_thread(Platform.start, tmp_path)
            measuring = asyncio.create_task(flat_memory(platform, last))
            await live(platform, written, url, last)
            await measuring
            platform = await asyncio.to_thread(Platform.start, tmp_path)
            async with aiohttp.ClientSession(platform.url) as client:
                for identifier in list(written.tried):
                    await resume(client, written, identifier)
            await all_heard(heard, written)
        finally:
            platform.stop()
    assert not heard.problems, heard.problems[:10]
    changes = sum(sum(levels) for levels in written.levels.values())
    print(f"{changes} changes, {heard.notifications} notifications, {heard.again} again, {kills + 1} kills")
    assert changes > 20 * SECONDS, "hardly anything was written, so this run says nothing"
    assert written.reads > SECONDS
