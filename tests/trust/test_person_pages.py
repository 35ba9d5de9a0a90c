"""The pages about persons' data, over a real platform: what the person does there, what the officer does, who gets in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.accounts.people import PASSWORD, person_of
from tests.asgi_client import Client, Reply
from tests.store.a_life import KIM, LEE, person

from madang import wire
from madang.cli.up import NO_CITY
from madang.cli.wiring import Platform
from madang.home import Home
from madang.hub import batch
from madang.hub.trust import consent
from madang.ngsild.changes import Mode, Write
from madang.settings import read
from madang.trust.access import OPEN

DATA, PRIVACY = "/ko/my/data", "/ko/admin/privacy"
READ = f"/ngsi-ld/v1/entities/{KIM}"


class City(Client):
    """A closed city with Kim, Lee, a manager of programmes and a privacy officer, over real files."""

    platform: Platform

    async def form(self, path: str, cookie: str, **fields: str) -> Reply:
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "origin": "http://madang.test",
            "sec-fetch-site": "same-origin",
            "cookie": cookie,
        }
        return await self.call("POST", path, body=urlencode(fields).encode(), headers=headers)

    async def sign_in(self, login: str) -> str:
        """The cookie of a session."""
        reply = await self.form("/ko/sign-in", "", login=login, password=PASSWORD)
        assert reply.status == 303, reply.body.decode()[-500:]
        return reply.headers["set-cookie"].partition(";")[0]

    async def seen(self, cookie: str, purpose: str) -> set[str]:
        """What somebody sees of Kim."""
        reply = await self.get(READ, headers={"cookie": cookie, "madang-purpose": purpose})
        assert reply.status in (200, 404)
        return set(reply.json()) - {"id", "type", "scope", "@context"} if reply.status == 200 else set()


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    settings = read({"MADANG_HOME": str(tmp_path / "home")})
    home = Home(settings.home)
    home.create()
    async with wire.open_platform(home, settings, NO_CITY) as platform:
        made = City(wire.application(platform, NO_CITY, settings))
        made.platform = platform
        hub, accounts = platform.hub, platform.parts.accounts
        people = [
            person(KIM, "김새벽별", "kim@example.org", "-"),
            person(LEE, "이도윤", "lee@example.org", "-"),
        ]
        await batch.apply(hub, OPEN, [Write(Mode.CREATE, one) for one in people])
        kim = await person_of(accounts, "kim", "citizen")
        await person_of(accounts, "lee", "citizen")
        await person_of(accounts, "manager", "programme-manager")
        await person_of(accounts, "officer", "privacy-officer")
        await consent.link(hub, OPEN, kim.subject, KIM)
        yield made


async def test_a_person_consents_and_takes_it_back(city: City) -> None:
    kim, manager = await city.sign_in("kim"), await city.sign_in("manager")
    assert await city.seen(manager, "contact") == set()
    given = await city.form(DATA, kim, action="give", purpose="contact")
    assert (given.status, given.headers["location"]) == (303, DATA + "?done=given")
    assert await city.seen(manager, "contact") == {"name", "email"}
    assert await city.seen(manager, "matching") == set()
    page = (await city.get(DATA, headers={"cookie": kim})).body.decode()
    assert 'name="action" value="revoke"' in page
    taken_back = await city.form(DATA, kim, action="revoke", number="1")
    assert taken_back.headers["location"] == DATA + "?done=revoked"
    assert await city.seen(manager, "contact") == set()


async def test_what_is_theirs_is_for_them_alone(city: City) -> None:
    kim, lee = await city.sign_in("kim"), await city.sign_in("lee")
    taken = await city.form(DATA, kim, action="take", form="json")
    assert taken.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    assert taken.headers["cache-control"] == "no-store"
    assert "kim@example.org" in taken.body.decode()
    assert "lee@example.org" not in taken.body.decode()
    refused = await city.form(DATA, lee, action="take", form="json")
    assert refused.status == 400
    assert "kim@example.org" not in refused.body.decode()
    await city.form(DATA, kim, action="give", purpose="contact")
    assert (await city.form(DATA, lee, action="revoke", number="1")).status == 400
    assert "연결을 요청" in (await city.get(DATA, headers={"cookie": lee})).body.decode()


async def test_an_officer_answers_hands_out_and_erases(city: City, tmp_path: Path) -> None:
    kim, officer = await city.sign_in("kim"), await city.sign_in("officer")
    await city.form(DATA, kim, action="ask", wish="erase", text="<b>모두 지워 주세요</b>")
    page = (await city.get(PRIVACY, headers={"cookie": officer})).body.decode()
    assert "&lt;b&gt;모두 지워 주세요" in page
    looked = await city.get(PRIVACY, params={"person": KIM}, headers={"cookie": officer})
    assert KIM in looked.body.decode()
    assert "kim@example.org" not in looked.body.decode(), "only types and identifiers are shown"
    assert (await city.form(PRIVACY, officer, action="take", person=KIM, form="json")).status == 400
    taken = await city.form(PRIVACY, officer, action="take", person=KIM, form="text", reason="asked")
    assert "kim@example.org" in taken.body.decode()
    await city.form(PRIVACY, officer, action="answer", number="1", text="오늘 파기합니다.")
    assert (await city.form(PRIVACY, officer, action="answer", number="1", text="again")).status == 400
    await city.form(DATA, kim, action="ask", wish="correct", text="kim@example.org is wrong")
    fields = {"action": "erase", "person": KIM, "reason": "asked"}
    wrong = await city.form(PRIVACY, officer, **fields, again=LEE)
    assert "식별자를 한 번 더" in wrong.body.decode()
    erased = await city.form(PRIVACY, officer, **fields, again=KIM)
    assert erased.headers["location"] == PRIVACY + "?done=erased"
    assert (await city.get(DATA, headers={"cookie": kim})).status == 401
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in files if b"kim@example.org" in path.read_bytes()] == []
    assert (await city.get(PRIVACY, params={"person": KIM}, headers={"cookie": officer})).status == 400
    assert all(one.done for one in city.platform.hub.store(OPEN).persons.requests())


async def test_nobody_else_gets_to_the_officers_page(city: City) -> None:
    for login in ("kim", "manager"):
        cookie = await city.sign_in(login)
        assert (await city.get(PRIVACY, headers={"cookie": cookie})).status == 403
        tried = await city.form(PRIVACY, cookie, action="erase", person=LEE, again=LEE, reason="x")
        assert tried.status == 403
    assert (await city.get(PRIVACY)).status == 401
    assert (await city.get(DATA)).status == 401
    lee = await city.platform.hub.store(OPEN).retrieve(LEE, OPEN)
    assert lee is not None


async def test_an_account_is_linked_only_to_a_person_that_there_is(city: City) -> None:
    officer = await city.sign_in("officer")
    fields = {"action": "link", "subject": "person:2"}
    assert (await city.form(PRIVACY, officer, **fields, person="urn:ngsi-ld:Person:x:nobody")).status == 400
    assert (await city.form(PRIVACY, officer, **{**fields, "subject": "key:1"}, person=LEE)).status == 400
    assert (await city.form(PRIVACY, officer, **fields, person=LEE)).status == 303
    assert city.platform.hub.store(OPEN).persons.person_of("person:2") == LEE
