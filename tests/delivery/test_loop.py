"""A subscription whose endpoint is the platform itself does not feed on its own notifications (CIM 009 §6.3.18)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest
from tests.serving import Platform

BASE = "/ngsi-ld/v1"


async def test_notifications_to_itself_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MADANG_EGRESS_ALLOW", "127.0.0.1")
    platform = Platform.start(tmp_path)
    try:
        async with aiohttp.ClientSession(platform.url) as client:
            subscription = {
                "type": "Subscription",
                "entities": [{"type": "Room"}, {"type": "Notification"}],
                "notification": {"endpoint": {"uri": f"{platform.url}{BASE}/entities"}},
            }
            async with client.post(f"{BASE}/subscriptions", json=subscription) as response:
                assert response.status == 201
            room = {"id": "urn:ngsi-ld:Room:1", "type": "Room", "level": {"type": "Property", "value": 1}}
            async with client.post(f"{BASE}/entities", json=room) as response:
                assert response.status == 201
            async with asyncio.timeout(20):
                while True:
                    async with client.get("/api/deliveries") as response:
                        (told,) = (await response.json())["subscriptions"]
                    if told["deadLetters"]:
                        break
                    await asyncio.sleep(0.1)
            async with client.get("/api/deliveries/dead-letters") as response:
                (letter,) = (await response.json())["letters"]
            assert letter["reason"] == "The receiver answered with status 508"
            async with client.get(f"{BASE}/types") as response:
                assert (await response.json())["typeList"] == ["Room"]
    finally:
        platform.stop()
