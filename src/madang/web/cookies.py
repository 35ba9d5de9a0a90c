"""The cookies with which a browser shows who uses it: never read by a script, sent over https only where there is https."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from madang.hub.accounts.provided import BEGUN_SECONDS
from madang.hub.accounts.signing_in import Browser, renewed
from madang.hub.trust.credentials import SESSION_COOKIE
from madang.settings import LIMITS
from madang.trust.identity import Kind
from madang.web.visit import Visit

STATE_COOKIE: Final = "madang_state"
RETURN: Final = "/sign-in/return"
"""Where a sign-in provider sends people back to."""


def browser_of(visit: Visit) -> Browser:
    request = visit.request
    address = request.client.host if request.client else ""
    return Browser(address, request.headers.get("user-agent", ""), request.cookies.get(SESSION_COOKIE, ""))


def address_of(visit: Visit) -> str:
    """Where people reach the platform, without a slash at the end."""
    return visit.site.settings.url or str(visit.request.base_url).rstrip("/")


def keep_session(visit: Visit, response: Response, token: str) -> None:
    _set(visit, response, SESSION_COOKIE, token, LIMITS.session_seconds_max)


async def renew_session(visit: Visit, response: Response) -> None:
    """Another value for the cookie now and then, so that one that was seen somewhere is soon worth nothing."""
    if (
        visit.identity.kind is Kind.PERSON
        and visit.site.parts is not None
        and "set-cookie" not in response.headers
    ):
        token = await renewed(visit.site.accounts, visit.request.cookies.get(SESSION_COOKIE, ""))
        if token:
            keep_session(visit, response, token)


def end_session(visit: Visit, response: Response) -> None:
    _set(visit, response, SESSION_COOKIE, "", 0)


def keep_state(visit: Visit, response: Response, secret: str) -> None:
    """Until the provider has sent this browser back."""
    _set(visit, response, STATE_COOKIE, secret, BEGUN_SECONDS)


def end_state(visit: Visit, response: Response) -> None:
    _set(visit, response, STATE_COOKIE, "", 0)


def _set(visit: Visit, response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        httponly=True,
        # A provider sends the browser back from another site
        samesite="lax",
        secure=address_of(visit).startswith("https:"),
    )
