"""Batch operations: CIM 009 §4.6.6, §5.2.16, §5.5.11, §5.6.7 to §5.6.10, §5.6.20, §6.14 to §6.17, §6.31."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi_client import Client, Reply
from tests.conformance.provision import BATCH, ERRORS, NULL, PATH, car, create, refused, state, value

ID1, ID2 = "urn:ngsi-ld:Car:1", "urn:ngsi-ld:Car:2"
LINK = '<https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'


def told(reply: Reply) -> tuple[set[str], list[tuple[str, str]]]:
    """What a BatchOperationResult says: ids that succeeded, and (id, error) of those that did not."""
    assert reply.status == 207, reply.body
    result = reply.json()
    assert result.keys() == {"success", "errors"}
    errors = [(one["entityId"], one["error"]["type"].removeprefix(ERRORS)) for one in result["errors"]]
    assert all(one["error"]["title"] and one["error"]["detail"] for one in result["errors"])
    return set(result["success"]), errors


async def test_create(api: Client) -> None:
    reply = await api.post(f"{BATCH}/create", [car(1, a=value(1)), car(2)])
    assert (reply.status, set(reply.json())) == (201, {ID1, ID2})
    some = await api.post(f"{BATCH}/create", [car(1), car(3), {"id": "car"}, car(3)])
    created, errors = told(some)
    assert created == {"urn:ngsi-ld:Car:3"}
    assert [error for _, error in errors] == ["AlreadyExists", "BadRequestData", "AlreadyExists"]


async def test_upsert(api: Client) -> None:
    """§5.6.8.5: 201 names the entities that were created, 204 says that none was."""
    await create(api, a=value(1))
    reply = await api.post(f"{BATCH}/upsert", [car(1, b=value(2)), car(2, b=value(2))])
    assert (reply.status, reply.json()) == (201, [ID2])
    assert await state(api) == {"b": value(2)}
    updated = await api.post(f"{BATCH}/upsert?options=update", [car(1, c=value(3))])
    assert (updated.status, updated.body) == (204, b"")
    assert await state(api) == {"b": value(2), "c": value(3)}
    some = await api.post(f"{BATCH}/upsert?options=replace", [car(1), {"id": ID2}])
    assert told(some) == ({ID1}, [(ID2, "BadRequestData")])


async def test_update(api: Client) -> None:
    await create(api, a=value(1))
    assert (await api.post(f"{BATCH}/update", [car(1, a=value(2), b=value(2))])).status == 204
    assert await state(api) == {"a": value(2), "b": value(2)}
    assert told(await api.post(f"{BATCH}/update", [car(1, a=value(3)), car(2)])) == (
        {ID1},
        [(ID2, "ResourceNotFound")],
    )
    kept = await api.post(f"{BATCH}/update?options=noOverwrite", [car(1, a=value(9), c=value(9))])
    assert told(kept) == (set(), [(ID1, "BadRequestData")])
    assert await state(api) == {"a": value(3), "b": value(2), "c": value(9)}


async def test_merge(api: Client) -> None:
    await create(api, a=value({"x": 1, "y": 2}))
    assert (await api.post(f"{BATCH}/merge", [car(1, a=value({"x": NULL}), b=value(1))])).status == 204
    assert await state(api) == {"a": value({"y": 2}), "b": value(1)}
    assert told(await api.post(f"{BATCH}/merge", [car(2, a=value(1)), car(1, b=NULL)])) == (
        {ID1},
        [(ID2, "ResourceNotFound")],
    )


async def test_delete(api: Client) -> None:
    """§5.5.11.4: the same id again is an error, for the entity is gone by then."""
    await create(api)
    assert told(await api.post(f"{BATCH}/delete", [ID1, ID2, ID1])) == (
        {ID1},
        [(ID2, "ResourceNotFound"), (ID1, "ResourceNotFound")],
    )
    await create(api)
    reply = await api.post(f"{BATCH}/delete", [ID1])
    assert (reply.status, reply.body) == (204, b"")


async def test_one_entity_several_times_is_written_in_order(api: Client) -> None:
    """§4.6.6, §5.5.11."""
    several = [car(1, a=value(n), **{f"b{n}": value(n)}) for n in range(3)]
    assert (await api.post(f"{BATCH}/upsert", several)).status == 201
    assert await state(api) == {"a": value(2), "b2": value(2)}
    assert (await api.post(f"{BATCH}/update", several)).status == 204
    assert (await state(api)).keys() == {"a", "b0", "b1", "b2"}
    assert (await api.post(f"{BATCH}/merge", [car(1, a=value(7)), car(1, a=value(8))])).status == 204
    assert (await state(api))["a"] == value(8)


OPERATIONS = ("create", "upsert", "update", "merge", "delete")


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("body", [[], [None], {}, [ID1, None], "x"])
async def test_what_is_no_batch(api: Client, operation: str, body: Any) -> None:
    """§5.6.7.4: an empty list, or one with null in it, is refused as a whole."""
    await create(api)
    assert refused(await api.post(f"{BATCH}/{operation}", body), 400, "BadRequestData")
    assert (await api.get(PATH)).status == 200


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_preconditions(api: Client, operation: str) -> None:
    """§6.3.4, §6.3.5, §6.3.20."""
    body = [ID1] if operation == "delete" else [car(1, **{"@context": []})]
    path = f"{BATCH}/{operation}"
    assert (await api.post(path, body, headers={"content-type": "text/plain"})).status == 415
    both = {"content-type": "application/ld+json", "link": LINK}
    assert refused(await api.post(path, body, headers=both), 400, "BadRequestData")
    assert refused(await api.post(f"{path}?options=often", body), 400, "InvalidRequest")
    assert refused(await api.post(f"{path}?type=Car", body), 400, "InvalidRequest")


async def test_each_entry_has_its_own_context(api: Client) -> None:
    """§6.3.5: with application/ld+json an entry without one is refused, the others are written."""
    entries = [car(1, a=value(1), **{"@context": {"a": "https://example.org/a"}}), car(2)]
    reply = await api.post(f"{BATCH}/create", entries, headers={"content-type": "application/ld+json"})
    assert told(reply) == ({ID1}, [(ID2, "BadRequestData")])
    assert (await state(api)).keys() == {"https://example.org/a"}
