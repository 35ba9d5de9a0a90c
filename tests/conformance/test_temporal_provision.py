"""Writing, correcting and erasing histories: CIM 009 §4.5.7, §5.6.11 to §5.6.16."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi_client import Client

from madang.clock import FixedClock

BASE = "/ngsi-ld/v1"
TEMPORAL = f"{BASE}/temporal/entities"
ID = "urn:ngsi-ld:Vehicle:1"
NULL = "urn:ngsi-ld:null"


def at(value: Any, minute: int, **more: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, "observedAt": f"2020-01-01T00:{minute:02}:00Z", **more}


def vehicle(**attributes: Any) -> dict[str, Any]:
    return {"id": ID, "type": "Vehicle", **attributes}


async def values(api: Client, name: str = "speed", **params: str) -> list[Any]:
    reply = await api.get(f"{TEMPORAL}/{ID}", params=params)
    assert reply.status == 200, reply.body
    return [one["value"] for one in reply.json()[name]]


async def test_created_is_said_of_the_history_not_of_the_entity(api: Client) -> None:
    assert (await api.post(TEMPORAL, vehicle(speed=[at(1, 1)]))).status == 201
    assert (await api.post(TEMPORAL, vehicle(speed=[at(2, 2)]))).status == 204
    assert (await api.delete(f"{TEMPORAL}/{ID}")).status == 204
    assert (await api.get(f"{BASE}/entities/{ID}")).status == 200
    assert (await api.get(f"{TEMPORAL}/{ID}")).status == 404
    reply = await api.post(TEMPORAL, vehicle(speed=[at(3, 3)]))
    assert (reply.status, reply.headers["location"]) == (201, f"{TEMPORAL}/{ID}")
    assert await values(api) == [3]
    other = {"id": "urn:ngsi-ld:Vehicle:2", "type": "Vehicle", "speed": {"type": "Property", "value": 1}}
    assert (await api.post(f"{BASE}/entities", other)).status == 201
    assert (await api.post(TEMPORAL, other)).status == 204


async def test_types_are_added(api: Client) -> None:
    await api.post(TEMPORAL, vehicle(speed=[at(1, 1)]))
    body = {"type": ["Vehicle", "Truck"], "speed": [at(2, 2)]}
    assert (await api.post(f"{TEMPORAL}/{ID}/attrs", body)).status == 204
    assert (await api.get(f"{TEMPORAL}/{ID}")).json()["type"] == ["Vehicle", "Truck"]
    assert (await api.post(TEMPORAL, {"id": ID, "type": "Bus", "speed": [at(3, 3)]})).status == 204
    assert (await api.get(f"{TEMPORAL}/{ID}")).json()["type"] == ["Vehicle", "Truck", "Bus"]


async def test_instances_are_added_also_at_a_moment_that_has_one(api: Client) -> None:
    """§5.6.12.4 adds instances; what is wrong is corrected by its instanceId (§5.6.14)."""
    await api.post(TEMPORAL, vehicle(speed=[at(1, 1)]))
    await api.post(TEMPORAL, vehicle(speed=[at(2, 1), at(3, 0)]))
    assert await values(api) == [3, 1, 2]


async def test_a_deletion_may_be_part_of_what_is_written(api: Client) -> None:
    deleted = {"type": "Property", "value": NULL, "deletedAt": "2020-01-01T00:03:00Z"}
    body = vehicle(
        speed=[at(1, 1), at(NULL, 2)], fuel=[at(5, 1), deleted], tint=[{"type": "Property", "value": NULL}]
    )
    assert (await api.post(TEMPORAL, body)).status == 201
    assert await values(api) == [1, NULL]
    found = (await api.get(f"{TEMPORAL}/{ID}")).json()
    assert found["fuel"][1]["deletedAt"] == "2020-01-01T00:03:00Z"
    params = {"options": "aggregatedValues", "aggrMethods": "sum", "attrs": "speed"}
    summed = (await api.get(f"{TEMPORAL}/{ID}", params=params)).json()
    assert summed["speed"]["sum"][0][0] == 1
    simple = (await api.get(f"{TEMPORAL}/{ID}", params={"options": "temporalValues"})).json()
    assert simple["fuel"]["values"] == [[5, "2020-01-01T00:01:00Z"]]
    assert (await api.get(f"{BASE}/entities/{ID}")).json().keys() == {"id", "type"}
    wrong = vehicle(speed=[{"type": "Property", "value": NULL, "deletedAt": "yesterday"}])
    assert (await api.post(TEMPORAL, wrong)).status == 400


async def test_what_was_read_can_be_written(api: Client, clock: FixedClock) -> None:
    await api.post(f"{BASE}/entities", vehicle(speed={"type": "Property", "value": 1}, scope="/A"))
    clock.advance(60_000_000)
    await api.delete(f"{BASE}/entities/{ID}/attrs/speed")
    read = (await api.get(f"{TEMPORAL}/{ID}", params={"options": "sysAttrs"})).json()
    assert [one["value"] for one in read["speed"]] == [1, NULL]
    assert (await api.post(TEMPORAL, read | {"id": "urn:ngsi-ld:Vehicle:copy"})).status == 201


async def test_a_correction_keeps_createdat(api: Client, clock: FixedClock) -> None:
    await api.post(TEMPORAL, vehicle(speed=[at(1, 1), at(2, 2)]))
    before = (await api.get(f"{TEMPORAL}/{ID}", params={"options": "sysAttrs"})).json()["speed"]
    clock.advance(60_000_000)
    path = f"{TEMPORAL}/{ID}/attrs/speed/{before[0]['instanceId']}"
    assert (await api.patch(path, {"speed": [at(7, 5)]})).status == 204
    after = (await api.get(f"{TEMPORAL}/{ID}", params={"options": "sysAttrs"})).json()["speed"]
    assert [one["value"] for one in after] == [2, 7]
    assert (after[1]["instanceId"], after[1]["createdAt"]) == (
        before[0]["instanceId"],
        before[0]["createdAt"],
    )
    assert after[1]["modifiedAt"] > before[0]["modifiedAt"]
    assert (await api.delete(path)).status == 204
    assert (await api.delete(path)).status == 404
    assert await values(api) == [2]


@pytest.mark.parametrize(
    ("params", "left"),
    [({}, [2, 4]), ({"datasetId": "urn:d:1"}, [1, 3, 4]), ({"deleteAll": "true"}, [])],
)
async def test_an_attribute_is_erased(api: Client, params: dict[str, str], left: list[int]) -> None:
    speeds = [at(1, 1), at(2, 2, datasetId="urn:d:1"), at(3, 3), at(4, 4, datasetId="urn:d:2")]
    await api.post(TEMPORAL, vehicle(speed=speeds, fuel=[at(9, 1)]))
    assert (await api.delete(f"{TEMPORAL}/{ID}/attrs/speed", params=params)).status == 204
    found = (await api.get(f"{TEMPORAL}/{ID}")).json()
    assert sorted(one["value"] for one in found.get("speed", [])) == left
    assert len(found["fuel"]) == 1
    assert (await api.delete(f"{TEMPORAL}/{ID}/attrs/speed", params=params)).status == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "/", 405),
        ("DELETE", "/no-uri", 400),
        ("DELETE", "/urn:x:unknown", 404),
        ("POST", "/urn:x:unknown/attrs", 404),
        ("POST", "/no-uri/attrs", 400),
        ("DELETE", "/urn:x:unknown/attrs/speed", 404),
        ("DELETE", f"/{ID}/attrs/unknown", 404),
        ("PATCH", f"/{ID}/attrs/speed/", 405),
        ("PATCH", f"/{ID}/attrs//urn:x:1", 405),
        ("PATCH", "//attrs/speed/urn:x:1", 400),
        ("PATCH", f"/{ID}/attrs/speed/no-uri", 400),
        ("PATCH", f"/{ID}/attrs/speed/urn:x:1", 404),
        ("DELETE", f"/{ID}/attrs/speed/urn:x:1", 404),
    ],
)
async def test_what_is_not_there(api: Client, method: str, path: str, status: int) -> None:
    await api.post(TEMPORAL, vehicle(speed=[at(1, 1)]))
    body = {"speed": [at(1, 1)]} if method != "DELETE" else None
    assert (await api.call(method, TEMPORAL + path, json=body)).status == status
