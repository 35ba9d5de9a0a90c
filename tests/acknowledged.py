"""Writes over HTTP of which the caller knows afterwards that they were acknowledged: for tests that kill the server."""

from __future__ import annotations

from typing import Any

import aiohttp

BASE = "/ngsi-ld/v1"


async def write_one(client: aiohttp.ClientSession, entity: dict[str, Any], *, new: bool) -> None:
    """Create the entity, or change the attributes of the one that is there."""
    if new:
        request = client.post(f"{BASE}/entities", json=entity)
    else:
        attributes = {name: value for name, value in entity.items() if name not in ("id", "type")}
        request = client.patch(f"{BASE}/entities/{entity['id']}/attrs", json=attributes)
    async with request as response:
        assert response.status == (201 if new else 204), await response.text()


async def write_together(client: aiohttp.ClientSession, entities: list[dict[str, Any]]) -> None:
    """Create or change them in one batch."""
    async with client.post(f"{BASE}/entityOperations/upsert", json=entities) as response:
        assert response.status in (201, 204), await response.text()
