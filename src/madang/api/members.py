"""/api/members and /api/organisations: who may sign in, with which roles. For those who look after them."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from madang.api.accounts import moment
from madang.api.json_body import decoded
from madang.api.operations import Asking, Offer, Outcome
from madang.errors import BadRequestData
from madang.hub.accounts import members
from madang.hub.accounts.links import NewLink
from madang.hub.accounts.members import Standing
from madang.store.platform import Account, Organisation
from madang.trust.access import DEFAULT_TENANT
from madang.trust.identity import Permission

_MEMBER: Final = "/api/members/{number:int}"
_ORGANISATION: Final = "/api/organisations/{id:path}"


class Invitation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As in `Standing`, and what the person is called."""

    login: str
    name: str
    roles: tuple[str, ...]
    tenants: tuple[str, ...] | None = (DEFAULT_TENANT,)
    organisations: tuple[str, ...] = ()


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    active: bool


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str


async def list_members(asking: Asking) -> Outcome:
    """?after=NUMBER: some of them, by number."""
    after = asking.request.query_params.get("after", "0")
    if not (after.isascii() and after.isdigit() and len(after) < 16):
        raise BadRequestData("Parameter after must be the number of a member")
    found, following = await members.members(asking.accounts, asking.identity, int(after))
    return 200, {"members": [_member(one) for one in found], "next": following or None}


async def member(asking: Asking) -> Outcome:
    number = asking.request.path_params["number"]
    return 200, _member(await members.member(asking.accounts, asking.identity, number))


async def invite(asking: Asking) -> Outcome:
    """The link with which the person chooses a password is in this answer and never again."""
    wish = await decoded(asking.request, Invitation)
    standing = Standing(wish.roles, wish.tenants, wish.organisations)
    invited = await members.invite(asking.accounts, asking.identity, wish.login, wish.name, standing)
    return 201, {**_member(invited.account), "link": _link(invited.link)}


async def change_standing(asking: Asking) -> Outcome:
    standing = await decoded(asking.request, Standing)
    number = asking.request.path_params["number"]
    return 200, _member(await members.change_standing(asking.accounts, asking.identity, number, standing))


async def change(asking: Asking) -> Outcome:
    wish = await decoded(asking.request, Change)
    number = asking.request.path_params["number"]
    account = await members.set_active(asking.accounts, asking.identity, number, active=wish.active)
    return 200, _member(account)


async def new_link(asking: Asking) -> Outcome:
    number = asking.request.path_params["number"]
    return 201, {"link": _link(await members.new_link(asking.accounts, asking.identity, number))}


async def close_account(asking: Asking) -> Outcome:
    await members.close_account(asking.accounts, asking.identity, asking.request.path_params["number"])
    return 204, None


async def list_organisations(asking: Asking) -> Outcome:
    found = await members.organisations(asking.accounts)
    return 200, {"organisations": [{"id": one.id, "name": one.name} for one in found]}


async def put_organisation(asking: Asking) -> Outcome:
    wish = await decoded(asking.request, Named)
    organisation = Organisation(asking.request.path_params["id"], wish.name)
    await members.put_organisation(asking.accounts, asking.identity, organisation)
    return 204, None


async def remove_organisation(asking: Asking) -> Outcome:
    await members.remove_organisation(asking.accounts, asking.identity, asking.request.path_params["id"])
    return 204, None


OFFERED: Final = (
    Offer("GET", "/api/members", list_members, Permission.MEMBERS),
    Offer("POST", "/api/members", invite, Permission.MEMBERS),
    Offer("GET", _MEMBER, member, Permission.MEMBERS),
    Offer("PATCH", _MEMBER, change, Permission.MEMBERS),
    Offer("DELETE", _MEMBER, close_account, Permission.MEMBERS),
    Offer("PUT", _MEMBER + "/standing", change_standing, Permission.MEMBERS),
    Offer("POST", _MEMBER + "/link", new_link, Permission.MEMBERS),
    Offer("GET", "/api/organisations", list_organisations, Permission.MEMBERS),
    Offer("PUT", _ORGANISATION, put_organisation, Permission.MEMBERS),
    Offer("DELETE", _ORGANISATION, remove_organisation, Permission.MEMBERS),
)


def _member(account: Account) -> dict[str, Any]:
    return {
        "number": account.number,
        "login": account.login,
        "name": account.name,
        "roles": list(account.roles),
        "tenants": None if account.tenants is None else list(account.tenants),
        "organisations": list(account.organisations),
        "active": account.active,
        "created": moment(account.created),
        "signedIn": moment(account.signed_in),
    }


def _link(link: NewLink) -> dict[str, Any]:
    """path: behind the address of the platform and a language, such as /en."""
    return {"path": link.path, "expires": moment(link.expires)}
