"""What types and attributes there are: CIM 009 §5.2.24 to §5.2.28, §5.7.5 to §5.7.11, §6.25 to §6.28."""

from __future__ import annotations

import pytest
from tests.asgi_client import Client

BASE = "/ngsi-ld/v1"
NS = "https://uri.etsi.org/ngsi-ld/default-context/"


@pytest.fixture
async def fleet(api: Client) -> Client:
    for number in range(2):
        car = {
            "id": f"urn:ngsi-ld:Car:{number}",
            "type": ["Car", "Vehicle"],
            "scope": "/Fleet",
            "speed": {"type": "Property", "value": number},
            "name": {"type": "LanguageProperty", "languageMap": {"en": "Car"}},
        }
        assert (await api.post(f"{BASE}/entities", car)).status == 201
    bus = {"id": "urn:ngsi-ld:Bus:1", "type": "Bus", "name": {"type": "Property", "value": "29"}}
    assert (await api.post(f"{BASE}/entities", bus)).status == 201
    return api


async def test_types(fleet: Client) -> None:
    """§5.2.24, §5.2.25"""
    listed = (await fleet.get(f"{BASE}/types")).json()
    assert listed.keys() == {"id", "type", "typeList"}
    assert listed["typeList"] == ["Bus", "Car", "Vehicle"]
    detailed = (await fleet.get(f"{BASE}/types?details=true")).json()
    assert [one["typeName"] for one in detailed] == ["Bus", "Car", "Vehicle"]
    assert detailed[1] == {
        "id": f"{NS}Car",
        "type": "EntityType",
        "typeName": "Car",
        "attributeNames": ["name", "speed"],
    }


async def test_one_type(fleet: Client) -> None:
    """§5.2.26"""
    for name in ("Car", f"{NS}Car".replace("/", "%2F")):
        found = (await fleet.get(f"{BASE}/types/{name}")).json()
        assert (found["typeName"], found["entityCount"], found["type"]) == ("Car", 2, "EntityTypeInfo")
        details = {one["attributeName"]: one["attributeTypes"] for one in found["attributeDetails"]}
        assert details == {"speed": ["Property"], "name": ["LanguageProperty"]}


async def test_attributes(fleet: Client) -> None:
    """§5.2.27, §5.2.28: members of entities and system attributes are none."""
    listed = (await fleet.get(f"{BASE}/attributes")).json()
    assert listed.keys() == {"id", "type", "attributeList"}
    assert listed["attributeList"] == ["name", "speed"]
    detailed = (await fleet.get(f"{BASE}/attributes?details=true")).json()
    assert [one.keys() for one in detailed] == [{"id", "type", "attributeName", "typeNames"}] * 2
    assert {one["attributeName"]: sorted(one["typeNames"]) for one in detailed} == {
        "name": ["Bus", "Car", "Vehicle"],
        "speed": ["Car", "Vehicle"],
    }
    one = (await fleet.get(f"{BASE}/attributes/name")).json()
    assert (one["attributeCount"], sorted(one["attributeTypes"])) == (3, ["LanguageProperty", "Property"])
    assert sorted(one["typeNames"]) == ["Bus", "Car", "Vehicle"]


@pytest.mark.parametrize(
    "path",
    [
        "types/Tram",
        "attributes/colour",
        "attributes/id",
        "attributes/type",
        "attributes/scope",
        "attributes/createdAt",
    ],
)
async def test_what_no_entity_has(fleet: Client, path: str) -> None:
    """§5.7.7, §5.7.10"""
    reply = await fleet.get(f"{BASE}/{path}")
    assert reply.status == 404
    assert reply.json()["type"].endswith("ResourceNotFound")


@pytest.mark.parametrize(
    "path", ["types?limit=5", "types/Car?details=true", "attributes?page=2", "attributes/speed?details=true"]
)
async def test_parameters_that_do_not_belong(fleet: Client, path: str) -> None:
    """§6.3.20, §6.25.3.1 to §6.28.3.1"""
    reply = await fleet.get(f"{BASE}/{path}")
    assert reply.status == 400
    assert reply.json()["type"].endswith("InvalidRequest")


async def test_local_scope_and_media_types(fleet: Client) -> None:
    """§6.3.18, §6.3.6"""
    ld = await fleet.get(f"{BASE}/types/Car?local=true", headers={"accept": "application/ld+json"})
    assert "@context" in ld.json()
    plain = await fleet.get(f"{BASE}/attributes?local=true&details=false")
    assert "json-ld#context" in plain.headers["link"]
    assert (await fleet.get(f"{BASE}/types?details=perhaps")).status == 400
