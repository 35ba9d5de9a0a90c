"""Notifications and the entities that others lead to: joined to the message, and asked for in q (CIM 009 §4.5.23,
§4.9, §4.21, §5.2.14.1, §5.8.6)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.asgi_client import Client

from madang.hub import telling
from madang.hub.hub import Hub
from madang.ngsild.entity import Entity
from madang.ngsild.event import Event, event
from madang.ngsild.notification import Envelope
from madang.ngsild.trigger import SubscriptionIndex, Watch
from madang.trust.access import OPEN

BASE = "/ngsi-ld/v1"
CAR, MIA, OSLO = "urn:ngsi-ld:Car:1", "urn:ngsi-ld:Person:Mia", "urn:ngsi-ld:City:Oslo"


def link(target: Any) -> dict[str, Any]:
    return {"type": "Relationship", "object": target}


def number(value: float) -> dict[str, Any]:
    return {"type": "Property", "value": value}


ENTITIES: list[dict[str, Any]] = [
    {"id": CAR, "type": "Car", "speed": number(50), "owner": link(MIA)},
    {"id": MIA, "type": "Person", "age": number(30), "livesIn": link(OSLO), "drives": link(CAR)},
    {"id": OSLO, "type": "City", "people": number(7)},
]


@pytest.fixture
async def city(api: Client, hub: Hub) -> Hub:
    for one in ENTITIES:
        assert (await api.post(f"{BASE}/entities", one)).status == 201
    return hub


async def entity(hub: Hub, identifier: str) -> Entity:
    found = await hub.store(OPEN).retrieve(identifier, OPEN)
    assert found is not None
    return found


async def watch(api: Client, hub: Hub, **members: Any) -> Watch:
    """A subscription to cars, made over the API."""
    parameters = {"endpoint": {"uri": "http://receiver.test/"}, **members.pop("notification", {})}
    raw = {"type": "Subscription", "entities": [{"type": "Car"}], "notification": parameters, **members}
    reply = await api.post(f"{BASE}/subscriptions", raw)
    assert reply.status == 201, reply.body
    kept = await hub.store(OPEN).subscriptions.get(reply.headers["location"].rpartition("/")[2])
    assert kept is not None
    return Watch(kept.subscription)


async def told(api: Client, hub: Hub, what: Event | None = None, **members: Any) -> list[dict[str, Any]]:
    """The data of the notification of the car's creation, or of `what`."""
    what = what or event(1, 2, None, await entity(hub, CAR))
    asking = await watch(api, hub, **members)
    sent = await telling.message(
        hub, OPEN, asking.subscription, [what], Envelope("urn:ngsi-ld:Notification:1", 1)
    )
    data = orjson.loads(sent.body)["data"]
    found: list[dict[str, Any]] = data["features"] if isinstance(data, dict) else data
    return found


async def test_without_join_only_the_entity_comes(api: Client, city: Hub) -> None:
    """§5.2.14.1: @none is the default."""
    for parameters in ({}, {"join": "@none"}):
        assert await told(api, city, notification=parameters) == ENTITIES[:1]


async def test_flat(api: Client, city: Hub) -> None:
    """§4.5.23.3: linked entities stand behind, each once."""
    assert await told(api, city, notification={"join": "flat"}) == ENTITIES[:2]
    deep = {"join": "flat", "joinLevel": 2}
    assert await told(api, city, notification=deep) == ENTITIES
    simplified = await told(api, city, notification={**deep, "format": "simplified"})
    assert simplified[2] == {"id": OSLO, "type": "City", "people": 7}


async def test_inline(api: Client, city: Hub) -> None:
    """§4.5.23.2: linked entities stand inside of the relationships."""
    (car,) = await told(api, city, notification={"join": "inline"})
    assert car == {**ENTITIES[0], "owner": {**link(MIA), "entity": ENTITIES[1]}}
    (car,) = await told(api, city, notification={"join": "inline", "joinLevel": 2})
    assert car["owner"]["entity"]["livesIn"]["entity"] == ENTITIES[2]
    (car,) = await told(api, city, notification={"join": "inline", "format": "simplified"})
    assert car["owner"] == {"id": MIA, "type": "Person", "age": 30, "livesIn": OSLO, "drives": CAR}


async def test_what_is_chosen_is_chosen_of_the_entity_itself(api: Client, city: Hub) -> None:
    """§4.21: attributes, pick and omit are said of their own level; braces lead on to linked entities."""
    for members in ({"attributes": ["owner"]}, {"pick": ["id", "type", "owner"]}, {"omit": ["speed"]}):
        data = await told(api, city, notification={"join": "flat", **members})
        assert data == [{"id": CAR, "type": "Car", "owner": link(MIA)}, ENTITIES[1]]
    picked = {"join": "inline", "pick": ["id,owner{age}"]}
    (car,) = await told(api, city, notification=picked)
    assert car == {"id": CAR, "owner": {**link(MIA), "entity": {"age": number(30)}}}
    (car,) = await told(
        api, city, notification={"join": "inline", "omit": ["speed", "owner{livesIn|drives}"]}
    )
    assert car["owner"]["entity"].keys() == {"id", "type", "age"}


async def test_system_attributes_are_those_of_each(api: Client, city: Hub) -> None:
    """§5.2.14.1: sysAttrs."""
    for mode in ("flat", "inline"):
        data = await told(api, city, notification={"join": mode, "sysAttrs": True})
        person = data[1] if mode == "flat" else data[0]["owner"]["entity"]
        assert person.keys() >= {"createdAt", "modifiedAt"}


async def test_geojson(api: Client, city: Hub) -> None:
    """§4.5.16."""
    endpoint = {"uri": "http://receiver.test/", "accept": "application/geo+json"}
    flat = await told(api, city, notification={"join": "flat", "endpoint": endpoint})
    assert [feature["id"] for feature in flat] == [CAR, MIA]
    (feature,) = await told(api, city, notification={"join": "inline", "endpoint": endpoint})
    assert feature["properties"]["owner"]["entity"]["id"] == MIA


async def test_former_values_stand_beside_linked_entities(api: Client, city: Hub) -> None:
    """§5.2.14.1: showChanges."""
    before = await entity(city, CAR)
    await api.patch(f"{BASE}/entities/{CAR}/attrs", {"owner": link([MIA, OSLO])})
    what = event(1, 2, before, await entity(city, CAR))
    (car,) = await told(api, city, what, notification={"join": "inline", "showChanges": True})
    assert car["owner"]["previousObject"] == MIA
    assert [one["id"] for one in car["owner"]["entity"]] == [MIA, OSLO]


async def test_a_deleted_entity_leads_nowhere(api: Client, city: Hub) -> None:
    """§5.8.6."""
    gone = event(1, 2, await entity(city, CAR), None)
    trigger = {"notificationTrigger": ["entityDeleted"]}
    (car,) = await told(api, city, gone, **trigger, notification={"join": "flat", "joinLevel": 2})
    assert car.keys() == {"id", "type", "deletedAt"}


@pytest.mark.parametrize(
    ("q", "triggers"),
    [
        ("owner{age}>20", True),
        ("owner{age}>40", False),
        ("owner{livesIn{people}}==7", True),
        ("owner{livesIn{people}}==8", False),
        ("speed==50;owner{age}==30;owner{livesIn{people}}<10", True),
        ("owner{age}>40|speed==50", True),
        ("speed{age}==30", False),
        ("none{age}==30", False),
    ],
)
async def test_conditions_on_linked_entities(api: Client, city: Hub, q: str, triggers: bool) -> None:
    """§4.9, §5.8.6: they are asked at every event anew."""
    asking = await watch(api, city, q=q)
    index = SubscriptionIndex()
    index.put(asking)
    assert (asking.linked, index.linked) == (True, True)
    what = event(1, 2, None, await entity(city, CAR))
    store = city.store(OPEN)
    found = await telling.asked(store, OPEN, lambda follow: index.triggered(what, follow))
    assert found == ([asking] if triggers else [])
    await api.delete(f"{BASE}/entities/{MIA}")
    if "|" not in q:
        assert not await telling.asked(store, OPEN, lambda follow: asking.triggered(what, follow))
    index.remove(asking.subscription.id)
    assert not index.linked
