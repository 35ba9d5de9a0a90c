"""Single-use links: for the first administrator of an installation, for who is invited, for who forgot the password.

Whoever has the link is believed to be the one that it was given to, so it works once and not for long. Opening it
uses nothing up, because programs that look at links for people open them too; choosing a password does.
"""

from __future__ import annotations

from typing import Final

import msgspec

from madang.errors import NotFound
from madang.hub.accounts import tokens
from madang.hub.accounts.accounts import Accounts
from madang.hub.accounts.names import login_of, name_of
from madang.hub.accounts.passwords import require_good
from madang.hub.accounts.signing_in import PASSWORD, Browser, SignedIn, begin_session
from madang.settings import LIMITS
from madang.store.audit import Deed
from madang.store.platform import Account, Errand, Link
from madang.trust.roles import PLATFORM_OPERATOR

PATH: Final = "/welcome/"
"""Of the page where a link leads, behind the language."""
FIRST_ROLES: Final = ("city-administrator", PLATFORM_OPERATOR)
_HOUR_US: Final = 3600 * 1_000_000


class NewLink(msgspec.Struct, frozen=True):
    """path: behind the address of the platform and a language. expires: microseconds UTC."""

    path: str
    expires: int


class Arrival(msgspec.Struct, frozen=True):
    """What somebody says who opened a link. login, name: of the first administrator; "" from others."""

    password: str
    login: str = ""
    name: str = ""


class Opened(msgspec.Struct, frozen=True):
    """errand: what the link is for. account: whose password it sets, None for the first administrator."""

    errand: Errand
    account: Account | None


async def first_link(accounts: Accounts) -> NewLink | None:
    """For the first administrator, where nobody has an account; one that was made before works no longer."""
    if await accounts.platform.accounts.page(0, 1):
        return None
    return await make_link(accounts, Errand.FIRST, 0)


async def make_link(accounts: Accounts, errand: Errand, account: int) -> NewLink:
    secret = tokens.made(tokens.PLAIN)
    expires = accounts.clock.now() + LIMITS.link_hours_max * _HOUR_US
    await accounts.platform.links.add(tokens.digest(secret), Link(errand, account, expires))
    return NewLink(PATH + secret, expires)


async def opened(accounts: Accounts, secret: str) -> Opened:
    """Raises NotFound where the link works no longer, or never did."""
    link = await accounts.platform.links.get(tokens.digest(secret))
    if link is None or link.expires <= accounts.clock.now():
        raise _over()
    if link.errand is Errand.FIRST:
        return Opened(link.errand, None)
    account = await accounts.platform.accounts.get(link.account)
    if account is None or not account.active:
        raise _over()
    return Opened(link.errand, account)


async def arrive(accounts: Accounts, secret: str, arrival: Arrival, browser: Browser) -> SignedIn:
    """Use the link up: choose the password, and be signed in. Raises NotFound, BadRequestData, Busy."""
    found = await opened(accounts, secret)
    hashed_secret = tokens.digest(secret)
    if found.account is not None:
        require_good(arrival.password, found.account.login)
        hashed = await accounts.passwords.hashed(arrival.password)
        await accounts.record(f"person:{found.account.number}", Deed.PASSWORD, found.errand.value)
        account = await accounts.platform.links.redeem(hashed_secret, hashed)
        return await begin_session(accounts, account, browser, PASSWORD)
    login = login_of(arrival.login)
    require_good(arrival.password, login)
    account = Account(0, login, name_of(arrival.name), FIRST_ROLES, None, created=accounts.clock.now())
    hashed = await accounts.passwords.hashed(arrival.password)
    account = await accounts.platform.links.redeem_first(hashed_secret, account, hashed)
    await accounts.record(f"person:{account.number}", Deed.ACCOUNT, f"person:{account.number}", "first")
    return await begin_session(accounts, account, browser, PASSWORD)


def _over() -> NotFound:
    return NotFound("This link does not work, or not any longer; ask for another one")
