"""/api/me, /api/keys and /api/clients: who asks, and with what their programs and applications show who they are.

Not a part of NGSI-LD. `docs/accounts.md` shows how it is used.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from madang.api.json_body import decoded
from madang.api.operations import Asking, Offer, Outcome
from madang.hub.accounts import clients, keys
from madang.hub.accounts.accounts import own_account
from madang.hub.accounts.clients import ClientWish, Grant, NewSecret, client_id
from madang.hub.accounts.keys import OVERLAP_HOURS, KeyWish, NewKey, works
from madang.ngsild.times import format_moment
from madang.store.platform import Client, Key
from madang.trust.identity import Kind, Permission

_KEY: Final = "/api/keys/{number:int}"
_CLIENT: Final = "/api/clients/{number:int}"


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """overlapHours: that the former secret works beside the new one."""

    overlap_hours: int = msgspec.field(default=OVERLAP_HOURS, name="overlapHours")


class SecretWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """live: for the city itself, else for the sandbox."""

    live: bool = False


async def me(asking: Asking) -> Outcome:
    """Who asks and what they may do; of people also what they are called."""
    identity = asking.identity
    allowed = [one.value for one in Permission if asking.gate.permits(identity, one)]
    told: dict[str, Any] = {
        "subject": identity.subject,
        "kind": identity.kind.value,
        "roles": list(identity.roles),
        "permissions": allowed,
        "tenants": None if identity.tenants is None else sorted(identity.tenants),
        "organisations": list(identity.organisations),
    }
    if identity.kind is Kind.PERSON:
        account = await own_account(asking.accounts, identity)
        told |= {"login": account.login, "name": account.name}
    return 200, told


async def list_keys(asking: Asking) -> Outcome:
    now = asking.hub.clock.now()
    return 200, {"keys": [_key(one, now) for one in await keys.keys(asking.accounts, asking.identity)]}


async def make_key(asking: Asking) -> Outcome:
    """The secret is in this answer and never again."""
    wish = await decoded(asking.request, KeyWish)
    return 201, _new_key(asking, await keys.make_key(asking.accounts, asking.identity, wish))


async def rotate_key(asking: Asking) -> Outcome:
    number = asking.request.path_params["number"]
    wish = await decoded(asking.request, Rotation)
    new = await keys.rotate_key(asking.accounts, asking.identity, number, wish.overlap_hours)
    return 200, _new_key(asking, new)


async def revoke_key(asking: Asking) -> Outcome:
    await keys.revoke_key(asking.accounts, asking.identity, asking.request.path_params["number"])
    return 204, None


async def list_clients(asking: Asking) -> Outcome:
    """?all=true: those of everybody, for who lets them into the city."""
    find = clients.all_clients if asking.request.query_params.get("all") == "true" else clients.clients
    found = await find(asking.accounts, asking.identity)
    return 200, {"clients": [_client(one) for one in found]}


async def register_client(asking: Asking) -> Outcome:
    wish = await decoded(asking.request, ClientWish)
    return 201, _new_secret(await clients.register(asking.accounts, asking.identity, wish))


async def new_secret(asking: Asking) -> Outcome:
    wish = await decoded(asking.request, SecretWish)
    number = asking.request.path_params["number"]
    return 201, _new_secret(
        await clients.new_secret(asking.accounts, asking.identity, number, live=wish.live)
    )


async def let_in(asking: Asking) -> Outcome:
    grant = await decoded(asking.request, Grant)
    number = asking.request.path_params["number"]
    return 200, _client(await clients.let_in(asking.accounts, asking.identity, number, grant))


async def shut_out(asking: Asking) -> Outcome:
    number = asking.request.path_params["number"]
    return 200, _client(await clients.shut_out(asking.accounts, asking.identity, number))


async def revoke_client(asking: Asking) -> Outcome:
    await clients.revoke_client(asking.accounts, asking.identity, asking.request.path_params["number"])
    return 204, None


OFFERED: Final = (
    Offer("GET", "/api/me", me, None),
    Offer("GET", "/api/keys", list_keys, Permission.KEYS),
    Offer("POST", "/api/keys", make_key, Permission.KEYS),
    Offer("POST", _KEY + "/rotate", rotate_key, Permission.KEYS),
    Offer("DELETE", _KEY, revoke_key, Permission.KEYS),
    Offer("GET", "/api/clients", list_clients, Permission.CLIENTS),
    Offer("POST", "/api/clients", register_client, Permission.CLIENTS),
    Offer("POST", _CLIENT + "/secrets", new_secret, Permission.CLIENTS),
    Offer("PUT", _CLIENT + "/grant", let_in, Permission.MEMBERS),
    Offer("DELETE", _CLIENT + "/grant", shut_out, Permission.MEMBERS),
    Offer("DELETE", _CLIENT, revoke_client, Permission.CLIENTS),
)


def _key(key: Key, now: int) -> dict[str, Any]:
    return {
        "number": key.number,
        "name": key.name,
        "scopes": None if key.scopes is None else list(key.scopes),
        "tenants": None if key.tenants is None else list(key.tenants),
        "hint": key.hint,
        "created": moment(key.created),
        "expires": moment(key.expires),
        "used": moment(key.used),
        "works": works(key, now),
    }


def _new_key(asking: Asking, new: NewKey) -> dict[str, Any]:
    return {**_key(new.key, asking.hub.clock.now()), "secret": new.secret}


def _client(client: Client) -> dict[str, Any]:
    return {
        "number": client.number,
        "clientId": client_id(client),
        "name": client.name,
        "organisation": client.organisation or None,
        "sandbox": client.sandbox,
        "live": client.live,
        "roles": list(client.roles),
        "scopes": None if client.scopes is None else list(client.scopes),
        "tenants": list(client.tenants),
        "created": moment(client.created),
        "used": moment(client.used),
        "revoked": moment(client.revoked),
    }


def _new_secret(new: NewSecret) -> dict[str, Any]:
    return {
        **_client(new.client),
        "secret": new.text,
        "secretLive": new.secret.live,
        "secretExpires": moment(new.secret.expires),
    }


def moment(microseconds: int) -> str | None:
    return format_moment(microseconds) if microseconds else None
