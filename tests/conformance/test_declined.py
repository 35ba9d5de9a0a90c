"""§5.5.6: operations that are not offered are OperationNotSupported, after all that is wrong with the request itself."""

from __future__ import annotations

import pytest
from tests.asgi_client import Client, Reply
from tests.conformance.provision import BASE

from madang.api.routes import DECLINED, ROUTES, Route

REGISTRATIONS = f"{BASE}/csourceRegistrations"
READING = [route for route in DECLINED if route.method == "GET"]
WRITING = [route for route in DECLINED if route.method in ("POST", "PATCH")]
NOWHERE = "http://127.0.0.1:9/context.jsonld"
LINK = f'<{NOWHERE}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'


def name(route: object) -> str:
    return f"{route.method} {route.path}" if isinstance(route, Route) else str(route)


def filled(route: Route) -> str:
    ids = ("registrationId", "subscriptionId", "entityMapId", "snapshotId")
    return BASE + route.path.format(**dict.fromkeys(ids, "urn:ngsi-ld:X:1"))


def refused(reply: Reply, status: int, kind: str) -> bool:
    return reply.status == status and reply.json()["type"].endswith(f"/{kind}")


@pytest.mark.parametrize("route", DECLINED, ids=name)
async def test_what_is_not_offered(api: Client, route: Route) -> None:
    """§5.5.6, §6.3.2."""
    body = b"{}" if route in WRITING else b""
    reply = await api.call(
        route.method, filled(route), body=body, headers={"content-type": "application/json"}
    )
    assert refused(reply, 422, "OperationNotSupported"), reply.body
    assert route.permission is not None


@pytest.mark.parametrize("route", READING, ids=name)
async def test_an_answer_that_would_not_be_accepted(api: Client, route: Route) -> None:
    """§6.3.4: GeoJSON is of entities only."""
    for accept in ("application/xml", "application/geo+json"):
        reply = await api.get(filled(route), headers={"accept": accept})
        assert refused(reply, 406, "NotAcceptable")


@pytest.mark.parametrize("route", WRITING, ids=name)
async def test_a_body_that_is_wrong(api: Client, route: Route) -> None:
    """§5.5.4, §6.3.4, §6.3.5."""
    json, linked = {"content-type": "application/json"}, {"content-type": "application/ld+json"}
    sent = [
        (b"{}", {"content-type": "text/csv"}, 415, ""),
        (b"{", json, 400, "InvalidRequest"),
        (b'{"@context":{}}', json, 400, "BadRequestData"),
        (b"{}", linked, 400, "BadRequestData"),
        (b'{"@context":"' + NOWHERE.encode() + b'"}', linked, 504, "LdContextNotAvailable"),
        (b"{}", {**json, "link": LINK}, 504, "LdContextNotAvailable"),
    ]
    for body, headers, status, kind in sent:
        reply = await api.call(route.method, filled(route), body=body, headers=headers)
        assert reply.status == status, (body, headers, reply.body)
        assert not kind or refused(reply, status, kind)
    reply = await api.call(route.method, filled(route), body=b"{}", headers=json, measured=False)
    assert reply.status == 411


async def test_a_context_that_cannot_be_had(api: Client) -> None:
    """§5.5.6: also of what is read or removed."""
    for method, path in (("GET", REGISTRATIONS), ("DELETE", f"{REGISTRATIONS}/urn:ngsi-ld:X:1")):
        assert refused(await api.call(method, path, headers={"link": LINK}), 504, "LdContextNotAvailable")


async def test_a_method_that_they_would_not_have(api: Client) -> None:
    """§6.3.2."""
    reply = await api.put(REGISTRATIONS, {})
    assert reply.status == 405
    assert set(reply.headers["allow"].split(", ")) == {"GET", "POST"}


def test_nothing_is_offered_and_declined() -> None:
    assert not {(route.method, route.path) for route in DECLINED} & {
        (route.method, route.path) for route in ROUTES
    }
