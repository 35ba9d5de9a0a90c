"""Transient entities and attributes: CIM 009 §4.22, §5.5.8, §5.5.12, §6.3.11."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.asgi_client import Client, Reply

from madang.clock import FixedClock
from madang.hub.hub import Hub
from madang.trust.access import OPEN

BASE = "/ngsi-ld/v1"
ID = "urn:ngsi-ld:Alert:1"
SOON = "2026-01-01T12:00:10Z"  # the clock of the tests stands at noon
PAST = "2020-01-01T00:00:00Z"
LATE = "2100-01-01T00:00:00Z"
SECOND = 1_000_000
NULL = "urn:ngsi-ld:null"


def alert(**members: Any) -> dict[str, Any]:
    return {"id": ID, "type": "Alert", "level": {"type": "Property", "value": 3}, **members}


def transient(value: Any = 1, expires: str = SOON, **members: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, "expiresAt": expires, **members}


async def created(api: Client, **members: Any) -> None:
    reply = await api.post(f"{BASE}/entities", alert(**members))
    assert reply.status == 201, reply.body


async def shown(api: Client, options: str = "") -> dict[str, Any]:
    reply = await api.get(f"{BASE}/entities/{ID}{options}")
    assert reply.status == 200, reply.body
    body: dict[str, Any] = reply.json()
    return body


async def everywhere(api: Client) -> list[Reply]:
    """Every kind of read of current state that could show the entity."""
    return [
        await api.get(BASE + path)
        for path in (
            "/entities?type=Alert",
            "/entities?type=Alert&options=concise",
            "/entities?type=Alert&count=true&limit=0",
            "/entities?q=level==3",
            f"/entities?type=Alert&id={ID}",
            "/types",
            "/attributes",
        )
    ]


async def test_an_entity_is_gone_from_every_read_when_its_time_has_come(
    api: Client, clock: FixedClock
) -> None:
    await created(api, expiresAt=SOON)
    clock.advance(10 * SECOND - 1)
    before = await everywhere(api)
    assert [len(reply.json()) for reply in before[:2]] == [1, 1]
    assert before[2].headers["ngsild-results-count"] == "1"
    clock.advance(1)
    after = await everywhere(api)
    assert [reply.json() for reply in after[:5]] == [[]] * 5
    assert after[2].headers["ngsild-results-count"] == "0"
    assert (after[5].json()["typeList"], after[6].json()["attributeList"]) == ([], [])
    assert (await api.get(f"{BASE}/entities/{ID}")).status == 404
    assert (await api.patch(f"{BASE}/entities/{ID}", {"level": 4})).status == 404
    await created(api)


async def test_what_expires_is_removed_without_a_reader_and_told(
    api: Client, hub: Hub, clock: FixedClock
) -> None:
    await created(api, siren=transient())
    following = hub.store(OPEN).watch()
    clock.advance(11 * SECOND)
    await api.patch(f"{BASE}/entities/{ID}", {"expiresAt": "2026-01-01T12:00:20Z"})
    gone, patched = await anext(following), await anext(following)
    assert (gone.kind, [name.rpartition("/")[2] for name in gone.names]) == ("updated", ["siren"])
    assert patched.kind == "updated"
    # The sweep looks at most a few hundredths of a second after the moment
    clock.advance(9 * SECOND)
    async with asyncio.timeout(5):
        await api.patch(f"{BASE}/entities/{ID}/attrs", {"level": {"type": "Property", "value": 1}})
        assert (await anext(following)).kind == "deleted"


async def test_the_sweep_comes_by_itself(api: Client, hub: Hub, clock: FixedClock) -> None:
    following = hub.store(OPEN).watch()
    await created(api, expiresAt="2026-01-01T12:00:00.05Z")
    clock.advance(SECOND)
    async with asyncio.timeout(5):
        assert [(await anext(following)).kind for _ in range(2)] == ["created", "deleted"]


async def test_attributes_instances_and_sub_attributes_expire_each_by_itself(
    api: Client, clock: FixedClock
) -> None:
    other = {"datasetId": "urn:d:1"}
    await created(
        api,
        speed=[{"type": "Property", "value": 10}, transient(20, **other)],
        siren={"type": "Property", "value": 1, "by": transient("crew"), "near": transient(2, LATE)},
        flash=transient(5),
    )
    clock.advance(11 * SECOND)
    body = await shown(api, "?options=sysAttrs")
    assert body["speed"]["value"] == 10
    assert "by" not in body["siren"]
    assert body["siren"]["near"]["expiresAt"] == LATE
    assert "flash" not in body
    assert (await api.get(f"{BASE}/entities?type=Alert&q=flash")).json() == []
    assert (await api.get(f"{BASE}/entities?type=Alert&q=speed==20")).json() == []


async def test_history_outlives_what_expires(api: Client, clock: FixedClock) -> None:
    await created(api, expiresAt=SOON)
    clock.advance(11 * SECOND)
    query = f"?timerel=before&timeAt={LATE}&timeproperty=modifiedAt"
    reply = await api.get(f"{BASE}/temporal/entities/{ID}{query}")
    assert reply.status == 200
    instances = reply.json()["level"]
    assert 3 in [one.get("value") for one in (instances if isinstance(instances, list) else [instances])]


@pytest.mark.parametrize("options", ["", "?options=concise", "?options=simplified"])
async def test_expiry_is_a_system_attribute(api: Client, options: str) -> None:
    """§6.3.11: shown with sysAttrs alone, at every place where it was written."""
    await created(api, expiresAt=LATE, siren=transient(1, LATE, by=transient("crew", LATE)))
    assert b"expiresAt" not in (await api.get(f"{BASE}/entities/{ID}{options}")).body
    body = await shown(api, "?options=sysAttrs")
    assert body["expiresAt"] == body["siren"]["expiresAt"] == body["siren"]["by"]["expiresAt"] == LATE


KINDS: dict[str, dict[str, Any]] = {
    "Relationship": {"object": "urn:x:1"},
    "GeoProperty": {"value": {"type": "Point", "coordinates": [1, 2]}},
    "LanguageProperty": {"languageMap": {"ko": "불"}},
    "VocabProperty": {"vocab": "fire"},
    "JsonProperty": {"json": {"a": 1}},
    "ListProperty": {"valueList": [1]},
    "ListRelationship": {"objectList": [{"object": "urn:x:1"}]},
}


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_expires(api: Client, clock: FixedClock, kind: str) -> None:
    await created(api, thing={"type": kind, **KINDS[kind], "expiresAt": SOON})
    assert "thing" in await shown(api)
    clock.advance(11 * SECOND)
    assert "thing" not in await shown(api)


# (method, path, body, whether the attribute is there after its first expiry)
CHANGES = {
    "update replaces whole": ("PATCH", "/attrs", {"siren": {"type": "Property", "value": 2}}, True),
    "append replaces whole": ("POST", "/attrs", {"siren": {"type": "Property", "value": 2}}, True),
    "replace": ("PUT", "/attrs/siren", {"type": "Property", "value": 2}, True),
    "partial update keeps": ("PATCH", "/attrs/siren", {"type": "Property", "value": 2}, False),
    "merge keeps": ("PATCH", "", {"siren": {"type": "Property", "value": 2}}, False),
    "merge takes away": ("PATCH", "", {"siren": {"value": 2, "expiresAt": NULL}}, True),
    "merge moves": ("PATCH", "", {"siren": {"value": 2, "expiresAt": LATE}}, True),
    "partial update takes away": ("PATCH", "/attrs/siren", {"expiresAt": NULL}, True),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_what_a_write_makes_of_an_expiry(api: Client, clock: FixedClock, change: str) -> None:
    """§5.5.8, §5.5.12: what replaces whole takes the expiry away, what changes members keeps it."""
    method, path, body, stays = CHANGES[change]
    await created(api, siren=transient())
    reply = await api.call(method, f"{BASE}/entities/{ID}{path}", json=body)
    assert reply.status == 204, reply.body
    clock.advance(11 * SECOND)
    assert ("siren" in await shown(api)) is stays


@pytest.mark.parametrize(
    ("method", "path", "body", "stays"),
    [
        ("PATCH", "", {"expiresAt": LATE}, True),
        ("PATCH", "", {"expiresAt": NULL}, True),
        ("PATCH", "", {"level": {"type": "Property", "value": 1}}, False),
        ("PATCH", "/attrs", {"expiresAt": LATE}, True),
        ("POST", "/attrs", {"expiresAt": LATE}, True),
        ("POST", "/attrs?options=noOverwrite", {"expiresAt": LATE}, False),
        ("PUT", "", alert(), True),
    ],
)
async def test_what_a_write_makes_of_an_entity_s_expiry(
    api: Client, clock: FixedClock, method: str, path: str, body: Any, stays: bool
) -> None:
    await created(api, expiresAt=SOON)
    reply = await api.call(method, f"{BASE}/entities/{ID}{path}", json=body)
    assert reply.status == 204, reply.body
    clock.advance(11 * SECOND)
    assert (await api.get(f"{BASE}/entities/{ID}")).status == (200 if stays else 404)


async def test_a_moment_that_has_passed_ends_the_entity_at_once(api: Client) -> None:
    await created(api)
    assert (await api.patch(f"{BASE}/entities/{ID}", {"expiresAt": PAST})).status == 204
    assert (await api.get(f"{BASE}/entities/{ID}")).status == 404
    await created(api, expiresAt=PAST)
    assert (await api.get(f"{BASE}/entities/{ID}")).status == 404


@pytest.mark.parametrize("bad", ["noon", "2026-13-45T00:00:00Z", 5, NULL, "2026-01-01T12:00:10+09:00"])
async def test_expiry_is_a_date_and_time(api: Client, bad: Any) -> None:
    for body in (alert(expiresAt=bad), alert(siren=transient(1, bad))):
        reply = await api.post(f"{BASE}/entities", body)
        assert reply.status == 400
        assert reply.json()["type"].endswith("BadRequestData")


async def test_thousands_expire_at_once(api: Client, hub: Hub, clock: FixedClock) -> None:
    for start in range(0, 1500, 500):
        batch = [
            {"id": f"urn:ngsi-ld:Alert:of-many:{n}", "type": "Alert", "expiresAt": SOON}
            for n in range(start, start + 500)
        ]
        assert (await api.post(f"{BASE}/entityOperations/create", batch)).status == 201
    await created(api, lasting=transient(1, LATE))
    clock.advance(11 * SECOND)
    found = (await api.get(f"{BASE}/entities?type=Alert&limit=1000")).json()
    assert [entity["id"] for entity in found] == [ID]


async def test_expiry_survives_a_start_anew(tmp_path: Any, clock: FixedClock, hub: Hub, api: Client) -> None:
    await created(api, expiresAt=SOON)
    await hub.close()
    clock.advance(11 * SECOND)
    assert (await api.get(f"{BASE}/entities/{ID}")).status == 404
