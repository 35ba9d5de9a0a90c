"""/api/me, /api/keys, /api/clients, /api/members and /oauth/token of a closed city, as programs use them."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.accounts.people import administrator, person_of
from tests.asgi_client import Client

from madang import wire
from madang.cli.up import NO_CITY
from madang.home import Home
from madang.hub.accounts.accounts import Accounts
from madang.hub.accounts.keys import KeyWish, make_key
from madang.settings import read
from madang.trust.identity import Identity, Permission


class City(Client):
    """A closed city without sources, over real files."""

    accounts: Accounts

    async def key_of(self, identity: Identity, *scopes: str) -> dict[str, str]:
        made = await make_key(self.accounts, identity, KeyWish("test", scopes))
        return {"Authorization": f"Bearer {made.secret}"}


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    settings = read({"MADANG_HOME": str(tmp_path)})
    home = Home(settings.home)
    home.create()
    async with wire.open_platform(home, settings, NO_CITY) as platform:
        made = City(wire.application(platform, NO_CITY, settings))
        made.accounts = platform.parts.accounts
        yield made


ALL = tuple(one.value for one in Permission)


async def test_a_visitor_is_told_that_they_are_one(city: City) -> None:
    reply = await city.get("/api/me")
    assert reply.json() == {
        "subject": "visitor",
        "kind": "visitor",
        "roles": ["visitor"],
        "permissions": [],
        "tenants": [""],
        "organisations": [],
    }
    assert (await city.get("/api/keys")).status == 401
    assert (await city.get("/api/keys", headers={"Authorization": "Bearer mdk_wrong"})).status == 401


async def test_a_key_works_at_once_and_not_after(city: City) -> None:
    mina = await person_of(city.accounts, "mina", "data-officer")
    header = await city.key_of(mina, "read", "keys")
    made = await city.post("/api/keys", {"name": "반출", "scopes": ["read"], "days": 30}, headers=header)
    assert made.status == 201, made.body
    secret = made.json()["secret"]
    with_it = {"X-API-Key": secret}
    told = (await city.get("/api/me", headers=with_it)).json()
    assert (told["kind"], told["permissions"]) == ("key", ["read"])
    assert (await city.get("/ngsi-ld/v1/types", headers=with_it)).status == 200
    assert (await city.get("/ngsi-ld/v1/types")).status == 401
    listed = (await city.get("/api/keys", headers=header)).body.decode()
    assert secret not in listed
    number = made.json()["number"]
    rotated = await city.post(f"/api/keys/{number}/rotate", {"overlapHours": 1}, headers=header)
    assert rotated.status == 200
    for one in (secret, rotated.json()["secret"]):
        assert (await city.get("/ngsi-ld/v1/types", headers={"X-API-Key": one})).status == 200
    assert (await city.delete(f"/api/keys/{number}", headers=header)).status == 204
    for one in (secret, rotated.json()["secret"]):
        assert (await city.get("/ngsi-ld/v1/types", headers={"X-API-Key": one})).status == 401


@pytest.mark.parametrize(
    "body",
    [
        {"name": "k", "scopes": ["read"], "account": 1},
        {"name": "k", "scopes": ["read"], "number": 1},
        {"name": "k", "scopes": "read"},
        {"name": "", "scopes": ["read"]},
        {"name": "k", "scopes": []},
        {"name": "k", "scopes": ["read"], "days": 0},
        [],
    ],
)
async def test_mass_assignment_is_refused(city: City, body: Any) -> None:
    mina = await person_of(city.accounts, "mina", "data-officer")
    header = await city.key_of(mina, "read", "keys")
    assert (await city.post("/api/keys", body, headers=header)).status == 400


async def test_a_form_of_another_site_cannot_make_a_key(city: City) -> None:
    mina = await person_of(city.accounts, "mina", "data-officer")
    header = {**await city.key_of(mina, "keys"), "content-type": "text/plain"}
    reply = await city.call("POST", "/api/keys", body=b'{"name":"k","scopes":["keys"]}', headers=header)
    assert reply.status == 415


async def token(city: City, name: str, secret: str, **more: str) -> Any:
    basic = base64.b64encode(f"{name}:{secret}".encode()).decode()
    reply = await city.call(
        "POST",
        "/oauth/token",
        body=urlencode({"grant_type": "client_credentials", **more}).encode(),
        headers={
            "content-type": "application/x-www-form-urlencoded",
            **({"Authorization": f"Basic {basic}"} if name else {}),
        },
    )
    assert reply.headers["cache-control"] == "no-store"
    return reply


async def test_an_application_is_tried_in_its_sandbox_and_then_let_in(city: City) -> None:
    root = await administrator(city.accounts)
    startup = await person_of(city.accounts, "startup", "startup")
    own, admin = await city.key_of(startup, "clients", "read"), await city.key_of(root, "members", "clients")
    made = (await city.post("/api/clients", {"name": "버스 앱"}, headers=own)).json()
    got = (await token(city, made["clientId"], made["secret"])).json()
    assert (got["token_type"], got["expires_in"]) == ("Bearer", 3600)
    header = {"Authorization": f"Bearer {got['access_token']}"}
    entity = {"id": "urn:ngsi-ld:GtfsStop:x:1", "type": "GtfsStop"}
    assert (await city.post("/ngsi-ld/v1/entities", entity, headers=header)).status == 201
    assert (await city.get(f"/ngsi-ld/v1/entities/{entity['id']}", headers=header)).status == 200
    other = {**header, "NGSILD-Tenant": "other"}
    assert (await city.get(f"/ngsi-ld/v1/entities/{entity['id']}", headers=other)).status == 403
    seen_by = await city.get(f"/ngsi-ld/v1/entities/{entity['id']}", headers=await city.key_of(root, "read"))
    assert seen_by.status == 404
    for path in ("/api/members", "/api/keys", "/api/clients"):
        assert (await city.get(path, headers=header)).status == 403

    number = made["number"]
    grant = {"roles": ["data-user"], "scopes": ["read"]}
    assert (await city.put(f"/api/clients/{number}/grant", grant, headers=own)).status == 403
    refused = await city.post(f"/api/clients/{number}/secrets", {"live": True}, headers=own)
    assert refused.status == 409
    assert (await city.put(f"/api/clients/{number}/grant", grant, headers=admin)).status == 200
    live = (await city.post(f"/api/clients/{number}/secrets", {"live": True}, headers=own)).json()
    let_in = (await token(city, live["clientId"], live["secret"])).json()
    assert let_in["scope"] == "read"
    live_header = {"Authorization": f"Bearer {let_in['access_token']}"}
    assert (await city.get("/ngsi-ld/v1/types", headers=live_header)).status == 200
    assert (await city.post("/ngsi-ld/v1/entities", entity, headers=live_header)).status == 403
    assert (await city.delete(f"/api/clients/{number}/grant", headers=admin)).status == 200
    assert (await city.get("/ngsi-ld/v1/types", headers=live_header)).status == 401
    assert (await city.get("/ngsi-ld/v1/types", headers=header)).status == 200
    assert (await city.delete(f"/api/clients/{number}", headers=own)).status == 204
    assert (await city.get("/ngsi-ld/v1/types", headers=header)).status == 401
    assert (await token(city, made["clientId"], made["secret"])).status == 401


@pytest.mark.parametrize(("name", "secret"), [("client-1", "x"), ("client-9", "x"), ("1", "x"), ("", "")])
async def test_an_unknown_application_gets_no_token(city: City, name: str, secret: str) -> None:
    startup = await person_of(city.accounts, "startup", "startup")
    await city.post("/api/clients", {"name": "앱"}, headers=await city.key_of(startup, "clients"))
    reply = await token(city, name, secret)
    assert (reply.status, reply.json()["error"]) == (401, "invalid_client")


async def test_members_are_invited_changed_and_suspended(city: City) -> None:
    root = await administrator(city.accounts)
    admin = await city.key_of(root, "members")
    organisation = "urn:ngsi-ld:Organization:gaon:firms:1"
    assert (
        await city.put(f"/api/organisations/{organisation}", {"name": "가온전자"}, headers=admin)
    ).status == 204
    wish = {"login": "mina", "name": "민아", "roles": ["startup"], "organisations": [organisation]}
    made = await city.post("/api/members", wish, headers=admin)
    assert made.status == 201, made.body
    assert made.json()["link"]["path"].startswith("/welcome/")
    number = made.json()["number"]
    standing = {"roles": ["researcher"], "tenants": ["", "lab"], "organisations": []}
    changed = await city.put(f"/api/members/{number}/standing", standing, headers=admin)
    assert (changed.json()["roles"], changed.json()["tenants"]) == (["researcher"], ["", "lab"])
    assert (await city.patch(f"/api/members/{number}", {"active": False}, headers=admin)).json()[
        "active"
    ] is False
    assert (await city.patch(f"/api/members/{number}", {"roles": ["auditor"]}, headers=admin)).status == 400
    assert (await city.put("/api/members/1/standing", standing, headers=admin)).status == 403
    assert (await city.post("/api/members", wish, headers=admin)).status == 409
    listed = (await city.get("/api/members", headers=admin)).json()
    assert [one["login"] for one in listed["members"]] == ["root", "mina"]
    assert (await city.delete(f"/api/members/{number}", headers=admin)).status == 204
    assert (await city.get(f"/api/members/{number}", headers=admin)).json()["login"] == f"closed:{number}"


async def test_no_secret_is_in_the_file(city: City, tmp_path: Path) -> None:
    mina = await person_of(city.accounts, "mina", "data-officer")
    header = await city.key_of(mina, "keys", "clients")
    client = (await city.post("/api/clients", {"name": "앱"}, headers=header)).json()
    got = (await token(city, client["clientId"], client["secret"])).json()
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("platform.sqlite3*"))
    for secret in (header["Authorization"].removeprefix("Bearer "), client["secret"], got["access_token"]):
        assert secret.encode() not in raw
    assert (tmp_path / "platform.sqlite3").stat().st_mode & 0o077 == 0
