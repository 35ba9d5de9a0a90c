"""Stored @contexts: added, listed, served, deleted and reloaded (CIM 009 §5.13, §6.29, §6.30)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
from tests.asgi_client import Client, Reply
from tests.context_host import ContextHost, context_host

from madang.hub.hub import Hub

BASE = "/ngsi-ld/v1"
CONTEXTS = f"{BASE}/jsonldContexts"
CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"
TERMS = {"speed": "https://example.org/ns#speed", "Car": "https://example.org/ns#Car"}
LD = {"content-type": "application/ld+json"}


@pytest.fixture
async def host() -> AsyncIterator[ContextHost]:
    async with context_host() as running:
        yield running


def link(url: str) -> dict[str, str]:
    return {"link": f'<{url}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'}


def car(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": f"urn:ngsi-ld:Car:{number}",
        "type": "Car",
        "speed": {"type": "Property", "value": 50},
        **more,
    }


async def details(api: Client, context_id: str, **options: Any) -> Any:
    reply = await api.get(f"{CONTEXTS}/{quote(context_id, safe='')}?details=true", **options)
    assert reply.status == 200, reply.body
    return reply.json()


async def host_one(api: Client, context: Any = TERMS, **options: Any) -> str:
    reply = await api.post(CONTEXTS, {"@context": context}, **options)
    assert (reply.status, reply.body) == (201, b"")
    assert reply.headers["location"].startswith(f"{CONTEXTS}/")
    return reply.headers["location"].removeprefix(f"{CONTEXTS}/")


def is_problem(reply: Reply, status: int, name: str) -> bool:
    return reply.status == status and reply.json()["type"] == f"https://uri.etsi.org/ngsi-ld/errors/{name}"


async def test_what_is_added_is_served_and_nothing_beside_its_context(api: Client) -> None:
    """§5.13.2.3: all outside of @context is discarded; §5.13.4.4: served on demand."""
    reply = await api.post(CONTEXTS, {"@context": TERMS, "more": 1})
    served = await api.get(reply.headers["location"])
    assert (served.status, served.json()) == (200, {"@context": TERMS})
    assert served.headers["content-type"] == "application/json"
    assert served.headers["cache-control"] == "public, max-age=3600"
    assert "ngsild-tenant" in served.headers["vary"]
    as_ld = await api.get(reply.headers["location"], headers={"accept": "application/ld+json"})
    assert as_ld.headers["content-type"] == "application/ld+json"
    assert (await api.get(reply.headers["location"], headers={"accept": "text/html"})).status == 406


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b'{"A": "urn:a"}'], ids=["none", "cut", "list", "text", "no member"]
)
async def test_what_holds_no_context_is_no_request(api: Client, body: bytes) -> None:
    """§5.13.2.4, §5.5.4: InvalidRequest."""
    reply = await api.call("POST", CONTEXTS, body=body, headers={"content-type": "application/json"})
    assert is_problem(reply, 400, "InvalidRequest")
    assert "location" not in reply.headers


@pytest.mark.parametrize(
    "context",
    [
        42,
        True,
        ["https://example.org/a", 7],
        {"a": 1},
        {"a": {"@id": "urn:a", "@context": {}}},
        {"a": "b:c", "b": "a:d"},
        "no address",
        ["ftp://example.org/a"],
        [[[[[[[[[["https://example.org/a"]]]]]]]]]],
    ],
)
async def test_an_invalid_context_is_not_stored(api: Client, context: Any) -> None:
    """§5.13.2.4, §5.5.4, §5.5.7 (no scoped contexts): BadRequestData."""
    reply = await api.post(CONTEXTS, {"@context": context})
    assert is_problem(reply, 400, "BadRequestData")
    assert len((await api.get(f"{CONTEXTS}?kind=Hosted")).json()) == 1  # the platform's own


async def test_listing(api: Client, host: ContextHost) -> None:
    """§5.13.3: URLs or metadata, by kind; of a copy it is the address that it came from."""
    hosted = await host_one(api)
    remote = host.put("/car.jsonld", TERMS)
    assert (await api.post(f"{BASE}/entities", car(), headers=link(remote))).status == 201
    urls = (await api.get(CONTEXTS)).json()
    assert urls == [
        CORE,
        f"http://madang.test{CONTEXTS}/madang",
        f"http://madang.test{CONTEXTS}/{hosted}",
        remote,
    ]
    assert (await api.get(f"{CONTEXTS}?kind=Cached&details=false")).json() == [CORE, remote]
    (_, told) = (await api.get(f"{CONTEXTS}?kind=Hosted&details=true")).json()
    assert told == {
        "URL": f"http://madang.test{CONTEXTS}/{hosted}",
        "localId": hosted,
        "kind": "Hosted",
        "createdAt": "2026-01-01T12:00:00Z",
        "numberOfHits": 0,
    }
    for wrong in ("kind=Other", "details=perhaps", "details=true&kind=cached"):
        assert is_problem(await api.get(f"{CONTEXTS}?{wrong}"), 400, "BadRequestData")


async def test_a_hosted_context_needs_no_network(api: Client) -> None:
    """§5.13.1: clients use the platform as a @context server; its own addresses are known to it."""
    hosted = await host_one(api, [TERMS, {"weight": "https://example.org/ns#weight"}])
    url = f"https://city.example{CONTEXTS}/{hosted}"
    body = car(weight={"type": "Property", "value": 900})
    assert (await api.post(f"{BASE}/entities", body, headers=link(url))).status == 201
    plain = (await api.get(f"{BASE}/entities/urn:ngsi-ld:Car:1")).json()
    assert "https://example.org/ns#weight" in plain
    named = await api.get(f"{BASE}/entities/urn:ngsi-ld:Car:1", headers=link(url))
    assert named.json()["weight"]["value"] == 900
    assert f"<{url}>" in named.headers["link"]
    unknown = f"https://city.example{CONTEXTS}/urn:uuid:0"
    reply = await api.get(f"{BASE}/entities/urn:ngsi-ld:Car:1", headers=link(unknown))
    assert is_problem(reply, 504, "LdContextNotAvailable")


async def test_a_hosted_context_may_name_remote_ones(api: Client, host: ContextHost) -> None:
    """§5.13.1: what it leads to are copies of their own; deleting it does not delete them (§5.13.5.1)."""
    remote = host.put("/car.jsonld", TERMS)
    hosted = await host_one(api, [remote])
    url = f"http://madang.test{CONTEXTS}/{hosted}"
    assert (await api.post(f"{BASE}/entities", car(), headers=link(url))).status == 201
    assert (await details(api, remote))["kind"] == "Cached"
    assert (await api.delete(f"{CONTEXTS}/{hosted}")).status == 204
    assert (await details(api, remote))["kind"] == "Cached"


async def test_copies_are_not_served_but_told_of(api: Client, host: ContextHost) -> None:
    """§5.13.4.4: OperationNotSupported for a copy, by its identifier and by its address; §5.13.3.5: its metadata."""
    remote = host.put("/car.jsonld", TERMS, Cache_Control="max-age=600")
    await api.post(f"{BASE}/entities", car(), headers=link(remote))
    told = await details(api, remote)
    assert (told["URL"], told["kind"]) == (remote, "Cached")
    assert (told["createdAt"], told["expiresAt"]) == ("2026-01-01T12:00:00Z", "2026-01-01T12:10:00Z")
    assert (await details(api, told["localId"]))["URL"] == remote
    for name in (told["localId"], remote, CORE, "core"):
        reply = await api.get(f"{CONTEXTS}/{quote(name, safe='')}")
        assert is_problem(reply, 422, "OperationNotSupported"), name
    for unknown in ("urn:uuid:0", quote("https://example.org/other", safe="")):
        for flag in ("", "?details=true", "?details=false"):
            reply = await api.get(f"{CONTEXTS}/{unknown}{flag}")
            assert is_problem(reply, 404, "ResourceNotFound")


async def test_uses_are_counted(api: Client, hub: Hub, host: ContextHost) -> None:
    """§5.13.3.5: numberOfHits, lastUsage; each look-up counts from the next answer on."""
    remote = host.put("/car.jsonld", TERMS)
    await api.post(f"{BASE}/entities", car(1), headers=link(remote))
    assert (await details(api, remote))["numberOfHits"] == 1
    await api.post(f"{BASE}/entities", car(2), headers=link(remote))
    told = await details(api, remote)
    assert (told["numberOfHits"], told["lastUsage"]) == (3, "2026-01-01T12:00:00Z")
    await hub.contexts.save("")
    assert (await details(api, remote))["numberOfHits"] == 4


async def test_deleting(api: Client) -> None:
    """§5.13.5.4: ResourceNotFound for what is not there; what was deleted resolves no more."""
    hosted = await host_one(api)
    url = f"http://madang.test{CONTEXTS}/{hosted}"
    assert (await api.get(f"{BASE}/entities?type=Car", headers=link(url))).status == 200
    deleted = await api.delete(f"{CONTEXTS}/{hosted}")
    assert (deleted.status, deleted.body) == (204, b"")
    assert is_problem(await api.delete(f"{CONTEXTS}/{hosted}"), 404, "ResourceNotFound")
    assert is_problem(await api.get(f"{CONTEXTS}/{hosted}"), 404, "ResourceNotFound")
    reply = await api.get(f"{BASE}/entities?type=Car", headers=link(url))
    assert is_problem(reply, 504, "LdContextNotAvailable")


async def test_what_cannot_be_deleted(api: Client) -> None:
    """§4.4: the core @context is protected; the platform's own is not stored by anybody."""
    for name in (quote(CORE, safe=""), "core", "madang"):
        reply = await api.delete(f"{CONTEXTS}/{name}")
        assert is_problem(reply, 400, "BadRequestData"), name
    assert (await api.delete(f"{CONTEXTS}/{quote(CORE, safe='')}?reload=true")).status == 204
    assert (await details(api, CORE))["URL"] == CORE


async def test_only_copies_can_be_reloaded(api: Client) -> None:
    """§5.13.5.4: BadRequestData for another kind, and for what is no copy because it is nothing."""
    hosted = await host_one(api)
    for name, flag in ((hosted, "true"), ("urn:uuid:0", "true"), (hosted, "perhaps")):
        reply = await api.delete(f"{CONTEXTS}/{name}?reload={flag}")
        assert is_problem(reply, 400, "BadRequestData")
    assert (await api.get(f"{CONTEXTS}/{hosted}")).status == 200


async def test_reloading(api: Client, host: ContextHost) -> None:
    """§5.13.5.4: what the host serves now takes the place of the copy, at once and under the same identifier."""
    remote = host.put("/car.jsonld", TERMS)
    await api.post(f"{BASE}/entities", car(), headers=link(remote))
    before = await details(api, remote)
    host.put("/car.jsonld", {**TERMS, "speed": "https://example.org/other#speed"})
    reply = await api.delete(f"{CONTEXTS}/{quote(remote, safe='')}?reload=true")
    assert (reply.status, reply.body) == (204, b"")
    assert (await details(api, remote))["localId"] == before["localId"]
    read = (await api.get(f"{BASE}/entities/urn:ngsi-ld:Car:1", headers=link(remote))).json()
    assert "https://example.org/ns#speed" in read


@pytest.mark.parametrize("fault", ["down", "not JSON", "no context", "invalid"])
async def test_a_reload_that_fails_keeps_the_copy(api: Client, host: ContextHost, fault: str) -> None:
    """§5.13.5.4: LdContextNotAvailable, and the operation ends without removing the existing @context."""
    remote = host.put("/car.jsonld", TERMS)
    await api.post(f"{BASE}/entities", car(), headers=link(remote))
    host.down = fault == "down"
    bodies = {"not JSON": b"<html>", "no context": b"{}", "invalid": b'{"@context": 7}'}
    host.put_body("/car.jsonld", bodies.get(fault, b""))
    reply = await api.delete(f"{CONTEXTS}/{quote(remote, safe='')}?reload=true")
    assert is_problem(reply, 504, "LdContextNotAvailable")
    assert (await details(api, remote))["kind"] == "Cached"
    read = (await api.get(f"{BASE}/entities/urn:ngsi-ld:Car:1", headers=link(remote))).json()
    assert read["speed"]["value"] == 50
    assert (await api.delete(f"{CONTEXTS}/{quote(remote, safe='')}")).status == 204
    assert (await api.get(f"{CONTEXTS}/{quote(remote, safe='')}?details=true")).status == 404


async def test_tenants_have_their_own(api: Client, host: ContextHost) -> None:
    """§5.5.10: what is stored for one tenant does not exist for another."""
    one, other = {"ngsild-tenant": "one"}, {"ngsild-tenant": "other"}
    hosted = await host_one(api, headers=one)
    await host_one(api, {"x": "urn:x"}, headers=other)
    assert (await api.get(f"{CONTEXTS}/{hosted}", headers=one)).status == 200
    for headers in (other, {}):
        for flag in ("", "?details=true"):
            assert (await api.get(f"{CONTEXTS}/{hosted}{flag}", headers=headers)).status == 404
        assert (await api.delete(f"{CONTEXTS}/{hosted}", headers=headers)).status == 404
        assert hosted not in (await api.get(f"{CONTEXTS}?details=true", headers=headers)).body.decode()
        use = link(f"http://madang.test{CONTEXTS}/{hosted}")
        assert (await api.get(f"{BASE}/types", headers={**headers, **use})).status == 504
    remote = host.put("/car.jsonld", TERMS)
    await api.post(f"{BASE}/entities", car(), headers={**one, **link(remote)})
    assert remote not in (await api.get(CONTEXTS, headers=other)).json()
    nobody = await api.get(CONTEXTS, headers={"ngsild-tenant": "nobody"})
    assert is_problem(nobody, 404, "NonexistentTenant")


async def test_a_copy_for_a_tenant_that_begins_with_it_is_stored(api: Client, host: ContextHost) -> None:
    """§5.13.1: asking creates no tenant; the first entity does, and its @context is stored when used again."""
    new = {"ngsild-tenant": "new"}
    remote = host.put("/car.jsonld", TERMS)
    asked = await api.get(f"{BASE}/types", headers={**new, **link(remote)})
    assert is_problem(asked, 404, "NonexistentTenant")
    assert (await api.post(f"{BASE}/entities", car(1), headers={**new, **link(remote)})).status == 201
    assert (await api.get(f"{BASE}/types", headers={**new, **link(remote)})).status == 200
    assert remote in (await api.get(CONTEXTS, headers=new)).json()
    assert len(host.asked) == 1


async def test_a_context_inside_a_question_gets_an_address(api: Client, host: ContextHost) -> None:
    """§6.3.6, §5.13.1 ImplicitlyCreated: an answer of type JSON names its @context in the Link header."""
    remote = host.put("/car.jsonld", TERMS)
    await api.post(f"{BASE}/entities", {**car(), "@context": remote}, headers=LD)
    query = {"type": "Query", "entities": [{"type": "Auto"}]}
    inline = {"Auto": TERMS["Car"], "tempo": TERMS["speed"]}
    for context in (inline, [remote, inline]):
        body = {**query, "@context": context}
        found = await api.post(f"{BASE}/entityOperations/query", body, headers=LD)
        (entity,) = found.json()
        assert entity["tempo" if context is inline else "speed"]["value"] == 50
        url = found.headers["link"].split(">")[0].removeprefix("<http://madang.test")
        assert (await api.get(url)).json() == {"@context": context}
        told = await details(api, url.rsplit("/", 1)[1])
        assert told["kind"] == "ImplicitlyCreated"
        assert told["expiresAt"] == "2026-01-03T12:00:00Z"
        again = await api.post(f"{BASE}/entityOperations/query", body, headers=LD)
        assert again.headers["link"] == found.headers["link"]
    assert len((await api.get(f"{CONTEXTS}?kind=ImplicitlyCreated")).json()) == 2


@pytest.mark.parametrize("beside", [False, True])
async def test_one_address_in_a_question_needs_no_other(
    api: Client, host: ContextHost, *, beside: bool
) -> None:
    """§4.4: the core @context is there in any case, so it makes no new one of an address."""
    remote = host.put("/car.jsonld", TERMS)
    await api.post(f"{BASE}/entities", {**car(), "@context": remote}, headers=LD)
    context = [remote, CORE] if beside else [remote]
    body = {"type": "Query", "entities": [{"type": "Car"}], "@context": context}
    found = await api.post(f"{BASE}/entityOperations/query", body, headers=LD)
    assert f"<{remote}>" in found.headers["link"]
    assert (await api.get(f"{CONTEXTS}?kind=ImplicitlyCreated")).json() == []
