"""Who may give what to whom: nobody more than they should, and nobody anything to themselves."""

from __future__ import annotations

import pytest
from tests.accounts.people import BROWSER, PASSWORD, administrator, person_of

from madang.errors import AlreadyExists, BadRequestData, Denied, NotFound, Unauthenticated
from madang.hub.accounts import clients, keys, links, members
from madang.hub.accounts.accounts import Accounts
from madang.hub.accounts.clients import ClientWish, Grant
from madang.hub.accounts.keys import KeyWish
from madang.hub.accounts.links import Arrival
from madang.hub.accounts.members import Standing
from madang.hub.accounts.signing_in import sign_in
from madang.store.platform import Organisation
from madang.trust.identity import Permission

ORGANISATION = "urn:ngsi-ld:Organization:gaon:firms:1"


async def test_who_is_invited_chooses_a_password_once(accounts: Accounts) -> None:
    root = await administrator(accounts)
    await members.put_organisation(accounts, root, Organisation(ORGANISATION, "가온전자"))
    invited = await members.invite(
        accounts, root, "Mina@gaon.example", "민아", Standing(("startup",), organisations=(ORGANISATION,))
    )
    with pytest.raises(Unauthenticated):
        await sign_in(accounts, "mina@gaon.example", "", BROWSER)
    secret = invited.link.path.rpartition("/")[2]
    arrived = await links.arrive(accounts, secret, Arrival(PASSWORD, "other", "Other"), BROWSER)
    assert (arrived.account.login, arrived.account.name) == ("mina@gaon.example", "민아")
    identity = await accounts.identity_of_session(arrived.token)
    assert identity is not None
    assert (identity.roles, identity.organisations) == (("startup",), (ORGANISATION,))
    with pytest.raises(NotFound):
        await links.arrive(accounts, secret, Arrival(PASSWORD), BROWSER)


async def test_account_takeover_on_user_create_is_refused(accounts: Accounts) -> None:
    root = await administrator(accounts)
    await person_of(accounts, "mina")
    with pytest.raises(AlreadyExists):
        await members.invite(accounts, root, "ＭＩＮＡ", "Not Mina", Standing(("citizen",)))


async def test_nobody_changes_what_they_may_do_themselves(accounts: Accounts) -> None:
    root = await administrator(accounts)
    with pytest.raises(Denied):
        await members.change_standing(accounts, root, 1, Standing(("auditor",), None))
    made = await keys.make_key(accounts, root, KeyWish("k", ("members",)))
    by_key = await accounts.identity_of_key(made.secret)
    assert by_key is not None
    with pytest.raises(Denied):
        await members.change_standing(accounts, by_key, 1, Standing(("auditor",), None))


async def test_who_may_ask_some_tenants_gives_and_sees_no_others(accounts: Accounts) -> None:
    root = await administrator(accounts)
    local = await person_of(accounts, "local", "city-administrator", tenants=("gaon",))
    for tenants in (None, ("",), ("gaon", "")):
        with pytest.raises(Denied):
            await members.invite(accounts, local, "mina", "민아", Standing(("citizen",), tenants))
    invited = await members.invite(accounts, local, "mina", "민아", Standing(("citizen",), ("gaon",)))
    seen, _ = await members.members(accounts, local)
    assert [one.login for one in seen] == ["local", "mina"]
    with pytest.raises(NotFound):
        await members.set_active(accounts, local, 1, active=False)
    await members.change_standing(accounts, root, invited.account.number, Standing(("citizen",), None))
    with pytest.raises(NotFound):
        await members.member(accounts, local, invited.account.number)


async def test_nobody_gets_a_link_for_who_may_do_more(accounts: Accounts) -> None:
    root = await administrator(accounts)
    await person_of(accounts, "officer", "privacy-officer")
    await sign_in(accounts, "officer", PASSWORD, BROWSER)
    with pytest.raises(Denied):
        await members.new_link(accounts, root, 2)
    await person_of(accounts, "mina", "citizen")
    await sign_in(accounts, "mina", PASSWORD, BROWSER)
    link = await members.new_link(accounts, root, 3)
    await links.arrive(accounts, link.path.rpartition("/")[2], Arrival("a password of mine"), BROWSER)
    with pytest.raises(Unauthenticated):
        await sign_in(accounts, "mina", PASSWORD, BROWSER)


@pytest.mark.parametrize(
    ("standing", "error"),
    [
        (Standing(("no-such",)), BadRequestData),
        (Standing(("visitor",)), BadRequestData),
        (Standing(("platform-operator",)), Denied),
        (Standing(("citizen",), ("bad name",)), BadRequestData),
        (Standing(("citizen",), organisations=("urn:x:1",)), BadRequestData),
    ],
)
async def test_what_cannot_be_given(accounts: Accounts, standing: Standing, error: type[Exception]) -> None:
    root = await administrator(accounts)
    with pytest.raises(error):
        await members.invite(accounts, root, "mina", "민아", standing)


async def test_only_who_looks_after_members_does(accounts: Accounts) -> None:
    mina = await person_of(accounts, "mina", "data-officer")
    for call in (
        members.members(accounts, mina),
        members.member(accounts, mina, 1),
        members.invite(accounts, mina, "x1", "X", Standing(("citizen",))),
        members.change_standing(accounts, mina, 1, Standing(("citizen",))),
        members.new_link(accounts, mina, 1),
        members.close_account(accounts, mina, 2),
        members.put_organisation(accounts, mina, Organisation(ORGANISATION, "가온전자")),
    ):
        with pytest.raises(Denied):
            await call


async def test_a_closed_account_leaves_no_name_and_opens_nothing(accounts: Accounts) -> None:
    mina = await person_of(accounts, "mina", "data-officer")
    made = await keys.make_key(accounts, mina, KeyWish("k", ("read",)))
    signed_in = await sign_in(accounts, "mina", PASSWORD, BROWSER)
    await members.close_account(accounts, mina, 1)
    assert await accounts.identity_of_key(made.secret) is None
    assert await accounts.identity_of_session(signed_in.token) is None
    account = await accounts.platform.accounts.get(1)
    assert account is not None
    assert (account.login, account.name, account.roles, account.active) == ("closed:1", "", (), False)
    await person_of(accounts, "mina")


async def test_a_key_may_do_no_more_than_its_owner(accounts: Accounts) -> None:
    mina = await person_of(accounts, "mina", "data-user")
    with pytest.raises(Denied):
        await keys.make_key(accounts, mina, KeyWish("k", ("write",)))
    with pytest.raises(BadRequestData):
        await keys.make_key(accounts, mina, KeyWish("k", ("no-such",)))
    with pytest.raises(Denied):
        await keys.make_key(accounts, mina, KeyWish("k", ("read",), ("other",)))
    with pytest.raises(BadRequestData):
        await keys.make_key(accounts, mina, KeyWish("k", ("read",), days=401))
    made = await keys.make_key(accounts, mina, KeyWish("k", ("read", "keys")))
    by_key = await accounts.identity_of_key(made.secret)
    assert by_key is not None
    assert accounts.permissions(by_key) == {Permission.READ, Permission.KEYS}
    with pytest.raises(Denied):
        await keys.make_key(accounts, by_key, KeyWish("k", ("export",)))
    rotated = await keys.rotate_key(accounts, by_key, 1, 0)
    assert await accounts.identity_of_key(made.secret) is None
    assert await accounts.identity_of_key(rotated.secret) == by_key
    await keys.revoke_key(accounts, mina, 1)
    assert await accounts.identity_of_key(rotated.secret) is None


async def test_guessing_numbers_finds_no_key_of_others(accounts: Accounts) -> None:
    mina = await person_of(accounts, "mina", "data-user")
    jun = await person_of(accounts, "jun", "data-user")
    made = await keys.make_key(accounts, mina, KeyWish("k", ("read",)))
    told = []
    for number in (made.key.number, 999):
        with pytest.raises(NotFound) as error:
            await keys.revoke_key(accounts, jun, number)
        told.append(error.value.message.replace(str(number), "N"))
    assert told[0] == told[1]
    assert await accounts.identity_of_key(made.secret) is not None


async def test_a_key_does_not_learn_the_secret_of_one_that_may_do_more(accounts: Accounts) -> None:
    root = await administrator(accounts)
    small = await keys.make_key(accounts, root, KeyWish("small", ("keys", "clients")))
    large = await keys.make_key(accounts, root, KeyWish("large", ("members", "keys")))
    elsewhere = await keys.make_key(accounts, root, KeyWish("elsewhere", ("keys", "clients"), ("lab",)))
    by_small = await accounts.identity_of_key(small.secret)
    assert by_small is not None
    with pytest.raises(Denied):
        await keys.rotate_key(accounts, by_small, large.key.number)
    by_elsewhere = await accounts.identity_of_key(elsewhere.secret)
    assert by_elsewhere is not None
    with pytest.raises(Denied):
        await keys.rotate_key(accounts, by_elsewhere, small.key.number)
    assert (await keys.rotate_key(accounts, by_small, small.key.number)).secret
    assert (await keys.rotate_key(accounts, root, large.key.number)).secret

    made = await clients.register(accounts, root, ClientWish("app"))
    grant = Grant(("city-administrator",), ("members",))
    await clients.let_in(accounts, root, made.client.number, grant)
    with pytest.raises(Denied):
        await clients.new_secret(accounts, by_small, made.client.number, live=True)
    assert (await clients.new_secret(accounts, by_small, made.client.number, live=False)).text
    assert (await clients.new_secret(accounts, root, made.client.number, live=True)).text


async def test_nobody_gains_by_an_application_of_their_own(accounts: Accounts) -> None:
    root = await administrator(accounts)
    made = await clients.register(accounts, root, ClientWish("app"))
    for grant in (Grant(("auditor",), ("read",)), Grant(("city-administrator",), ("audit",))):
        with pytest.raises(Denied):
            await clients.let_in(accounts, root, made.client.number, grant)
