"""Answers and notifications for readers of an earlier version of NGSI-LD (CIM 009 §4.3.6.8, §5.2.12, §6.3.6)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.asgi_client import Client
from tests.conformance.subscribing import ID, SUBSCRIPTIONS, subscription

from madang.ngsild.conformance import Version, amended, preferred_version
from madang.ngsild.context import CORE
from madang.ngsild.event import event
from madang.ngsild.notification import Envelope, notification
from madang.ngsild.parse import parse_entity
from madang.ngsild.subscription_input import parse_subscription

CAR: dict[str, Any] = {
    "id": "urn:ngsi-ld:Car:1",
    "type": ["Car", "Fast"],
    "scope": "/a",
    "expiresAt": "2030-01-01T00:00:00Z",
    "speed": {
        "type": "Property",
        "value": 1,
        "unitCode": "KMH",
        "observedAt": "2026-01-01T00:00:00Z",
        "valueType": "Integer",
        "expiresAt": "2030-01-01T00:00:00Z",
        "kind": {"type": "VocabProperty", "vocab": "Fast"},
    },
    "owner": {"type": "Relationship", "object": "urn:x:1", "objectType": "Person"},
    "street": {"type": "LanguageProperty", "languageMap": {"ko": "길"}},
    "data": {"type": "JsonProperty", "json": {"unitCode": [1]}},
    "steps": {"type": "ListProperty", "valueList": [1, 2]},
    "seats": {"type": "ListRelationship", "objectList": [{"object": "urn:x:1"}]},
    "name": [
        {"type": "Property", "value": "a", "datasetId": "urn:d:1"},
        {"type": "Property", "value": "b"},
    ],
}


def changed(version: Version) -> dict[str, Any]:
    """What an entity has in that version that it has not in this one, or otherwise; None for what is gone."""
    before = amended(CAR, version)
    return {name: before.get(name) for name in CAR if before.get(name) != CAR[name]}


def test_this_version_is_left_as_it_is() -> None:
    assert amended(CAR, (1, 9)) is CAR


def test_version_1_8_has_nothing_that_expires() -> None:
    speed = {name: value for name, value in CAR["speed"].items() if name not in ("expiresAt", "valueType")}
    assert changed((1, 8)) == {"expiresAt": None, "speed": speed}


def test_version_1_7_has_properties_and_relationships_for_later_kinds() -> None:
    found = changed((1, 7))
    assert found["speed"]["kind"] == {"type": "Property", "value": "Fast"}
    assert found["data"] == {"type": "Property", "value": {"unitCode": [1]}}
    assert found["steps"] == {"type": "Property", "value": [1, 2]}
    assert found["seats"] == {"type": "Relationship", "object": ["urn:x:1"]}
    assert found["owner"] == {"type": "Relationship", "object": "urn:x:1"}
    assert found.keys().isdisjoint({"street", "scope", "type", "name"})


def test_version_1_3_has_neither_scopes_nor_languages() -> None:
    found = changed((1, 3))
    assert (found["scope"], found["street"]) == (None, {"type": "Property", "value": {"ko": "길"}})
    assert "type" not in found


def test_version_1_0_has_one_type_and_one_instance() -> None:
    found = changed((1, 0))
    assert (found["type"], found["name"]) == ("Car", {"type": "Property", "value": "b"})
    assert found["speed"].keys() == {"type", "value", "kind"}


def test_concise_members_fall_back_too() -> None:
    concise = {
        "id": "urn:x:1",
        "type": "Car",
        "speed": 1,
        "kind": {"vocab": "Fast"},
        "seats": {"objectList": ["urn:x:1"]},
    }
    assert amended(concise, (1, 5)) == {
        **concise,
        "kind": {"value": "Fast"},
        "seats": {"object": ["urn:x:1"]},
    }


def test_joined_entities_and_former_values() -> None:
    inner = {"id": "urn:x:1", "type": "Person", "kind": {"type": "VocabProperty", "vocab": "Fast"}}
    owner = {"type": "Relationship", "object": "urn:x:1", "entity": inner}
    data = {"type": "Property", "value": 1, "previousJson": {"observedAt": 1}}
    found = amended({"id": "urn:x:2", "type": "Car", "owner": owner, "data": data}, (1, 2))
    assert found["owner"]["entity"]["kind"] == {"type": "Property", "value": "Fast"}
    assert found["data"] == data


@pytest.mark.parametrize(
    ("prefer", "version"),
    [
        ("ngsi-ld=1.0", (1, 0)),
        ("NGSI-LD=1.5", (1, 5)),
        ('respond-async, ngsi-ld="1.8"', (1, 8)),
        ("ngsi-ld=1.3;q=0.1", (1, 3)),
        ("ngsi-ld=2.0", (1, 9)),
        ("respond-async", None),
        ("x-ngsi-ld=1.0", None),
        ("", None),
    ],
)
def test_what_a_header_prefers(prefer: str, version: Version | None) -> None:
    """RFC 7240."""
    assert preferred_version(prefer) == version


async def test_a_subscription_is_the_same_in_every_version(api: Client) -> None:
    """§4.3.6.8: only entities fall back."""
    await api.post(SUBSCRIPTIONS, subscription())
    for path in (f"{SUBSCRIPTIONS}/{ID}", SUBSCRIPTIONS):
        plain = await api.get(path)
        early = await api.get(path, headers={"prefer": "ngsi-ld=1.0"})
        assert (early.status, early.json()) == (200, plain.json())
        assert early.headers["preference-applied"] == "ngsi-ld=1.0"
        assert "preference-applied" not in plain.headers


async def test_an_answer_is_amended_and_says_so(api: Client) -> None:
    """§6.5.3.1, §6.4.3.2: 203 where that changes it."""
    car = {"id": "urn:ngsi-ld:Car:1", "type": "Car", "kind": {"type": "VocabProperty", "vocab": "Fast"}}
    await api.post("/ngsi-ld/v1/entities", car)
    plain = {"type": "Property", "value": "Fast"}
    for path in ("/ngsi-ld/v1/entities/urn:ngsi-ld:Car:1", "/ngsi-ld/v1/entities?type=Car"):
        for accept in ("application/json", "application/ld+json", "application/geo+json"):
            headers = {"prefer": "ngsi-ld=1.5", "accept": accept}
            reply = await api.get(path, headers=headers)
            found = reply.json()
            found = found[0] if isinstance(found, list) else found.get("features", [found])[0]
            assert (reply.status, found.get("properties", found)["kind"]) == (203, plain)
            assert reply.headers["preference-applied"] == "ngsi-ld=1.5"
        same = await api.get(path, headers={"prefer": "ngsi-ld=1.8"})
        assert (same.status, same.headers["preference-applied"]) == (200, "ngsi-ld=1.8")
        native = await api.get(path, headers={"prefer": "ngsi-ld=1.9"})
        assert (native.status, native.headers["preference-applied"]) == (200, "ngsi-ld=1.9")
        simplified = await api.get(
            path + ("&" if "?" in path else "?") + "format=simplified", headers=headers
        )
        assert simplified.status == 200


def test_a_notification_is_amended_for_its_subscriber() -> None:
    """§5.8.6: ngsildConformance."""
    car = parse_entity({**CAR, "kind": {"type": "VocabProperty", "vocab": "Fast"}}, CORE)
    what = event(1, 2, None, car)
    for accept in ("application/json", "application/geo+json"):
        for format_, kind in (
            ("normalized", {"type": "Property", "value": "Fast"}),
            ("concise", {"value": "Fast"}),
        ):
            endpoint = {"uri": "http://receiver.test/", "accept": accept}
            raw = subscription(
                ngsildConformance="1.5", notification={"endpoint": endpoint, "format": format_}
            )
            asking = parse_subscription(raw, CORE, 1, ID)
            data = orjson.loads(notification(asking, [what], Envelope("urn:x:1", 1), CORE).body)["data"]
            element = data[0] if isinstance(data, list) else data["features"][0]["properties"]
            assert element["kind"] == kind
