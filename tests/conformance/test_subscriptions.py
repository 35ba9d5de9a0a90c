"""Subscriptions: made, shown, listed, changed and ended (CIM 009 §5.2.12 to §5.2.15, §5.8.1 to §5.8.5, §6.10, §6.11)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.asgi_client import Client, Reply

from madang.clock import FixedClock
from madang.hub.hub import Hub
from madang.ngsild.subscription import DeliveryState
from madang.store.base import KeptSubscription, Store
from madang.store.sqlite.store import Options, SqliteStore, store_path
from madang.trust.access import OPEN

BASE = "/ngsi-ld/v1"
SUBSCRIPTIONS = f"{BASE}/subscriptions"
ID = "urn:ngsi-ld:Subscription:1"
ENDPOINT = {"uri": "http://receiver.test/notify"}
NULL = "urn:ngsi-ld:null"
FUTURE, PAST = "2030-01-01T00:00:00Z", "2020-01-01T00:00:00Z"
TERMS = {"Car": "https://example.org/ns#Car", "speed": "https://example.org/ns#speed"}


def subscription(**more: Any) -> dict[str, Any]:
    """A subscription with these members more, or others; None leaves one out."""
    members = {
        "id": ID,
        "type": "Subscription",
        "entities": [{"type": "Car"}],
        "notification": {"endpoint": ENDPOINT},
        **more,
    }
    return {name: value for name, value in members.items() if value is not None}


def notifying(**parameters: Any) -> dict[str, Any]:
    """A subscription with these parameters of its notification."""
    return subscription(notification={"endpoint": ENDPOINT, **parameters})


def at(**members: Any) -> dict[str, Any]:
    """A subscription with these members of its endpoint."""
    return notifying(endpoint={**ENDPOINT, **members})


def is_bad(reply: Reply, word: str = "") -> None:
    assert reply.status == 400, reply.body
    assert reply.json()["type"].endswith("BadRequestData")
    assert reply.json()["title"]
    assert word in reply.json()["detail"]


# --- create: §5.8.1 ---


async def test_a_subscription_is_shown_as_it_was_written(api: Client) -> None:
    """§5.8.1.4, §5.8.3.5: with its status, its triggers and the @context of its notifications."""
    written = subscription(
        subscriptionName="fast cars",
        description="all that speed",
        watchedAttributes=["speed"],
        q="speed>50",
        scopeQ="/gaon/#",
        geoQ={"georel": "near;maxDistance==2000", "geometry": "Point", "coordinates": [1, 2]},
        lang="ko",
        datasetId=["@none", "urn:x:1"],
        throttling=0.5,
        expiresAt=FUTURE,
        isActive=True,
        localOnly=True,
        notification={
            "format": "keyValues",
            "pick": ["id", "speed"],
            "sysAttrs": True,
            "join": "inline",
            "joinLevel": 2,
            "endpoint": {
                **ENDPOINT,
                "accept": "application/ld+json",
                "timeout": 500,
                "cooldown": 1000,
                "receiverInfo": [{"key": "Authorization", "value": "Bearer abc"}],
                "notifierInfo": [{"key": "Prefer", "value": "x"}],
            },
        },
    )
    reply = await api.post(SUBSCRIPTIONS, written)
    assert (reply.status, reply.headers["location"]) == (201, f"{SUBSCRIPTIONS}/{ID}")
    assert (await api.get(f"{SUBSCRIPTIONS}/{ID}")).json() == {
        **written,
        "status": "active",
        "notificationTrigger": ["attributeCreated", "attributeUpdated"],
        "jsonldContext": "http://madang.test/ngsi-ld/v1/jsonldContexts/madang",
    }


async def test_an_id_is_made_where_none_is_given(api: Client) -> None:
    """§5.8.1.4."""
    reply = await api.post(SUBSCRIPTIONS, subscription(id=None))
    location = reply.headers["location"]
    assert "/urn:" in location
    assert (await api.get(location)).json()["id"] == location.rpartition("/")[2]


async def test_an_id_is_taken_once(api: Client) -> None:
    """§5.8.1.4, §6.10.3.1."""
    await api.post(SUBSCRIPTIONS, subscription())
    reply = await api.post(SUBSCRIPTIONS, subscription())
    assert (reply.status, reply.json()["type"].rpartition("/")[2]) == (409, "AlreadyExists")


async def test_what_is_not_json_is_no_request(api: Client) -> None:
    """§6.3.2."""
    reply = await api.post(SUBSCRIPTIONS, body=b"{", headers={"content-type": "application/json"})
    assert (reply.status, reply.json()["type"].rpartition("/")[2]) == (400, "InvalidRequest")


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({}, "type"),
        (subscription(type="Sub"), "type"),
        (subscription(id="x"), "URI"),
        (subscription(id=""), "URI"),
        (subscription(notification=None), "notification"),
        (subscription(entities=None), "watchedAttributes"),
        (subscription(entities=[]), "entities"),
        (subscription(entities=[{"id": "urn:x:1"}]), "type"),
        (subscription(entities=[{"type": "Car", "id": "x"}]), "URI"),
        (subscription(entities=[{"type": "Car", "idPattern": "["}]), "idPattern"),
        (subscription(entities=[{"type": "(Car"}]), "type"),
        (subscription(entities=[{"type": "*"}], localOnly=False), "localOnly"),
        (subscription(watchedAttributes=[]), "watchedAttributes"),
        (subscription(watchedAttributes="speed"), "watchedAttributes"),
        (subscription(notificationTrigger=["entityChanged"]), "notificationTrigger"),
        (subscription(notificationTrigger=[]), "notificationTrigger"),
        (subscription(timeInterval=5, watchedAttributes=["speed"]), "timeInterval"),
        (subscription(timeInterval=5, throttling=5), "timeInterval"),
        (subscription(timeInterval=0), "timeInterval"),
        (subscription(timeInterval=0.01), "timeInterval"),
        (subscription(timeInterval=True), "timeInterval"),
        (subscription(throttling=-1), "throttling"),
        (subscription(throttling="5"), "throttling"),
        (subscription(expiresAt=PAST), "expiresAt"),
        (subscription(expiresAt="tomorrow"), "expiresAt"),
        (subscription(isActive="yes"), "isActive"),
        (subscription(q="speed>"), "q"),
        (subscription(csf="(("), ""),
        (subscription(scopeQ="//"), "scopeQ"),
        (subscription(geoQ={"georel": "near", "geometry": "Point", "coordinates": [1, 2]}), "georel"),
        (subscription(geoQ={}), "geoQ"),
        (subscription(geoQ={"geoproperty": "location"}), "geoproperty"),
        (subscription(datasetId=["x"]), "datasetId"),
        (subscription(jsonldContext="unknownContext"), "jsonldContext"),
        (subscription(ngsildConformance="new"), "ngsildConformance"),
        (subscription(expandValues=["speed"]), "expandValues"),
        (subscription(description=NULL), "description"),
        (notifying(endpoint=None), "endpoint"),
        (notifying(endpoint={}), "uri"),
        (notifying(format="fancy"), "format"),
        (notifying(format="keyValues", showChanges=True), "showChanges"),
        (notifying(format="simplified", showChanges=True), "showChanges"),
        (notifying(showChanges="yes"), "showChanges"),
        (notifying(attributes=[]), "attributes"),
        (notifying(pick=[]), "pick"),
        (notifying(omit=[]), "omit"),
        (notifying(pick=["speed"], omit=["speed"]), "speed"),
        (notifying(pick=["speed"], attributes=["speed"]), "attributes"),
        (notifying(omit=["speed"], attributes=["speed"]), "attributes"),
        (notifying(attributes=["id"]), "attributes"),
        (notifying(join="deep"), "join"),
        (notifying(join="flat", joinLevel=0), "joinLevel"),
        (notifying(join="flat", joinLevel=99), "joinLevel"),
        (notifying(pick=["owner{name}"]), "joinLevel"),
        (notifying(pick=["owner{name"], join="flat"), "pick"),
        (at(uri="notify"), "uri"),
        (at(uri="ftp://receiver.test/"), "uri"),
        (at(uri="mqtt://broker.test"), "uri"),
        (at(uri="http://receiver.test:port/"), "uri"),
        (at(accept="text/html"), "accept"),
        (at(timeout=0), "timeout"),
        (at(cooldown="1"), "cooldown"),
        (at(receiverInfo=[{"key": "K", "value": 42}]), "receiverInfo"),
        (at(receiverInfo=[{"key": "K"}]), "receiverInfo"),
        (at(receiverInfo=[{"key": 5, "value": "v"}]), "receiverInfo"),
        (at(receiverInfo=[{"key": "a b", "value": "v"}]), "header"),
        (at(receiverInfo=[{"key": "A", "value": "v\r\nB: c"}]), "header"),
        (at(receiverInfo=[{"key": "Content-Length", "value": "1"}]), "Content-Length"),
        (at(notifierInfo=[{"key": "K", "value": {"a": 1}}]), "notifierInfo"),
        (at(notifierInfo={"key": "K"}), "notifierInfo"),
        (at(uri="mqtt://broker.test/a", notifierInfo=[{"key": "MQTT-QoS", "value": "3"}]), "MQTT-QoS"),
    ],
)
async def test_what_breaks_a_rule_is_refused_by_name(api: Client, wrong: dict[str, Any], word: str) -> None:
    """§5.8.1.4, with the tables of §5.2.12 to §5.2.15, §5.2.22, §5.2.33."""
    is_bad(await api.post(SUBSCRIPTIONS, wrong), word)
    assert (await api.get(SUBSCRIPTIONS)).json() == []


async def test_members_of_the_platform_and_unknown_ones_are_not_taken(api: Client) -> None:
    """Tables 5.2.12-2 and 5.2.14.2-1."""
    parameters = {"endpoint": ENDPOINT, "timesSent": 42, "status": "failed"}
    written = subscription(status="expired", createdAt=PAST, mine=1, notification=parameters)
    assert (await api.post(SUBSCRIPTIONS, written)).status == 201
    shown = (await api.get(f"{SUBSCRIPTIONS}/{ID}")).json()
    assert shown["status"] == "active"
    assert shown["notification"] == {"endpoint": ENDPOINT}
    assert shown.keys().isdisjoint({"mine", "createdAt"})


async def test_a_paused_subscription_says_so(api: Client) -> None:
    """§5.8.1.4."""
    await api.post(SUBSCRIPTIONS, subscription(isActive=False))
    assert (await api.get(f"{SUBSCRIPTIONS}/{ID}")).json()["status"] == "paused"


@pytest.mark.parametrize(
    "written",
    [
        subscription(entities=None, watchedAttributes=["speed"]),
        subscription(entities=None, localOnly=True),
        subscription(entities=None, localOnly=True, timeInterval=5),
        subscription(entities=[{"type": "*"}]),
        subscription(entities=[{"type": "(Car;Fast)|Bus", "id": ["urn:x:1", "urn:x:2"]}]),
        subscription(splitEntities=False, expandValues="speed", jsonKeys="a,b", temporalQ={}),
        notifying(format="normalized", showChanges=True),
        notifying(format="concise", showChanges=True),
        notifying(pick=["id", "owner{name,age}"], omit=["owner{id}|speed"], join="inline", joinLevel=1),
        subscription(q="kind==Fast", expandValues="kind,speed", jsonKeys="speed"),
        subscription(q="owner{age}>5"),
        at(uri="mqtts://user:secret@broker.test:8883/a/b", notifierInfo=[{"key": "MQTT-QoS", "value": "2"}]),
    ],
)
async def test_what_the_tables_allow_is_taken(api: Client, written: dict[str, Any]) -> None:
    """§5.2.12 to §5.2.15."""
    reply = await api.post(SUBSCRIPTIONS, written)
    assert reply.status == 201, reply.body
    shown = (await api.get(f"{SUBSCRIPTIONS}/{ID}")).json()
    assert {name: shown[name] for name in written} == written


# --- names and @context: §5.5.7, §5.8.1.4 ---


async def test_names_are_of_the_request_and_shown_in_the_readers_context(api: Client) -> None:
    """§5.5.7: types, attributes and the geometry's property are IRIs inside."""
    geo = {"georel": "within", "geometry": "Point", "coordinates": "[1,2]", "geoproperty": "speed"}
    written = subscription(
        entities=[{"type": "Car"}, {"type": "(Car|Bus)"}],
        watchedAttributes=["speed"],
        geoQ=geo,
        notification={"endpoint": ENDPOINT, "attributes": ["speed"]},
        **{"@context": TERMS},
    )
    headers = {"content-type": "application/ld+json"}
    assert (await api.post(SUBSCRIPTIONS, written, headers=headers)).status == 201
    shown = (await api.get(f"{SUBSCRIPTIONS}/{ID}")).json()
    iri = TERMS["speed"]
    assert shown["entities"] == [{"type": TERMS["Car"]}, {"type": f"({TERMS['Car']}|Bus)"}]
    assert (shown["watchedAttributes"], shown["notification"]["attributes"]) == ([iri], [iri])
    assert shown["geoQ"] == {**geo, "geoproperty": iri}
    link = {"link": f'<{shown["jsonldContext"]}>; rel="http://www.w3.org/ns/json-ld#context"'}
    again = (await api.get(f"{SUBSCRIPTIONS}/{ID}", headers=link)).json()
    assert (again["entities"], again["watchedAttributes"]) == (written["entities"], ["speed"])


async def test_a_context_inside_the_request_gets_an_address(api: Client) -> None:
    """§5.8.1.4: jsonldContext is initialized with the @context of the subscription; §5.13.1: the platform serves it."""
    headers = {"content-type": "application/ld+json"}
    await api.post(SUBSCRIPTIONS, subscription(**{"@context": TERMS}), headers=headers)
    address = (await api.get(f"{SUBSCRIPTIONS}/{ID}")).json()["jsonldContext"]
    served = await api.get(address.removeprefix("http://madang.test"))
    assert served.json()["@context"] == TERMS


async def test_a_context_that_cannot_be_had_is_told_of(api: Client) -> None:
    """§5.8.1.4: LdContextNotAvailable."""
    reply = await api.post(SUBSCRIPTIONS, subscription(jsonldContext="http://127.0.0.1:1/none.jsonld"))
    assert (reply.status, reply.json()["type"].rpartition("/")[2]) == (504, "LdContextNotAvailable")
    await api.post(SUBSCRIPTIONS, subscription())
    patched = await api.patch(f"{SUBSCRIPTIONS}/{ID}", {"jsonldContext": "http://127.0.0.1:1/none.jsonld"})
    assert patched.status == 504


async def test_json_ld_carries_its_context(api: Client) -> None:
    """§6.3.5, §6.3.6."""
    await api.post(SUBSCRIPTIONS, subscription())
    headers = {"accept": "application/ld+json"}
    one = await api.get(f"{SUBSCRIPTIONS}/{ID}", headers=headers)
    many = await api.get(SUBSCRIPTIONS, headers=headers)
    assert one.headers["content-type"] == many.headers["content-type"] == "application/ld+json"
    assert "@context" in one.json()
    assert "@context" in many.json()[0]
    plain = await api.get(f"{SUBSCRIPTIONS}/{ID}")
    assert "@context" not in plain.json()
    assert "json-ld#context" in plain.headers["link"]


# --- retrieve and list: §5.8.3, §5.8.4 ---


async def test_a_subscription_that_is_not_there(api: Client) -> None:
    """§5.8.2.4, §5.8.3.4, §5.8.5.4."""
    for method in ("GET", "PATCH", "DELETE"):
        reply = await api.call(method, f"{SUBSCRIPTIONS}/{ID}", json={})
        assert (reply.status, reply.json()["type"].rpartition("/")[2]) == (404, "ResourceNotFound")
        is_bad(await api.call(method, f"{SUBSCRIPTIONS}/1", json={}), "URI")


async def test_they_are_listed_in_pages(api: Client) -> None:
    """§5.8.4.4, §5.5.9, §6.3.10."""
    for n in range(3):
        await api.post(SUBSCRIPTIONS, subscription(id=f"{ID}{n}"))
    reply = await api.get(
        f"{SUBSCRIPTIONS}?limit=1&offset=1&count=true", headers={"accept": "application/ld+json"}
    )
    assert [one["id"] for one in reply.json()] == [f"{ID}1"]
    assert reply.headers["ngsild-results-count"] == "3"
    page = f"{SUBSCRIPTIONS}?limit=1&offset="
    assert f'<{page}2&count=true>; rel="next"; type="application/ld+json"' in reply.headers["link"]
    assert f'<{page}0&count=true>; rel="prev"; type="application/ld+json"' in reply.headers["link"]
    whole = await api.get(SUBSCRIPTIONS)
    assert len(whole.json()) == 3
    assert 'rel="next"' not in whole.headers["link"]
    assert (await api.get(f"{SUBSCRIPTIONS}?limit=0&count=true")).headers["ngsild-results-count"] == "3"
    for wrong in ("limit=-1", "limit=x", "offset=-1", "limit=0"):
        is_bad(await api.get(f"{SUBSCRIPTIONS}?{wrong}"), wrong.partition("=")[0])


async def test_when_it_was_made_is_shown_on_wish(api: Client, clock: FixedClock) -> None:
    """§4.8: system attributes."""
    await api.post(SUBSCRIPTIONS, subscription())
    clock.advance(1_000_000)
    await api.patch(f"{SUBSCRIPTIONS}/{ID}", {"description": "new"})
    shown = (await api.get(f"{SUBSCRIPTIONS}/{ID}?options=sysAttrs")).json()
    assert (shown["createdAt"], shown["modifiedAt"]) == ("2026-01-01T12:00:00Z", "2026-01-01T12:00:01Z")


class _Delivery:
    """What the hub is told, written down; every subscription was notified twice, once in vain."""

    name = "test"

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def opened(self, tenant: str, store: Store) -> None:
        pass

    def needs(self, tenant: str) -> bool:
        return False

    async def closed(self, tenant: str) -> None:
        pass

    async def close(self) -> None:
        pass

    def changed(self, tenant: str, kept: KeptSubscription) -> None:
        self.told.append(("changed", kept.subscription.id))

    def removed(self, tenant: str, subscription_id: str) -> None:
        self.told.append(("removed", subscription_id))

    def state(self, tenant: str, subscription_id: str) -> DeliveryState:
        return DeliveryState(
            2, 1, 1_767_268_800_000_000, 1_767_268_800_000_000, 1_767_268_799_000_000, ok=True
        )


async def test_what_became_of_notifications_is_shown(api: Client, hub: Hub) -> None:
    """Table 5.2.14.2-1; and who delivers hears of every change."""
    delivery = hub.delivery = _Delivery()
    await api.post(SUBSCRIPTIONS, subscription())
    shown = (await api.get(f"{SUBSCRIPTIONS}/{ID}")).json()
    assert shown["notification"] == {
        "endpoint": ENDPOINT,
        "status": "ok",
        "timesSent": 2,
        "timesFailed": 1,
        "lastNotification": "2026-01-01T12:00:00Z",
        "lastSuccess": "2026-01-01T12:00:00Z",
        "lastFailure": "2026-01-01T11:59:59Z",
    }
    await api.patch(f"{SUBSCRIPTIONS}/{ID}", {"isActive": False})
    await api.delete(f"{SUBSCRIPTIONS}/{ID}")
    assert delivery.told == [("changed", ID), ("changed", ID), ("removed", ID)]


# --- update: §5.8.2 ---


async def test_members_are_replaced_one_by_one(api: Client) -> None:
    """§5.5.8: what the fragment names takes the place of what was there; nothing else changes."""
    await api.post(SUBSCRIPTIONS, subscription(q="speed>1", description="old"))
    fragment = {
        "type": "Subscription",
        "description": "new",
        "notification": {"endpoint": {"uri": "http://other.test/"}, "format": "concise"},
    }
    reply = await api.patch(f"{SUBSCRIPTIONS}/{ID}", fragment)
    assert (reply.status, reply.body) == (204, b"")
    shown = (await api.get(f"{SUBSCRIPTIONS}/{ID}")).json()
    assert (shown["q"], shown["description"]) == ("speed>1", "new")
    assert shown["notification"] == fragment["notification"]


async def test_null_takes_a_member_away(api: Client) -> None:
    """§5.5.8: NGSI-LD Null."""
    await api.post(SUBSCRIPTIONS, subscription(q="speed>1", throttling=5, description="x"))
    fragment = {"q": NULL, "throttling": NULL, "description": None}
    assert (await api.patch(f"{SUBSCRIPTIONS}/{ID}", fragment)).status == 204
    assert (await api.get(f"{SUBSCRIPTIONS}/{ID}")).json().keys().isdisjoint(fragment)


@pytest.mark.parametrize(
    ("fragment", "word"),
    [
        ({"notification": {"format": "keyValues"}}, "endpoint"),
        ({"notification": {"format": "keyValues", "endpoint": None}}, "endpoint"),
        ({"notification": NULL}, "notification"),
        ({"entities": NULL}, "entities"),
        ({"timeInterval": 5}, "throttling"),
        ({"expiresAt": PAST}, "expiresAt"),
        ({"expiresAt": PAST, "isActive": True}, "expiresAt"),
        ({"id": "urn:ngsi-ld:Subscription:2"}, "id"),
        ({"type": "Entity"}, "type"),
        ({"jsonldContext": NULL}, "jsonldContext"),
        ({"expandValues": "speed"}, "give q"),
    ],
)
async def test_a_fragment_must_leave_a_valid_subscription(
    api: Client, fragment: dict[str, Any], word: str
) -> None:
    """§5.8.2.4."""
    await api.post(SUBSCRIPTIONS, subscription(throttling=5, q="speed>1"))
    before = (await api.get(f"{SUBSCRIPTIONS}/{ID}")).json()
    is_bad(await api.patch(f"{SUBSCRIPTIONS}/{ID}", fragment), word)
    assert (await api.get(f"{SUBSCRIPTIONS}/{ID}")).json() == before


async def test_the_status_follows_from_activity_and_expiry(api: Client, clock: FixedClock) -> None:
    """§5.8.2.4, its rules one after the other; §5.8.1.4: expiry comes by itself."""

    async def patched(**fragment: Any) -> str:
        assert (await api.patch(f"{SUBSCRIPTIONS}/{ID}", fragment)).status == 204
        status: str = (await api.get(f"{SUBSCRIPTIONS}/{ID}")).json()["status"]
        return status

    await api.post(SUBSCRIPTIONS, subscription(isActive=False))
    assert await patched(isActive=True) == "active"
    assert await patched(isActive=False) == "paused"
    assert await patched(isActive=True, expiresAt="2026-01-01T12:00:01Z") == "active"
    clock.advance(1_000_000)
    assert await patched() == "expired"
    assert await patched(isActive=True) == "expired"
    assert await patched(isActive=False) == "expired"
    assert await patched(expiresAt=FUTURE) == "active"
    assert (await api.get(f"{SUBSCRIPTIONS}/{ID}")).json()["isActive"] is True
    assert await patched(isActive=False) == "paused"
    assert await patched(expiresAt="2031-01-01T00:00:00Z") == "paused"


# --- delete: §5.8.5, and the resources of §6.10, §6.11 ---


async def test_a_deleted_subscription_is_gone(api: Client) -> None:
    """§5.8.5.4."""
    await api.post(SUBSCRIPTIONS, subscription())
    assert (await api.delete(f"{SUBSCRIPTIONS}/{ID}")).status == 204
    assert (await api.get(f"{SUBSCRIPTIONS}/{ID}")).status == 404
    assert (await api.post(SUBSCRIPTIONS, subscription())).status == 201


async def test_without_an_id_nothing_is_changed_or_deleted(api: Client) -> None:
    """§6.10.3: the collection has GET and POST."""
    for method in ("PATCH", "DELETE"):
        for path in (SUBSCRIPTIONS, f"{SUBSCRIPTIONS}/"):
            assert (await api.call(method, path, json={})).status == 405


async def test_tenants_have_their_own(api: Client) -> None:
    """§6.3.14."""
    headers = {"ngsild-tenant": "other"}
    assert (await api.get(SUBSCRIPTIONS, headers=headers)).status == 404
    assert (await api.post(SUBSCRIPTIONS, subscription(), headers=headers)).status == 201
    assert len((await api.get(SUBSCRIPTIONS, headers=headers)).json()) == 1
    assert (await api.get(SUBSCRIPTIONS)).json() == []


async def test_they_survive_a_restart(api: Client, hub: Hub, tmp_path: Path, clock: FixedClock) -> None:
    """What a store keeps it gives back whole, with who subscribed."""
    written = subscription(
        q='speed>50;(name=="a"|brand~="^b")',
        entities=[{"type": "(Car;Fast)|Bus", "idPattern": "^urn"}],
        geoQ={"georel": "within", "geometry": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [0, 0]]]},
        scopeQ="/a/+/b",
        notificationTrigger=["entityDeleted"],
    )
    await api.post(SUBSCRIPTIONS, written)
    before = await hub.store(OPEN).subscriptions.get(ID)
    await hub.close()
    store = SqliteStore(store_path(tmp_path, ""), clock, Options())
    after = await store.subscriptions.get(ID)
    assert before is not None
    assert (after, before.subject) == (before, "anonymous")
    await store.close()
