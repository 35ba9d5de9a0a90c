"""Subscriptions made: what is taken, what is refused, and the names in them (CIM 009 §5.2.12 to §5.2.15, §5.8.1, §6.10)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi_client import Client
from tests.conformance.subscribing import (
    ENDPOINT,
    FUTURE,
    ID,
    NULL,
    PAST,
    SUBSCRIPTIONS,
    TERMS,
    at,
    is_bad,
    notifying,
    subscription,
)

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
        (at(receiverInfo=[{"key": "K", "value": "가" * 3000}]), "receiverInfo"),
        (subscription(description="x" * 9000), "description"),
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
