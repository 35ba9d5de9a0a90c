"""What the tests of histories share: a vehicle whose speed has a history, and how it is sent and read."""

from __future__ import annotations

from typing import Any

from tests.asgi_client import Client

BASE = "/ngsi-ld/v1"
TEMPORAL = f"{BASE}/temporal/entities"
ID = "urn:ngsi-ld:Vehicle:B9211"
SPEEDS = [(120, "2018-08-01T12:03:00Z"), (80, "2018-08-01T12:05:00Z"), (100, "2018-08-01T12:07:00Z")]
ALL = {"timerel": "after", "timeAt": "2000-01-01T00:00:00Z"}


def speed(value: Any, observed_at: str, **more: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, "observedAt": observed_at, **more}


def vehicle(identifier: str = ID, **attributes: Any) -> dict[str, Any]:
    attributes = attributes or {"speed": [speed(*pair) for pair in SPEEDS]}
    return {"id": identifier, "type": "Vehicle", **attributes}


async def create(api: Client, body: dict[str, Any] | None = None) -> None:
    reply = await api.post(TEMPORAL, body or vehicle())
    assert reply.status in (201, 204), reply.body


async def read(api: Client, identifier: str = ID, **params: str) -> dict[str, Any]:
    reply = await api.get(f"{TEMPORAL}/{identifier}", params=params)
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.json()
    return found


def times(instances: list[dict[str, Any]]) -> list[str]:
    return [instance["observedAt"][11:16] for instance in instances]
