"""The audit of a closed city, as its people meet it: over the API and on the pages."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from tests.asgi_client import Reply
from tests.trust.closed_city import ClosedCity, Person, closed_city

from madang.clock import SystemClock
from madang.hub.trust.audit_review import month_of
from madang.trust.access import Access

ANNA = "urn:ngsi-ld:Person:closed:hr:anna"
PURPOSE = {"madang-purpose": "rights"}


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[ClosedCity]:
    async with closed_city(tmp_path) as opened:
        person = {"id": ANNA, "type": "Person", "name": {"type": "Property", "value": "Anna"}}
        written = await opened.inside.call("POST", "/ngsi-ld/v1/entities", json=person)
        assert written.status == 201, written.body
        yield opened


async def events(city: ClosedCity, auditor: Person, **asked: str) -> list[dict[str, Any]]:
    reply = await city.client.call("GET", "/api/audit", params=asked, headers=auditor.headers)
    assert reply.status == 200, reply.body
    found: list[dict[str, Any]] = reply.json()["events"]
    return found


async def sent(city: ClosedCity, who: Person, path: str, **fields: str) -> Reply:
    """A form of a page of ours."""
    headers = {
        **who.headers,
        "content-type": "application/x-www-form-urlencoded",
        "sec-fetch-site": "same-origin",
    }
    return await city.client.call("POST", path, body=urlencode(fields).encode(), headers=headers)


async def test_what_an_officer_reads_is_there_for_the_auditor(city: ClosedCity) -> None:
    officer, auditor = await city.sign_in("privacy-officer"), await city.sign_in("auditor")
    path = f"/ngsi-ld/v1/entities/{ANNA}"
    assert (await city.client.call("GET", path, headers=officer.headers)).status == 404
    read = await city.client.call(
        "GET", path, headers={**officer.headers, **PURPOSE, "x-request-id": "number-1"}
    )
    assert read.status == 200, read.body
    (found,) = await events(city, auditor, entity=ANNA)
    assert officer.identity is not None
    assert found["subject"] == officer.identity.subject
    assert (found["deed"], found["purpose"], found["types"]) == ("read", "rights", ["Person"])
    assert "privacy-requests" in found["rules"]
    assert (found["origin"], found["request"]) == ("127.0.0.1", "number-1")
    assert await events(city, auditor, deed="download") == []
    assert await events(city, auditor, until="2020-01-01T00:00:00Z") == []


async def test_a_list_of_persons_is_recorded_person_by_person(city: ClosedCity) -> None:
    officer, auditor = await city.sign_in("privacy-officer"), await city.sign_in("auditor")
    for options in ("", "&options=keyValues", "&pick=id", "&format=simplified"):
        reply = await city.client.call(
            "GET", f"/ngsi-ld/v1/entities?type=Person{options}", headers={**officer.headers, **PURPOSE}
        )
        assert reply.status == 200, reply.body
    found = await events(city, auditor)
    assert [(one["deed"], one["entities"]) for one in reversed(found)] == [
        ("read", [ANNA]),
        ("read", [ANNA]),
        ("read", [ANNA]),
        ("read", [ANNA]),
    ]


@pytest.mark.parametrize(
    "path", ["/api/audit", "/api/audit/export?reason=x", "/api/audit/check", "/api/audit/months/2026-01"]
)
async def test_the_audit_is_for_auditors(city: ClosedCity, path: str) -> None:
    for role, status in (("city-administrator", 403), ("citizen", 403), ("auditor", 200)):
        who = await city.sign_in(role)
        assert (await city.client.call("GET", path, headers=who.headers)).status == status, role
    assert (await city.client.call("GET", path)).status == 401


async def test_another_tenant_s_auditor_does_not_see_the_platform(city: ClosedCity) -> None:
    theirs = await city.sign_in("auditor", tenants=("other",))
    city.platform.hub.store(Access(tenant="other"), create=True)
    own = await city.client.call("GET", "/api/audit", headers=theirs.headers)
    assert (own.status, own.json()["events"]) == (200, [])
    assert (await city.client.call("GET", "/api/audit?chain=platform", headers=theirs.headers)).status == 403
    elsewhere = {**theirs.headers, "ngsild-tenant": "third"}
    assert (await city.client.call("GET", "/api/audit", headers=elsewhere)).status == 403


async def test_whoever_takes_the_audit_away_says_why(city: ClosedCity) -> None:
    auditor = await city.sign_in("auditor")
    path = "/api/audit/export?chain=platform&format=jsonl"
    assert (await city.client.call("GET", path, headers=auditor.headers)).status == 400
    assert not await events(city, auditor)
    taken = await city.client.call("GET", f"{path}&reason=yearly+report", headers=auditor.headers)
    assert taken.status == 200
    assert b'"deed":"sign-in"' in taken.body
    (found,) = await events(city, auditor)
    assert (found["deed"], found["object"], found["reason"]) == (
        "download",
        "audit:platform",
        "yearly report",
    )


async def test_a_month_is_reviewed(city: ClosedCity) -> None:
    auditor = await city.sign_in("auditor")
    zone = ZoneInfo(city.city.time_zone)
    month = month_of(SystemClock().now(), zone)
    path = f"/api/audit/months/{month}"
    before = (await city.client.call("GET", f"{path}?chain=platform", headers=auditor.headers)).json()
    assert before["subjects"][0]["deeds"] == {"sign-in": 1}
    assert before["reviews"] == []
    said = await city.client.call("POST", path, json={"note": "all in order"}, headers=auditor.headers)
    assert said.status == 204, said.body
    after = (await city.client.call("GET", path, headers=auditor.headers)).json()
    assert [(one["reason"], one["object"]) for one in after["reviews"]] == [("all in order", month)]
    for wrong in ("2026-13", "x", "9999-12", "0000-01", "2999-01"):
        reply = await city.client.call(
            "POST", f"/api/audit/months/{wrong}", json={"note": "x"}, headers=auditor.headers
        )
        assert reply.status == 400, wrong
    for body in ({}, {"note": 1}, {"note": " "}, [1]):
        assert (await city.client.call("POST", path, json=body, headers=auditor.headers)).status == 400


async def test_the_pages_of_the_auditor(city: ClosedCity) -> None:
    officer, auditor = await city.sign_in("privacy-officer"), await city.sign_in("auditor")
    await city.client.call("GET", f"/ngsi-ld/v1/entities/{ANNA}", headers={**officer.headers, **PURPOSE})
    page = await city.client.call("GET", "/ko/admin/audit?check=1", headers=auditor.headers)
    assert page.status == 200
    text = page.body.decode()
    assert "열람" in text
    assert "온전합니다" in text
    assert "anna" in text
    month = month_of(SystemClock().now(), ZoneInfo(city.city.time_zone))
    path = f"/ko/admin/audit/months/{month}"
    reviewed = await sent(city, auditor, path, note="확인함 <b>")
    assert reviewed.status == 303, reviewed.body
    shown = await city.client.call("GET", f"{path}?done=1", headers=auditor.headers)
    assert "확인함 &lt;b&gt;" in shown.body.decode()
    taken = await sent(city, auditor, "/ko/admin/audit/export", reason="보고", deed="read")
    rows = list(csv.DictReader(taken.body.decode("utf-8-sig").splitlines()))
    assert [(row["deed"], row["entities"]) for row in rows] == [("read", ANNA)]
    citizen = await city.sign_in("citizen")
    for address in ("/ko/admin/audit", path):
        assert (await city.client.call("GET", address, headers=citizen.headers)).status == 403
        assert (await city.client.call("GET", address)).status in (303, 401)


@pytest.mark.parametrize("asked", ["deed=x", "begin=x", "end=9999-12-31", "chain=x"])
async def test_a_filter_that_is_none_is_refused(city: ClosedCity, asked: str) -> None:
    auditor = await city.sign_in("auditor")
    assert (await city.client.call("GET", f"/en/admin/audit?{asked}", headers=auditor.headers)).status == 400


async def test_whoever_takes_persons_away_says_why(city: ClosedCity) -> None:
    officer, auditor = await city.sign_in("privacy-officer"), await city.sign_in("auditor")
    path = "/en/types/Person/export?format=csv&purpose=rights"
    asked = await city.client.call("GET", path, headers=officer.headers)
    assert asked.status == 200
    assert 'name="reason"' in asked.body.decode()
    assert "Anna" not in asked.body.decode()
    assert (await sent(city, officer, path)).status == 400
    taken = await sent(city, officer, path, reason="request 12")
    assert taken.headers["content-disposition"].startswith("attachment")
    assert ANNA in taken.body.decode()
    found = await events(city, auditor)
    assert [(one["deed"], one["reason"]) for one in reversed(found)] == [
        ("download", "request 12"),
        *[("read", "request 12")] * (len(found) - 1),
    ]
    foreign = {**officer.headers, "sec-fetch-site": "cross-site"}
    assert (await city.client.call("POST", path, body=b"reason=x", headers=foreign)).status == 403
    # What is not protected is taken without a word
    free = await city.client.call("GET", "/en/types/Building/export?format=csv", headers=officer.headers)
    assert free.headers["content-disposition"].startswith("attachment")
