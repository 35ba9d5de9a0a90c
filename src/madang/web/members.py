"""The pages of those who look after the members: who may sign in, with which roles; and which applications are let in."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import RedirectResponse, Response

from madang.errors import BadRequestData, MadangError, NotFound
from madang.hub.accounts import clients, members
from madang.hub.accounts.clients import Grant
from madang.hub.accounts.links import NewLink
from madang.hub.accounts.members import Standing
from madang.store.platform import Account, Organisation
from madang.trust.identity import Permission
from madang.trust.roles import PLATFORM_OPERATOR, VISITOR
from madang.web import administration
from madang.web.account import organisation_names, role_label, whole
from madang.web.cookies import address_of
from madang.web.form import Form, read_form
from madang.web.headers import SECURITY_HEADERS
from madang.web.keys import client_view, first, permission_label
from madang.web.sign_in import fault
from madang.web.visit import Visit

MEMBERS: Final = "/admin/members"
CLIENTS: Final = "/admin/clients"
_BYTES_MAX: Final = 64 * 1024
_FIELDS_MAX: Final = 300
_OUTCOMES: Final = (
    "changed",
    "suspended",
    "opened",
    "closed",
    "organisation",
    "let-in",
    "shut-out",
    "revoked",
)


async def members_page(visit: Visit) -> Response:
    """GET /{language}/admin/members?after=NUMBER"""
    return await _members(visit)


async def act_on_members(visit: Visit) -> Response:
    """POST of the page's forms: invite somebody, add or take away an organisation."""
    form = await read_form(visit, _BYTES_MAX, _FIELDS_MAX)
    accounts, identity = visit.site.accounts, visit.identity
    try:
        match first(form, "action"):
            case "invite":
                wish = first(form, "login"), first(form, "name")
                invited = await members.invite(accounts, identity, *wish, _standing(form))
                return await _members(visit, link=invited.link, invited=invited.account.name)
            case "organisation":
                organisation = Organisation(first(form, "id").strip(), first(form, "name"))
                await members.put_organisation(accounts, identity, organisation)
                return _back(visit, MEMBERS, "organisation")
            case "organisation-remove":
                await members.remove_organisation(accounts, identity, first(form, "id"))
                return _back(visit, MEMBERS, "organisation")
            case _:
                raise BadRequestData("The form does not say what to do")
    except MadangError as error:
        return await _members(visit, problem=fault(visit, error), form=form)


async def member_page(visit: Visit) -> Response:
    """GET /{language}/admin/members/{number}"""
    return await _member(visit)


async def act_on_member(visit: Visit) -> Response:
    """POST of the page's forms: another standing, a link, suspend, open, close."""
    form = await read_form(visit, _BYTES_MAX, _FIELDS_MAX)
    accounts, identity, number = visit.site.accounts, visit.identity, _number(visit)
    here = f"{MEMBERS}/{number}"
    try:
        match first(form, "action"):
            case "standing":
                await members.change_standing(accounts, identity, number, _standing(form))
                return _back(visit, here, "changed")
            case "link":
                return await _member(visit, link=await members.new_link(accounts, identity, number))
            case "suspend" | "open" as action:
                await members.set_active(accounts, identity, number, active=action == "open")
                return _back(visit, here, "opened" if action == "open" else "suspended")
            case "close":
                await members.close_account(accounts, identity, number)
                return _back(visit, MEMBERS, "closed")
            case _:
                raise BadRequestData("The form does not say what to do")
    except NotFound:
        raise
    except MadangError as error:
        return await _member(visit, problem=fault(visit, error))


async def all_clients_page(visit: Visit) -> Response:
    """GET /{language}/admin/clients"""
    return await _clients(visit)


async def act_on_all_clients(visit: Visit) -> Response:
    """POST of the page's forms: let an application in, shut it out, take it away."""
    form = await read_form(visit, _BYTES_MAX, _FIELDS_MAX)
    accounts, identity = visit.site.accounts, visit.identity
    try:
        number = whole(first(form, "number"))
        match first(form, "action"):
            case "let-in":
                grant = Grant(
                    tuple(form.get("roles", ())), tuple(form.get("scopes", ())), _tenants(form) or ()
                )
                await clients.let_in(accounts, identity, number, grant)
                return _back(visit, CLIENTS, "let-in")
            case "shut-out":
                await clients.shut_out(accounts, identity, number)
                return _back(visit, CLIENTS, "shut-out")
            case "revoke":
                await clients.revoke_client(accounts, identity, number)
                return _back(visit, CLIENTS, "revoked")
            case _:
                raise BadRequestData("The form does not say what to do")
    except MadangError as error:
        return await _clients(visit, fault(visit, error))


async def _members(
    visit: Visit,
    *,
    link: NewLink | None = None,
    invited: str = "",
    problem: str = "",
    form: Form | None = None,
) -> Response:
    after = visit.request.query_params.get("after", "0")
    found, following = await members.members(visit.site.accounts, visit.identity, whole(after))
    return _page(
        visit,
        "members.html",
        problem,
        {
            "members": [await _member_view(visit, one) for one in found],
            "next": visit.url(MEMBERS, {"after": following}) if following else "",
            "first": visit.url(MEMBERS) if after != "0" else "",
            "roles": _roles(visit),
            "organisations": await members.organisations(visit.site.accounts),
            "all_tenants": visit.identity.tenants is None,
            "link": _address(visit, link),
            "invited": invited,
            "login": first(form or {}, "login"),
            "name": first(form or {}, "name") if first(form or {}, "action") == "invite" else "",
        },
    )


async def _member(visit: Visit, *, link: NewLink | None = None, problem: str = "") -> Response:
    account = await members.member(visit.site.accounts, visit.identity, _number(visit))
    return _page(
        visit,
        "member.html",
        problem,
        {
            "account": account,
            "member": await _member_view(visit, account),
            "closed": account.login.startswith("closed:"),
            "own": visit.identity.subject == f"person:{account.number}",
            "roles": _roles(visit, account.roles),
            "organisations": await members.organisations(visit.site.accounts),
            "all_tenants": visit.identity.tenants is None,
            "tenants": ", ".join(one or "default" for one in account.tenants or ()),
            "link": _address(visit, link),
        },
    )


async def _clients(visit: Visit, problem: str = "") -> Response:
    found = await clients.all_clients(visit.site.accounts, visit.identity)
    return _page(
        visit,
        "all_clients.html",
        problem,
        {
            "clients": [await client_view(visit, one) for one in found if not one.revoked],
            "roles": _roles(visit),
            "scopes": [(one.value, permission_label(visit, one.value)) for one in Permission],
        },
    )


def _page(visit: Visit, template: str, problem: str, values: dict[str, Any]) -> Response:
    done = visit.request.query_params.get("done", "")
    outcome = visit.t(f"accounts.done-{done}") if done in _OUTCOMES else ""
    common = {"problem": problem, "outcome": outcome, "tabs": administration.tabs(visit)}
    response = visit.html(template, common | values, 400 if problem else 200)
    response.headers["Cache-Control"] = "no-store"
    return response


async def _member_view(visit: Visit, account: Account) -> dict[str, Any]:
    return {
        "number": account.number,
        "login": account.login,
        "name": account.name or visit.t("accounts.closed"),
        "url": visit.url(f"{MEMBERS}/{account.number}"),
        "roles": ", ".join(role_label(visit, one) for one in account.roles),
        "organisations": ", ".join(await organisation_names(visit, account.organisations)),
        "active": account.active,
        "signed_in": account.signed_in,
        "created": account.created,
    }


def _roles(visit: Visit, held: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Those that somebody can be given, or has."""
    return [
        {"id": name, "name": role_label(visit, name), "held": name in held}
        for name in visit.site.accounts.roles
        if name != VISITOR and (name != PLATFORM_OPERATOR or name in held)
    ]


def _standing(form: Form) -> Standing:
    return Standing(tuple(form.get("roles", ())), _tenants(form), tuple(form.get("organisations", ())))


def _tenants(form: Form) -> tuple[str, ...] | None:
    """ "all" is ticked: all of them; else those that are named, "default" for the one without a name."""
    if first(form, "all-tenants"):
        return None
    named = [one.strip() for one in first(form, "tenants").split(",") if one.strip()]
    return tuple(dict.fromkeys("" if one == "default" else one for one in named or ("default",)))


def _number(visit: Visit) -> int:
    return int(visit.request.path_params["number"])


def _address(visit: Visit, link: NewLink | None) -> str:
    return address_of(visit) + visit.url(link.path) if link is not None else ""


def _back(visit: Visit, path: str, done: str) -> Response:
    return RedirectResponse(visit.url(path, {"done": done}), 303, SECURITY_HEADERS)
