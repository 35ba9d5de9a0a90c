"""Who somebody is by session, key and token: found at once, gone at once."""

from __future__ import annotations

import msgspec
from tests.accounts.conftest import DAY, NOW

from madang.clock import FixedClock
from madang.hub.accounts import tokens
from madang.hub.accounts.accounts import Accounts
from madang.store.platform import Account, Client, Key, Session, Token
from madang.store.sqlite.platform.store import SqlitePlatform
from madang.trust.identity import Kind, Permission


async def mina(platform: SqlitePlatform) -> Account:
    return await platform.accounts.add(
        Account(0, "mina", "민아", ("data-officer",), ("", "gaon"), ("urn:ngsi-ld:Organization:gaon:x:1",))
    )


async def test_a_session_says_who_is_signed_in_until_it_ends(
    platform: SqlitePlatform, accounts: Accounts, clock: FixedClock
) -> None:
    account = await mina(platform)
    secret = tokens.made(tokens.PLAIN)
    session = await platform.sessions.add(
        tokens.digest(secret), Session(0, account.number, NOW, NOW, NOW, NOW + DAY)
    )
    found = await accounts.identity_of_session(secret)
    assert found is not None
    assert (found.subject, found.kind, found.tenants) == ("person:1", Kind.PERSON, frozenset(("", "gaon")))
    assert found.roles == ("data-officer",)
    assert found.organisations == ("urn:ngsi-ld:Organization:gaon:x:1",)
    assert await accounts.identity_of_session(secret + "x") is None
    await platform.accounts.change(1, lambda one: msgspec.structs.replace(one, roles=("auditor",)))
    changed = await accounts.identity_of_session(secret)
    assert changed is not None
    assert changed.roles == ("auditor",)
    assert await platform.sessions.end(session.number, account.number)
    assert await accounts.identity_of_session(secret) is None


async def test_a_session_that_is_not_used_ends(
    platform: SqlitePlatform, accounts: Accounts, clock: FixedClock
) -> None:
    account = await mina(platform)
    secret = tokens.made(tokens.PLAIN)
    await platform.sessions.add(tokens.digest(secret), Session(0, account.number, NOW, NOW, NOW, NOW + DAY))
    for _ in range(3):
        clock.advance(DAY // 4)
        assert await accounts.identity_of_session(secret) is not None
    clock.advance(DAY // 4)
    assert await accounts.identity_of_session(secret) is None
    account = await mina_again(platform)
    other = tokens.made(tokens.PLAIN)
    now = clock.now()
    await platform.sessions.add(tokens.digest(other), Session(0, account.number, now, now, now, now + DAY))
    assert await accounts.identity_of_session(other) is not None
    clock.advance(DAY // 2)
    assert await accounts.identity_of_session(other) is None


async def mina_again(platform: SqlitePlatform) -> Account:
    account = await platform.accounts.by_login("mina")
    assert account is not None
    return account


async def test_a_key_never_sees_more_tenants_than_its_owner(
    platform: SqlitePlatform, accounts: Accounts
) -> None:
    account = await mina(platform)
    secret = tokens.made(tokens.KEY)
    key = Key(0, account.number, "반출", ("read", "no-such"), ("gaon", "other"), "", NOW, NOW + DAY)
    await platform.keys.add(tokens.digest(secret), key)
    found = await accounts.identity_of_key(secret)
    assert found is not None
    assert (found.subject, found.kind, found.tenants) == ("key:1", Kind.KEY, frozenset(("gaon",)))
    assert found.scopes == frozenset((Permission.READ,))
    assert await accounts.identity_of_bearer(secret) == found
    assert await accounts.identity_of_subject("key:1") == found
    await platform.accounts.change(1, lambda one: msgspec.structs.replace(one, active=False))
    assert await accounts.identity_of_key(secret) is None
    assert await accounts.identity_of_subject("key:1") is None
    assert await accounts.identity_of_subject("person:1") is None


async def test_a_rotated_key_has_two_secrets_for_a_while(
    platform: SqlitePlatform, accounts: Accounts, clock: FixedClock
) -> None:
    account = await mina(platform)
    first, second = tokens.made(tokens.KEY), tokens.made(tokens.KEY)
    key = Key(0, account.number, "반출", ("read",), None, "", NOW, NOW + 10 * DAY)
    await platform.keys.add(tokens.digest(first), key)
    assert await accounts.identity_of_key(first) is not None
    await platform.keys.rotate(1, tokens.digest(second), NOW + DAY, lambda one: one)
    assert await accounts.identity_of_key(first) == await accounts.identity_of_key(second)
    clock.advance(DAY)
    assert await accounts.identity_of_key(first) is None
    assert await accounts.identity_of_key(second) is not None
    clock.advance(9 * DAY)
    assert await accounts.identity_of_key(second) is None


async def test_a_sandbox_token_reaches_its_sandbox_only(platform: SqlitePlatform, accounts: Accounts) -> None:
    account = await mina(platform)
    made = await platform.clients.add(
        Client(0, account.number, "버스 앱", "", roles=("startup",)), lambda number: f"sandbox-{number}"
    )
    tried, live = tokens.made(tokens.TOKEN), tokens.made(tokens.TOKEN)
    await platform.clients.add_token(tokens.digest(tried), Token(made.number, False, NOW + DAY))
    await platform.clients.add_token(tokens.digest(live), Token(made.number, True, NOW + DAY))
    found = await accounts.identity_of_bearer(tried)
    assert found is not None
    assert (found.subject, found.tenants) == ("sandbox:1", frozenset(("sandbox-1",)))
    assert found.scopes is not None
    assert Permission.MEMBERS not in found.scopes
    assert await accounts.identity_of_bearer(live) is None
    await platform.clients.change(made.number, lambda one: msgspec.structs.replace(one, live=True))
    allowed = await accounts.identity_of_bearer(live)
    assert allowed is not None
    assert (allowed.subject, allowed.tenants, allowed.roles) == ("client:1", frozenset(("",)), ("startup",))
    await platform.clients.change(made.number, lambda one: msgspec.structs.replace(one, revoked=NOW))
    assert await accounts.identity_of_bearer(tried) is None
    assert await accounts.identity_of_bearer(live) is None


async def test_uses_are_noted_when_it_closes(platform: SqlitePlatform, accounts: Accounts) -> None:
    account = await mina(platform)
    secret = tokens.made(tokens.KEY)
    await platform.keys.add(
        tokens.digest(secret), Key(0, account.number, "k", None, None, "", NOW, NOW + DAY)
    )
    await accounts.identity_of_key(secret)
    await accounts.close()
    key = await platform.keys.get(1)
    assert key is not None
    assert key.used == NOW
