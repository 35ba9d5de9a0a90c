"""Appending, updating, replacing and deleting attributes: CIM 009 §4.5.5, §5.5.8, §5.6.2 to §5.6.5, §5.6.19, §6.6, §6.7."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi_client import Client
from tests.conformance.provision import (
    ATTRS,
    DATASET,
    NULL,
    PATH,
    VOCABULARY,
    create,
    refused,
    state,
    value,
)

OTHER = value(2, datasetId=DATASET)
MOMENT = "2026-01-01T00:00:00Z"

# (what, before, options, body, status, after): §5.6.3
APPENDED: list[tuple[str, Any, str, Any, int, Any]] = [
    ("a new one", {}, "", {"a": value(1)}, 204, {"a": value(1)}),
    ("in the place of one", {"a": value(1, unitCode="M")}, "", {"a": value(2)}, 204, {"a": value(2)}),
    ("another instance", {"a": value(1)}, "", {"a": OTHER}, 204, {"a": [value(1), OTHER]}),
    ("a list of instances", {}, "", {"a": [value(1), OTHER]}, 204, {"a": [value(1), OTHER]}),
    ("beside what stays", {"a": value(1)}, "noOverwrite", {"a": value(2), "b": value(3)}, 207, {"a": value(1), "b": value(3)}),
    ("an instance beside", {"a": value(1)}, "noOverwrite", {"a": OTHER}, 204, {"a": [value(1), OTHER]}),
    ("a scope in the place of one", {"scope": "/a"}, "", {"scope": "/b"}, 204, {"scope": "/b"}),
    ("a scope beside", {"scope": "/a"}, "noOverwrite", {"scope": "/b"}, 204, {"scope": ["/a", "/b"]}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "options", "body", "status", "after"),
    [row[1:] for row in APPENDED],
    ids=[row[0] for row in APPENDED],
)
async def test_append(api: Client, before: Any, options: str, body: Any, status: int, after: Any) -> None:
    await create(api, **before)
    reply = await api.post(ATTRS, body, params={"options": options} if options else None)
    assert reply.status == status, reply.body
    assert await state(api) == after


async def test_what_was_not_appended_is_told_by_iri(api: Client) -> None:
    """§5.2.18, §5.2.19, §6.3.6."""
    await create(api, a=value(1))
    reply = await api.post(f"{ATTRS}?options=noOverwrite", {"a": value(2), "b": value(3)})
    assert reply.headers["content-type"] == "application/json"
    told = reply.json()
    assert told["updated"] == [f"{VOCABULARY}b"]
    assert [one["attributeName"] for one in told["notUpdated"]] == [f"{VOCABULARY}a"]
    assert told["notUpdated"][0]["reason"]


# (what, before, body, status, after): §5.5.8, §5.6.2
UPDATED: list[tuple[str, Any, Any, int, Any]] = [
    ("whole", {"a": value(1, unitCode="M")}, {"a": value(2, observedAt=MOMENT)}, 204, {"a": value(2, observedAt=MOMENT)}),
    ("another kind", {"a": value(1)}, {"a": {"type": "Relationship", "object": "urn:x:1"}}, 204, {"a": {"type": "Relationship", "object": "urn:x:1"}}),
    ("a new one", {}, {"b": value(1)}, 204, {"b": value(1)}),
    ("one instance", {"a": [value(1), OTHER]}, {"a": value(3, datasetId=DATASET)}, 204, {"a": [value(1), value(3, datasetId=DATASET)]}),
    ("another instance", {"a": value(1)}, {"a": OTHER}, 204, {"a": [value(1), OTHER]}),
    ("one goes", {"a": value(1), "b": value(2)}, {"a": NULL}, 204, {"b": value(2)}),
    ("one instance goes", {"a": [value(1), OTHER]}, {"a": value(NULL, datasetId=DATASET)}, 204, {"a": value(1)}),
    ("a relationship goes", {"a": {"type": "Relationship", "object": "urn:x:1"}}, {"a": {"type": "Relationship", "object": NULL}}, 204, {}),
    ("null within what is written", {"a": value(1)}, {"a": value(2, by=NULL)}, 204, {"a": value(2)}),
    ("the scope", {"scope": "/a"}, {"scope": "/b"}, 204, {"scope": "/b"}),
    ("a scope that is not there", {"a": value(1)}, {"scope": "/b"}, 207, {"a": value(1)}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "body", "status", "after"), [row[1:] for row in UPDATED], ids=[row[0] for row in UPDATED]
)
async def test_update(api: Client, before: Any, body: Any, status: int, after: Any) -> None:
    await create(api, **before)
    reply = await api.patch(ATTRS, body)
    assert reply.status == status, reply.body
    assert await state(api) == after


# (what, before, body, after): §5.5.8, §5.6.4
PARTLY: list[tuple[str, Any, Any, Any]] = [
    ("the value alone", value(1, unitCode="M"), {"value": 2}, value(2, unitCode="M")),
    ("a member beside it", value(1, unitCode="M"), {"observedAt": MOMENT}, value(1, unitCode="M", observedAt=MOMENT)),
    ("a member goes", value(1, unitCode="M"), {"unitCode": NULL}, value(1)),
    ("a value is replaced whole", value({"x": 1, "y": 2}), {"value": {"y": 3}}, value({"y": 3})),
    ("a sub-attribute", value(1, by=value("x")), {"by": value("y")}, value(1, by=value("y"))),
    ("a sub-attribute goes", value(1, by=value("x")), {"by": NULL}, value(1)),
    ("one instance", [value(1), OTHER], {"value": 3, "datasetId": DATASET}, [value(1), value(3, datasetId=DATASET)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "body", "after"), [row[1:] for row in PARTLY], ids=[row[0] for row in PARTLY]
)
async def test_partial_update(api: Client, before: Any, body: Any, after: Any) -> None:
    await create(api, a=before)
    assert (await api.patch(f"{ATTRS}/a", body)).status == 204
    assert await state(api) == {"a": after}


async def test_partial_update_can_delete(api: Client) -> None:
    await create(api, a=value(1))
    assert (await api.patch(f"{ATTRS}/a", value(NULL))).status == 204
    assert await state(api) == {}


async def test_replace(api: Client) -> None:
    """§5.6.19: wholly, but for the moment at which it came."""
    await create(api, a=value(1, unitCode="M"))
    before = (await api.get(f"{PATH}?options=sysAttrs")).json()["a"]
    assert (await api.put(f"{ATTRS}/a", {"type": "Relationship", "object": "urn:x:1"})).status == 204
    after = (await api.get(f"{PATH}?options=sysAttrs")).json()["a"]
    assert (after["object"], after["createdAt"]) == ("urn:x:1", before["createdAt"])
    assert "unitCode" not in after


@pytest.mark.parametrize(
    ("query", "after"),
    [
        ("", {"a": OTHER}),
        ("?datasetId=@none", {"a": OTHER}),
        (f"?datasetId={DATASET}", {"a": value(1)}),
        ("?deleteAll=true", {}),
        ("?deleteAll=false", {"a": OTHER}),
    ],
)
async def test_delete(api: Client, query: str, after: Any) -> None:
    """§5.6.5."""
    await create(api, a=[value(1), OTHER])
    assert (await api.delete(f"{ATTRS}/a{query}")).status == 204
    assert await state(api) == after


async def test_the_scope_can_be_deleted_but_not_patched(api: Client) -> None:
    """§5.6.4.4, §5.6.5.4, §5.6.19.4."""
    await create(api, a=value(1), scope="/a")
    for method in ("PATCH", "PUT"):
        assert refused(await api.call(method, f"{ATTRS}/scope", json={"value": "/b"}), 400, "BadRequestData")
    assert (await api.delete(f"{ATTRS}/scope")).status == 204
    assert await state(api) == {"a": value(1)}
    assert refused(await api.delete(f"{ATTRS}/scope"), 404, "ResourceNotFound")


# (method, path below /attrs, body, status, error)
WRONG: list[tuple[str, str, Any, int, str]] = [
    ("POST", "", {}, 400, "BadRequestData"),
    ("PATCH", "", {}, 400, "BadRequestData"),
    ("POST", "", {"a": NULL}, 400, "BadRequestData"),
    ("PATCH", "", {"a": value({"x": NULL})}, 400, "BadRequestData"),
    ("PATCH", "", {"a": {"unitCode": "M"}}, 400, "BadRequestData"),
    ("PATCH", "", {"a": {"value": 1, "datasetId": NULL}}, 400, "BadRequestData"),
    ("PATCH", "", {"id": "urn:ngsi-ld:Car:9", "a": value(1)}, 400, "BadRequestData"),
    ("PATCH", "/a", {}, 400, "BadRequestData"),
    ("PATCH", "/a", {"value": {"x": NULL}}, 400, "BadRequestData"),
    ("PATCH", "/a", {"type": "Relationship", "object": "urn:x:1"}, 400, "BadRequestData"),
    ("PATCH", "/a", [value(1), OTHER], 400, "BadRequestData"),
    ("PATCH", "/id", value(1), 400, "BadRequestData"),
    ("PATCH", "/b", value(1), 404, "ResourceNotFound"),
    ("PATCH", "/a", OTHER, 404, "ResourceNotFound"),
    ("PUT", "/a", value(NULL), 400, "BadRequestData"),
    ("PUT", "/b", value(1), 404, "ResourceNotFound"),
    ("DELETE", "/b", None, 404, "ResourceNotFound"),
    ("DELETE", f"/a?datasetId={DATASET}", None, 404, "ResourceNotFound"),
    ("DELETE", "/a?datasetId=x", None, 400, "BadRequestData"),
    ("DELETE", "/a?deleteAll=perhaps", None, 400, "BadRequestData"),
    ("DELETE", "/type", None, 400, "BadRequestData"),
    ("POST", "?options=overwrite", {"a": value(2)}, 400, "InvalidRequest"),
    ("PATCH", "?options=noOverwrite", {"a": value(2)}, 400, "InvalidRequest"),
    ("PATCH", "/a?datasetId=urn:x:1", {"value": 2}, 400, "InvalidRequest"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "error"), WRONG)
async def test_what_cannot_be_written(
    api: Client, method: str, path: str, body: Any, status: int, error: str
) -> None:
    await create(api, a=value(1))
    assert refused(await api.call(method, f"{ATTRS}{path}", json=body), status, error)
    assert await state(api) == {"a": value(1)}


@pytest.mark.parametrize(
    ("method", "path"), [("POST", ""), ("PATCH", ""), ("PATCH", "/a"), ("PUT", "/a"), ("DELETE", "/a")]
)
async def test_an_entity_that_is_not_there(api: Client, method: str, path: str) -> None:
    body = None if method == "DELETE" else value(1) if path else {"a": value(1)}
    assert refused(await api.call(method, f"{ATTRS}{path}", json=body), 404, "ResourceNotFound")
    wrong = f"/ngsi-ld/v1/entities/car/attrs{path}"
    assert refused(await api.call(method, wrong, json=body), 400, "BadRequestData")
