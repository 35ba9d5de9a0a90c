"""The pages of accounts as a browser without script uses them: forms, cookies, and what an attacker would try."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import msgspec
import pytest
from tests.accounts.people import PASSWORD, administrator, person_of
from tests.asgi_client import Client, Reply

from madang import wire
from madang.cli.up import NO_CITY
from madang.clock import SystemClock
from madang.home import Home
from madang.hub.accounts import links
from madang.hub.accounts.accounts import Accounts
from madang.settings import LIMITS, read

HOST = "madang.test"


class Browser(Client):
    """One that keeps its cookies."""

    accounts: Accounts
    cookies: dict[str, str]

    async def open(self, path: str) -> Reply:
        return self._kept(await self.get(path, headers=self._headers()))

    async def send(
        self, path: str, headers: dict[str, str] | None = None, **fields: str | list[str]
    ) -> Reply:
        body = urlencode(fields, doseq=True).encode()
        sent = {
            "content-type": "application/x-www-form-urlencoded",
            "origin": f"http://{HOST}",
            "sec-fetch-site": "same-origin",
            **self._headers(),
            **(headers or {}),
        }
        return self._kept(await self.call("POST", path, body=body, headers=sent))

    async def sign_in(self, login: str) -> str:
        reply = await self.send("/en/sign-in", login=login, password=PASSWORD, next="/en/my")
        assert (reply.status, reply.headers["location"]) == (303, "/en/my"), reply.body
        return self.cookies["madang_session"]

    def _headers(self) -> dict[str, str]:
        return {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}

    def _kept(self, reply: Reply) -> Reply:
        for name, value in re.findall(r"(madang_\w+)=([^;,]*)", reply.headers.get("set-cookie", "")):
            self.cookies[name] = value.strip('"')
        return reply


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    settings = read({"MADANG_HOME": str(tmp_path)})
    home = Home(settings.home)
    home.create()
    async with wire.open_platform(home, settings, NO_CITY) as platform:
        made = Browser(wire.application(platform, NO_CITY, settings))
        made.accounts = platform.parts.accounts
        made.cookies = {}
        yield made


async def test_the_first_administrator_arrives_by_the_link_and_invites_somebody(browser: Browser) -> None:
    link = await links.first_link(browser.accounts)
    assert link is not None
    path = "/en" + link.path
    shown = await browser.open(path)
    assert shown.status == 200
    assert shown.headers["cache-control"] == "no-store"
    wrong = await browser.send(path, login="root", name="Root", password="short", again="short")
    assert wrong.status == 400
    assert b"too short" in wrong.body
    reply = await browser.send(path, login="root", name="Root", password=PASSWORD, again=PASSWORD)
    assert (reply.status, reply.headers["location"]) == (303, "/en/my")
    cookie = reply.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert (await browser.open("/en/my")).status == 200
    assert (await browser.open(path)).status == 404
    invited = await browser.send(
        "/en/admin/members", action="invite", login="mina", name="Mina", roles=["citizen"], tenants="default"
    )
    found = re.search(r"http://\S+(/en/welcome/[\w-]+)", invited.body.decode())
    assert found is not None, invited.body.decode()
    browser.cookies.clear()
    arrived = await browser.send(found[1], password=PASSWORD, again=PASSWORD)
    assert arrived.status == 303
    page = (await browser.open("/en/my")).body.decode()
    assert "Mina" in page
    assert "/en/admin" not in page
    assert (await browser.open("/en/admin/members")).status == 403


async def test_a_session_is_another_one_after_signing_in_and_over_after_signing_out(browser: Browser) -> None:
    await person_of(browser.accounts, "mina", "data-user")
    browser.cookies["madang_session"] = "planted-by-somebody-else"
    token = await browser.sign_in("mina")
    assert token != "planted-by-somebody-else"
    assert (await browser.send("/en/sign-out")).status == 303
    browser.cookies["madang_session"] = token
    assert (await browser.open("/en/my")).status == 401


async def test_what_is_wrong_is_told_without_telling_who_there_is(browser: Browser) -> None:
    await person_of(browser.accounts, "mina", "data-user")
    told = []
    for login in ("mina", "nobody"):
        reply = await browser.send("/en/sign-in", login=login, password="wrong", next="/en/my")
        assert reply.status == 401
        assert "madang_session" not in browser.cookies
        told.append(reply.body.decode().replace(login, "LOGIN"))
    assert told[0] == told[1]
    for _ in range(LIMITS.sign_in_failures_max):
        reply = await browser.send("/en/sign-in", login="mina", password="wrong")
    assert reply.status == 429
    assert int(reply.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "following",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/admin",
        "",
        "/en/\nx",
    ],
)
async def test_signing_in_leads_to_no_other_site(browser: Browser, following: str) -> None:
    await person_of(browser.accounts, "mina", "data-user")
    reply = await browser.send("/en/sign-in", login="mina", password=PASSWORD, next=following)
    assert reply.headers["location"] == "/en/my"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
        {"sec-fetch-site": "same-site", "origin": "https://other.madang.test"},
        {"sec-fetch-site": "", "origin": "https://evil.example"},
        {"sec-fetch-site": "", "origin": "null"},
    ],
)
async def test_csrf_exemption_priming_no_form_of_another_site_is_taken(
    browser: Browser, headers: dict[str, str]
) -> None:
    await person_of(browser.accounts, "mina", "data-user")
    forged = await browser.send("/en/sign-in", headers, login="mina", password=PASSWORD)
    assert forged.status == 403
    await browser.sign_in("mina")
    assert (await browser.open("/en/my/keys")).status == 200  # a request before changes nothing for the next
    forged = await browser.send("/en/my/keys", headers, action="make", name="k", scopes=["read"], days="30")
    assert forged.status == 403
    assert (await browser.send("/en/sign-out", headers)).status == 403
    assert await browser.accounts.platform.keys.of(0) == []


async def test_a_key_is_shown_once_and_works(browser: Browser) -> None:
    await person_of(browser.accounts, "mina", "data-user")
    await browser.sign_in("mina")
    made = await browser.send("/en/my/keys", action="make", name="<b>k</b>", scopes=["read"], days="30")
    page = made.body.decode()
    assert "<b>k</b>" not in page
    (secret,) = re.findall(r"mdk_[\w-]+", page)
    assert secret not in (await browser.open("/en/my/keys")).body.decode()
    assert (await browser.get("/ngsi-ld/v1/types", headers={"X-API-Key": secret})).status == 200
    refused = await browser.send("/en/my/keys", action="make", name="k", scopes=["members"], days="30")
    assert refused.status == 400
    assert b"You cannot give a permission that you do not have" in refused.body
    await browser.send("/en/my/keys", action="revoke", number="1")
    assert (await browser.get("/ngsi-ld/v1/types", headers={"X-API-Key": secret})).status == 401


async def test_a_cookie_gets_another_value_now_and_then(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await person_of(browser.accounts, "mina", "data-user")
    first = await browser.sign_in("mina")
    assert "set-cookie" not in (await browser.open("/en/my")).headers
    later = SystemClock().now() + LIMITS.session_secret_seconds_max * 1_000_000
    monkeypatch.setattr(browser.accounts, "clock", Later(later))
    await browser.open("/en/my")
    assert browser.cookies["madang_session"] != first
    assert (await browser.open("/en/my")).status == 200


class Later(msgspec.Struct):
    moment: int

    def now(self) -> int:
        return self.moment


async def test_cookies_go_over_https_only_where_there_is_https(tmp_path: Path) -> None:
    settings = read({"MADANG_HOME": str(tmp_path), "MADANG_URL": "https://city.example/"})
    home = Home(settings.home)
    home.create()
    async with wire.open_platform(home, settings, NO_CITY) as platform:
        made = Browser(wire.application(platform, NO_CITY, settings))
        made.accounts = platform.parts.accounts
        made.cookies = {}
        await person_of(made.accounts, "mina", "data-user")
        reply = await made.send("/en/sign-in", login="mina", password=PASSWORD)
        assert "Secure" in reply.headers["set-cookie"]


async def test_pages_of_ones_own_ask_who_one_is(browser: Browser) -> None:
    for path in ("/en/my", "/en/my/keys", "/en/my/clients", "/en/admin/members", "/en/admin/clients"):
        assert (await browser.open(path)).status == 401, path
        assert (await browser.send(path, action="close")).status == 401, path


async def test_nobody_closes_the_account_of_somebody_else(browser: Browser) -> None:
    await administrator(browser.accounts)
    await person_of(browser.accounts, "mina", "data-user")
    await browser.sign_in("mina")
    assert (await browser.send("/en/my", action="close", login="root")).status == 400
    reply = await browser.send("/en/my", action="close", login="mina")
    assert urlsplit(reply.headers["location"]).path == "/en/sign-in"
    account = await browser.accounts.platform.accounts.get(2)
    assert account is not None
    assert account.login == "closed:2"
    root = await browser.accounts.platform.accounts.get(1)
    assert root is not None
    assert root.active
