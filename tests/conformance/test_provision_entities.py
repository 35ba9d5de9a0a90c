"""Creating, replacing, merging and deleting entities: CIM 009 §5.5.4, §5.6.1, §5.6.6, §5.6.17, §5.6.18, §6.4, §6.5."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi_client import Client
from tests.conformance.provision import BASE, DATASET, ID, NULL, PATH, car, create, refused, state, value

MOMENT = "2026-01-01T00:00:00Z"
LATER = "2026-01-02T00:00:00Z"


async def test_create_answers_where_the_entity_is(api: Client) -> None:
    reply = await api.post(f"{BASE}/entities", car(speed=value(5)))
    assert (reply.status, reply.body, reply.headers["location"]) == (201, b"", PATH)
    assert refused(await api.post(f"{BASE}/entities", car()), 409, "AlreadyExists")


# (what is wrong, body, error): §5.5.4, §5.6.1, §4.5.1, §4.6.2
WRONG: list[tuple[str, Any, str]] = [
    ("a list", [], "InvalidRequest"),
    ("no id", {"type": "Car"}, "BadRequestData"),
    ("an id that is no URI", {"id": "car", "type": "Car"}, "BadRequestData"),
    ("null as id", {"id": NULL, "type": "Car"}, "BadRequestData"),
    ("no type", {"id": ID}, "BadRequestData"),
    ("a keyword as type", car() | {"type": "type"}, "BadRequestData"),
    ("null as type", car() | {"type": NULL}, "BadRequestData"),
    ("null as scope", car(scope=NULL), "BadRequestData"),
    ("a member that is null", car(speed=NULL), "BadRequestData"),
    ("a value that is null", car(speed=value(NULL)), "BadRequestData"),
    ("a value with null in it", car(speed=value({"a": {"b": NULL}})), "BadRequestData"),
    ("JSON null", car(speed=value(None)), "BadRequestData"),
    ("an object that is null", car(at={"type": "Relationship", "object": NULL}), "BadRequestData"),
    ("null in a list of objects", car(at={"type": "Relationship", "object": [NULL]}), "BadRequestData"),
    ("texts that are null", car(n={"type": "LanguageProperty", "languageMap": {"@none": NULL}}), "BadRequestData"),
    ("a list that is null", car(n={"type": "ListProperty", "valueList": [NULL]}), "BadRequestData"),
    ("no value", car(speed={"type": "Property"}), "BadRequestData"),
    ("an unknown kind", car(speed={"type": "Wish", "value": 1}), "BadRequestData"),
    ("a value of another kind", car(speed=value(1, object="urn:x:1")), "BadRequestData"),
    ("what was before, of another kind", car(speed=value(1, previousObject="urn:x:1")), "BadRequestData"),
    ("a unit of a relationship", car(at={"type": "Relationship", "object": "urn:x:1", "unitCode": "M"}), "BadRequestData"),
    ("a core term as attribute", car(datasetId=value(1)), "BadRequestData"),
    ("an @context in an attribute", car(speed=value(1, **{"@context": []})), "BadRequestData"),
    ("a name that is none", car() | {"a<b>": value(1)}, "BadRequestData"),
    ("two default instances", car(speed=[value(1), value(2)]), "BadRequestData"),
    ("a place that is none", car(location=value(1)), "BadRequestData"),
    ("sealed members outside a proof", car(speed=value(1, entityIdSealed=ID)), "BadRequestData"),
    ("a proof that is a text", car(ngsildproof=value("x")), "BadRequestData"),
    ("a sealed type that is no text", car(ngsildproof=value({}, entityTypeSealed=4)), "BadRequestData"),
    ("language texts of another type", car(n={"type": "LanguageProperty", "languageMap": {"ko": "x"}, "valueType": "Text"}), "BadRequestData"),
    ("a zone", car(speed=value(1, observedAt="2026-01-01T00:00:00+09:00")), "BadRequestData"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "error"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
async def test_what_no_entity_can_be(api: Client, body: Any, error: str) -> None:
    assert refused(await api.post(f"{BASE}/entities", body), 400, error)
    assert (await api.get(PATH)).status == 404


async def test_a_body_that_is_no_json(api: Client) -> None:
    reply = await api.call(
        "POST", f"{BASE}/entities", body=b"{", headers={"content-type": "application/json"}
    )
    assert refused(reply, 400, "InvalidRequest")


async def test_what_only_answers_have_is_taken_no_notice_of(api: Client) -> None:
    """§5.2.5: read-only members that a client sends back are ignored."""
    await create(
        api, speed=value(5, previousValue=4, createdAt=MOMENT, modifiedAt=MOMENT, instanceId="urn:x:1")
    )
    assert await state(api) == {"speed": value(5)}


async def test_a_proof_comes_back_as_it_was(api: Client) -> None:
    """§4.5.2.2: of the entity and of an attribute."""
    proof = {"type": "Property", "entityIdSealed": ID, "value": {"type": "DataIntegrityProof"}}
    await create(api, ngsildproof=proof, speed=value(1, ngsildproof=proof))
    found = await state(api)
    assert found["ngsildproof"] == proof
    assert found["speed"]["ngsildproof"] == proof


async def test_replace(api: Client) -> None:
    await create(api, speed=value(1), colour=value("red"), scope="/a")
    before = (await api.get(f"{PATH}?options=sysAttrs")).json()
    assert (await api.put(PATH, {"type": "Car", "speed": value(2)})).status == 204
    assert await state(api) == {"speed": value(2)}
    assert (await api.get(f"{PATH}?options=sysAttrs")).json()["createdAt"] == before["createdAt"]
    assert refused(await api.put(PATH, {"speed": NULL}), 400, "BadRequestData")
    assert refused(await api.put(f"{PATH}0", {"speed": value(2)}), 404, "ResourceNotFound")


MERGED: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("members", {"a": value(1, unitCode="M")}, {"a": value(2, observedAt=MOMENT)}, {"a": value(2, unitCode="M", observedAt=MOMENT)}),
    ("into a value", {"a": value({"x": 1, "y": {"z": 2}})}, {"a": value({"y": {"w": 3}, "x": NULL})}, {"a": value({"y": {"z": 2, "w": 3}})}),
    ("a new attribute", {}, {"a": value(1)}, {"a": value(1)}),
    ("null of what is not there", {"a": value(1)}, {"b": NULL}, {"a": value(1)}),
    ("null", {"a": value(1), "b": value(2)}, {"a": NULL}, {"b": value(2)}),
    ("null of a list", {"a": {"type": "ListProperty", "valueList": [1]}}, {"a": {"type": "ListProperty", "valueList": [NULL]}}, {}),
    ("null of texts", {"a": {"type": "LanguageProperty", "languageMap": {"ko": "x"}}}, {"a": {"type": "LanguageProperty", "languageMap": {"@none": NULL}}}, {}),
    ("one language", {"a": {"type": "LanguageProperty", "languageMap": {"ko": "x", "en": "y"}}}, {"a": {"languageMap": {"ko": NULL, "fr": "z"}}}, {"a": {"type": "LanguageProperty", "languageMap": {"en": "y", "fr": "z"}}}),
    ("a sub-attribute", {"a": value(1, by=value("x"))}, {"a": value(1, by=NULL)}, {"a": value(1)}),
    ("into a sub-attribute", {"a": value(1, by=value("x", unitCode="M"))}, {"a": {"by": value("y")}}, {"a": value(1, by=value("y", unitCode="M"))}),
    ("another instance", {"a": value(1)}, {"a": value(2, datasetId=DATASET)}, {"a": [value(1), value(2, datasetId=DATASET)]}),
    ("one instance goes", {"a": [value(1), value(2, datasetId=DATASET)]}, {"a": value(NULL, datasetId=DATASET)}, {"a": value(1)}),
    ("another kind", {"a": value(1, unitCode="M")}, {"a": {"type": "Relationship", "object": "urn:x:1"}}, {"a": {"type": "Relationship", "object": "urn:x:1"}}),
    ("the scope", {"scope": "/a"}, {"scope": ["/b", "/c"]}, {"scope": ["/b", "/c"]}),
    ("the scope goes", {"scope": "/a"}, {"scope": NULL}, {}),
    ("JSON whole", {"a": {"type": "JsonProperty", "json": {"x": 1}}}, {"a": {"type": "JsonProperty", "json": {"y": 2}}}, {"a": {"type": "JsonProperty", "json": {"y": 2}}}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "patch", "after"), [row[1:] for row in MERGED], ids=[row[0] for row in MERGED]
)
async def test_merge(api: Client, before: Any, patch: Any, after: Any) -> None:
    """§5.5.12, §5.6.17."""
    await create(api, **before)
    assert (await api.patch(PATH, patch)).status == 204
    assert await state(api) == after


SIMPLIFIED: list[tuple[str, Any, Any, Any]] = [
    ("a Property", value(1, unitCode="M"), 2, value(2, unitCode="M")),
    ("an object", value({"x": 1}), {"y": 2}, value({"x": 1, "y": 2})),
    ("a Relationship", {"type": "Relationship", "object": "urn:x:1"}, "urn:x:2", {"type": "Relationship", "object": "urn:x:2"}),
    ("a GeoProperty", {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}}, {"type": "Point", "coordinates": [3, 4]}, {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [3, 4]}}),
    ("texts", {"type": "LanguageProperty", "languageMap": {"ko": "x"}}, {"languageMap": {"en": "y"}}, {"type": "LanguageProperty", "languageMap": {"ko": "x", "en": "y"}}),
    ("a list", {"type": "ListProperty", "valueList": [1]}, [2, 3], {"type": "ListProperty", "valueList": [2, 3]}),
    ("a term", {"type": "VocabProperty", "vocab": "big"}, {"vocab": "small"}, {"type": "VocabProperty", "vocab": "small"}),
    ("instances", value(1), {"dataset": {"@none": 2, DATASET: 3}}, [value(2), value(3, datasetId=DATASET)]),
    ("targets", {"type": "ListRelationship", "objectList": ["urn:x:1"]}, ["urn:x:2"], {"type": "ListRelationship", "objectList": [{"object": "urn:x:2"}]}),
]  # fmt: skip


@pytest.mark.parametrize("how", ["format=simplified", "options=keyValues"])
@pytest.mark.parametrize(
    ("before", "patch", "after"), [row[1:] for row in SIMPLIFIED], ids=[row[0] for row in SIMPLIFIED]
)
async def test_merge_of_simplified_values_keeps_the_kind(
    api: Client, before: Any, patch: Any, after: Any, how: str
) -> None:
    """§5.6.17.4, §6.5.3.4."""
    await create(api, a=before)
    reply = await api.patch(f"{PATH}?{how}", {"a": patch, "b": 1})
    assert reply.status == 204, reply.body
    assert await state(api) == {"a": after, "b": value(1)}


async def test_merge_of_simplified_values_that_do_not_fit(api: Client) -> None:
    await create(api, a={"type": "Relationship", "object": "urn:x:1"})
    assert refused(await api.patch(f"{PATH}?format=simplified", {"a": 5}), 400, "BadRequestData")


async def test_merge_with_one_moment_and_one_language_for_all(api: Client) -> None:
    """§5.6.17.4: where the attribute has an observedAt and is given no other; a text goes under the language."""
    names = {"type": "LanguageProperty", "languageMap": {"ko": "가", "en": "a"}}
    await create(api, a=value(1, observedAt=MOMENT), b=value(1), c=value(1, observedAt=MOMENT), name=names)
    patch = {"a": value(2), "b": value(2), "c": value(2, observedAt=MOMENT), "name": "나"}
    assert (await api.patch(f"{PATH}?observedAt={LATER}&lang=ko", patch)).status == 204
    assert await state(api) == {
        "a": value(2, observedAt=LATER),
        "b": value(2),
        "c": value(2, observedAt=MOMENT),
        "name": {"type": "LanguageProperty", "languageMap": {"ko": "나", "en": "a"}},
    }


async def test_types_are_added(api: Client) -> None:
    await create(api, a=value(1))
    for method, path in (("PATCH", PATH), ("PATCH", f"{PATH}/attrs"), ("POST", f"{PATH}/attrs")):
        kind = f"Kind{len(method)}{len(path)}"
        assert (await api.call(method, path, json={"type": ["Car", kind]})).status == 204
        assert kind in (await api.get(PATH)).json()["type"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "", None),
        ("PUT", "", {"type": "Car", "a": value(2)}),
        ("PATCH", "", {"a": value(2)}),
        ("POST", "/attrs", {"a": value(2)}),
        ("PATCH", "/attrs", {"a": value(2)}),
        ("PATCH", "/attrs/a", {"value": 2}),
        ("PUT", "/attrs/a", value(2)),
        ("DELETE", "/attrs/a", None),
    ],
)
async def test_a_change_meant_for_other_types_finds_nothing(
    api: Client, method: str, path: str, body: Any
) -> None:
    """§4.17, §5.6.2 to §5.6.6, §5.6.17 to §5.6.19."""
    await create(api, a=value(1))
    reply = await api.call(method, f"{PATH}{path}?type=Bus", json=body)
    assert refused(reply, 404, "ResourceNotFound")
    assert await state(api) == {"a": value(1)}
    assert (await api.call(method, f"{PATH}{path}?type=Bus,Car", json=body)).status == 204


async def test_delete(api: Client) -> None:
    await create(api, a=value(1))
    reply = await api.delete(PATH)
    assert (reply.status, reply.body) == (204, b"")
    assert "content-length" not in reply.headers
    assert refused(await api.delete(PATH), 404, "ResourceNotFound")
    assert refused(await api.delete(f"{BASE}/entities/car"), 400, "BadRequestData")
