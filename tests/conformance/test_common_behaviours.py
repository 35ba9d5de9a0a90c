"""Common behaviours of the HTTP binding: CIM 009 §4.14, §5.5.10, §6.3.2 to §6.3.6, §6.3.14, §6.3.20."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi_client import Client
from tests.conformance.provision import ATTRS, BASE, BATCH, ID, PATH, car, create, refused, value

from madang.api.routes import ROUTES, Route
from madang.clock import FixedClock

LD = {"content-type": "application/ld+json"}
CONTEXT = "http://www.w3.org/ns/json-ld#context"
LINK = f'<https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld>; rel="{CONTEXT}"; type="application/ld+json"'
SEGMENTS = {
    "entityId": ID,
    "attrId": "a",
    "type": "Car",
    "instanceId": "urn:ngsi-ld:Instance:1-1-0",
    "subscriptionId": "urn:ngsi-ld:Subscription:1",
    "contextId": "madang",
}


def name(value: Any) -> str:
    return f"{value.method} {value.path}" if isinstance(value, Route) else str(value)


def filled(route: Route) -> str:
    return BASE + route.path.format(**SEGMENTS)


WRITING = [route for route in ROUTES if route.method in ("POST", "PATCH", "PUT")]


@pytest.mark.parametrize("route", WRITING, ids=name)
async def test_a_body_must_come_with_its_length(api: Client, route: Route) -> None:
    """§6.3.2, §6.3.4: just the status, whatever the tenant."""
    headers = {"content-type": "application/json", "ngsild-tenant": "nobody"}
    reply = await api.call(route.method, filled(route), headers=headers, measured=False)
    assert (reply.status, reply.body) == (411, b"")


@pytest.mark.parametrize("route", WRITING, ids=name)
async def test_a_body_of_another_media_type(api: Client, route: Route) -> None:
    """§6.3.4: just the status."""
    body = b"[]" if "entityOperations" in route.path else b"{}"
    reply = await api.call(route.method, filled(route), body=body, headers={"content-type": "text/csv"})
    assert (reply.status, reply.body) == (415, b"")


async def test_merge_patch_is_taken_as_json_where_it_patches(api: Client) -> None:
    """§6.3.4."""
    await create(api, a=value(1))
    headers = {"content-type": "application/merge-patch+json"}
    assert (await api.patch(PATH, {"a": value(2)}, headers=headers)).status == 204
    assert (await api.post(ATTRS, {"a": value(2)}, headers=headers)).status == 415


ACCEPTED = {
    "": "application/json",
    "*/*": "application/json",
    "application/*": "application/json",
    "application/json": "application/json",
    "application/ld+json": "application/ld+json",
    "application/geo+json": "application/geo+json",
    "application/ld+json, application/json": "application/json",
    "application/geo+json, application/ld+json": "application/ld+json",
    "application/ld+json;q=0.9, application/json;q=0.5": "application/ld+json",
    "application/json;q=0, */*": "application/ld+json",
    "text/html, application/ld+json;q=0.1": "application/ld+json",
    "application/ld+json;q=much": "application/ld+json",
}


@pytest.mark.parametrize("path", [PATH, f"{BASE}/entities?type=Car"])
@pytest.mark.parametrize("accept", ACCEPTED)
async def test_the_best_media_type_is_chosen(api: Client, accept: str, path: str) -> None:
    """§6.3.4: by weight, then in the order of the clause."""
    await create(api)
    reply = await api.get(path, headers={"accept": accept} if accept else {})
    assert (reply.status, reply.headers["content-type"]) == (200, ACCEPTED[accept])
    assert ("link" in reply.headers) == (ACCEPTED[accept] == "application/json")


async def test_what_is_not_offered(api: Client) -> None:
    """§6.3.4: the answer lists what there is; GeoJSON is of entities alone."""
    await create(api)
    assert refused(await api.get(PATH, headers={"accept": "text/html"}), 406, "NotAcceptable")
    reply = await api.get(f"{BASE}/types", headers={"accept": "application/geo+json"})
    assert refused(reply, 406, "NotAcceptable")
    assert "application/ld+json" in reply.json()["detail"]


async def test_the_context_stands_in_one_place(api: Client) -> None:
    """§6.3.5."""
    own = {"@context": {"a": "https://example.org/a"}}
    for path, body in ((f"{BASE}/entities", car(2)), (ATTRS, {"a": value(1)})):
        assert refused(await api.post(path, body | own), 400, "BadRequestData")
        assert refused(await api.post(path, body, headers=LD), 400, "BadRequestData")
        assert refused(await api.post(path, body | own, headers=LD | {"link": LINK}), 400, "BadRequestData")
    assert (await api.post(f"{BASE}/entities", car(3, a=value(1)) | own, headers=LD)).status == 201
    assert (await api.post(f"{BASE}/entities", car(4), headers={"link": LINK})).status == 201


async def test_errors_are_problems_in_json_without_context(api: Client) -> None:
    """§5.5.3, §6.3.3, §6.3.6."""
    reply = await api.get(PATH, headers={"accept": "application/ld+json"})
    assert refused(reply, 404, "ResourceNotFound")
    assert "link" not in reply.headers
    assert reply.json()["status"] == 404


async def test_nothing_comes_with_204(api: Client) -> None:
    """§6.3.6: no body, no Link, no length."""
    await create(api, a=value(1))
    reply = await api.patch(PATH, {"a": value(2)})
    assert (reply.status, reply.body) == (204, b"")
    assert not reply.headers.keys() & {"content-length", "content-type", "link"}


@pytest.mark.parametrize("wish", ["ngsi-ld=1.5", "ngsi-ld=1.9", "return=representation, ngsi-ld=1.6"])
async def test_a_preferred_version_is_answered_with_the_one_there_is(api: Client, wish: str) -> None:
    """§4.3.6.8, §6.3.6."""
    await create(api)
    for accept in ("application/json", "application/ld+json"):
        reply = await api.get(PATH, headers={"prefer": wish, "accept": accept})
        assert reply.headers["preference-applied"].startswith("ngsi-ld=1.")
    assert "preference-applied" not in (await api.get(PATH)).headers
    assert "preference-applied" not in (await api.delete(PATH, headers={"prefer": wish})).headers


async def test_geojson_without_its_context_in_the_body(api: Client) -> None:
    """§6.3.6."""
    await create(api)
    headers = {"accept": "application/geo+json"}
    inside = await api.get(PATH, headers=headers | {"prefer": "body=ld+json"})
    assert ("@context" in inside.json(), "link" in inside.headers) == (True, False)
    beside = await api.get(PATH, headers=headers | {"prefer": "body=json"})
    assert ("@context" in beside.json(), "link" in beside.headers) == (False, True)


async def test_tenants_know_nothing_of_each_other(api: Client) -> None:
    """§4.14, §5.5.10, §6.3.14."""
    first, second = {"ngsild-tenant": "one"}, {"ngsild-tenant": "two"}
    unknown = await api.get(PATH, headers=first)
    assert refused(unknown, 404, "NonexistentTenant")
    assert unknown.headers["ngsild-tenant"] == "one"
    for path, body in ((f"{BASE}/entities", car()), (f"{BATCH}/create", [car(2)])):
        reply = await api.post(path, body, headers=first)
        assert (reply.status, reply.headers["ngsild-tenant"]) == (201, "one")
    assert (await api.post(f"{BASE}/entities", car(3), headers=second)).status == 201
    assert (await api.get(PATH, headers=first)).headers["ngsild-tenant"] == "one"
    assert refused(await api.get(PATH, headers=second), 404, "ResourceNotFound")
    assert refused(await api.get(PATH), 404, "ResourceNotFound")
    for headers in (first, second):
        assert (await api.delete(f"{BASE}/entities?local=true", headers=headers)).status == 204
    for bad in ("a b", "../up", "x" * 500, "default"):
        assert refused(await api.get(PATH, headers={"ngsild-tenant": bad}), 400, "BadRequestData")


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if not route.path.startswith("/jsonldContexts")], ids=name
)
async def test_a_parameter_of_no_operation(api: Client, route: Route) -> None:
    """§6.3.20."""
    await create(api, a=value(1))
    body: Any = None if route.method in ("GET", "DELETE") else car()
    if route.path.endswith("/query"):
        body = {"type": "Query", "entities": [{"type": "Car"}]}
    reply = await api.call(route.method, f"{filled(route)}?invalidParams=x", json=body)
    assert refused(reply, 400, "InvalidRequest")


async def test_a_wrong_method_is_told_with_those_there_are(api: Client) -> None:
    """§6.3.2."""
    for method, path in (
        ("PUT", f"{BASE}/entities"),
        ("POST", PATH),
        ("DELETE", f"{ATTRS}/"),
        ("GET", BATCH + "/create"),
    ):
        reply = await api.call(method, path, body=b"{}", headers={"content-type": "application/json"})
        if path == f"{BASE}/entities":
            assert reply.headers["allow"] == "DELETE, GET, POST"
        assert reply.status == 405
        assert method not in reply.headers["allow"]


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_an_entity_that_is_not_named(api: Client, method: str) -> None:
    """§5.6.17.4, §5.6.18.4."""
    assert refused(await api.call(method, f"{BASE}/entities/", json={"a": value(1)}), 400, "BadRequestData")


async def test_the_platform_says_who_it_is(api: Client, clock: FixedClock) -> None:
    """§5.2.40, §5.15.1: each tenant has a name of its own, and keeps it."""
    clock.advance(90_061 * 1_000_000)
    path = f"{BASE}/info/sourceIdentity"
    found = (await api.get(path)).json()
    assert found["type"] == "ContextSourceIdentity"
    assert (found["contextSourceUptime"], found["contextSourceTimeAt"]) == (
        "P1DT1H1M1S",
        "2026-01-02T13:01:01Z",
    )
    tenants = [{"ngsild-tenant": name} for name in ("one", "two", "one")]
    aliases = [(await api.get(path, headers=tenant)).json()["contextSourceAlias"] for tenant in tenants]
    assert len({found["contextSourceAlias"], *aliases}) == 3
    assert aliases[0] == aliases[2]
