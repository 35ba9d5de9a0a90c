"""Purging entities: CIM 009 §5.6.21, §6.4.3.3."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi_client import Client
from tests.conformance.provision import BASE, BATCH, car, refused, value

PURGE = f"{BASE}/entities"
PLACE = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [127.0, 37.5]}}


@pytest.fixture
async def cars(api: Client) -> Client:
    """Ten cars: those with an even number are red, the first is near a place, the last is also a taxi."""
    batch = [
        car(n, speed=value(n), colour=value("red" if n % 2 == 0 else "blue"), scope=f"/lot/p{n}")
        for n in range(10)
    ]
    batch[0]["location"] = PLACE
    batch[9]["type"] = ["Car", "Taxi"]
    assert (
        await api.post(f"{BATCH}/create", [*batch, {"id": "urn:ngsi-ld:Bus:1", "type": "Bus"}])
    ).status == 201
    return api


async def left(api: Client) -> set[str]:
    found = (await api.get(f"{BASE}/entities?local=true&limit=1000")).json()
    return {entity["id"].removeprefix("urn:ngsi-ld:") for entity in found}


EVERY = {f"Car:{n}" for n in range(10)} | {"Bus:1"}


@pytest.mark.parametrize(
    ("query", "gone"),
    [
        ("type=Car", {f"Car:{n}" for n in range(10)}),
        ("type=Taxi", {"Car:9"}),
        ("type=Car,Bus", EVERY),
        ("type=*", EVERY),
        ("local=true", EVERY),
        ("type=Car&id=urn:ngsi-ld:Car:3,urn:ngsi-ld:Car:4", {"Car:3", "Car:4"}),
        ("type=Car&idPattern=Car:[12]$", {"Car:1", "Car:2"}),
        ('q=colour=="red"', {f"Car:{n}" for n in range(0, 10, 2)}),
        ("q=speed>=8", {"Car:8", "Car:9"}),
        ("type=Car&scopeQ=/lot/p5", {"Car:5"}),
        ("georel=near;maxDistance==100&geometry=Point&coordinates=[127.0,37.5]", {"Car:0"}),
        ("type=Boat", set()),
    ],
)
async def test_what_is_selected_goes(cars: Client, query: str, gone: set[str]) -> None:
    reply = await cars.delete(f"{PURGE}?{query}")
    assert (reply.status, reply.body) == (204, b"")
    assert await left(cars) == EVERY - gone


async def test_attributes_of_what_is_selected(cars: Client) -> None:
    async def members(number: int) -> set[str]:
        body: dict[str, Any] = (await cars.get(f"{BASE}/entities/urn:ngsi-ld:Car:{number}")).json()
        return body.keys() - {"id", "type"}

    assert (await cars.delete(f"{PURGE}?type=Car&q=speed<5&drop=colour,unknown")).status == 204
    assert [await members(n) for n in (1, 5)] == [{"speed", "scope"}, {"speed", "scope", "colour"}]
    assert (await cars.delete(f"{PURGE}?type=Car&keep=speed,scope&id=urn:ngsi-ld:Car:5")).status == 204
    assert await members(5) == {"speed", "scope"}
    assert (await cars.delete(f"{PURGE}?type=Car&keep=speed&id=urn:ngsi-ld:Car:5")).status == 204
    assert await members(5) == {"speed"}
    assert await left(cars) == EVERY


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("", "BadRequestData"),
        ("id=urn:ngsi-ld:Car:1", "BadRequestData"),
        ("idPattern=.*", "BadRequestData"),
        ("scopeQ=/lot/%23", "BadRequestData"),
        ("attrs=createdAt", "BadRequestData"),
        ('q=modifiedAt>"2020-01-01T00:00:00Z"', "BadRequestData"),
        ("type=Car&id=car", "BadRequestData"),
        ("type=Car&q=((", "BadRequestData"),
        ("type=Car&georel=near", "BadRequestData"),
        ('type=Car&q=owner{name}=="x"', "BadRequestData"),
        ("type=Car&attrs=owner{name}", "BadRequestData"),
        ("type=Car&keep=a&drop=b", "BadRequestData"),
        ("type=*&local=false", "BadRequestData"),
        ("type=Car&options=simplified", "InvalidRequest"),
        ("type=Car&limit=5", "InvalidRequest"),
    ],
)
async def test_what_is_too_wide_or_wrong_deletes_nothing(cars: Client, query: str, error: str) -> None:
    assert refused(await cars.delete(f"{PURGE}?{query}"), 400, error)
    assert await left(cars) == EVERY


async def test_more_than_a_page(api: Client) -> None:
    for start in range(0, 1000, 500):
        batch = [car(n, a=value(n % 7)) for n in range(start, start + 500)]
        assert (await api.post(f"{BATCH}/create", batch)).status == 201
    assert (await api.delete(f"{PURGE}?type=Car&q=a==3&drop=a")).status == 204
    assert (await api.get(f"{BASE}/entities?type=Car&q=a==3&count=true&limit=0")).headers[
        "ngsild-results-count"
    ] == "0"
    assert (await api.delete(f"{PURGE}?type=Car")).status == 204
    assert await left(api) == set()
