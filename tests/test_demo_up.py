"""`madang up --demo`: the demonstration city comes in by the door that every city takes, and lives."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import aiohttp
import pytest
from tests.serving import Platform

LOAD_SECONDS_MAX = 120


async def test_the_demonstration_city_comes_up_and_lives(tmp_path: Path) -> None:
    platform = Platform.start(tmp_path, "--demo")
    try:
        async with aiohttp.ClientSession(platform.url) as client:
            # The page is there while the city is being loaded.
            page = await client.get("/en/city")
            assert page.status == 200
            assert "Gaon" in await page.text()
            await until_loaded(platform)
            assert await counted(client, "Building") > 2500
            assert await counted(client, "GtfsStop") > 50
            before = await sequence(client)
            for _ in range(60):
                if await sequence(client) > before:
                    break
                await asyncio.sleep(0.5)
            else:
                pytest.fail("no reading arrived within 30 s")
    finally:
        assert platform.stop() == 0
    said = platform.log.read_text()
    assert "failed" not in said, said
    assert "quarantine" not in said, said


async def until_loaded(platform: Platform) -> None:
    give_up = time.monotonic() + LOAD_SECONDS_MAX
    city = (platform.home / "files" / "demo" / "city.toml").read_text()
    sources = city.count("\n[[source]]\n")
    while (said := platform.log.read_text()).count(": loaded") < sources:
        assert time.monotonic() < give_up, f"not loaded within {LOAD_SECONDS_MAX} s: {said}"
        await asyncio.sleep(0.2)


async def counted(client: aiohttp.ClientSession, kind: str) -> int:
    async with client.get(
        "/ngsi-ld/v1/entities", params={"type": kind, "count": "true", "limit": "1"}
    ) as response:
        assert response.status == 200
        return int(response.headers["NGSILD-Results-Count"])


async def sequence(client: aiohttp.ClientSession) -> int:
    async with client.get("/ready") as response:
        number: int = (await response.json())["sequence"]
        return number
