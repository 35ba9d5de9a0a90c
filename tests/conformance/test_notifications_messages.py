"""What a notification says (CIM 009 §5.2.14, §5.2.15, §5.3.1, §5.8.6, §6.3.8)."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson
import pytest

from madang.ngsild.context import CORE, Context
from madang.ngsild.entity import Entity
from madang.ngsild.event import Event, as_seen, event, occurrence
from madang.ngsild.notification import Envelope, Message, notification
from madang.ngsild.parse import parse_entity
from madang.ngsild.subscription import Subscription
from madang.ngsild.subscription_input import parse_subscription
from madang.trust.view import Rule, View, compile_view

ID = "urn:ngsi-ld:Car:1"
NOON = 1_767_268_800_000_000
LATER = NOON + 60_000_000
ENVELOPE = Envelope("urn:ngsi-ld:Notification:1", LATER)
ADDRESS = "https://example.org/context.jsonld"
NULL = "urn:ngsi-ld:null"
POINT = {"type": "Point", "coordinates": [1, 2]}
ATTRIBUTES: dict[str, Any] = {
    "speed": {"type": "Property", "value": 1},
    "owner": {"type": "Relationship", "object": "urn:x:1"},
    "location": {"type": "GeoProperty", "value": POINT},
    "street": {"type": "LanguageProperty", "languageMap": {"ko": "길", "en": "road"}},
    "kind": {"type": "VocabProperty", "vocab": "Fast"},
    "data": {"type": "JsonProperty", "json": {"a": None}},
    "steps": {"type": "ListProperty", "valueList": [1, 2]},
    "seats": {"type": "ListRelationship", "objectList": [{"object": "urn:x:1"}]},
}
PREVIOUS: dict[str, dict[str, Any]] = {
    "speed": {"previousValue": 1},
    "owner": {"previousObject": "urn:x:1"},
    "location": {"previousValue": POINT},
    "street": {"previousLanguageMap": {"ko": "길", "en": "road"}},
    "kind": {"previousVocab": "Fast"},
    "data": {"previousJson": {"a": None}},
    "steps": {"previousValueList": [1, 2]},
    "seats": {"previousObjectList": [{"object": "urn:x:1"}]},
}


def entity(context: Context = CORE, **attributes: Any) -> Entity:
    """As stored: created at noon."""
    parsed = parse_entity({"id": ID, "type": "Car", **attributes}, context)
    stamped = [msgspec.structs.replace(one, created_at=NOON, modified_at=NOON) for one in parsed.attributes]
    return msgspec.structs.replace(parsed, attributes=tuple(stamped), created_at=NOON, modified_at=NOON)


def subscription(**members: Any) -> Subscription:
    endpoint = {"uri": "http://receiver.test/", **members.pop("endpoint", {})}
    parameters = {"endpoint": endpoint, **members.pop("notification", {})}
    raw = {"type": "Subscription", "entities": [{"type": "Car"}], "notification": parameters, **members}
    return parse_subscription({"jsonldContext": ADDRESS, **raw}, CORE, 1, "urn:ngsi-ld:Subscription:1")


def change(before: Entity | None, after: Entity | None) -> Event:
    return event(1, LATER, before, after)


def message(what: Event, context: Context = CORE, **members: Any) -> Message:
    return notification(subscription(**members), [what], ENVELOPE, context)


def told(what: Event, context: Context = CORE, **members: Any) -> Any:
    """The one entity of the notification."""
    (element,) = orjson.loads(message(what, context, **members).body)["data"]
    return element


UPDATED = change(entity(speed=ATTRIBUTES["speed"]), entity(speed={"type": "Property", "value": 2}))
REMOVED = change(entity(**ATTRIBUTES), entity())
DELETED = change(entity(**ATTRIBUTES), None)


# --- the message: §5.3.1, §6.3.8 ---


def test_the_structure() -> None:
    """§5.3.1."""
    sent = message(UPDATED)
    assert orjson.loads(sent.body) == {
        "id": "urn:ngsi-ld:Notification:1",
        "type": "Notification",
        "subscriptionId": "urn:ngsi-ld:Subscription:1",
        "notifiedAt": "2026-01-01T12:01:00Z",
        "data": [{"id": ID, "type": "Car", "speed": {"type": "Property", "value": 2}}],
    }
    assert sent.headers == (
        ("Content-Type", "application/json"),
        ("Link", f'<{ADDRESS}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'),
    )


def test_several_changes_stand_in_their_order() -> None:
    """§5.8.6."""
    sent = notification(subscription(), [UPDATED, DELETED, occurrence(1, 2, entity())], ENVELOPE, CORE)
    assert ["deletedAt" in one for one in orjson.loads(sent.body)["data"]] == [False, True, False]


def test_json_ld_has_its_context_in_the_body() -> None:
    """§6.3.8."""
    sent = message(UPDATED, endpoint={"accept": "application/ld+json"})
    body = orjson.loads(sent.body)
    assert body["@context"] == body["data"][0]["@context"] == ADDRESS
    assert sent.headers == (("Content-Type", "application/ld+json"),)


@pytest.mark.parametrize("prefer", [None, "body=ld+json", "body=json"])
def test_geojson(prefer: str | None) -> None:
    """§5.3.1, §6.3.8: a FeatureCollection, whose @context Prefer moves to the Link header."""
    info = [{"key": "Prefer", "value": prefer}] if prefer else []
    what = change(None, entity(speed=ATTRIBUTES["speed"], location=ATTRIBUTES["location"]))
    sent = message(what, endpoint={"accept": "application/geo+json", "receiverInfo": info})
    collection = orjson.loads(sent.body)["data"]
    in_body = prefer != "body=json"
    assert collection.pop("@context", None) == (ADDRESS if in_body else None)
    assert ("Link" in dict(sent.headers)) != in_body
    assert dict(sent.headers)["Content-Type"] == "application/geo+json"
    properties = {"type": "Car", "speed": ATTRIBUTES["speed"], "location": ATTRIBUTES["location"]}
    feature = {"id": ID, "type": "Feature", "geometry": POINT, "properties": properties}
    assert collection == {"type": "FeatureCollection", "features": [feature]}


def test_geojson_of_what_is_gone() -> None:
    """§5.3.1, §5.8.6."""
    endpoint = {"accept": "application/geo+json"}
    sent = message(DELETED, endpoint=endpoint, notificationTrigger=["entityDeleted"])
    (feature,) = orjson.loads(sent.body)["data"]["features"]
    properties = {"type": "Car", "deletedAt": "2026-01-01T12:01:00Z"}
    assert feature == {"id": ID, "type": "Feature", "geometry": None, "properties": properties}
    (kept,) = orjson.loads(message(REMOVED, endpoint=endpoint).body)["data"]["features"]
    assert kept["properties"]["speed"] == {"type": "Property", "value": NULL}


def test_headers_for_the_receiver() -> None:
    """§5.2.22, §6.3.8, §6.3.14."""
    info = [{"key": "Authorization", "value": "Bearer abc"}, {"key": "X-Key", "value": "1"}]
    sent = notification(
        subscription(endpoint={"receiverInfo": info}),
        [UPDATED],
        msgspec.structs.replace(ENVELOPE, tenant="gaon"),
        CORE,
    )
    assert sent.headers[2:] == (("NGSILD-Tenant", "gaon"), ("Authorization", "Bearer abc"), ("X-Key", "1"))


# --- which members: §5.2.14.1, §5.8.6 ---


def test_formats() -> None:
    """§5.8.6: normalized is the default."""
    what = change(None, entity(**ATTRIBUTES))
    normalized = {"id": ID, "type": "Car", **ATTRIBUTES}
    assert told(what) == told(what, notification={"format": "normalized"}) == normalized
    concise = told(what, notification={"format": "concise"})
    assert (concise["speed"], concise["owner"]) == (1, {"object": "urn:x:1"})
    for name in ("simplified", "keyValues"):
        simplified = told(what, notification={"format": name})
        assert (simplified["speed"], simplified["owner"]) == (1, "urn:x:1")


def test_which_attributes() -> None:
    """§5.8.6: attributes, pick and omit."""
    what = change(None, entity(**ATTRIBUTES))
    assert told(what, notification={"attributes": ["speed"]}).keys() == {"id", "type", "speed"}
    assert told(what, notification={"pick": ["id", "speed"]}).keys() == {"id", "speed"}
    omitted = told(what, notification={"omit": ["type", "speed"]})
    assert omitted.keys() == {"id", *ATTRIBUTES} - {"speed"}


def test_what_is_not_wanted_is_not_told_of_when_it_goes() -> None:
    """§5.8.6."""
    assert told(REMOVED, notification={"attributes": ["speed"]}).keys() == {"id", "type", "speed"}
    assert told(REMOVED, notification={"pick": ["id", "owner"]}).keys() == {"id", "owner"}
    assert "speed" not in told(REMOVED, notification={"omit": ["speed"]})


def test_names_are_of_the_notifications_context() -> None:
    """§5.8.6, §5.5.7."""
    context = Context.from_terms(
        {"velocity": "https://example.org/ns#speed", "Auto": "https://example.org/ns#Car"}
    )
    parsed = parse_entity({"id": ID, "type": "Auto", "velocity": {"type": "Property", "value": 1}}, context)
    assert told(change(None, parsed), context) == {
        "id": ID,
        "type": "Auto",
        "velocity": {"type": "Property", "value": 1},
    }
    assert told(change(None, parsed))["type"] == "https://example.org/ns#Car"
    gone = change(parsed, msgspec.structs.replace(parsed, attributes=()))
    assert told(gone, context)["velocity"] == {"type": "Property", "value": NULL}


def test_language() -> None:
    """§4.15."""
    street = told(change(None, entity(**ATTRIBUTES)), lang="en")["street"]
    assert street == {"type": "Property", "value": "road", "lang": "en"}


def test_only_the_instances_that_are_asked_for() -> None:
    """§5.8.6, §4.5.5: datasetId."""
    instances = [
        {"type": "Property", "value": 1},
        {"type": "Property", "value": 2, "datasetId": "urn:d:2"},
        {"type": "Property", "value": 3, "datasetId": "urn:d:3"},
    ]
    what = change(None, entity(speed=instances))
    assert told(what, datasetId=["urn:d:2"])["speed"] == instances[1]
    assert told(what, datasetId=["@none", "urn:d:3"])["speed"] == [instances[0], instances[2]]
    gone = change(entity(speed=instances), entity(speed=instances[:1]))
    assert told(gone, datasetId=["urn:d:3"])["speed"] == {
        "type": "Property",
        "value": NULL,
        "datasetId": "urn:d:3",
    }


def test_system_attributes() -> None:
    """§5.2.14.1: sysAttrs."""
    times = {"createdAt": "2026-01-01T12:00:00Z", "modifiedAt": "2026-01-01T12:00:00Z"}
    element = told(UPDATED, notification={"sysAttrs": True})
    assert element == {"id": ID, "type": "Car", **times, "speed": {"type": "Property", "value": 2, **times}}
    assert told(UPDATED, notification={"sysAttrs": True, "format": "keyValues"}).keys() >= times.keys()


def test_a_hidden_attribute_is_never_told_of() -> None:
    seen = compile_view(View((Rule(),), (Rule(attributes=frozenset((CORE.expand("speed"),))),))).seen
    for what in (UPDATED, REMOVED, DELETED):
        for parameters in ({}, {"showChanges": True}):
            shown = as_seen(what, seen)
            assert shown is not None
            sent = notification(subscription(notification=parameters), [shown], ENVELOPE, CORE)
            assert b"speed" not in sent.body


# --- what is gone: §5.8.6 ---


@pytest.mark.parametrize("name", ATTRIBUTES)
@pytest.mark.parametrize("form", ["normalized", "concise", "simplified"])
def test_a_deleted_attribute(name: str, form: str) -> None:
    """§5.8.6: its name with NGSI-LD Null, in normalized form by its type."""
    what = change(
        entity(**ATTRIBUTES), entity(**{key: value for key, value in ATTRIBUTES.items() if key != name})
    )
    element = told(what, notification={"format": form})
    assert element.keys() == {"id", "type", *ATTRIBUTES}
    if form != "normalized":
        assert element[name] == NULL
        return
    member = next(iter(ATTRIBUTES[name].keys() - {"type"}))
    null = {"@none": NULL} if name == "street" else NULL
    assert element[name] == {"type": ATTRIBUTES[name]["type"], member: null}


def test_a_deleted_attribute_with_system_attributes() -> None:
    """§5.8.6, §4.8."""
    assert told(REMOVED, notification={"sysAttrs": True})["speed"] == {
        "type": "Property",
        "value": NULL,
        "createdAt": "2026-01-01T12:00:00Z",
        "modifiedAt": "2026-01-01T12:00:00Z",
        "deletedAt": "2026-01-01T12:01:00Z",
    }


def test_a_deleted_instance_says_which() -> None:
    """§5.8.6, §4.5.5: datasetId is provided; the instances that are left stand beside."""
    default = {"type": "Property", "value": 1}
    second = {"type": "Property", "value": 2, "datasetId": "urn:d:2"}
    what = change(entity(speed=[default, second]), entity(speed=default))
    gone = {"type": "Property", "value": NULL, "datasetId": "urn:d:2"}
    assert told(what)["speed"] == [default, gone]
    assert told(what, notification={"format": "concise"})["speed"][1] == {
        "value": NULL,
        "datasetId": "urn:d:2",
    }
    simplified = told(what, notification={"format": "simplified"})["speed"]
    assert simplified == {"dataset": {"@none": 1, "urn:d:2": NULL}}
    default_gone = change(entity(speed=[default, second]), entity(speed=second))
    assert told(default_gone)["speed"] == [second, {"type": "Property", "value": NULL}]
    simplified = told(default_gone, notification={"format": "simplified"})["speed"]
    assert simplified == {"dataset": {"@none": NULL, "urn:d:2": 2}}


def test_an_attribute_with_all_its_instances_gone_is_told_of_once() -> None:
    """§5.8.6: only the name and NGSI-LD Null, unless more is required."""
    instances = [{"type": "Property", "value": n, "datasetId": f"urn:d:{n}"} for n in range(2)]
    what = change(entity(speed=instances), entity())
    assert told(what)["speed"] == {"type": "Property", "value": NULL}
    assert told(what, notification={"format": "keyValues"})["speed"] == NULL
    previous = told(what, notification={"showChanges": True})["speed"]
    assert [one["previousValue"] for one in previous] == [0, 1]
    only = told(change(entity(speed=instances[:1]), entity()))["speed"]
    assert only == {"type": "Property", "value": NULL, "datasetId": "urn:d:0"}


def test_a_deleted_entity_says_when() -> None:
    """§5.8.6: only deletedAt, with sysAttrs also createdAt and modifiedAt."""
    trigger: dict[str, Any] = {"notificationTrigger": ["entityDeleted"]}
    head = {"id": ID, "type": "Car", "deletedAt": "2026-01-01T12:01:00Z"}
    times = {"createdAt": "2026-01-01T12:00:00Z", "modifiedAt": "2026-01-01T12:00:00Z"}
    for form in ("normalized", "concise", "keyValues"):
        assert told(DELETED, **trigger, notification={"format": form}) == head
    assert told(DELETED, **trigger, notification={"sysAttrs": True}) == head | times


def test_attributes_that_went_with_their_entity() -> None:
    """§5.8.6: who follows the deletion of attributes is told of those watched."""
    trigger: dict[str, Any] = {"notificationTrigger": ["attributeDeleted"]}
    element = told(DELETED, **trigger, watchedAttributes=["speed"])
    null = {"type": "Property", "value": NULL}
    assert element == {"id": ID, "type": "Car", "deletedAt": "2026-01-01T12:01:00Z", "speed": null}
    assert told(DELETED, **trigger).keys() == {"id", "type", "deletedAt", *ATTRIBUTES}
    sealed = told(DELETED, **trigger, watchedAttributes=["speed"], notification={"sysAttrs": True})
    assert sealed["speed"].keys() == {"type", "value", "createdAt", "modifiedAt", "deletedAt"}


# --- what was before: §5.2.14.1, showChanges ---


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_the_former_value_of_a_deleted_attribute(name: str) -> None:
    """§5.8.6, whether the attribute or the whole entity went."""
    changes: dict[str, Any] = {
        "notification": {"showChanges": True},
        "notificationTrigger": ["entityDeleted"],
    }
    for what in (REMOVED, DELETED):
        element = told(what, **changes)
        assert {key: element[name][key] for key in PREVIOUS[name]} == PREVIOUS[name]
        concise = told(what, notification={"showChanges": True, "format": "concise"})[name]
        assert "type" not in concise
        assert concise.items() >= PREVIOUS[name].items()


@pytest.mark.parametrize(
    ("name", "new"),
    [
        ("speed", {"type": "Property", "value": 2}),
        ("owner", {"type": "Relationship", "object": "urn:x:2"}),
        ("location", {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [3, 4]}}),
        ("street", {"type": "LanguageProperty", "languageMap": {"ko": "새길"}}),
        ("kind", {"type": "VocabProperty", "vocab": "Slow"}),
        ("data", {"type": "JsonProperty", "json": [1]}),
        ("steps", {"type": "ListProperty", "valueList": [3]}),
        ("seats", {"type": "ListRelationship", "objectList": [{"object": "urn:x:2"}]}),
    ],
)
def test_the_former_value_of_an_updated_attribute(name: str, new: dict[str, Any]) -> None:
    """Table 5.2.14.1-1, showChanges: beside the new value; nothing is said of what did not change."""
    what = change(entity(**ATTRIBUTES), entity(**{**ATTRIBUTES, name: new}))
    element = told(what, notification={"showChanges": True})
    assert element == {"id": ID, "type": "Car", **ATTRIBUTES, name: {**new, **PREVIOUS[name]}}
    concise = told(what, notification={"showChanges": True, "format": "concise"})[name]
    assert concise == {key: value for key, value in (new | PREVIOUS[name]).items() if key != "type"}
    assert "previous" not in str(told(what))


def test_the_former_value_in_the_wished_language() -> None:
    """§4.15."""
    new = {"type": "LanguageProperty", "languageMap": {"ko": "새길", "en": "new road"}}
    what = change(entity(**ATTRIBUTES), entity(**{**ATTRIBUTES, "street": new}))
    street = told(what, lang="ko", notification={"showChanges": True})["street"]
    assert street == {"type": "Property", "value": "새길", "lang": "ko", "previousValue": "길"}


def test_the_former_value_of_each_instance() -> None:
    """§4.5.5."""
    before = [{"type": "Property", "value": n, "datasetId": f"urn:d:{n}"} for n in range(3)]
    after = [before[0], {**before[1], "value": 9}, {"type": "Property", "value": 8}]
    element = told(change(entity(speed=before), entity(speed=after)), notification={"showChanges": True})
    assert element["speed"] == [
        before[0],
        {**after[1], "previousValue": 1},
        after[2],
        {**before[2], "value": NULL, "previousValue": 2},
    ]


def test_a_creation_has_no_former_value() -> None:
    """Table 5.2.14.1-1: in case of modifications and deletions, but not of creations."""
    changes: dict[str, Any] = {"notification": {"showChanges": True}}
    created = change(None, entity(**ATTRIBUTES))
    appended = change(entity(), entity(**ATTRIBUTES))
    for what in (created, appended):
        assert "previous" not in str(told(what, **changes))
