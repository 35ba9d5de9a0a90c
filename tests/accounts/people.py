"""People of the tests: their accounts, identities and browsers."""

from __future__ import annotations

from madang.hub.accounts.accounts import Accounts, person
from madang.hub.accounts.links import Arrival, arrive, first_link
from madang.hub.accounts.signing_in import Browser
from madang.store.platform import Account
from madang.trust.identity import Identity

PASSWORD = "네 낱말로 된 좋은 비밀번호"
BROWSER = Browser("192.0.2.7", "Browser 1")


async def person_of(
    accounts: Accounts, login: str, *roles: str, tenants: tuple[str, ...] | None = ("",)
) -> Identity:
    """Somebody with an account and the password above."""
    account = await accounts.platform.accounts.add(Account(0, login, login.title(), roles, tenants))
    await accounts.platform.accounts.set_password(account.number, await accounts.passwords.hashed(PASSWORD))
    return person(account)


async def administrator(accounts: Accounts) -> Identity:
    """The first one, by the link."""
    link = await first_link(accounts)
    assert link is not None
    secret = link.path.rpartition("/")[2]
    arrived = await arrive(accounts, secret, Arrival(PASSWORD, "root", "첫 관리자"), BROWSER)
    return person(arrived.account)
