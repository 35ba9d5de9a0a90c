"""Every role asks every route for every sort of thing in every tenant: what its permissions and policies say happens,
and nothing else. A route that no table declares fails, as does one that anybody may take and no decision names.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from starlette.routing import Route
from tests.asgi_client import Reply
from tests.trust.closed_city import CITY, VISITING, ClosedCity, Person, closed_city

from madang.api.routes import BASE, ROUTES
from madang.api.traffic import Traffic
from madang.ngsild.parse import parse_entity
from madang.settings import Settings
from madang.trust.identity import Action, Permission
from madang.trust.roles import BUILT_IN
from madang.trust.view import compile_view
from madang.web.app import PAGES
from madang.wire import beside, offered

DECISION: Final = Path(__file__).parents[2] / "docs" / "decisions" / "0021-routes-for-anybody.md"
ORDINARY: Final = "urn:ngsi-ld:AirQualityObserved:closed:1"
PROTECTED: Final = "urn:ngsi-ld:Person:closed:alpha"
ORDINARY_MARK: Final = "MARKORDINARY"
PROTECTED_MARK: Final = "MARKPROTECTED"
OTHER_MARK: Final = "MARKOTHER"
OTHER: Final = "other"
MISSING: Final = "urn:ngsi-ld:Person:closed:omega"
OBJECTS: Final = (ORDINARY, PROTECTED, MISSING)
ROLES: Final = ("visitor", *(name for name in BUILT_IN if name != "visitor"))
# It never ends
ENDLESS: Final = "/stream"


class Declared(msgspec.Struct, frozen=True):
    """A route of one of the tables. api: whether its refusals are problem details."""

    method: str
    path: str
    permission: Permission | None
    api: bool

    @property
    def of_thing(self) -> bool:
        return "{entityId}" in self.path

    def address(self, thing: str) -> str:
        """Of this thing, where the route is of one."""

        def filled(match: re.Match[str]) -> str:
            name = match[1].partition(":")[0]
            known = {
                "entityId": thing,
                "id": thing if "entities" in self.path else "none",
                "language": "en",
                "type": "Person" if thing.startswith("urn:ngsi-ld:Person") else "AirQualityObserved",
                "attrId": "name",
                "number": "1",
                "month": "2026-01",
                "rest": "nowhere",
            }
            return known.get(name, "none")

        return re.sub(r"\{([^}]*)\}", filled, self.path)


def declared(settings: Settings) -> list[Declared]:
    return [
        *(Declared(one.method, BASE + one.path, one.permission, api=True) for one in ROUTES),
        *(
            Declared(one.method, one.path, one.permission, api=True)
            for one in offered(CITY, settings, Traffic())
        ),
        *(Declared(one.method, one.path, one.permission, api=False) for one in PAGES),
    ]


def stored(identifier: str, mark: str) -> dict[str, Any]:
    return {
        "id": identifier,
        "type": identifier.split(":")[2],
        "name": {"type": "Property", "value": mark},
    }


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[ClosedCity]:
    async with closed_city(tmp_path) as opened:
        for identifier, mark in ((ORDINARY, ORDINARY_MARK), (PROTECTED, PROTECTED_MARK)):
            entity = stored(identifier, mark)
            assert (await opened.inside.post(BASE + "/entities", json=entity)).status == 201
            entity, there = stored(identifier, OTHER_MARK), {"ngsild-tenant": OTHER}
            assert (await opened.inside.post(BASE + "/entities", json=entity, headers=there)).status == 201
        yield opened


async def ask(city: ClosedCity, route: Declared, thing: str, headers: dict[str, str]) -> Reply:
    json: dict[str, Any] | None = {} if route.method in ("POST", "PUT", "PATCH") else None
    params = {"type": "Person,AirQualityObserved"} if route.path == BASE + "/entities" else None
    if route.method == "DELETE":
        params = None
    return await city.client.call(
        route.method, route.address(thing), json=json, params=params, headers=headers
    )


def allowed(city: ClosedCity, person: Person, route: Declared) -> bool:
    if route.permission is None:
        return True
    if person.identity is None:
        return False
    return city.platform.gate.permits(person.identity, route.permission)


def sees(city: ClosedCity, person: Person, route: Declared) -> set[str]:
    """The marks that the policies of the person let through on this route."""
    if person.identity is None:
        return set()
    action = Action.DISTRIBUTE if route.permission is Permission.EXPORT else Action.READ
    view = city.platform.gate.access(person.identity, "", action).view
    context = city.platform.hub.contexts.default
    marks = set()
    for raw in (stored(ORDINARY, ORDINARY_MARK), stored(PROTECTED, PROTECTED_MARK)):
        entity = parse_entity(raw, context)
        seen = entity if view is None else compile_view(view).seen(entity)
        if seen is not None and seen.attributes:
            marks.add(raw["name"]["value"])
    return marks


def told(reply: Reply) -> set[str]:
    return {mark for mark in (ORDINARY_MARK, PROTECTED_MARK, OTHER_MARK) if mark.encode() in reply.body}


def test_every_route_is_declared(tmp_path: Path) -> None:
    settings = Settings(tmp_path, "madang.test", 8080)
    found = [(one.method, one.path) for one in declared(settings)]
    assert len(set(found)) == len(found)


async def test_nothing_is_served_that_is_not_declared(city: ClosedCity) -> None:
    known = {(one.method, one.path) for one in declared(city.settings)}
    served = beside(city.platform, city.city, city.settings, Traffic())
    for route in served.routes:
        assert isinstance(route, Route), f"{route} is of a sort that nothing is known of"
        for method in (route.methods or set()) - {"HEAD"}:
            assert (method, route.path) in known, (
                f"declare {method} {route.path}, with the permission that it asks"
            )


def test_a_decision_names_every_route_for_anybody(tmp_path: Path) -> None:
    settings = Settings(tmp_path, "madang.test", 8080)
    public = {f"{one.method} {one.path}" for one in declared(settings) if one.permission is None}
    decided = set(re.findall(r"^- `([A-Z]+ [^`]+)`", DECISION.read_text(), re.MULTILINE))
    assert public - decided == set(), f"a route for anybody needs a decision: write it in {DECISION.name}"
    assert decided - public == set(), f"rub out in {DECISION.name}"


@pytest.mark.parametrize("role", ROLES)
async def test_who_may_not_is_refused_and_changes_nothing(city: ClosedCity, role: str) -> None:
    person = VISITING if role == "visitor" else await city.sign_in(role)
    before = await city.changes()
    for route in declared(city.settings):
        if allowed(city, person, route):
            continue
        for thing in OBJECTS:
            reply = await ask(city, route, thing, person.headers)
            expected = 401 if person.identity is None else 403
            assert reply.status == expected, f"{role} {route} {thing}: {reply}"
            assert not told(reply)
            assert b"urn:ngsi-ld" not in reply.body.replace(thing.encode(), b"")
    assert await city.changes() == before


@pytest.mark.parametrize("role", ROLES)
async def test_who_may_sees_what_the_policies_say(city: ClosedCity, role: str) -> None:
    person = VISITING if role == "visitor" else await city.sign_in(role)
    for route in declared(city.settings):
        if not allowed(city, person, route) or route.path == ENDLESS:
            continue
        if route.permission is None and route.method != "GET":
            continue  # what anybody may do has tests of its own
        seen = sees(city, person, route)
        for thing in OBJECTS:
            if route.permission not in (Permission.READ, Permission.EXPORT, None):
                continue
            reply = await ask(city, route, thing, person.headers)
            assert told(reply) <= seen, f"{role} {route} {thing}"
            assert reply.status < 500, f"{role} {route} {thing}: {reply}"
            if route.of_thing and thing == PROTECTED and PROTECTED_MARK not in seen:
                # A thing that is hidden is a thing that is not there
                missing = await ask(city, route, MISSING, person.headers)
                assert alike(reply, PROTECTED) == alike(missing, MISSING), f"{role} {route}"


def alike(reply: Reply, thing: str) -> tuple[int, bytes]:
    return reply.status, reply.body.replace(thing.encode(), b"THING")


@pytest.mark.parametrize("role", ROLES)
async def test_nothing_crosses_to_another_tenant(city: ClosedCity, role: str) -> None:
    person = VISITING if role == "visitor" else await city.sign_in(role)
    before = await city.changes(OTHER)
    for route in declared(city.settings):
        if route.path == ENDLESS or (route.permission is None and route.method != "GET"):
            continue
        there = await ask(city, route, ORDINARY, {**person.headers, "ngsild-tenant": OTHER})
        nowhere = await ask(city, route, ORDINARY, {**person.headers, "ngsild-tenant": "nowhere"})
        assert OTHER_MARK not in told(there), f"{role} {route}"
        assert there.status == nowhere.status, f"{role} {route}"
        if route.api and route.path.startswith((BASE, "/api/")):
            assert there.status in (401, 403), f"{role} {route}: {there}"
            assert there.body == nowhere.body
    assert await city.changes(OTHER) == before


async def test_who_is_of_another_tenant_sees_that_one(city: ClosedCity) -> None:
    person = await city.sign_in("data-officer", tenants=(OTHER,))
    for headers in ({}, {"ngsild-tenant": OTHER}):
        reply = await city.client.get(f"{BASE}/entities/{ORDINARY}", headers={**person.headers, **headers})
        assert told(reply) == {OTHER_MARK}
    page = await city.client.get(f"/en/entities/{ORDINARY}", headers=person.headers)
    assert told(page) == {OTHER_MARK}
