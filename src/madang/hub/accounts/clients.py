"""Applications of partners: registered by who makes them, tried in a tenant of their own, let into the city by somebody
who looks after its members. They show a secret and get a token for an hour (OAuth 2.0, RFC 6749 4.4).
"""

from __future__ import annotations

from secrets import token_hex
from typing import Final

import msgspec

from madang.errors import BadRequestData, Conflict, Denied, NotFound, Unauthenticated
from madang.hub.accounts import tokens
from madang.hub.accounts.accounts import Accounts, own_account
from madang.hub.accounts.keys import require_days, require_scopes
from madang.hub.accounts.members import refuse_operator, require_roles, require_tenants
from madang.hub.accounts.names import name_of
from madang.settings import LIMITS
from madang.store.audit import Deed
from madang.store.platform import Client, Secret, Token
from madang.trust.identity import Identity, Kind, Permission

_SECOND: Final = 1_000_000
_HOUR_US: Final = 3600 * _SECOND
_DAY_US: Final = 24 * _HOUR_US
_PREFIX: Final = "client-"
_SECRET_DAYS: Final = 365
_OVERLAP_US: Final = 24 * _HOUR_US


class ClientWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An application as its maker registers it. organisation: URN of one of theirs, "" for none."""

    name: str
    organisation: str = ""


class Grant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an application may do in the city. roles: names; scopes: permissions by name; tenants: names."""

    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    tenants: tuple[str, ...] = ("",)


class NewSecret(msgspec.Struct, frozen=True):
    """text: told once, and never again."""

    client: Client
    secret: Secret
    text: str


class NewToken(msgspec.Struct, frozen=True):
    """scopes: permissions by name. seconds: that it works."""

    text: str
    seconds: int
    scopes: tuple[str, ...]


def client_id(client: Client) -> str:
    return f"{_PREFIX}{client.number}"


async def register(accounts: Accounts, identity: Identity, wish: ClientWish) -> NewSecret:
    """With a secret for its sandbox. Raises BadRequestData, Denied, Conflict for too many."""
    account = await own_account(accounts, identity)
    if wish.organisation and wish.organisation not in identity.organisations:
        raise Denied("You are not a member of this organisation; leave it out, or name one of yours")
    own = await accounts.platform.clients.of(account.number)
    if len([one for one in own if not one.revoked]) >= LIMITS.account_clients_max:
        raise Conflict(f"You have {len(own)} applications, the most there may be; take one away")
    now = accounts.clock.now()
    client = Client(0, account.number, name_of(wish.name), "", wish.organisation, created=now)
    client = await accounts.platform.clients.add(client, sandbox_of)
    await accounts.record(identity.subject, Deed.CLIENT, f"client:{client.number}", "registered")
    return await _add_secret(accounts, client, live=False)


def sandbox_of(number: int) -> str:
    """The name of the tenant where an application is tried; nobody has guessed it before and put something there."""
    return f"sandbox-{number}-{token_hex(4)}"


async def clients(accounts: Accounts, identity: Identity) -> list[Client]:
    """Those of the person who asks."""
    account = await own_account(accounts, identity)
    return await accounts.platform.clients.of(account.number)


async def all_clients(accounts: Accounts, identity: Identity) -> list[Client]:
    """Of everybody, for who lets them into the city. Raises Denied."""
    _require_members(accounts, identity)
    return [one for one in await accounts.platform.clients.of(0) if _within(identity, one)]


async def secrets(accounts: Accounts, client: Client) -> list[Secret]:
    """Those that still work."""
    now = accounts.clock.now()
    return [one for one in await accounts.platform.clients.secrets(client.number) if one.expires > now]


async def new_secret(accounts: Accounts, identity: Identity, number: int, *, live: bool) -> NewSecret:
    """The former one works a day more. Raises NotFound for an application that is not theirs, Conflict."""
    client = await _own(accounts, identity, number)
    if live and not client.live:
        raise Conflict("The application is not let into the city yet; try it in its sandbox meanwhile")
    if live and identity.kind is Kind.KEY:
        # It would learn the secret, so the application must not be one that may do more
        require_scopes(client.scopes or (), accounts.permissions(identity))
    await accounts.record(identity.subject, Deed.CLIENT, f"client:{number}", "secret")
    return await _add_secret(accounts, client, live=live)


async def let_in(accounts: Accounts, identity: Identity, number: int, grant: Grant) -> Client:
    """Let the application ask the city itself, or change what it may do there.

    Raises NotFound, Denied, BadRequestData."""
    client = await _looked_after(accounts, identity, number)
    refuse_operator(grant.roles)
    require_roles(accounts, grant.roles)
    require_tenants(identity, grant.tenants)
    if not grant.roles or not grant.tenants:
        raise BadRequestData("Name one role and one tenant at least", detail="roles")
    scopes = require_scopes(grant.scopes, frozenset(Permission))
    if client.revoked:
        raise Conflict(f"Application {number} has been taken away; register it anew")
    if f"person:{client.account}" in (identity.subject, identity.owner):
        _require_own(accounts, identity, grant)
    await accounts.record(identity.subject, Deed.CLIENT, f"client:{number}", "let in")
    return await accounts.platform.clients.change(
        number,
        lambda one: msgspec.structs.replace(
            one, live=True, roles=grant.roles, scopes=scopes, tenants=grant.tenants
        ),
    )


async def shut_out(accounts: Accounts, identity: Identity, number: int) -> Client:
    """It has only its sandbox again. Raises NotFound."""
    await _looked_after(accounts, identity, number)
    await accounts.record(identity.subject, Deed.CLIENT, f"client:{number}", "shut out")
    return await accounts.platform.clients.change(
        number, lambda one: msgspec.structs.replace(one, live=False)
    )


async def revoke_client(accounts: Accounts, identity: Identity, number: int) -> None:
    """None of its secrets and tokens works any longer. Raises NotFound."""
    if Permission.MEMBERS in accounts.permissions(identity):
        await _looked_after(accounts, identity, number)
    else:
        await _own(accounts, identity, number)
    await accounts.record(identity.subject, Deed.CLIENT, f"client:{number}", "revoked")
    now = accounts.clock.now()
    await accounts.platform.clients.change(
        number, lambda one: msgspec.structs.replace(one, live=False, revoked=one.revoked or now)
    )


async def token(accounts: Accounts, shown_id: str, secret: str) -> NewToken:
    """For the secret of an application. Raises Unauthenticated, which does not tell what is wrong."""
    number = shown_id.removeprefix(_PREFIX)
    now = accounts.clock.now()
    found = None
    if shown_id.startswith(_PREFIX) and number.isascii() and number.isdigit() and len(number) < 16:
        found = await accounts.platform.clients.secret(int(number), tokens.digest(secret), now)
    identity = None
    if found is not None:
        kind = "client" if found.live else "sandbox"
        identity = await accounts.identity_of_subject(f"{kind}:{found.client}")
    if found is None or identity is None:
        raise Unauthenticated("The application is not known, or its secret is wrong or works no longer")
    text = tokens.made(tokens.TOKEN)
    expires = min(now + LIMITS.token_seconds_max * _SECOND, found.expires)
    await accounts.platform.clients.add_token(tokens.digest(text), Token(found.client, found.live, expires))
    scopes = accounts.permissions(identity)
    names = tuple([one.value for one in Permission if one in scopes])
    return NewToken(text, (expires - now) // _SECOND, names)


async def _add_secret(accounts: Accounts, client: Client, *, live: bool) -> NewSecret:
    text = tokens.made(tokens.CLIENT)
    now = accounts.clock.now()
    expires = now + require_days(_SECRET_DAYS) * _DAY_US
    secret = Secret(0, client.number, live, tokens.hint(text), now, expires)
    secret = await accounts.platform.clients.add_secret(tokens.digest(text), secret, now + _OVERLAP_US)
    return NewSecret(client, secret, text)


async def _own(accounts: Accounts, identity: Identity, number: int) -> Client:
    """Raises NotFound for one that is somebody else's or has been taken away."""
    account = await own_account(accounts, identity)
    client = await accounts.platform.clients.get(number)
    if client is None or client.account != account.number or client.revoked:
        raise _unknown(number)
    return client


async def _looked_after(accounts: Accounts, identity: Identity, number: int) -> Client:
    """For who may change what all applications may do. Raises Denied, NotFound."""
    _require_members(accounts, identity)
    client = await accounts.platform.clients.get(number)
    if client is None or client.revoked or not _within(identity, client):
        raise _unknown(number)
    return client


def _require_members(accounts: Accounts, identity: Identity) -> None:
    if Permission.MEMBERS not in accounts.permissions(identity):
        raise Denied("Only those who look after the members let applications into the city")


def _require_own(accounts: Accounts, identity: Identity, grant: Grant) -> None:
    """Raises Denied where somebody would gain something by an application of their own."""
    allowed = {one.value for one in accounts.permissions(identity)}
    if not allowed.issuperset(grant.scopes) or not set(identity.roles).issuperset(grant.roles):
        raise Denied(
            "An application of yours may do no more than you, unless somebody else lets it in",
            detail="beyond",
        )


def _within(identity: Identity, client: Client) -> bool:
    """Whether all that the application may ask is the identity's to give."""
    return identity.tenants is None or not client.live or identity.tenants.issuperset(client.tenants)


def _unknown(number: int) -> NotFound:
    return NotFound(f"There is no application {number}")
