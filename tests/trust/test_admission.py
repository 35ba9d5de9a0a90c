"""Who tries a role of an open city is let in by what was remembered of their cookie, and sees what holds now."""

from __future__ import annotations

import msgspec
import pytest
from tests.asgi_client import Client
from tests.trust.policy_makers import made

from madang.api.asgi import information_api
from madang.clock import FixedClock
from madang.hub.hub import Hub
from madang.hub.trust.gate import NOBODY, Gate
from madang.hub.trust.policies import Policies
from madang.trust.policy import Constraints, Effect, Policy, What, Who

ENTITIES = "/ngsi-ld/v1/entities"
BUILDING = "urn:ngsi-ld:Building:gaon:x:1"
CITIZEN = {"cookie": "madang_role=citizen"}
TYPE = "https://example.org/Shed"
HIDE = Policy("no-sheds", Effect.PROHIBIT, who=Who(roles=("citizen",)), what=What(types=(TYPE,)))


@pytest.fixture
async def policies() -> Policies:
    return made()


@pytest.fixture
async def city(hub: Hub, policies: Policies) -> Client:
    client = Client(information_api(hub, Gate(NOBODY, policies, open=True)))
    assert (await client.post(ENTITIES, {"id": BUILDING, "type": TYPE})).status == 201
    return client


async def status(city: Client, **headers: str) -> int:
    return (await city.get(f"{ENTITIES}/{BUILDING}", headers={**CITIZEN, **headers})).status


async def test_a_policy_counts_from_the_next_request_with_the_same_cookie(
    city: Client, policies: Policies
) -> None:
    assert [await status(city), await status(city)] == [200, 200]
    await policies.write(HIDE, "operator")
    assert [await status(city), await status(city)] == [404, 404]
    assert (await city.get(f"{ENTITIES}/{BUILDING}")).status == 200
    await policies.remove("no-sheds", "operator")
    assert await status(city) == 200


async def test_what_is_remembered_is_of_one_role_and_one_permission(city: Client, policies: Policies) -> None:
    await policies.write(HIDE, "operator")
    assert await status(city) == 404
    assert await status(city, cookie="madang_role=researcher") == 200
    assert await status(city, cookie="madang_role=nobody-knows-it") == 200
    written = await city.post(ENTITIES, {"id": f"{BUILDING}0", "type": TYPE}, headers=CITIZEN)
    assert written.status in (401, 403), written.body


async def test_a_key_a_tenant_or_a_purpose_beside_the_cookie_is_looked_at(city: Client) -> None:
    assert await status(city) == 200
    assert await status(city, authorization="Bearer mdk_of_nobody") == 401
    assert await status(city, **{"x-api-key": "mdk_of_nobody"}) == 401
    assert await status(city, **{"ngsild-tenant": "elsewhere"}) == 404
    assert await status(city, **{"madang-purpose": "research"}) == 200


async def test_a_policy_that_goes_by_the_clock_is_asked_every_time(
    hub: Hub, city: Client, clock: FixedClock
) -> None:
    later = msgspec.structs.replace(HIDE, constraints=Constraints(since="2026-01-01T13:00:00Z"))
    timed = Client(information_api(hub, Gate(NOBODY, made(later, clock=clock), open=True)))
    assert [await status(timed), await status(timed)] == [200, 200]
    clock.advance(2 * 3600 * 1_000_000)
    assert await status(timed) == 404
