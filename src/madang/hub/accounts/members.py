"""Who may sign in, with which roles, in which tenants and organisations: the work of those who look after the members.

Nobody changes what they themselves may do; that is for somebody else, so that one person alone gains nothing. Who
may ask some tenants only looks after people of those only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from madang.errors import BadRequestData, Denied, NotFound
from madang.hub.accounts.accounts import Accounts, person
from madang.hub.accounts.keys import revoke
from madang.hub.accounts.links import NewLink, make_link
from madang.hub.accounts.names import login_of, name_of
from madang.hub.hub import require_tenant_name
from madang.ngsild.identifier import is_uri
from madang.store.audit import Deed
from madang.store.platform import Account, Errand, Organisation
from madang.trust.access import DEFAULT_TENANT
from madang.trust.identity import Identity, Kind, Permission
from madang.trust.roles import PLATFORM_OPERATOR, VISITOR

PAGE: Final = 50
_LOOKED_AT: Final = 500


class Standing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a member may do. tenants: None for all, which only who may ask all can give. organisations: URNs."""

    roles: tuple[str, ...]
    tenants: tuple[str, ...] | None = (DEFAULT_TENANT,)
    organisations: tuple[str, ...] = ()


class Invited(msgspec.Struct, frozen=True):
    account: Account
    link: NewLink


async def members(accounts: Accounts, identity: Identity, after: int = 0) -> tuple[list[Account], int]:
    """Some of those whom this one looks after, by number, and behind which the next ones come, 0 for none."""
    _require(accounts, identity)
    found: list[Account] = []
    while len(found) <= PAGE:
        some = await accounts.platform.accounts.page(after, _LOOKED_AT)
        found += [one for one in some if _within(identity, one.tenants)]
        if len(some) < _LOOKED_AT:
            break
        after = some[-1].number
    return found[:PAGE], found[PAGE - 1].number if len(found) > PAGE else 0


async def member(accounts: Accounts, identity: Identity, number: int) -> Account:
    """Raises Denied, NotFound."""
    _require(accounts, identity)
    account = await accounts.platform.accounts.get(number)
    if account is None or not _within(identity, account.tenants):
        raise NotFound(f"There is no member {number}")
    return account


async def invite(
    accounts: Accounts, identity: Identity, login: str, name: str, standing: Standing
) -> Invited:
    """Make an account without a password, and a link with which its person chooses one.

    Raises AlreadyExists, BadRequestData, Denied."""
    _require(accounts, identity)
    await require_standing(accounts, identity, standing)
    account = Account(
        number=0,
        login=login_of(login),
        name=name_of(name),
        roles=standing.roles,
        tenants=standing.tenants,
        organisations=standing.organisations,
        created=accounts.clock.now(),
    )
    account = await accounts.platform.accounts.add(account)
    await accounts.record(identity.subject, Deed.ACCOUNT, f"person:{account.number}", "invited")
    return Invited(account, await make_link(accounts, Errand.INVITATION, account.number))


async def change_standing(accounts: Accounts, identity: Identity, number: int, standing: Standing) -> Account:
    """It counts from the next request on. Raises Denied for one's own, NotFound, BadRequestData."""
    account = await _others(accounts, identity, number)
    await require_standing(accounts, identity, standing, account)
    told = ", ".join(standing.roles)
    await accounts.record(identity.subject, Deed.ACCOUNT, f"person:{number}", f"roles: {told}")
    return await accounts.platform.accounts.change(
        number,
        lambda one: msgspec.structs.replace(
            one, roles=standing.roles, tenants=standing.tenants, organisations=standing.organisations
        ),
    )


async def set_active(accounts: Accounts, identity: Identity, number: int, *, active: bool) -> Account:
    """Who is not cannot sign in, and their keys and applications do not work. Raises Denied for oneself, NotFound."""
    await _others(accounts, identity, number)
    told = "opened" if active else "suspended"
    await accounts.record(identity.subject, Deed.ACCOUNT, f"person:{number}", told)
    account = await accounts.platform.accounts.change(
        number, lambda one: msgspec.structs.replace(one, active=active)
    )
    if not active:
        await accounts.platform.sessions.end_all(number)
    return account


async def new_link(accounts: Accounts, identity: Identity, number: int) -> NewLink:
    """For who was invited, or forgot the password. Who has it is that person, so nobody gets one for a person who may do
    more than they themselves: that takes a command on the machine. Raises Denied, NotFound."""
    account = await _others(accounts, identity, number)
    invited = not account.signed_in and not await accounts.platform.accounts.providers(number)
    beyond = accounts.permissions(person(account)) - accounts.permissions(identity)
    if beyond and not invited:
        raise Denied(
            "This person may do more than you, so you cannot open their account; `madang account reset` can",
            detail="more",
        )
    if not account.active:
        raise Denied("The account is suspended; open it first")
    await accounts.record(identity.subject, Deed.PASSWORD, f"person:{number}", "link")
    return await make_link(accounts, Errand.INVITATION if invited else Errand.RESET, number)


async def close_account(accounts: Accounts, identity: Identity, number: int) -> None:
    """Forget who it was: its name goes, and all with which somebody could show to be it. Its number remains, in the
    audit. People may close their own. Raises Denied, NotFound."""
    if identity.kind is not Kind.PERSON or identity.subject != f"person:{number}":
        await _others(accounts, identity, number)
    await accounts.record(identity.subject, Deed.ACCOUNT, f"person:{number}", "closed")
    await revoke(accounts, await accounts.platform.keys.of(number))
    store = accounts.platform.accounts
    for issuer in await store.providers(number):
        await store.leave_provider(number, issuer)
    await store.set_password(number, "")
    await store.change(
        number,
        lambda one: Account(number, f"closed:{number}", "", (), (), active=False, created=one.created),
    )


async def organisations(accounts: Accounts) -> list[Organisation]:
    return await accounts.platform.accounts.organisations()


async def put_organisation(accounts: Accounts, identity: Identity, organisation: Organisation) -> None:
    """Raises Denied, BadRequestData."""
    _require(accounts, identity)
    if not is_uri(organisation.id):
        raise BadRequestData("An organisation is named by a URI, that of its entity where there is one")
    await accounts.record(identity.subject, Deed.ORGANISATION, organisation.id)
    await accounts.platform.accounts.put_organisation(
        Organisation(organisation.id, name_of(organisation.name))
    )


async def remove_organisation(accounts: Accounts, identity: Identity, organisation_id: str) -> None:
    _require(accounts, identity)
    await accounts.record(identity.subject, Deed.ORGANISATION, organisation_id, "removed")
    await accounts.platform.accounts.remove_organisation(organisation_id)


async def require_standing(
    accounts: Accounts, identity: Identity, standing: Standing, former: Account | None = None
) -> None:
    """Raises BadRequestData for what there is not, Denied for what this one may not give."""
    # A command knows no city file, so none of the roles that one defines
    if identity.kind is not Kind.OPERATOR:
        refuse_operator(standing.roles, former.roles if former is not None else ())
        require_roles(accounts, standing.roles)
    require_tenants(identity, standing.tenants)
    known = {one.id for one in await organisations(accounts)}
    if unknown := [one for one in standing.organisations if one not in known]:
        raise BadRequestData(f"There is no organisation {unknown[0][:200]}; add it first")


def require_roles(accounts: Accounts, roles: Iterable[str]) -> None:
    """Raises BadRequestData for one that there is not."""
    for role in roles:
        if role not in accounts.roles or role == VISITOR:
            given = ", ".join(one for one in accounts.roles if one != VISITOR)
            raise BadRequestData(f"'{role[:80]}' is no role that somebody can have; there are {given}")


def refuse_operator(roles: Iterable[str], former: Iterable[str] = ()) -> None:
    """Raises Denied for the role of who runs the platform. former: roles that are there already, which may stay."""
    if PLATFORM_OPERATOR in roles and PLATFORM_OPERATOR not in former:
        raise Denied(f"Only a command on the machine gives the role {PLATFORM_OPERATOR}: `madang account`")


def require_tenants(identity: Identity, tenants: tuple[str, ...] | None) -> None:
    """Raises Denied for those that are not the identity's, whether there are such tenants or not."""
    for tenant in tenants or ():
        if tenant != DEFAULT_TENANT:
            require_tenant_name(tenant)
    if not _within(identity, tenants):
        raise Denied("You may give only tenants that you may ask yourself")


async def _others(accounts: Accounts, identity: Identity, number: int) -> Account:
    """Raises Denied for oneself, NotFound."""
    account = await member(accounts, identity, number)
    if f"person:{number}" in (identity.subject, identity.owner):
        raise Denied(
            "Nobody changes what they may do themselves; ask somebody else who looks after the members"
        )
    return account


def _require(accounts: Accounts, identity: Identity) -> None:
    if Permission.MEMBERS not in accounts.permissions(identity):
        raise Denied("This is for those who look after the members")


def _within(identity: Identity, tenants: tuple[str, ...] | None) -> bool:
    return identity.tenants is None or (tenants is not None and identity.tenants.issuperset(tenants))
