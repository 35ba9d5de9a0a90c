"""Why somebody takes protected things away: the page that asks for it, and the record of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from starlette.responses import Response

from madang.hub.trust import audit
from madang.hub.trust.audit_reading import reason_of
from madang.store.audit import About, Deed
from madang.web.form import read_form
from madang.web.visit import Visit

_FORM_BYTES_MAX: Final = 8192
_FIELDS_MAX: Final = 5


class Taken(msgspec.Struct, frozen=True):
    """What somebody wants to take away. name: for people. types: IRIs. entities: ids, where it is of single things."""

    name: str
    types: Sequence[str]
    entities: tuple[str, ...] = ()


async def asked(visit: Visit, taken: Taken) -> Response | None:
    """None if it may be taken now; else the page that asks why. What is said there, and what was taken, is recorded."""
    protected = visit.access.recorded.intersection(taken.types)
    if not protected:
        return None
    if visit.request.method != "POST":
        address = visit.request.url.path + (f"?{visit.request.url.query}" if visit.request.url.query else "")
        return visit.html("reason.html", {"name": taken.name, "action": address})
    form = await read_form(visit, _FORM_BYTES_MAX, _FIELDS_MAX)
    reason = reason_of(form.get("reason", [""])[0])
    visit.access = msgspec.structs.replace(visit.access, reason=reason)
    about = About("history" if taken.entities else "list", taken.entities, tuple(sorted(protected)))
    await audit.record(visit.site.hub, visit.access, Deed.DOWNLOAD, about)
    return None
