"""Policies over the API and on their pages, in a closed city: they count from the next request, for everybody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import pytest
from tests.asgi_client import Reply
from tests.trust.closed_city import ClosedCity, Person, closed_city

from madang.store.audit import Wanted
from madang.trust.access import Access

ENTITIES = "/ngsi-ld/v1/entities"
BUILDING = "urn:ngsi-ld:Building:closed:x:1"
INCIDENT = "urn:ngsi-ld:Incident:closed:x:1"
NOBODY_S = "urn:ngsi-ld:Incident:closed:x:2"
HIDE: dict[str, Any] = {
    "id": "no-occupiers",
    "effect": "prohibit",
    "name": {"ko": "입주자 가림", "en": "No occupiers"},
    "who": {"roles": ["citizen"]},
    "what": {"types": ["Building"], "attributes": ["occupier"]},
}


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[ClosedCity]:
    async with closed_city(tmp_path) as opened:
        building = {"id": BUILDING, "type": "Building", "name": "시청", "occupier": "비밀 상회", "height": 30}
        incident = {"id": INCIDENT, "type": "Incident", "status": "open", "text": "비밀"}
        for entity in (building, incident):
            assert (await opened.inside.post(ENTITIES, entity)).status == 201
        yield opened


async def names(city: ClosedCity, who: Person, entity: str = BUILDING, **headers: str) -> set[str]:
    reply = await city.client.get(f"{ENTITIES}/{entity}", headers={**who.headers, **headers})
    return set(reply.json()) - {"id", "type"} if reply.status == 200 else set()


async def test_a_policy_counts_from_the_next_request(city: ClosedCity) -> None:
    citizen, administrator = await city.sign_in("citizen"), await city.sign_in("city-administrator")
    assert await names(city, citizen) == {"name", "occupier", "height"}
    address = "/api/policies/no-occupiers"
    written = await city.client.put(address, HIDE, headers=administrator.headers)
    assert written.status == 200, written.body
    assert await names(city, citizen) == {"name", "height"}
    assert await names(city, administrator) == {"name", "occupier", "height"}
    for query in ({"q": "occupier"}, {"q": 'occupier=="비밀 상회"'}, {"attrs": "occupier"}):
        params = {"type": "Building", **query}
        reply = await city.client.get(ENTITIES, params=params, headers=citizen.headers)
        assert reply.json() == [], query
    told = (await city.client.get(address, headers=administrator.headers)).json()
    assert told["policy"] == HIDE
    assert (told["origin"], told["changedBy"]) == (
        "written",
        administrator.identity and administrator.identity.subject,
    )
    assert (await city.client.delete(address, headers=administrator.headers)).status == 204
    assert await names(city, citizen) == {"name", "occupier", "height"}
    assert (await city.client.delete(address, headers=administrator.headers)).status == 404


async def test_odrl_goes_in_and_out(city: ClosedCity) -> None:
    administrator = await city.sign_in("city-administrator")
    await city.client.put("/api/policies/no-occupiers", HIDE, headers=administrator.headers)
    odrl = await city.client.get("/api/policies/no-occupiers?format=odrl", headers=administrator.headers)
    document = odrl.json()
    assert document["prohibition"][0]["action"] == ["read", "madang:notify", "distribute", "aggregate"]
    document["uid"] = "urn:madang:policy:copied"
    copied = await city.client.put("/api/policies/copied", document, headers=administrator.headers)
    assert copied.status == 200, copied.body
    everything = await city.client.get("/api/policies?format=odrl", headers=administrator.headers)
    assert {one["uid"].removeprefix("urn:madang:policy:") for one in everything.json()} >= {
        "copied",
        "ordinary-reading",
    }


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "not JSON"),
        (b"[]", 400, "Expected `object`"),
        (b'{"id":"x","effect":"allow"}', 400, "effect"),
        (b'{"id":"x","effect":"permit","whom":{}}', 400, "whom"),
        (b'{"id":"y","effect":"permit"}', 400, "not the one in the address"),
        (b'{"id":"x","effect":"prohibit","constraints":{"count":3}}', 400, "counted"),
        (
            b'{"id":"x","effect":"permit","who":{"roles":["citizen"]},"what":{"types":["Person"]}}',
            400,
            "purposes",
        ),
        (b'{"permission":[],"prohibition":[{"action":"play"}],"uid":"x"}', 400, "play"),
        (b" " * 70_000, 413, "65536"),
    ],
)
async def test_what_cannot_be_enforced_is_refused(
    city: ClosedCity, body: bytes, status: int, said: str
) -> None:
    administrator = await city.sign_in("city-administrator")
    reply = await city.client.call(
        "PUT",
        "/api/policies/x",
        body=body,
        headers={**administrator.headers, "content-type": "application/json"},
    )
    assert reply.status == status, reply.body
    assert said in reply.body.decode()


async def test_a_policy_is_checked_without_being_written(city: ClosedCity) -> None:
    administrator = await city.sign_in("city-administrator")
    wrong = {**HIDE, "constraints": {"count": 3}, "who": {"roles": ["mayor"]}}
    reply = await city.client.post("/api/policies/check", wrong, headers=administrator.headers)
    assert [one["path"][:2] for one in reply.json()["problems"]] == [
        ["who", "roles"],
        ["constraints", "count"],
    ]
    assert (await city.client.get("/api/policies/no-occupiers", headers=administrator.headers)).status == 404


# --- why ---


async def why(city: ClosedCity, who: Person, entity: str, **query: str) -> dict[str, Any]:
    reply = await city.client.get("/api/why", params={"entity": entity, **query}, headers=who.headers)
    assert reply.status == 200, reply.body
    told: dict[str, Any] = reply.json()
    return told


async def test_why_says_the_same_of_what_is_hidden_and_of_what_is_not(city: ClosedCity) -> None:
    citizen, administrator = await city.sign_in("citizen"), await city.sign_in("city-administrator")
    for who in (citizen, administrator):
        assert await why(city, who, INCIDENT) == await why(city, who, NOBODY_S)
        pages = []
        for one in (INCIDENT, NOBODY_S):
            page = await city.client.get("/en/why", params={"entity": one}, headers=who.headers)
            pages.append(unquote(page.body.decode()).replace(one, ""))
        assert pages[0] == pages[1]
    answer = await why(city, citizen, INCIDENT)
    assert (answer["seen"], answer["known"]) == (False, False)
    assert "control-room-operator" in str(answer["lacking"])
    assert "비밀" not in str(answer)


async def test_why_names_the_rule(city: ClosedCity) -> None:
    citizen, administrator = await city.sign_in("citizen"), await city.sign_in("city-administrator")
    await city.client.put("/api/policies/no-occupiers", HIDE, headers=administrator.headers)
    seen = await why(city, citizen, BUILDING)
    assert (seen["seen"], seen["known"]) == (True, True)
    assert [one["policy"] for one in seen["granting"]] == ["ordinary-reading"]
    hidden = await why(city, citizen, BUILDING, attribute="occupier")
    assert (hidden["seen"], [one["policy"] for one in hidden["denying"]]) == (False, ["no-occupiers"])
    written = await why(city, citizen, BUILDING, action="write")
    assert not written["seen"]
    assert written["lacking"][0]["obstacles"] == ["role"]
    operator = await city.sign_in("control-room-operator")
    silent = await why(city, operator, INCIDENT)
    assert silent["lacking"][0]["policy"] in ("incidents-seen", "ordinary-reading")
    assert ["purpose"] in [one["obstacles"] for one in silent["lacking"]]
    said = await why(city, operator, INCIDENT, purpose="safety")
    assert [one["policy"] for one in said["granting"]] == ["incidents-seen"]
    assert "text" not in said["granting"][0]["attributes"]


async def test_only_who_sees_policies_asks_for_others(city: ClosedCity) -> None:
    citizen, administrator = await city.sign_in("citizen"), await city.sign_in("city-administrator")
    params = {"entity": BUILDING, "role": "citizen", "action": "write"}
    assert (await city.client.get("/api/why", params=params, headers=citizen.headers)).status == 403
    assert not (await why(city, administrator, BUILDING, role="citizen", action="write"))["seen"]
    assert (await why(city, administrator, BUILDING, action="write"))["seen"]
    page = await city.client.get("/en/why", params=params, headers=citizen.headers)
    assert page.status == 200
    assert 'name="role"' not in page.body.decode()


@pytest.mark.parametrize("query", ["", "?entity=urn:x:1", "?entity=urn:x:1&type=a<b", "?entity=x&nonsense=1"])
async def test_why_asks_for_what_it_needs(city: ClosedCity, query: str) -> None:
    citizen = await city.sign_in("citizen")
    assert (await city.client.get("/api/why" + query, headers=citizen.headers)).status == 400


async def test_what_is_forbidden_to_a_person_is_so_to_nobody_else(city: ClosedCity) -> None:
    first, second = [await city.sign_in("citizen", login=f"{number}@closed.example") for number in (1, 2)]
    administrator = await city.sign_in("city-administrator")
    assert first.identity is not None
    policy = {"id": "not-you", "effect": "prohibit", "who": {"subjects": [first.identity.subject]}}
    await city.client.put("/api/policies/not-you", policy, headers=administrator.headers)
    assert await names(city, first) == set()
    assert await names(city, second)
    assert first.identity.subject not in str(await why(city, second, BUILDING))


# --- duties ---


async def test_duties_come_with_what_is_handed_out(city: ClosedCity) -> None:
    researcher, administrator = await city.sign_in("researcher"), await city.sign_in("city-administrator")
    policy = {
        "id": "incidents-for-research",
        "effect": "permit",
        "who": {"roles": ["researcher"]},
        "what": {"types": ["Incident"], "attributes": ["status"]},
        "constraints": {"purposes": ["research"]},
        "duties": {"attribution": '가온시 %"상황실"', "notify": "auditor", "delete_after": "30 d"},
    }
    reply = await city.client.put(
        "/api/policies/incidents-for-research", policy, headers=administrator.headers
    )
    assert reply.status == 200, reply.body
    address = f"{ENTITIES}/{INCIDENT}"
    told = await city.client.get(address, headers={**researcher.headers, "madang-purpose": "research"})
    assert set(told.json()) == {"id", "type", "status"}
    header = told.headers["madang-duties"]
    assert header.isascii()
    assert header.endswith('%22";notify="auditor";delete-after=2592000')
    assert "madang-duties" not in (await city.client.get(address, headers=researcher.headers)).headers
    page = await city.client.get(f"/ko/entities/{INCIDENT}?purpose=research", headers=researcher.headers)
    assert "30일 안에 지우기" in page.body.decode()
    assert page.headers["madang-duties"] == header
    recorded = await city.platform.hub.store(Access()).audit.page(Wanted(), 10)
    assert any("incidents-for-research" in one.event.rules for one in recorded)


# --- figures ---


async def test_figures_are_for_whoever_may_have_them(city: ClosedCity) -> None:
    for number in range(2, 9):
        incident = {"id": f"urn:ngsi-ld:Incident:closed:x:{number}", "type": "Incident", "status": "open"}
        assert (await city.inside.post(ENTITIES, incident)).status == 201
    researcher, citizen = await city.sign_in("researcher"), await city.sign_in("citizen")
    counted: dict[str, str] = {"type": "Incident", "count": "true", "limit": "0"}
    purpose = {"madang-purpose": "research"}

    async def count(who: Person, **headers: str) -> str:
        reply = await city.client.get(ENTITIES, params=counted, headers={**who.headers, **headers})
        return reply.headers["ngsild-results-count"]

    assert await count(researcher, **purpose) == "8"
    assert await count(researcher) == "0"
    assert await count(citizen, **purpose) == "0"
    values = await city.client.get(f"{ENTITIES}?type=Incident", headers={**researcher.headers, **purpose})
    assert values.json() == []
    # One is fewer than the smallest group that is told
    counted["id"] = INCIDENT
    assert await count(researcher, **purpose) == "0"


async def test_sums_of_history_are_an_action_of_their_own(city: ClosedCity) -> None:
    citizen, administrator = await city.sign_in("citizen"), await city.sign_in("city-administrator")
    policy = {
        "id": "no-sums",
        "effect": "prohibit",
        "who": {"roles": ["citizen"]},
        "what": {"types": ["Building"], "attributes": ["height"]},
        "actions": ["aggregate"],
    }
    await city.client.put("/api/policies/no-sums", policy, headers=administrator.headers)
    address = f"/ngsi-ld/v1/temporal/entities/{BUILDING}"
    sums = {"options": "aggregatedValues", "aggrMethods": "max", "aggrPeriodDuration": "PT0S"}
    for who, shown in ((citizen, False), (administrator, True)):
        whole = await city.client.get(address, headers=who.headers)
        assert "height" in whole.json()
        reply = await city.client.get(address, params=sums, headers=who.headers)
        assert ("height" in reply.json()) is shown
        for alike in ({"format": "aggregatedValues"}, {"options": "aggregated%56alues"}):
            params = {"aggrMethods": "max", "aggrPeriodDuration": "PT0S", **alike}
            reply = await city.client.get(address, params=params, headers=who.headers)
            assert reply.status == 400 or ("height" in reply.json()) is shown


async def test_to_erase_what_was_is_an_action_of_its_own(city: ClosedCity) -> None:
    officer, administrator = await city.sign_in("data-officer"), await city.sign_in("city-administrator")
    policy = {
        "id": "no-erasing",
        "effect": "prohibit",
        "who": {"roles": ["data-officer"]},
        "actions": ["administer"],
    }
    await city.client.put("/api/policies/no-erasing", policy, headers=administrator.headers)
    history = f"/ngsi-ld/v1/temporal/entities/{BUILDING}"
    change = {"type": "Property", "value": 31}
    for who, status in ((officer, 403), (administrator, 204)):
        written = await city.client.patch(f"{ENTITIES}/{BUILDING}/attrs/height", change, headers=who.headers)
        assert written.status == 204
        erased = await city.client.delete(f"{history}/attrs/height?deleteAll=true", headers=who.headers)
        assert erased.status == status, erased.body
    await city.client.delete(f"{ENTITIES}?type=Building", headers=officer.headers)
    assert await names(city, administrator)
    await city.client.delete(f"{ENTITIES}?type=Building", headers=administrator.headers)
    assert not await names(city, administrator)


# --- pages ---


async def send(city: ClosedCity, who: Person, **fields: Any) -> Reply:
    body = urlencode(fields, doseq=True).encode()
    headers = {**who.headers, "content-type": "application/x-www-form-urlencoded"}
    return await city.client.call("POST", "/ko/admin/policies", body=body, headers=headers)


async def test_a_policy_is_written_on_a_page(city: ClosedCity) -> None:
    citizen, administrator = await city.sign_in("citizen"), await city.sign_in("city-administrator")
    fields = {
        "id": "no-occupiers",
        "effect": "prohibit",
        "name_ko": "입주자 가림",
        "roles": ["citizen", "investor"],
        "types": "Building",
        "attributes": "occupier, height",
        "since": "2020-01-01T00:00",
        "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    }
    checked = await send(city, administrator, action="check", **fields)
    assert (checked.status, "그대로 적용할 수 있습니다" in checked.body.decode()) == (200, True)
    assert await names(city, citizen) == {"name", "occupier", "height"}
    saved = await send(city, administrator, action="save", **fields)
    assert saved.status == 303
    assert await names(city, citizen) == {"name"}
    page = await city.client.get("/ko/admin/policies/edit?id=no-occupiers", headers=administrator.headers)
    text = unescape(page.body.decode())
    assert 'value="2020-01-01T00:00"' in text
    assert 'value="investor" checked' in text
    listing = await city.client.get("/ko/admin/policies", headers=administrator.headers)
    assert "입주자 가림" in listing.body.decode()
    removed = await send(city, administrator, action="remove", id="no-occupiers")
    assert removed.status == 303
    assert await names(city, citizen) == {"name", "occupier", "height"}


async def test_a_form_says_what_is_wrong_and_keeps_what_was_written(city: ClosedCity) -> None:
    administrator = await city.sign_in("city-administrator")
    script = '"><script>alert(1)</script>'
    reply = await send(
        city,
        administrator,
        action="save",
        id="mine",
        effect="permit",
        types="Person",
        owner=script,
        count="3",
    )
    text = reply.body.decode()
    assert reply.status == 400
    assert "<script>alert" not in text
    assert script in unescape(text)
    assert "name the purposes" in text
    for fields in (
        {"count": "many"},
        {"since": "soon"},
        {"area": "here"},
        {"effect": "maybe"},
        {"id": "Mine!"},
    ):
        reply = await send(
            city, administrator, **{"action": "save", "id": "mine", "effect": "permit", **fields}
        )
        assert reply.status == 400, fields
    assert (await city.client.get("/api/policies/mine", headers=administrator.headers)).status == 404


async def test_a_page_takes_odrl(city: ClosedCity) -> None:
    administrator = await city.sign_in("city-administrator")
    await city.client.put("/api/policies/no-occupiers", HIDE, headers=administrator.headers)
    odrl = await city.client.get("/api/policies/no-occupiers?format=odrl", headers=administrator.headers)
    filled = await send(city, administrator, action="import", odrl=odrl.body.decode())
    assert filled.status == 200
    assert 'value="no-occupiers"' in filled.body.decode()
    assert (await send(city, administrator, action="import", odrl="{")).status == 400


async def test_pages_are_for_whoever_may(city: ClosedCity) -> None:
    citizen = await city.sign_in("citizen")
    for path in ("/ko/admin/policies", "/ko/admin/policies/edit"):
        assert (await city.client.get(path, headers=citizen.headers)).status == 403
        assert (await city.client.get(path)).status == 401
    assert (await send(city, citizen, action="save", id="x", effect="prohibit")).status == 403
    missing = await city.client.get(f"/ko/entities/{INCIDENT}", headers=citizen.headers)
    assert missing.status == 404
    assert "/ko/why?entity=" in missing.body.decode()
