"""Signing in with a password, the sessions that come of it, and one's own account.

Every signing in gets a session with a secret that nobody has seen before; the one that the browser had is over.
"""

from __future__ import annotations

import ipaddress
from typing import Final

import msgspec

from madang.errors import BadRequestData, Denied, NotFound, Unauthenticated
from madang.hub.accounts import tokens
from madang.hub.accounts.accounts import Accounts, own_account
from madang.hub.accounts.names import name_of, normal_login
from madang.hub.accounts.passwords import require_good
from madang.settings import LIMITS
from madang.store.audit import Deed
from madang.store.platform import Account, Session
from madang.trust.identity import Identity, Kind

PASSWORD: Final = "password"  # noqa: S105 a way of signing in
_SECOND: Final = 1_000_000
_OVERLAP_US: Final = 60 * _SECOND
_BROWSER_CHARACTERS_MAX: Final = 120


class Browser(msgspec.Struct, frozen=True):
    """Where somebody signs in. address: numeric. agent: what the browser calls itself. token: of the session that it has
    already, "" if it has none."""

    address: str
    agent: str = ""
    token: str = ""


class SignedIn(msgspec.Struct, frozen=True):
    """token: for the browser's cookie."""

    account: Account
    session: Session
    token: str


async def sign_in(accounts: Accounts, login: str, password: str, browser: Browser) -> SignedIn:
    """Raises Unauthenticated, which does not tell whether there is such an account; TooManyRequests, Busy."""
    login, address = normal_login(login), network(browser.address)
    accounts.attempts.begin(login, address, accounts.clock.now())
    store = accounts.platform.accounts
    account = await store.by_login(login)
    kept = await store.password(account.number) if account is not None else ""
    fits = await accounts.passwords.fits(kept, password)
    if account is None or not fits or not account.active:
        subject = f"person:{account.number}" if account is not None else "visitor"
        await accounts.record(subject, Deed.SIGN_IN_FAILED, PASSWORD)
        raise Unauthenticated("The name or the password is wrong")
    accounts.attempts.succeeded(login, address)
    signed_in = await begin_session(accounts, account, browser, PASSWORD)
    # Somebody may have changed it meanwhile, to end all sessions that began with it
    if await store.password(account.number) != kept:
        await end_session(accounts, signed_in.token)
        raise Unauthenticated("The name or the password is wrong")
    if accounts.passwords.is_outdated(kept):
        await store.hash_anew(account.number, kept, await accounts.passwords.hashed(password))
    return signed_in


async def begin_session(accounts: Accounts, account: Account, browser: Browser, method: str) -> SignedIn:
    """A new session for who has proven to be this person; the one that the browser had ends."""
    await end_session(accounts, browser.token)
    await accounts.record(f"person:{account.number}", Deed.SIGN_IN, method)
    now = accounts.clock.now()
    token = tokens.made(tokens.PLAIN)
    agent = "".join(one for one in browser.agent if one.isprintable())[:_BROWSER_CHARACTERS_MAX]
    expires = now + LIMITS.session_seconds_max * _SECOND
    session = Session(0, account.number, now, now, now, expires, agent, method)
    session = await accounts.platform.sessions.add(tokens.digest(token), session)
    return SignedIn(account, session, token)


async def end_session(accounts: Accounts, token: str) -> bool:
    """Sign out. Whether there was such a session."""
    session = await accounts.session(token) if token else None
    if session is None:
        return False
    await accounts.record(f"person:{session.account}", Deed.SIGN_OUT, session.method)
    return await accounts.platform.sessions.end(session.number, session.account)


async def renewed(accounts: Accounts, token: str) -> str:
    """Another secret for a session that has had this one long enough; the former one counts a minute more, for what is
    on its way. "" if there is no need, or no such session."""
    session = await accounts.session(token)
    now = accounts.clock.now()
    if session is None or now - session.made < LIMITS.session_secret_seconds_max * _SECOND:
        return ""
    fresh = tokens.made(tokens.PLAIN)
    digests = tokens.digest(token), tokens.digest(fresh)
    return fresh if await accounts.platform.sessions.renew(*digests, now, now + _OVERLAP_US) else ""


async def own_sessions(accounts: Accounts, identity: Identity) -> list[Session]:
    """Those that still last, the one used last first."""
    account = await _signed_in(accounts, identity)
    now = accounts.clock.now()
    found = await accounts.platform.sessions.of(account.number)
    return [one for one in found if accounts.lasts(one, now)]


async def end_own_session(accounts: Accounts, identity: Identity, number: int) -> None:
    """Raises NotFound if it is not a session of theirs."""
    account = await _signed_in(accounts, identity)
    await accounts.record(identity.subject, Deed.SIGN_OUT, f"session:{number}")
    if not await accounts.platform.sessions.end(number, account.number):
        raise NotFound("There is no such session of yours; it may be over already")


async def end_other_sessions(accounts: Accounts, identity: Identity, token: str) -> None:
    """All of theirs but the one with this secret."""
    present = await accounts.session(token)
    for session in await own_sessions(accounts, identity):
        if present is None or session.number != present.number:
            await end_own_session(accounts, identity, session.number)


async def rename(accounts: Accounts, identity: Identity, name: str) -> Account:
    """Raises BadRequestData."""
    account = await _signed_in(accounts, identity)
    shown = name_of(name)
    await accounts.record(identity.subject, Deed.ACCOUNT, f"person:{account.number}", "name")
    return await accounts.platform.accounts.change(
        account.number, lambda one: msgspec.structs.replace(one, name=shown)
    )


class NewPassword(msgspec.Struct, frozen=True):
    former: str
    chosen: str


async def change_password(
    accounts: Accounts, identity: Identity, passwords: NewPassword, browser: Browser
) -> SignedIn:
    """All other sessions end, and this one gets another secret. Raises Denied, BadRequestData, TooManyRequests, Busy."""
    account = await _signed_in(accounts, identity)
    store = accounts.platform.accounts
    kept = await store.password(account.number)
    if not kept:
        raise Denied("You sign in at a provider and have no password here")
    address = network(browser.address)
    accounts.attempts.begin(account.login, address, accounts.clock.now())
    if not await accounts.passwords.fits(kept, passwords.former):
        raise BadRequestData("The present password is wrong", detail="present")
    accounts.attempts.succeeded(account.login, address)
    require_good(passwords.chosen, account.login)
    hashed = await accounts.passwords.hashed(passwords.chosen)
    await accounts.record(identity.subject, Deed.PASSWORD, f"person:{account.number}")
    await store.set_password(account.number, hashed)
    return await begin_session(accounts, account, browser, PASSWORD)


async def _signed_in(accounts: Accounts, identity: Identity) -> Account:
    if identity.kind is not Kind.PERSON:
        raise Denied("Only people who have signed in may do this")
    return await own_account(accounts, identity)


def network(address: str) -> str:
    """What one caller has: an IPv4 address; of IPv6 a whole network."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed.ipv4_mapped if parsed.version == 6 else parsed)
