"""/oauth/token: an application shows its secret and gets a token (RFC 6749 §4.4, with its own form of errors)."""

from __future__ import annotations

import base64
import binascii
from typing import Final
from urllib.parse import parse_qs, unquote_plus

from starlette.responses import Response

from madang.api.json_body import limited_body
from madang.api.operations import Asking, Offer, Outcome, answer
from madang.errors import Unauthenticated
from madang.hub.accounts import clients

_FORM: Final = "application/x-www-form-urlencoded"


async def token(asking: Asking) -> Outcome:
    media_type = asking.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    fields = parse_qs((await limited_body(asking.request)).decode("utf-8", "replace"), max_num_fields=20)
    form = {name: values[0] for name, values in fields.items() if len(values) == 1}
    if media_type != _FORM or len(form) != len(fields):
        return _refused(400, "invalid_request", f"The body must be {_FORM}, each of its fields once")
    if form.get("grant_type") != "client_credentials":
        return _refused(400, "unsupported_grant_type", "grant_type must be client_credentials")
    shown = _basic(asking.request.headers.get("authorization", "")) or (
        form.get("client_id", ""),
        form.get("client_secret", ""),
    )
    try:
        new = await clients.token(asking.accounts, *shown)
    except Unauthenticated as error:
        return _refused(401, "invalid_client", error.message)
    told = {
        "access_token": new.text,
        "token_type": "Bearer",
        "expires_in": new.seconds,
        "scope": " ".join(new.scopes),
    }
    return 200, told


OFFERED: Final = (Offer("POST", "/oauth/token", token, None),)


def _basic(header: str) -> tuple[str, str] | None:
    """Identifier and secret of "Authorization: Basic" (§2.3.1), None where there is none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(name), unquote_plus(secret)


def _refused(status: int, error: str, description: str) -> Response:
    headers = {"WWW-Authenticate": 'Basic realm="madang"'} if status == 401 else None
    return answer(status, {"error": error, "error_description": description}, headers)
