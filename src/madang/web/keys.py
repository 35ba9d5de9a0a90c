"""The pages of one's keys for programs and of one's applications. A new secret is shown once, in the answer to the form."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import RedirectResponse, Response

from madang.errors import BadRequestData, MadangError
from madang.hub.accounts import clients, keys
from madang.hub.accounts.clients import ClientWish, client_id
from madang.hub.accounts.keys import DAYS, OVERLAP_HOURS, KeyWish, works
from madang.store.platform import Client, Key
from madang.trust.identity import Permission
from madang.web.account import organisation_names, require_person, role_label, tabs, whole
from madang.web.form import Form, read_form
from madang.web.headers import SECURITY_HEADERS
from madang.web.sign_in import fault
from madang.web.visit import Visit

KEYS: Final = "/my/keys"
CLIENTS: Final = "/my/clients"
_BYTES_MAX: Final = 16 * 1024
_FIELDS_MAX: Final = 40
_OUTCOMES: Final = ("revoked",)


class Shown:
    """What the answer to a form shows besides the list: a secret, or what is wrong."""

    def __init__(self, secret: str = "", name: str = "", problem: str = "") -> None:
        self.secret = secret
        self.name = name
        self.problem = problem


async def keys_page(visit: Visit) -> Response:
    """GET /{language}/my/keys"""
    return await _keys(visit, Shown())


async def act_on_keys(visit: Visit) -> Response:
    """POST of the page's forms: make, rotate, revoke."""
    require_person(visit)
    form = await read_form(visit, _BYTES_MAX, _FIELDS_MAX)
    accounts, identity = visit.site.accounts, visit.identity
    try:
        match first(form, "action"):
            case "make":
                days = whole(first(form, "days"))
                wish = KeyWish(first(form, "name"), tuple(form.get("scopes", ())), days=days)
                made = await keys.make_key(accounts, identity, wish)
                return await _keys(visit, Shown(made.secret, made.key.name))
            case "rotate":
                made = await keys.rotate_key(accounts, identity, whole(first(form, "number")))
                return await _keys(visit, Shown(made.secret, made.key.name))
            case "revoke":
                await keys.revoke_key(accounts, identity, whole(first(form, "number")))
                return _back(visit, KEYS, "revoked")
            case _:
                raise BadRequestData("The form does not say what to do")
    except MadangError as error:
        return await _keys(visit, Shown(problem=fault(visit, error)))


async def clients_page(visit: Visit) -> Response:
    """GET /{language}/my/clients"""
    return await _clients(visit, Shown())


async def act_on_clients(visit: Visit) -> Response:
    """POST of the page's forms: register, another secret, take away."""
    require_person(visit)
    form = await read_form(visit, _BYTES_MAX, _FIELDS_MAX)
    accounts, identity = visit.site.accounts, visit.identity
    try:
        match first(form, "action"):
            case "register":
                wish = ClientWish(first(form, "name"), first(form, "organisation"))
                made = await clients.register(accounts, identity, wish)
                return await _clients(visit, Shown(made.text, made.client.name))
            case "secret" | "secret-live" as action:
                number = whole(first(form, "number"))
                made = await clients.new_secret(accounts, identity, number, live=action == "secret-live")
                return await _clients(visit, Shown(made.text, made.client.name))
            case "revoke":
                await clients.revoke_client(accounts, identity, whole(first(form, "number")))
                return _back(visit, CLIENTS, "revoked")
            case _:
                raise BadRequestData("The form does not say what to do")
    except MadangError as error:
        return await _clients(visit, Shown(problem=fault(visit, error)))


async def _keys(visit: Visit, shown: Shown) -> Response:
    require_person(visit)
    now = visit.reader.now
    found = await keys.keys(visit.site.accounts, visit.identity)
    allowed = visit.site.accounts.permissions(visit.identity)
    return _page(
        visit,
        "keys.html",
        shown,
        {
            "tab": "keys",
            "keys": [_key(visit, one) for one in found if works(one, now)],
            "former": [_key(visit, one) for one in found if not works(one, now)],
            "scopes": [
                (one.value, permission_label(visit, one.value)) for one in Permission if one in allowed
            ],
            "days": DAYS,
            "overlap": OVERLAP_HOURS,
        },
    )


async def _clients(visit: Visit, shown: Shown) -> Response:
    require_person(visit)
    found = await clients.clients(visit.site.accounts, visit.identity)
    own = visit.identity.organisations
    return _page(
        visit,
        "clients.html",
        shown,
        {
            "tab": "clients",
            "clients": [await client_view(visit, one) for one in found if not one.revoked],
            "organisations": list(zip(own, await organisation_names(visit, own), strict=True)),
        },
    )


def _page(visit: Visit, template: str, shown: Shown, values: dict[str, Any]) -> Response:
    done = visit.request.query_params.get("done", "")
    common = {
        "tabs": tabs(visit),
        "secret": shown.secret,
        "secret_name": shown.name,
        "problem": shown.problem,
        "outcome": visit.t(f"accounts.done-{done}") if done in _OUTCOMES else "",
    }
    response = visit.html(template, common | values, 400 if shown.problem else 200)
    response.headers["Cache-Control"] = "no-store"
    return response


def _key(visit: Visit, key: Key) -> dict[str, Any]:
    scopes = [one.value for one in Permission] if key.scopes is None else key.scopes
    return {
        "number": key.number,
        "name": key.name,
        "scopes": ", ".join(permission_label(visit, one) for one in scopes),
        "hint": key.hint,
        "created": key.created,
        "used": key.used,
        "expires": key.expires,
        "revoked": key.revoked,
    }


async def client_view(visit: Visit, client: Client) -> dict[str, Any]:
    held = await clients.secrets(visit.site.accounts, client)
    organisation = await organisation_names(visit, (client.organisation,) if client.organisation else ())
    return {
        "number": client.number,
        "id": client_id(client),
        "name": client.name,
        "organisation": "".join(organisation),
        "sandbox": client.sandbox,
        "live": client.live,
        "roles": ", ".join(role_label(visit, one) for one in client.roles),
        "scopes": ", ".join(permission_label(visit, one) for one in client.scopes or ()),
        "created": client.created,
        "used": client.used,
        "tried": [one for one in held if not one.live],
        "working": [one for one in held if one.live],
    }


def permission_label(visit: Visit, name: str) -> str:
    return visit.known(f"accounts.permission.{name}") or name


def first(form: Form, name: str) -> str:
    return form.get(name, [""])[0]


def _back(visit: Visit, path: str, done: str) -> Response:
    return RedirectResponse(visit.url(path, {"done": done}), 303, SECURITY_HEADERS)
