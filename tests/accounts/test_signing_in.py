"""Signing in with a password: what it gives, what it does not tell, and how often one may be wrong."""

from __future__ import annotations

import unicodedata

import msgspec
import pytest
from tests.accounts.people import BROWSER, PASSWORD, administrator, person_of

from madang.clock import FixedClock
from madang.errors import BadRequestData, Denied, NotFound, TooManyRequests, Unauthenticated
from madang.hub.accounts import links, members, signing_in
from madang.hub.accounts.accounts import Accounts
from madang.hub.accounts.links import Arrival
from madang.hub.accounts.signing_in import Browser, NewPassword, sign_in
from madang.settings import LIMITS
from madang.store.platform import Errand

MINUTE = 60_000_000


async def test_the_first_link_makes_one_administrator_and_no_second(accounts: Accounts) -> None:
    link = await links.first_link(accounts)
    assert link is not None
    again = await links.first_link(accounts)
    assert again is not None
    old, secret = (one.path.rpartition("/")[2] for one in (link, again))
    with pytest.raises(NotFound):
        await links.opened(accounts, old)
    for _ in range(2):  # looking at it uses nothing up
        assert (await links.opened(accounts, secret)).errand is Errand.FIRST
    arrived = await links.arrive(accounts, secret, Arrival(PASSWORD, "Root", " 첫  관리자 "), BROWSER)
    assert (arrived.account.login, arrived.account.name, arrived.account.tenants) == (
        "root",
        "첫 관리자",
        None,
    )
    with pytest.raises(NotFound):
        await links.arrive(accounts, secret, Arrival(PASSWORD, "second", "Second"), BROWSER)
    assert await links.first_link(accounts) is None
    found = await accounts.identity_of_session(arrived.token)
    assert found is not None
    assert found.roles == ("city-administrator", "platform-operator")


async def test_a_link_ends_by_itself(accounts: Accounts, clock: FixedClock) -> None:
    link = await links.first_link(accounts)
    assert link is not None
    clock.advance(LIMITS.link_hours_max * 60 * MINUTE)
    with pytest.raises(NotFound):
        await links.opened(accounts, link.path.rpartition("/")[2])


async def test_a_password_fits_however_the_keyboard_composes_it(accounts: Accounts) -> None:
    await person_of(accounts, "mina")
    signed_in = await sign_in(accounts, " MINA ", unicodedata.normalize("NFD", PASSWORD), BROWSER)
    found = await accounts.identity_of_session(signed_in.token)
    assert found is not None
    assert found.subject == "person:1"


@pytest.mark.parametrize(("login", "password"), [("mina", "wrong"), ("nobody", PASSWORD), ("mina", "")])
async def test_what_is_wrong_is_not_told(accounts: Accounts, login: str, password: str) -> None:
    await person_of(accounts, "mina")
    with pytest.raises(Unauthenticated) as told:
        await sign_in(accounts, login, password, BROWSER)
    assert told.value.message == "The name or the password is wrong"


async def test_session_fixation_a_session_from_before_is_worth_nothing_after(accounts: Accounts) -> None:
    await person_of(accounts, "mallory")
    planted = await sign_in(accounts, "mallory", PASSWORD, BROWSER)
    await person_of(accounts, "mina")
    victim = await sign_in(accounts, "mina", PASSWORD, msgspec.structs.replace(BROWSER, token=planted.token))
    assert victim.token != planted.token
    assert await accounts.identity_of_session(planted.token) is None


async def test_guessing_is_stopped_and_the_owner_elsewhere_is_not(
    accounts: Accounts, clock: FixedClock
) -> None:
    await person_of(accounts, "mina")
    for _ in range(LIMITS.sign_in_failures_max):
        with pytest.raises(Unauthenticated):
            await sign_in(accounts, "mina", "guess", BROWSER)
    with pytest.raises(TooManyRequests) as told:
        await sign_in(accounts, "mina", PASSWORD, BROWSER)
    assert 0 < int(told.value.detail) <= 15 * 60
    await sign_in(accounts, "mina", PASSWORD, Browser("198.51.100.9"))
    clock.advance(15 * MINUTE)
    await sign_in(accounts, "mina", PASSWORD, BROWSER)


async def test_guessing_many_accounts_from_one_network_is_stopped(accounts: Accounts) -> None:
    for number in range(LIMITS.sign_in_address_failures_max):
        with pytest.raises(Unauthenticated):
            await sign_in(accounts, f"user{number}", "guess", Browser(f"2001:db8::{number:x}"))
    with pytest.raises(TooManyRequests):
        await sign_in(accounts, "one-more", "guess", Browser("2001:db8::ffff"))


async def test_a_new_password_ends_all_other_sessions(accounts: Accounts) -> None:
    identity = await person_of(accounts, "mina")
    here = await sign_in(accounts, "mina", PASSWORD, BROWSER)
    there = await sign_in(accounts, "mina", PASSWORD, BROWSER)
    browser = msgspec.structs.replace(BROWSER, token=here.token)
    with pytest.raises(BadRequestData):
        await signing_in.change_password(
            accounts, identity, NewPassword("wrong", "another long one"), browser
        )
    after = await signing_in.change_password(
        accounts, identity, NewPassword(PASSWORD, "another long one"), browser
    )
    assert await accounts.identity_of_session(here.token) is None
    assert await accounts.identity_of_session(there.token) is None
    assert await accounts.identity_of_session(after.token) is not None
    await sign_in(accounts, "mina", "another long one", BROWSER)


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "mina.the.great", "x" * 1025])
async def test_passwords_that_may_not_be_chosen(accounts: Accounts, password: str) -> None:
    identity = await person_of(accounts, "mina.the.great")
    with pytest.raises(BadRequestData):
        await signing_in.change_password(accounts, identity, NewPassword(PASSWORD, password), BROWSER)


async def test_a_session_gets_another_secret_now_and_then(accounts: Accounts, clock: FixedClock) -> None:
    await person_of(accounts, "mina")
    first = (await sign_in(accounts, "mina", PASSWORD, BROWSER)).token
    assert await signing_in.renewed(accounts, first) == ""
    clock.advance(LIMITS.session_secret_seconds_max * 1_000_000)
    second = await signing_in.renewed(accounts, first)
    assert second
    assert await accounts.identity_of_session(first) == await accounts.identity_of_session(second)
    clock.advance(2 * MINUTE)
    assert await accounts.identity_of_session(first) is None
    assert await accounts.identity_of_session(second) is not None


async def test_sessions_of_others_cannot_be_ended(accounts: Accounts) -> None:
    mina, _ = await person_of(accounts, "mina"), await person_of(accounts, "jun")
    other = await sign_in(accounts, "jun", PASSWORD, BROWSER)
    with pytest.raises(NotFound):
        await signing_in.end_own_session(accounts, mina, other.session.number)
    assert await accounts.identity_of_session(other.token) is not None


async def test_who_is_suspended_is_out_at_once(accounts: Accounts) -> None:
    root = await administrator(accounts)
    await person_of(accounts, "mina")
    signed_in = await sign_in(accounts, "mina", PASSWORD, BROWSER)
    assert await accounts.identity_of_session(signed_in.token) is not None
    await members.set_active(accounts, root, signed_in.account.number, active=False)
    assert await accounts.identity_of_session(signed_in.token) is None
    with pytest.raises(Unauthenticated):
        await sign_in(accounts, "mina", PASSWORD, BROWSER)


async def test_a_key_cannot_change_the_password_of_its_owner(accounts: Accounts) -> None:
    identity = await person_of(accounts, "mina", "city-administrator")
    key = msgspec.structs.replace(identity, subject="key:1", kind="key", owner=identity.subject)
    with pytest.raises(Denied):
        await signing_in.change_password(accounts, key, NewPassword(PASSWORD, "another long one"), BROWSER)
