"""What the tests of provision share: an entity, and how its present state is asked."""

from __future__ import annotations

from typing import Any, Final

from tests.asgi_client import Client, Reply

BASE: Final = "/ngsi-ld/v1"
ID: Final = "urn:ngsi-ld:Car:1"
PATH: Final = f"{BASE}/entities/{ID}"
ATTRS: Final = f"{PATH}/attrs"
BATCH: Final = f"{BASE}/entityOperations"
NULL: Final = "urn:ngsi-ld:null"
DATASET: Final = "urn:ngsi-ld:Dataset:1"
VOCABULARY: Final = "https://uri.etsi.org/ngsi-ld/default-context/"
ERRORS: Final = "https://uri.etsi.org/ngsi-ld/errors/"


def value(of: Any, **members: Any) -> dict[str, Any]:
    return {"type": "Property", "value": of, **members}


def car(number: int = 1, **members: Any) -> dict[str, Any]:
    return {"id": f"urn:ngsi-ld:Car:{number}", "type": "Car", **members}


async def create(api: Client, **members: Any) -> None:
    reply = await api.post(f"{BASE}/entities", car(**members))
    assert reply.status == 201, reply.body


async def state(api: Client, number: int = 1) -> dict[str, Any]:
    """The entity without id and type."""
    reply = await api.get(f"{BASE}/entities/urn:ngsi-ld:Car:{number}")
    assert reply.status == 200, reply.body
    body: dict[str, Any] = reply.json()
    return {name: member for name, member in body.items() if name not in ("id", "type")}


def refused(reply: Reply, status: int, error: str) -> bool:
    """Whether the answer is this problem, told so that a person can mend it."""
    problem = reply.json()
    assert (reply.status, problem["type"]) == (status, ERRORS + error), reply.body
    assert reply.headers["content-type"] == "application/json"
    return len(problem["detail"]) > 10 and bool(problem["title"])
