"""What a request shows of who sends it, taken out of its headers. Whether it is worth anything is the gate's matter."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import msgspec

SESSION_COOKIE: Final = "madang_session"
ROLE_COOKIE: Final = "madang_role"
"""The role that a visitor of an open city tries."""
KEY_PREFIX: Final = "mdk_"
"""With which every key of the platform begins, so that it is known for one, in a header as in a log."""


class Credentials(msgspec.Struct, frozen=True):
    """Each "" if there is none. session, role: of cookies. key: of a program. bearer: a token of an application, or a
    key as well."""

    session: str = ""
    role: str = ""
    key: str = ""
    bearer: str = ""

    @property
    def by_cookie(self) -> bool:
        """Whether a browser sends them by itself, so that another site may have made it ask."""
        return not (self.key or self.bearer)


NONE: Final = Credentials()


def read_credentials(cookie: str, authorization: str, key: str) -> Credentials:
    """Of the headers Cookie, Authorization and X-API-Key, each "" if it is not there. A key or a token goes before a
    cookie: who shows one means it."""
    if key:
        return Credentials(key=key)
    if authorization:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() == "basic":
            # An application that asks for a token; nowhere else does it count
            return NONE
        # What another scheme shows is a token that nobody gave out
        return Credentials(bearer=token.strip() if scheme.lower() == "bearer" else authorization)
    cookies = _cookies(cookie)
    return Credentials(session=cookies.get(SESSION_COOKIE, ""), role=cookies.get(ROLE_COOKIE, ""))


def is_own_page(fetch_site: str, origin: str, host: str) -> bool:
    """Whether what changes something may be done for a request with these headers (Sec-Fetch-Site, Origin and Host, each
    "" if it is not there): not if a page of another site makes a browser send it. Programs send neither."""
    if fetch_site:
        return fetch_site in ("same-origin", "none")
    return not origin or urlsplit(origin).netloc == host


def _cookies(header: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in header.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}
