"""/api/audit: who did and read what, for auditors: to list, to check, to take away, and the review of each month.

Not a part of NGSI-LD. `docs/trust.md` shows how it is used.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from madang.api.json_body import decoded
from madang.api.operations import Asking, Handler, Offer
from madang.errors import BadRequestData
from madang.hub.trust import audit_reading, audit_review
from madang.hub.trust.audit_review import Line, Review
from madang.hub.trust.audit_telling import COLUMNS, Said, cells, every, told, wanted
from madang.ngsild.context import Context
from madang.ngsild.times import format_moment
from madang.settings import LIMITS
from madang.sheets import lines
from madang.store.audit import Chain, Wanted
from madang.trust.identity import Permission

BASE: Final = "/api/audit"
_MONTH: Final = BASE + "/months/{month}"
_PAGE: Final = 100
_NUMBER_DIGITS_MAX: Final = 15


class _Found(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """note: what the review found."""

    note: str


def offered(zone: ZoneInfo) -> tuple[Offer, ...]:
    """zone: of the city, in which its months begin."""
    audit = Permission.AUDIT
    return (
        Offer("GET", BASE, events, audit),
        Offer("GET", BASE + "/export", export, audit),
        Offer("GET", BASE + "/check", check, audit),
        Offer("GET", _MONTH, _of_month(zone), audit),
        Offer("POST", _MONTH, _month_reviewed(zone), audit),
    )


async def events(asking: Asking) -> tuple[int, Any]:
    """?subject=&deed=&object=&entity=&since=&until=&chain=tenant|platform&limit=&before=NUMBER: the newest first."""
    limit = _number(asking.request, "limit", _PAGE)
    if not 1 <= limit <= LIMITS.page_entities_max:
        raise BadRequestData(f"limit is {limit}, but must be from 1 to {LIMITS.page_entities_max}")
    before = _number(asking.request, "before", 0)
    found = await _chain(asking).page(_wanted(asking.request), limit + 1, before)
    shown = [told(one, _context(asking)) for one in found[:limit]]
    return 200, {"events": shown, "next": shown[-1]["number"] if len(found) > limit else None}


async def export(asking: Asking) -> Response:
    """?format=csv|jsonl&reason=: all that is wanted, as above. That it was taken away is recorded with the reason."""
    form = asking.request.query_params.get("format", "csv")
    if form not in ("csv", "jsonl"):
        raise BadRequestData(f"Events are given as csv or jsonl, not as '{form[:40]}'")
    chain, asked = _chain(asking), _wanted(asking.request)
    reason = asking.request.query_params.get("reason", "")
    await audit_reading.taken(asking.hub, asking.access, _which(asking.request), reason)
    parts = (
        _sheet(chain, asked, _context(asking)) if form == "csv" else _lines(chain, asked, _context(asking))
    )
    headers = {
        "Content-Disposition": f'attachment; filename="audit.{form}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    media_type = "text/csv; charset=utf-8" if form == "csv" else "application/x-ndjson"
    return StreamingResponse(parts, headers=headers, media_type=media_type)


async def check(asking: Asking) -> tuple[int, Any]:
    """Whether the chain is whole. head: to be kept elsewhere, so that a later check can compare."""
    verdict = await audit_reading.verify(asking.hub, asking.access, _which(asking.request))
    return 200, {
        "events": verdict.events,
        "head": str(verdict.head),
        "right": not verdict.fault,
        "fault": verdict.fault,
    }


def _of_month(zone: ZoneInfo) -> Handler:
    async def month(asking: Asking) -> tuple[int, Any]:
        which, month = _which(asking.request), asking.request.path_params["month"]
        found = await audit_review.review(asking.hub, asking.access, which, month, zone)
        return 200, _review(found, _context(asking))

    return month


def _month_reviewed(zone: ZoneInfo) -> Handler:
    async def reviewed(asking: Asking) -> tuple[int, Any]:
        told = await decoded(asking.request, _Found)
        month = asking.request.path_params["month"]
        await audit_review.reviewed(asking.hub, asking.access, month, told.note, zone)
        return 204, None

    return reviewed


def _review(found: Review, context: Context) -> dict[str, Any]:
    return {
        "month": found.month,
        "since": format_moment(found.since),
        "until": format_moment(found.until),
        "subjects": [_line(line) for line in found.lines],
        "reviews": [told(one, context) for one in found.done],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "subject": line.subject,
        "events": line.events,
        "things": line.things,
        "mostOnOneDay": line.most,
        "deeds": {deed.value: n for deed, n in line.deeds.items()},
        "marks": [mark.value for mark in line.marks],
    }


async def _sheet(chain: Chain, asked: Wanted, context: Context) -> AsyncIterator[str]:
    yield lines([COLUMNS])
    async for some in every(chain, asked):
        yield lines(cells(one, context) for one in some)


async def _lines(chain: Chain, asked: Wanted, context: Context) -> AsyncIterator[bytes]:
    async for some in every(chain, asked):
        yield b"".join(orjson.dumps(told(one, context)) + b"\n" for one in some)


def _which(request: Request) -> audit_reading.Which:
    return audit_reading.which(request.query_params.get("chain", ""))


def _chain(asking: Asking) -> Chain:
    return audit_reading.chain_of(asking.hub, asking.access, _which(asking.request))


def _wanted(request: Request) -> Wanted:
    names = ("subject", "deed", "object", "entity", "since", "until")
    return wanted(Said(*(request.query_params.get(name, "") for name in names)))


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= _NUMBER_DIGITS_MAX):
        raise BadRequestData(f"Parameter {name} must be a number")
    return int(text)


def _context(asking: Asking) -> Context:
    return asking.hub.contexts.own
