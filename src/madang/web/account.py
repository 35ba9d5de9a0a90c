"""My account: what one is called and may do, where one has signed in, and how one signs in."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import RedirectResponse, Response

from madang.errors import BadRequestData, MadangError, Unauthenticated
from madang.hub.accounts import members, provided, signing_in
from madang.hub.accounts.accounts import own_account
from madang.hub.accounts.provided import Wish
from madang.hub.accounts.signing_in import NewPassword
from madang.i18n import join
from madang.trust.identity import Kind, Permission
from madang.web.cookies import RETURN, address_of, browser_of, end_session, keep_session, keep_state
from madang.web.headers import SECURITY_HEADERS
from madang.web.sign_in import PATH as SIGN_IN
from madang.web.sign_in import fault, fields
from madang.web.visit import Visit

PATH: Final = "/my"
# Each browser also names those that it wants to be taken for, so the first one that is found counts
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("Whale/", "Whale"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_OUTCOMES: Final = ("renamed", "password", "ended", "parted", "joined")


async def account_page(visit: Visit) -> Response:
    """GET /{language}/my?done=renamed"""
    return await _page(visit)


async def act(visit: Visit) -> Response:
    """POST of the page's forms."""
    require_person(visit)
    form = await fields(visit)
    try:
        return await _carry_out(visit, form.get("action", ""), form)
    except MadangError as error:
        return await _page(visit, form.get("action", ""), fault(visit, error))


async def _carry_out(visit: Visit, action: str, form: dict[str, str]) -> Response:
    accounts, identity = visit.site.accounts, visit.identity
    match action:
        case "rename":
            await signing_in.rename(accounts, identity, form.get("name", ""))
            return _back(visit, "renamed")
        case "password":
            return await _change_password(visit, form)
        case "end":
            await signing_in.end_own_session(accounts, identity, whole(form.get("number", "")))
            return _back(visit, "ended")
        case "end-others":
            await signing_in.end_other_sessions(accounts, identity, browser_of(visit).token)
            return _back(visit, "ended")
        case "join":
            return await _join(visit, form.get("provider", ""))
        case "part":
            await provided.part(visit.site.desk, identity, form.get("provider", ""))
            return _back(visit, "parted")
        case "close":
            return await _close(visit, form)
        case _:
            raise BadRequestData("The form does not say what to do")


async def _change_password(visit: Visit, form: dict[str, str]) -> Response:
    if form.get("password", "") != form.get("again", ""):
        raise BadRequestData("The two new passwords differ", detail="again")
    passwords = NewPassword(form.get("former", ""), form.get("password", ""))
    signed_in = await signing_in.change_password(
        visit.site.accounts, visit.identity, passwords, browser_of(visit)
    )
    response = _back(visit, "password")
    keep_session(visit, response, signed_in.token)
    return response


async def _join(visit: Visit, provider: str) -> Response:
    """A form may not lead to another site, so the page that follows has a link to it."""
    wish = Wish(address_of(visit) + RETURN, visit.url(PATH, {"done": "joined"}), visit.identity)
    begun = await visit.site.desk.begin(provider, wish)
    name = visit.shower.pick(visit.site.desk.providers.all[provider].names) or provider
    response = visit.html("join.html", {"go": begun.url, "name": name})
    response.headers["Cache-Control"] = "no-store"
    keep_state(visit, response, begun.secret)
    return response


async def _close(visit: Visit, form: dict[str, str]) -> Response:
    account = await own_account(visit.site.accounts, visit.identity)
    if form.get("login", "") != account.login:
        raise BadRequestData("The name to sign in with is not yours", detail="close")
    await members.close_account(visit.site.accounts, visit.identity, account.number)
    response = RedirectResponse(visit.url(SIGN_IN, {"done": "out"}), 303, SECURITY_HEADERS)
    end_session(visit, response)
    return response


async def _page(visit: Visit, action: str = "", problem: str = "") -> Response:
    require_person(visit)
    accounts = visit.site.accounts
    account = await own_account(accounts, visit.identity)
    present = await accounts.session(browser_of(visit).token)
    joined = await accounts.platform.accounts.providers(account.number)
    done = visit.request.query_params.get("done", "")
    shown: dict[str, Any] = {
        "account": account,
        "roles": [role_label(visit, name) for name in account.roles],
        "organisations": await organisation_names(visit, account.organisations),
        "sessions": [
            {
                "number": one.number,
                "browser": browser_label(one.browser),
                "seen": one.seen,
                "created": one.created,
                "present": present is not None and one.number == present.number,
            }
            for one in await signing_in.own_sessions(accounts, visit.identity)
        ],
        "has_password": bool(await accounts.platform.accounts.password(account.number)),
        "providers": [
            {"id": one.id, "name": visit.shower.pick(one.names) or one.id, "joined": one.issuer in joined}
            for one in visit.site.desk.providers.all.values()
        ],
        "tabs": tabs(visit),
        "tab": "account",
        "wrong": action,
        "problem": problem,
        "outcome": visit.t(f"accounts.done-{done}") if done in _OUTCOMES else "",
    }
    response = visit.html("account.html", shown, 400 if problem else 200)
    response.headers["Cache-Control"] = "no-store"
    return response


def require_person(visit: Visit) -> None:
    """Raises Unauthenticated for who has not signed in as a person."""
    if visit.identity.kind is not Kind.PERSON:
        raise Unauthenticated("This is for people who have signed in")


def tabs(visit: Visit) -> list[dict[str, str]]:
    """The pages of one's own that this reader has."""
    found = [("account", PATH, True)]
    found.append(("data", PATH + "/data", True))
    found.append(("keys", PATH + "/keys", visit.may(Permission.KEYS)))
    found.append(("clients", PATH + "/clients", visit.may(Permission.CLIENTS)))
    return [
        {"id": name, "url": visit.url(path), "name": visit.t(f"accounts.tab-{name}")}
        for name, path, shown in found
        if shown
    ]


def role_label(visit: Visit, name: str) -> str:
    role = visit.site.accounts.roles.get(name)
    return (visit.shower.pick(role.labels) if role is not None else "") or name


async def organisation_names(visit: Visit, identifiers: tuple[str, ...]) -> list[str]:
    known = {one.id: one.name for one in await members.organisations(visit.site.accounts)}
    return [known.get(one, one) for one in identifiers]


def browser_label(agent: str) -> str:
    """What people call the browser that calls itself so: "Chrome · Windows"; "" if that is not known."""
    names = (
        *[name for sign, name in _BROWSERS if sign in agent][:1],
        *[name for sign, name in _SYSTEMS if sign in agent][:1],
    )
    return join(list(names))


def whole(text: str) -> int:
    """A number of a form. Raises BadRequestData."""
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise BadRequestData("The form does not say which one")
    return int(text)


def _back(visit: Visit, done: str) -> Response:
    return RedirectResponse(visit.url(PATH, {"done": done}), 303, SECURITY_HEADERS)
