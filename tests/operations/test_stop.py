"""Stopping: requests under way are answered, what was acknowledged is on disk, and nothing is complained about."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import aiohttp
import pytest
from tests.serving import Platform

ENTITIES = "/ngsi-ld/v1/entities"


async def write_until_it_stops(platform: Platform, writer: int, acknowledged: list[str]) -> int:
    """Writes entities one after the other; how many requests were cut without an answer."""
    async with aiohttp.ClientSession(platform.url) as client:
        n = 0
        while True:
            identifier = f"urn:x:{writer}-{n}"
            body = {"id": identifier, "type": "Car", "n": {"type": "Property", "value": n}}
            try:
                async with client.post(ENTITIES, json=body) as reply:
                    await reply.read()
            except aiohttp.ClientConnectorError:
                return 0
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
                return 1
            assert reply.status == 201
            acknowledged.append(identifier)
            n += 1


@pytest.mark.parametrize("round_", range(3))
async def test_writers_are_answered_and_nothing_acknowledged_is_lost(tmp_path: Path, round_: int) -> None:
    platform = Platform.start(tmp_path / "home")
    acknowledged: list[str] = []
    writers = [asyncio.create_task(write_until_it_stops(platform, n, acknowledged)) for n in range(8)]
    await asyncio.sleep(0.5 + 0.1 * round_)
    began = time.monotonic()
    assert await asyncio.to_thread(platform.stop) == 0
    assert time.monotonic() - began < 5
    await asyncio.gather(*writers)
    assert len(acknowledged) > 50
    log = platform.log.read_text(encoding="utf-8")
    assert "ERROR" not in log
    assert "Traceback" not in log
    assert not list((platform.home / "tenants").glob("*-wal")), "the store was not closed in order"
    again = Platform.start(platform.home)
    try:
        async with aiohttp.ClientSession(again.url) as client:
            for identifier in acknowledged:
                async with client.get(f"{ENTITIES}/{identifier}") as reply:
                    assert reply.status == 200, identifier
    finally:
        again.kill()


async def test_a_slow_request_is_answered_before_the_end(tmp_path: Path) -> None:
    """A batch that is being written when the platform is told to stop is written, and its client told so."""
    platform = Platform.start(tmp_path / "home")
    batch = [{"id": f"urn:x:{n}", "type": "Car", "n": {"type": "Property", "value": n}} for n in range(1000)]
    async with aiohttp.ClientSession(platform.url) as client:
        await client.get("/health")
        writing = asyncio.create_task(client.post("/ngsi-ld/v1/entityOperations/create", json=batch))
        await asyncio.sleep(0.03)
        stopped = asyncio.create_task(asyncio.to_thread(platform.stop))
        reply = await writing
        assert reply.status == 201
        assert len(await reply.json()) == 1000
    assert await stopped == 0
