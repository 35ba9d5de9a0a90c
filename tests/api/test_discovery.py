"""Types and attributes that there are, through the real API (CIM 009 §5.7.5 to §5.7.10)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi_client import Client
from tests.views import seeing

from madang.hub import discovery
from madang.hub.hub import Hub
from madang.ngsild.context import CORE
from madang.ngsild.query import Query
from madang.ngsild.selection import parse_types
from madang.trust.access import OPEN

BASE = "/ngsi-ld/v1"
VOCABULARY = "https://uri.etsi.org/ngsi-ld/default-context/"


def text(value: str) -> dict[str, Any]:
    return {"type": "Property", "value": value}


@pytest.fixture
async def city(api: Client) -> Client:
    owner = {"type": "Relationship", "object": "urn:x:Person:1"}
    place = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}}
    for body in (
        {"id": "urn:x:1", "type": "Car", "name": text("a"), "owner": owner},
        {"id": "urn:x:2", "type": ["Car", "Taxi"], "name": text("b"), "location": place},
        {
            "id": "urn:x:3",
            "type": "Shop",
            "name": [text("c"), {**text("d"), "datasetId": "urn:d:1"}],
            "owner": text("me"),
        },
    ):
        assert (await api.post(f"{BASE}/entities", body)).status == 201
    return api


async def test_types(city: Client) -> None:
    found = (await city.get(f"{BASE}/types")).json()
    assert found == {
        "id": "urn:ngsi-ld:EntityTypeList:default",
        "type": "EntityTypeList",
        "typeList": ["Car", "Shop", "Taxi"],
    }
    detailed = (await city.get(f"{BASE}/types?details=true")).json()
    assert detailed[0] == {
        "id": f"{VOCABULARY}Car",
        "type": "EntityType",
        "typeName": "Car",
        "attributeNames": ["location", "name", "owner"],
    }
    assert [one["typeName"] for one in detailed] == ["Car", "Shop", "Taxi"]


async def test_one_type(city: Client) -> None:
    found = (await city.get(f"{BASE}/types/Car")).json()
    assert (found["type"], found["id"], found["entityCount"]) == ("EntityTypeInfo", f"{VOCABULARY}Car", 2)
    assert {one["attributeName"]: one["attributeTypes"] for one in found["attributeDetails"]} == {
        "location": ["GeoProperty"],
        "name": ["Property"],
        "owner": ["Relationship"],
    }
    assert (
        await city.get(f"{BASE}/types/https%3A%2F%2Furi.etsi.org%2Fngsi-ld%2Fdefault-context%2FCar")
    ).json() == found
    assert (await city.get(f"{BASE}/types/Ship")).status == 404


async def test_attributes(city: Client) -> None:
    found = (await city.get(f"{BASE}/attributes")).json()
    assert (found["type"], found["attributeList"]) == ("AttributeList", ["location", "name", "owner"])
    detailed = (await city.get(f"{BASE}/attributes?details=true")).json()
    assert {one["attributeName"]: one["typeNames"] for one in detailed} == {
        "location": ["Car", "Taxi"],
        "name": ["Car", "Shop", "Taxi"],
        "owner": ["Car", "Shop"],
    }


async def test_one_attribute(city: Client) -> None:
    assert (await city.get(f"{BASE}/attributes/owner")).json() == {
        "id": f"{VOCABULARY}owner",
        "type": "Attribute",
        "attributeName": "owner",
        "attributeCount": 2,
        "attributeTypes": ["Property", "Relationship"],
        "typeNames": ["Car", "Shop"],
    }
    assert (await city.get(f"{BASE}/attributes/name")).json()["attributeCount"] == 4
    assert (await city.get(f"{BASE}/attributes/colour")).status == 404


async def test_changes_are_counted(city: Client) -> None:
    await city.delete(f"{BASE}/entities/urn:x:2")
    assert (await city.get(f"{BASE}/types")).json()["typeList"] == ["Car", "Shop"]
    assert (await city.get(f"{BASE}/attributes/location")).status == 404
    await city.patch(f"{BASE}/entities/urn:x:1/attrs/name", text("z"))
    assert (await city.get(f"{BASE}/attributes/name")).json()["attributeCount"] == 3
    await city.put(f"{BASE}/entities/urn:x:3/attrs/owner", {"type": "Relationship", "object": "urn:x:4"})
    assert (await city.get(f"{BASE}/attributes/owner")).json()["attributeTypes"] == ["Relationship"]
    await city.post(f"{BASE}/entities/urn:x:3/attrs", {"type": "Cafe"})
    assert (await city.get(f"{BASE}/types/Cafe")).json()["entityCount"] == 1
    assert (await city.get(f"{BASE}/attributes/owner")).json()["typeNames"] == ["Cafe", "Car", "Shop"]


async def test_an_empty_city(api: Client) -> None:
    assert (await api.get(f"{BASE}/types")).json()["typeList"] == []
    assert (await api.get(f"{BASE}/types?details=true")).json() == []
    assert (await api.get(f"{BASE}/attributes")).json()["attributeList"] == []
    assert (await api.get(f"{BASE}/types?details=yes")).status == 400


async def test_json_ld(city: Client) -> None:
    accept = {"accept": "application/ld+json"}
    for path in ("types", "types/Car", "attributes", "attributes/name"):
        assert "@context" in (await city.get(f"{BASE}/{path}", headers=accept)).json()
    assert "@context" in (await city.get(f"{BASE}/types?details=true", headers=accept)).json()[0]


async def test_filter_and_mask_apply(city: Client, hub: Hub) -> None:
    seen = await discovery.attributes(hub, seeing(hidden=frozenset({f"{VOCABULARY}owner"})))
    assert {one.attribute.rpartition("/")[2] for one in seen} == {"location", "name"}
    access = seeing(Query(types=parse_types("Taxi", CORE)))
    assert await discovery.types(hub, access) == [f"{VOCABULARY}Car", f"{VOCABULARY}Taxi"]
    everything = await discovery.attributes(hub, seeing())
    assert everything == await discovery.attributes(hub, OPEN)
    seen = await discovery.attributes(hub, access)
    assert {one.attribute.rpartition("/")[2] for one in seen} == {"location", "name"}
