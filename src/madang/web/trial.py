"""The roles of an open city, to be tried without an account: what one sees then is what that role would see."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from madang.errors import BadRequestData, NotFound
from madang.hub.trust.credentials import ROLE_COOKIE
from madang.web.form import read_form
from madang.web.visit import Visit

_FORM_BYTES_MAX = 4096


async def choose(visit: Visit) -> Response:
    """POST /{language}/try: the role of the form, "" for none, until the browser is closed; back to where one was."""
    if not visit.site.gate.open:
        raise NotFound("Roles are tried in open cities only")
    form = await read_form(visit, _FORM_BYTES_MAX, 4)
    role = form.get("role", [""])[0]
    if role and not visit.site.policies.knows_role(role):
        raise BadRequestData(f"There is no role {role[:60]}")
    response = RedirectResponse(own_path(form.get("back", [""])[0]) or visit.url("/city"), 303)
    if role:
        response.set_cookie(ROLE_COOKIE, role, httponly=True, samesite="lax")
    else:
        response.delete_cookie(ROLE_COOKIE, httponly=True, samesite="lax")
    return response


def own_path(text: str) -> str:
    """A path of this platform, "" for whatever else: an address of another site may not be led to from here."""
    harmless = text.startswith("/") and text.isprintable() and not any(one in text for one in ("\\", "//"))
    return text if harmless else ""
