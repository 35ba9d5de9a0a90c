"""What went wrong in comparable platforms, tried here: each test is named after the failure."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver
from tests.asgi_client import Client, Reply
from tests.context_host import context_host
from tests.trust.closed_city import ClosedCity, closed_city

from madang.api.proxies import behind_proxies
from madang.api.routes import BASE
from madang.city.model import Trust
from madang.errors import Denied, NotFound
from madang.hub.accounts.links import Arrival, arrive, first_link
from madang.hub.accounts.signing_in import Browser, begin_session
from madang.hub.egress import EgressRefused, GuardedResolver, guarded_session
from madang.hub.trust.credentials import SESSION_COOKIE
from madang.hub.trust.gate import require_local
from madang.logs import without_secrets
from madang.settings import LIMITS
from madang.store.platform import Account

STATION = "urn:ngsi-ld:AirQualityObserved:closed:1"
PASSWORD = "correct horse battery staple"
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>[a](javascript:alert(3))"


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[ClosedCity]:
    async with closed_city(tmp_path) as opened:
        entity = {
            "id": STATION,
            "type": "AirQualityObserved",
            "name": {"type": "Property", "value": SCRIPT},
            "description": {"type": "Property", "value": SCRIPT},
        }
        assert (await opened.inside.post(BASE + "/entities", json=entity)).status == 201
        yield opened


async def test_stored_cross_site_scripting_in_markdown(city: ClosedCity) -> None:
    officer = await city.sign_in("data-officer")
    for path in (f"/en/entities/{STATION}", "/en/types/AirQualityObserved", "/en/search?text=script"):
        page = await city.client.get(path, headers=officer.headers)
        assert page.status == 200
        assert b"<script>alert" not in page.body
        assert b"<img src=x" not in page.body
        assert b'href="javascript:' not in page.body
        policy = page.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe-inline" not in policy
    answer = await city.client.get(f"{BASE}/entities/{STATION}", headers=officer.headers)
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_no_page_has_an_inline_script(city: ClosedCity) -> None:
    officer = await city.sign_in("city-administrator")
    for path in ("/en/city", "/en/data", "/en/sign-in", "/en/admin/policies", "/en/nowhere"):
        page = await city.client.get(path, headers=officer.headers)
        text = page.body.decode()
        for tag in text.split("<script")[1:]:
            head, _, inside = tag.partition(">")
            assert "src=" in head or 'type="application/json"' in head, f"{path}: {head}"
            assert "src=" not in head or inside.startswith("</script>")
        assert " onclick=" not in text
        assert " style=" not in text


async def test_session_fixation(city: ClosedCity) -> None:
    """A session that somebody else has put into the browser is not the one that signing in gives."""
    accounts = city.platform.parts.accounts
    account = await accounts.platform.accounts.add(Account(0, "a@closed.example", "A", ("citizen",)))
    planted = "a-session-that-an-attacker-knows"
    signed_in = await begin_session(accounts, account, Browser("192.0.2.1", token=planted), "password")
    assert signed_in.token != planted
    assert await accounts.identity_of_session(planted) is None
    again = await begin_session(accounts, account, Browser("192.0.2.1", token=signed_in.token), "password")
    assert await accounts.identity_of_session(signed_in.token) is None
    assert await accounts.identity_of_session(again.token) is not None


@pytest.mark.parametrize(
    "sent",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        # A header by which a check was once skipped
        {"sec-fetch-site": "cross-site", "authorization": "", "x-requested-with": "XMLHttpRequest"},
        {"origin": "https://evil.example", "x-api-key": ""},
    ],
)
async def test_csrf_exemption_priming(city: ClosedCity, sent: dict[str, str]) -> None:
    officer = await city.sign_in("city-administrator")
    before = await city.changes()
    for method, path in (
        ("POST", BASE + "/entities"),
        ("DELETE", f"{BASE}/entities/{STATION}"),
        ("PATCH", f"{BASE}/entities/{STATION}/attrs"),
        ("POST", "/api/keys"),
        ("POST", "/api/members"),
        ("POST", "/en/my"),
        ("POST", "/en/sign-out"),
        ("POST", "/en/data/deliveries"),
        ("POST", "/en/admin/policies"),
    ):
        reply = await city.client.call(method, path, json={}, headers={**officer.headers, **sent})
        assert reply.status == 403, f"{method} {path}: {reply}"
    assert await city.changes() == before
    assert (await city.client.get("/api/me", headers=officer.headers)).status == 200


@pytest.mark.parametrize(
    "text", ["' OR 1=1 --", '"; DROP TABLE entity; --', "name) UNION SELECT 1--", "\\x00", "%", "name;"]
)
async def test_sql_injection_in_search_and_sort(city: ClosedCity, text: str) -> None:
    officer = await city.sign_in("data-officer")
    said = quote(text, safe="")
    for path in (
        f"/en/search?text={said}",
        f"/en/city/search?text={said}",
        f"/en/types/AirQualityObserved?sort={said}",
        f"/en/types/{said}",
        f"{BASE}/entities?type=AirQualityObserved&orderBy={said}",
        f"{BASE}/entities?type=AirQualityObserved&q={said}",
        f"{BASE}/entities?type={said}",
        f"{BASE}/entities?id={said}",
        f"{BASE}/entities?type=AirQualityObserved&scopeQ={said}",
        f"{BASE}/types/{said}",
    ):
        reply = await city.client.get(path, headers=officer.headers)
        assert reply.status < 500, f"{path}: {reply}"
        assert b"sqlite" not in reply.body.lower()
        assert b"syntax error" not in reply.body.lower()
    assert (await city.client.get(f"{BASE}/entities/{STATION}", headers=officer.headers)).status == 200


async def test_account_takeover_on_user_create(city: ClosedCity) -> None:
    """Who invites somebody under a name that is taken gets neither their account nor a link to it."""
    accounts = city.platform.parts.accounts
    victim = await accounts.platform.accounts.add(Account(0, "victim@closed.example", "V", ("citizen",)))
    admin = await city.sign_in("city-administrator")
    for login in ("victim@closed.example", "VICTIM@closed.example", " victim@closed.example "):
        wish = {"login": login, "name": "Me", "roles": ["citizen"]}
        reply = await city.client.post("/api/members", json=wish, headers=admin.headers)
        assert reply.status in (400, 409), reply
        assert b"welcome" not in reply.body
    assert await accounts.platform.accounts.get(victim.number) == victim


async def test_the_first_administrator_is_made_once(tmp_path: Path) -> None:
    async with closed_city(tmp_path) as city:
        accounts = city.platform.parts.accounts
        link = await first_link(accounts)
        assert link is not None
        secret = link.path.rpartition("/")[2]
        arrival = Arrival(PASSWORD, "first@closed.example", "First")

        async def arriving(login: str) -> bool:
            try:
                await arrive(accounts, secret, Arrival(PASSWORD, login, "First"), Browser("192.0.2.1"))
            except NotFound:
                return False
            return True

        came = await asyncio.gather(arriving("first@closed.example"), arriving("second@closed.example"))
        assert sum(came) == 1
        assert await first_link(accounts) is None
        with pytest.raises(NotFound):
            await arrive(accounts, secret, arrival, Browser("192.0.2.1"))


async def test_header_spoofed_tenant(city: ClosedCity) -> None:
    entity = {"id": STATION, "type": "AirQualityObserved", "name": {"type": "Property", "value": "MARKOTHER"}}
    await city.inside.post(BASE + "/entities", json=entity, headers={"ngsild-tenant": "other"})
    officer = await city.sign_in("data-officer")
    replies = []
    for tenant in ("other", "nowhere", "default", "../platform"):
        for spoofed in ({"ngsild-tenant": tenant}, {"NGSILD-Tenant": tenant}):
            reply = await city.client.get(
                f"{BASE}/entities/{STATION}", headers={**officer.headers, **spoofed}
            )
            assert b"MARKOTHER" not in reply.body
            replies.append((reply.status, reply.body))
    assert len(set(replies)) == 1, "it must not be told which tenants there are"
    assert replies[0][0] == 403


async def test_identifier_guessing(city: ClosedCity) -> None:
    """A hidden entity, one that there is not, and every operation on them are answered alike."""
    hidden, missing = "urn:ngsi-ld:Person:closed:alpha", "urn:ngsi-ld:Person:closed:omega"
    person = {"id": hidden, "type": "Person", "name": {"type": "Property", "value": "MARKPERSON"}}
    assert (await city.inside.post(BASE + "/entities", json=person)).status == 201
    reader = await city.sign_in("researcher")

    async def told(method: str, path: str, thing: str) -> tuple[int, bytes]:
        reply = await city.client.call(method, path.format(thing), headers=reader.headers)
        return reply.status, reply.body.replace(thing.encode(), b"")

    for path in (
        BASE + "/entities/{}",
        BASE + "/temporal/entities/{}",
        BASE + "/entities?id={}",
        "/en/entities/{}",
    ):
        assert await told("GET", path, hidden) == await told("GET", path, missing), path
    for number in range(1, 20):
        assert (await city.client.get(f"/api/members/{number}", headers=reader.headers)).status == 403


async def test_mass_assignment(city: ClosedCity) -> None:
    citizen = await city.sign_in("citizen")
    for path, wish in (
        ("/api/keys", {"name": "k", "roles": ["city-administrator"]}),
        ("/api/keys", {"name": "k", "account": 1}),
        ("/api/keys", {"name": "k", "scopes": ["members"]}),
        ("/api/keys", {"name": "k", "tenants": ["other"]}),
    ):
        reply = await city.client.post(path, json=wish, headers=citizen.headers)
        assert reply.status in (400, 403), reply
    for fields in (b"name=Me&roles=city-administrator", b"name=Me&role=city-administrator&tenants=*"):
        headers = {**citizen.headers, "content-type": "application/x-www-form-urlencoded"}
        await city.client.call("POST", "/en/my", body=fields, headers=headers)
    me = (await city.client.get("/api/me", headers=citizen.headers)).json()
    assert "city-administrator" not in str(me)


async def test_who_guesses_keys_is_slowed_down(city: ClosedCity) -> None:
    reply = Reply(0, {}, b"")
    for number in range(LIMITS.refusals_per_minute_max + 1):
        guessed = {"authorization": f"Bearer mdk_guess{number}"}
        reply = await city.client.get(BASE + "/entities?type=T", headers=guessed)
        assert reply.status == (401 if number < LIMITS.refusals_per_minute_max else 429)
    assert int(reply.headers["retry-after"]) >= 1
    officer = await city.sign_in("data-officer")
    there = await city.client.get(BASE + "/entities?type=T", headers=officer.headers)
    assert there.status == 200, "others at this address are not slowed down"
    assert there.headers["ratelimit"].startswith('"caller";r=')
    assert "w=60" in there.headers["ratelimit-policy"]


async def test_a_key_that_is_wrong_is_not_made_good_by_a_cookie(city: ClosedCity) -> None:
    officer = await city.sign_in("data-officer")
    for shown in ({"x-api-key": "mdk_wrong"}, {"authorization": "Basic YTpi"}, {"authorization": "Bearer x"}):
        reply = await city.client.get(BASE + "/entities?type=T", headers={**officer.headers, **shown})
        assert reply.status == 401


async def test_a_name_that_leads_here_is_not_this_machine(tmp_path: Path) -> None:
    """DNS rebinding: the page of another site asks an open city under the site's own name."""
    async with closed_city(tmp_path, Trust(open=True)) as city:
        for path in (BASE + "/types", "/api/deliveries", "/en/city", "/stream", "/static/icon.svg"):
            assert (await city.client.get(path, headers={"host": "evil.example:8080"})).status == 403
        for host in ("localhost:8080", "127.0.0.1:9", "[::1]:8080", "LOCALHOST"):
            assert (await city.client.get(BASE + "/types", headers={"host": host})).status == 200
    for host in ("127.0.0.1.evil.example", "localhost.evil.example:80", "10.0.0.1", "", "0.0.0.0"):
        with pytest.raises(Denied):
            require_local(host)


async def test_ssrf_by_redirect() -> None:
    """A host that may be called leads to one that may not."""
    async with context_host() as host, guarded_session(("127.0.0.1/32",), 5000) as session:
        inner = host.url.replace("127.0.0.1", "127.0.0.2")
        host.put("/there", {})
        way = host.put("/way", {}, Location=inner + "/there")
        with pytest.raises(aiohttp.ClientConnectorError) as raised:
            await session.get(way)
        assert isinstance(raised.value.os_error, EgressRefused)
        assert [path for path, _ in host.asked] == ["/way"]


async def test_ssrf_by_dns_change() -> None:
    """A name that leads elsewhere when it is looked up again: the address that is called is the one that was checked."""

    class Changing(ThreadedResolver):
        answers: ClassVar = ["93.184.215.14", "127.0.0.1", "169.254.169.254", "::1", "10.0.0.8", "0.0.0.0"]

        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            return await super().resolve(self.answers.pop(0), port, socket.AF_UNSPEC)

    guard = GuardedResolver(())
    guard._inner = Changing()
    assert [found["host"] for found in await guard.resolve("rebound.example", 80)] == ["93.184.215.14"]
    while Changing.answers:
        with pytest.raises(EgressRefused):
            await guard.resolve("rebound.example", 80)


async def test_only_our_proxies_say_where_a_request_comes_from() -> None:
    seen = []

    async def application(scope: object, _receive: object, _send: object) -> None:
        seen.append(scope["client"][0])  # type: ignore[index]

    behind = behind_proxies(application, ("127.0.0.1/32", "10.0.0.0/8"))
    for client, said in (
        ("198.51.100.1", b"203.0.113.9"),
        ("127.0.0.1", b"203.0.113.9"),
        ("127.0.0.1", b"6.6.6.6, 203.0.113.9, 10.1.1.1"),
        ("127.0.0.1", b"not an address"),
        ("127.0.0.1", b""),
    ):
        scope = {"client": (client, 1), "headers": [(b"x-forwarded-for", said)]}
        await behind(scope, None, None)  # type: ignore[arg-type]
    assert seen == ["198.51.100.1", "203.0.113.9", "203.0.113.9", "127.0.0.1", "127.0.0.1"]


async def test_a_redirect_leads_to_no_other_site(tmp_path: Path) -> None:
    async with closed_city(tmp_path, Trust(open=True)) as city:
        for back in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
            headers = {"host": "localhost", "content-type": "application/x-www-form-urlencoded"}
            body = f"role=auditor&back={quote(back, safe='')}".encode()
            reply = await city.client.call("POST", "/en/try", body=body, headers=headers)
            assert reply.status == 303
            assert reply.headers["location"] == "/en/city"


async def test_roles_are_tried_in_open_cities_only(city: ClosedCity) -> None:
    cookie = {"cookie": "madang_role=city-administrator"}
    assert (await city.client.get(BASE + "/types", headers=cookie)).status == 401
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert (await city.client.call("POST", "/en/try", body=b"role=auditor", headers=headers)).status == 404


def test_secrets_are_not_logged() -> None:
    said = f"GET /ko/welcome/0123456789abcdef failed; {SESSION_COOKIE}=0123456789abcdef; Bearer mdk_0123456789abcdef"
    assert "0123456789abcdef" not in without_secrets(said)


async def test_deep_and_long_bodies_are_refused(city: ClosedCity) -> None:
    officer = await city.sign_in("data-officer")
    client: Client = city.client
    json = {**officer.headers, "content-type": "application/json"}
    for body, status in (
        (b'{"id":"urn:x:1","type":"T","a":' + b"[" * 50_000 + b"]" * 50_000 + b"}", (400,)),
        (b'{"id":"urn:x:1","type":"T","a":"' + b"x" * (LIMITS.body_bytes_max + 1) + b'"}', (413,)),
        (b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaa">]><l>&a;</l>', (400,)),
        (b"PK\x03\x04" + b"\0" * 1000, (400,)),
    ):
        reply = await client.call("POST", BASE + "/entities", body=body, headers=json)
        assert reply.status in status, reply
    xml = {**officer.headers, "content-type": "application/xml"}
    assert (await client.call("POST", BASE + "/entities", body=b"<a/>", headers=xml)).status in (400, 415)
