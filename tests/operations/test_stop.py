"""Stopping: requests under way are answered, what was acknowledged is on disk, and nothing is complained about."""

from __future__ import annotations

import asyncio
import json
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
    assert time.monotonic() - began < 10
    await asyncio.gather(*writers)
    assert len(acknowledged) > 5
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


async def test_a_request_that_is_still_arriving_is_answered(tmp_path: Path) -> None:
    """The platform is told to stop when half of a batch is there; the rest comes, is written, and its client told so."""
    platform = Platform.start(tmp_path / "home")
    batch = [{"id": f"urn:x:{n}", "type": "Car"} for n in range(500)]
    body = json.dumps(batch).encode()
    head = (
        "POST /ngsi-ld/v1/entityOperations/create HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", int(platform.url.rsplit(":", 1)[1]))
    writer.write(head.encode() + body[:1000])
    await writer.drain()
    await asyncio.sleep(0.5)
    stopped = asyncio.create_task(asyncio.to_thread(platform.stop))
    await asyncio.sleep(0.3)
    writer.write(body[1000:])
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 201"), answer[:300]
    assert len(json.loads(answer.partition(b"\r\n\r\n")[2])) == 500
    assert await stopped == 0
