"""Signing in and out: by password, at a provider, and by a single-use link."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import RedirectResponse, Response

from madang.errors import BadRequestData, MadangError, NotFound, TooManyRequests, Unauthenticated
from madang.hub.accounts import links, signing_in
from madang.hub.accounts.links import Arrival
from madang.hub.accounts.provided import Returned, Wish
from madang.hub.accounts.signing_in import SignedIn
from madang.i18n import LANGUAGES
from madang.store.platform import Errand
from madang.trust.identity import Kind
from madang.web.cookies import (
    RETURN,
    STATE_COOKIE,
    address_of,
    browser_of,
    end_session,
    end_state,
    keep_session,
    keep_state,
)
from madang.web.form import read_form
from madang.web.headers import SECURITY_HEADERS
from madang.web.visit import Visit

PATH: Final = "/sign-in"
_BYTES_MAX: Final = 16 * 1024
_FIELDS_MAX: Final = 20


async def sign_in_page(visit: Visit) -> Response:
    """GET /{language}/sign-in?next=/ko/my"""
    following = local_path(visit.request.query_params.get("next", ""), visit)
    if visit.identity.kind is Kind.PERSON:
        return RedirectResponse(following, 303, SECURITY_HEADERS)
    return _sign_in(visit, following)


async def sign_in(visit: Visit) -> Response:
    """POST of the form."""
    form = await fields(visit)
    following = local_path(form.get("next", ""), visit)
    login = form.get("login", "")
    try:
        signed_in = await signing_in.sign_in(
            visit.site.accounts, login, form.get("password", ""), browser_of(visit)
        )
    except Unauthenticated:
        return _sign_in(visit, following, login, visit.t("accounts.wrong"), 401)
    except TooManyRequests as error:
        minutes = -(-int(error.detail or "60") // 60)
        told = visit.t("accounts.too-often", count=minutes)
        response = _sign_in(visit, following, login, told, 429)
        response.headers["Retry-After"] = error.detail
        return response
    return _signed_in(visit, signed_in, following)


async def sign_out(visit: Visit) -> Response:
    """POST, from the head of every page."""
    await signing_in.end_session(visit.site.accounts, browser_of(visit).token)
    response = RedirectResponse(visit.url(PATH, {"done": "out"}), 303, SECURITY_HEADERS)
    end_session(visit, response)
    # Pages that were kept to be shown offline or on the way back are somebody's
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


async def begin(visit: Visit) -> Response:
    """GET /{language}/sign-in/{provider}: to the provider."""
    back = local_path(visit.request.query_params.get("next", ""), visit)
    begun = await visit.site.desk.begin(
        visit.request.path_params["provider"], Wish(address_of(visit) + RETURN, back)
    )
    response = RedirectResponse(begun.url, 303, {**SECURITY_HEADERS, "Cache-Control": "no-store"})
    keep_state(visit, response, begun.secret)
    return response


async def returned(visit: Visit) -> Response:
    """GET /sign-in/return: from the provider."""
    query = visit.request.query_params
    sent = Returned(
        state=query.get("state", ""),
        code=query.get("code", ""),
        secret=visit.request.cookies.get(STATE_COOKIE, ""),
        issuer=query.get("iss", ""),
        error=query.get("error", ""),
    )
    finished = await visit.site.desk.finish(sent, browser_of(visit))
    response = RedirectResponse(finished.back, 303, SECURITY_HEADERS)
    if finished.signed_in is not None:
        keep_session(visit, response, finished.signed_in.token)
    end_state(visit, response)
    return response


async def welcome_page(visit: Visit) -> Response:
    """GET /{language}/welcome/{secret}: what the link is for. Nothing is used up by looking."""
    return await _welcome(visit, {}, "")


async def welcome(visit: Visit) -> Response:
    """POST: choose the password, and be signed in."""
    form = await fields(visit)
    arrival = Arrival(form.get("password", ""), form.get("login", ""), form.get("name", ""))
    if arrival.password != form.get("again", ""):
        return await _welcome(visit, form, visit.t("accounts.fault.again"))
    secret = visit.request.path_params["secret"]
    try:
        signed_in = await links.arrive(visit.site.accounts, secret, arrival, browser_of(visit))
    except BadRequestData as error:
        return await _welcome(visit, form, fault(visit, error))
    return _signed_in(visit, signed_in, visit.url("/my"))


async def _welcome(visit: Visit, form: dict[str, str], problem: str) -> Response:
    try:
        found = await links.opened(visit.site.accounts, visit.request.path_params["secret"])
    except NotFound:
        response = visit.html("welcome.html", {"errand": "over", "problem": ""}, 404)
    else:
        response = visit.html(
            "welcome.html",
            {
                "errand": "first" if found.errand is Errand.FIRST else "password",
                "account": found.account,
                "action": visit.request.url.path,
                "login": form.get("login", ""),
                "name": form.get("name", ""),
                "problem": problem,
            },
            400 if problem else 200,
        )
    # The address is a secret; it is told to no other site, as no address of a page is
    response.headers["Cache-Control"] = "no-store"
    return response


def _sign_in(visit: Visit, following: str, login: str = "", problem: str = "", status: int = 200) -> Response:
    shown: dict[str, Any] = {
        "next": following,
        "login": login[:200],
        "problem": problem,
        "out": visit.request.query_params.get("done") == "out",
        "providers": [
            {
                "name": visit.shower.pick(one.names) or one.id,
                "url": visit.url(f"{PATH}/{one.id}", {"next": following}),
            }
            for one in visit.site.desk.providers.all.values()
        ],
    }
    response = visit.html("sign_in.html", shown, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _signed_in(visit: Visit, signed_in: SignedIn, following: str) -> Response:
    response = RedirectResponse(following, 303, SECURITY_HEADERS)
    keep_session(visit, response, signed_in.token)
    return response


async def fields(visit: Visit) -> dict[str, str]:
    """Of a form, the first value of each. Raises BadRequestData, TooLarge, Denied."""
    form = await read_form(visit, _BYTES_MAX, _FIELDS_MAX)
    return {name: values[0] for name, values in form.items()}


def local_path(text: str, visit: Visit) -> str:
    """A page of this site to go on to; one's own account where the text is none, or leads elsewhere."""
    local = text.isprintable() and "\\" not in text
    local = local and text.startswith(tuple(f"/{language}/" for language in LANGUAGES))
    return text if local else visit.url("/my")


def fault(visit: Visit, error: MadangError) -> str:
    """What is wrong with what somebody wrote into a form; in the reader's language where there is a text for it."""
    return (visit.known(f"accounts.fault.{error.detail}") if error.detail else "") or error.message
