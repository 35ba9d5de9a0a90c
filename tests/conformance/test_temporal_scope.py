"""The scope over time: CIM 009 §4.5.6, §4.18, §5.7.4.4 and the example of annex C.5.16."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi_client import Client

from madang.clock import FixedClock

BASE = "/ngsi-ld/v1"
TEMPORAL = f"{BASE}/temporal/entities"
ID = "urn:ngsi-ld:Vehicle:1"
NOON = {"timerel": "between", "timeAt": "2018-08-01T12:00:00Z", "endTimeAt": "2018-08-01T13:00:00Z"}


def at(value: Any, time: str) -> dict[str, Any]:
    return {"type": "Property", "value": value, "observedAt": f"2018-08-01T{time}:00Z"}


async def create(api: Client, identifier: str, scope: Any, *speeds: tuple[int, str]) -> None:
    body = {"id": identifier, "type": "Vehicle", "scope": scope, "speed": [at(*pair) for pair in speeds]}
    reply = await api.post(TEMPORAL, body)
    assert reply.status == 201, reply.body


async def query(api: Client, scope: str, **more: str) -> dict[str, Any]:
    reply = await api.get(TEMPORAL, params={"type": "Vehicle", "scopeQ": scope, **NOON, **more})
    assert reply.status == 200, reply.body
    return {entity["id"]: entity for entity in reply.json()}


async def test_a_scope_set_through_the_present_state_is_observed_then(api: Client, clock: FixedClock) -> None:
    car = {"id": ID, "type": "Vehicle", "scope": "/Old", "speed": {"type": "Property", "value": 1}}
    await api.post(f"{BASE}/entities", car)
    clock.advance(60_000_000)
    await api.patch(f"{BASE}/entities/{ID}", {"scope": ["/New", "/Newer"]})
    clock.advance(60_000_000)
    await api.patch(f"{BASE}/entities/{ID}/attrs/speed", {"type": "Property", "value": 2})
    found = (await api.get(f"{TEMPORAL}/{ID}", params={"options": "sysAttrs"})).json()
    old, new = found["scope"]
    assert (old["type"], old["value"], new["value"]) == ("Property", "/Old", ["/New", "/Newer"])
    for one in (old, new):
        assert one.keys() == {"type", "value", "observedAt", "createdAt", "modifiedAt", "instanceId"}
        assert one["observedAt"] == one["modifiedAt"]
    simplified = (await api.get(f"{TEMPORAL}/{ID}", params={"options": "temporalValues"})).json()
    assert simplified["scope"] == {
        "type": "Property",
        "values": [["/Old", "2026-01-01T12:00:00Z"], [["/New", "/Newer"], "2026-01-01T12:01:00Z"]],
    }


async def test_a_removed_scope_is_remembered(api: Client, clock: FixedClock) -> None:
    await create(api, ID, ["/A", "/B"], (1, "12:00"))
    clock.advance(60_000_000)
    assert (await api.delete(f"{BASE}/entities/{ID}/attrs/scope")).status == 204
    found = (await api.get(f"{TEMPORAL}/{ID}", params={"timeproperty": "deletedAt"})).json()
    assert found.pop("scope")[0] | {"instanceId": ""} == {
        "type": "Property",
        "value": [],
        "deletedAt": "2026-01-01T12:01:00Z",
        "instanceId": "",
    }
    assert found == {"id": ID, "type": "Vehicle"}


@pytest.mark.parametrize(
    "scope",
    [
        [at("/A", "10:00"), at(["/A", "/B"], "11:00")],
        {
            "type": "Property",
            "values": [["/A", "2018-08-01T10:00:00Z"], [["/A", "/B"], "2018-08-01T11:00:00Z"]],
        },
    ],
)
async def test_a_history_of_the_scope_is_written_and_read(api: Client, scope: Any) -> None:
    await create(api, ID, scope, (1, "12:05"))
    assert (await api.get(f"{BASE}/entities/{ID}")).json()["scope"] == ["/A", "/B"]
    found = (await api.get(f"{TEMPORAL}/{ID}")).json()
    assert [(one["value"], one["observedAt"][11:16]) for one in found["scope"]] == [
        ("/A", "10:00"),
        (["/A", "/B"], "11:00"),
    ]
    again = {**found, "id": "urn:ngsi-ld:Vehicle:again"}
    assert (await api.post(TEMPORAL, again)).status == 201
    for wrong in (
        {"type": "GeoProperty"},
        at("no scope", "10:00"),
        at("/A", "10:00") | {"unitCode": "X"},
        {},
    ):
        assert (await api.post(f"{TEMPORAL}/{ID}/attrs", {"scope": [wrong]})).status == 400


async def test_the_example_of_the_specification(api: Client) -> None:
    """Within /Madrid/Centro from 12:00 to 13:00: one was there before, one came, and is shown from then on."""
    before, came = "urn:ngsi-ld:Vehicle:B9211", "urn:ngsi-ld:Vehicle:A8311"
    await create(api, before, [at("/Madrid/Centro", "11:00")], (30, "12:03"), (60, "12:05"), (50, "12:07"))
    both = ["/Madrid/Centro", "/Company123/UnitA"]
    await create(api, came, [at(both, "12:10")], (20, "12:02"), (40, "12:12"), (60, "12:14"))
    await create(
        api, "urn:ngsi-ld:Vehicle:left", [at("/Madrid/Centro", "11:00"), at("/X", "11:30")], (1, "12:02")
    )
    await create(api, "urn:ngsi-ld:Vehicle:late", [at("/Madrid/Centro", "14:00")], (1, "12:02"))
    found = await query(api, "/Madrid/Centro", attrs="speed,scope", format="temporalValues")
    assert found == {
        before: {
            "id": before,
            "type": "Vehicle",
            "scope": {"type": "Property", "values": [["/Madrid/Centro", "2018-08-01T11:00:00Z"]]},
            "speed": {
                "type": "Property",
                "values": [[v, f"2018-08-01T12:0{m}:00Z"] for v, m in ((30, 3), (60, 5), (50, 7))],
            },
        },
        came: {
            "id": came,
            "type": "Vehicle",
            "scope": {"type": "Property", "values": [[both, "2018-08-01T12:10:00Z"]]},
            "speed": {
                "type": "Property",
                "values": [[v, f"2018-08-01T12:1{m}:00Z"] for v, m in ((40, 2), (60, 4))],
            },
        },
    }
    assert (await query(api, "/Madrid/Centro", lastN="1"))[came]["speed"][0]["value"] == 60


@pytest.mark.parametrize(
    ("scope", "speeds"),
    [
        ("/R", [15]),
        ("/S", [45]),
        ("/R,/S", [15, 45]),
        ("/+", [15, 45]),
        ("/#", [15, 45]),
        ("(/R;/S)", None),
        ("/Z", None),
    ],
)
async def test_a_scope_is_valid_until_another_takes_its_place(
    api: Client, scope: str, speeds: list[int] | None
) -> None:
    await create(
        api, ID, [at("/R", "10:00"), at("/S", "12:30"), at("/Z", "14:00")], (15, "12:15"), (45, "12:45")
    )
    found = await query(api, scope)
    assert ([one["value"] for one in found[ID]["speed"]] if found else None) == speeds


async def test_the_scope_in_pick_and_omit(api: Client) -> None:
    await create(api, ID, [at("/A", "10:00")], (1, "12:05"))
    path = f"{TEMPORAL}/{ID}"
    assert (await api.get(path, params={"pick": "scope"})).json().keys() == {"scope"}
    assert (await api.get(path, params={"omit": "scope"})).json().keys() == {"id", "type", "speed"}
    assert (await api.get(path, params={"attrs": "speed"})).json().keys() == {"id", "type", "speed"}
    assert (
        "scope"
        not in (
            await api.get(path, params={"lastN": "1", "timerel": "before", "timeAt": "2018-08-01T09:00:00Z"})
        ).json()
    )


async def test_a_scope_alone_selects_no_entity(api: Client) -> None:
    await create(api, ID, [at("/A", "10:00")], (1, "09:00"))
    assert await query(api, "/A") == {}
    reply = await api.get(TEMPORAL, params={"type": "Vehicle", **NOON})
    assert reply.json() == []


async def test_an_instance_of_the_scope_is_corrected_by_another(api: Client) -> None:
    await create(api, ID, [at("/A", "10:00"), at("/B", "11:00")], (1, "12:05"))
    first, _ = (await api.get(f"{TEMPORAL}/{ID}")).json()["scope"]
    path = f"{TEMPORAL}/{ID}/attrs/scope/{first['instanceId']}"
    owner = {"type": "Relationship", "object": "urn:x:1", "observedAt": "2018-08-01T10:00:00Z"}
    assert (await api.patch(path, [owner])).status == 400
    assert (await api.patch(path, {"scope": [at("/C", "10:00")]})).status == 204
    found = (await api.get(f"{TEMPORAL}/{ID}")).json()["scope"]
    assert [one["value"] for one in found] == ["/C", "/B"]
    assert (await api.delete(path)).status == 204
    assert len((await api.get(f"{TEMPORAL}/{ID}")).json()["scope"]) == 1


async def test_an_attribute_by_the_iri_of_the_scope_is_none(api: Client) -> None:
    iri = "https://uri.etsi.org/ngsi-ld/scope"
    body = {"id": ID, "type": "Vehicle", iri: [{"type": "Property", "value": 5}], "speed": [at(1, "12:05")]}
    await api.post(TEMPORAL, body)
    assert await query(api, "/#") == {}
