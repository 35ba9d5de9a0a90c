"""The auditor's pages: who did and read what, whether the record is whole, a sheet to take away, and each month's review."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from starlette.responses import RedirectResponse, Response

from madang import vocabulary
from madang.errors import BadRequestData
from madang.hub.trust import audit_reading, audit_review
from madang.hub.trust.audit_reading import Which
from madang.hub.trust.audit_telling import COLUMNS, cells, every
from madang.sheets import BOM, lines
from madang.store.audit import Chain, Deed, Recorded, Wanted
from madang.web import administration
from madang.web.audit_names import names_of
from madang.web.download import attachment
from madang.web.form import read_form
from madang.web.headers import SECURITY_HEADERS
from madang.web.visit import Visit

PATH: Final = "/admin/audit"
_ROWS: Final = 50
_THINGS_SHOWN: Final = 3
_FORM_BYTES_MAX: Final = 16 * 1024
_FIELDS_MAX: Final = 20
_MONTHS_SHOWN: Final = 13
# What a reader looks for first; what the platform notes by itself comes last
_PLATFORM_DEEDS: Final = (Deed.ANCHOR, Deed.CUT)


class Filter(msgspec.Struct, frozen=True):
    """What the form asks for, as it was typed; days of the city. which: of which chain."""

    which: Which = Which.TENANT
    subject: str = ""
    deed: str = ""
    entity: str = ""
    begin: str = ""
    end: str = ""

    @property
    def query(self) -> dict[str, str]:
        chain = "" if self.which is Which.TENANT else self.which.value
        return {
            "chain": chain,
            "subject": self.subject,
            "deed": self.deed,
            "entity": self.entity,
            "begin": self.begin,
            "end": self.end,
        }


def filter_of(values: dict[str, str]) -> Filter:
    """Raises BadRequestData."""
    deed = values.get("deed", "")
    if deed and deed not in set(Deed):
        raise BadRequestData(f"'{deed[:40]}' is no deed; there are {', '.join(Deed)}")
    texts = (values.get(name, "").strip() for name in ("subject", "entity", "begin", "end"))
    subject, entity, begin, end = texts
    return Filter(audit_reading.which(values.get("chain", "")), subject, deed, entity, begin, end)


def wanted_of(visit: Visit, asked: Filter) -> Wanted:
    """Raises BadRequestData."""
    return Wanted(
        asked.subject,
        Deed(asked.deed) if asked.deed else None,
        "",
        asked.entity,
        day(visit, asked.begin) if asked.begin else None,
        day(visit, asked.end, after=1) if asked.end else None,
    )


def day(visit: Visit, text: str, after: int = 0) -> int:
    """When a day of the city begins, or another so many days after it. Raises BadRequestData."""
    try:
        begin = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=visit.site.zone)
        return int((begin + timedelta(days=after)).timestamp()) * 1_000_000
    except (ValueError, OverflowError) as error:
        raise BadRequestData(f"'{text[:40]}' is no day; write it as 2026-01-31") from error


async def audit_page(visit: Visit) -> Response:
    """GET /{language}/admin/audit?chain=&subject=&deed=&entity=&begin=&end=&before=NUMBER&check=1"""
    query = dict(visit.request.query_params)
    asked = filter_of(query)
    given = query.get("before", "")
    before = int(given) if given.isascii() and given.isdigit() and len(given) < 16 else 0
    chain = audit_reading.chain_of(visit.site.hub, visit.access, asked.which)
    found = await chain.page(wanted_of(visit, asked), _ROWS + 1, before)
    shown = found[:_ROWS]
    names = await names_of(visit, {one.event.subject for one in shown} | {one.event.object for one in shown})
    following = {**asked.query, "before": shown[-1].number} if len(found) > _ROWS else {}
    checked = None
    if query.get("check"):
        checked = await audit_reading.verify(visit.site.hub, visit.access, asked.which)
    return visit.html(
        "audit.html",
        {
            "asked": asked,
            "narrowed": any(value for name, value in asked.query.items() if name != "chain"),
            "tabs": administration.tabs(visit),
            "chains": chains(visit, asked.which),
            "rows": [row(visit, one, names) for one in shown],
            "deeds": [(deed.value, visit.t(f"audit.deed.{deed.value}")) for deed in Deed],
            "months": months(visit, asked.which),
            "checked": checked,
            "check_url": visit.url(PATH, {**asked.query, "check": "1"}) + "#check",
            "next": visit.url(PATH, following) if following else "",
            "first": visit.url(PATH, asked.query) if before else "",
            "all_url": visit.url(PATH, {"chain": asked.query["chain"]}),
            "years": visit.site.settings.audit_years,
        },
    )


def chains(visit: Visit, chosen: Which) -> list[tuple[str, str, bool]]:
    """(address, words, whether it is this one)."""
    return [
        (
            visit.url(PATH, {"chain": "" if one is Which.TENANT else one.value}),
            visit.t(f"audit.chain.{one.value}"),
            one is chosen,
        )
        for one in (Which.TENANT, Which.PLATFORM)
    ]


def months(visit: Visit, which: Which) -> list[tuple[str, str]]:
    """(address, month in words) of the last months, the newest first."""
    local = visit.reader.local(visit.reader.now).replace(day=15)
    found = []
    for _ in range(_MONTHS_SHOWN):
        moment = int(local.timestamp()) * 1_000_000
        month = audit_review.month_of(moment, visit.site.zone)
        found.append((month_url(visit, month, which), visit.reader.moment(moment, "month")))
        local = (local.replace(day=1) - timedelta(days=1)).replace(day=15)
    return found


def month_url(visit: Visit, month: str, which: Which) -> str:
    return visit.url(f"{PATH}/months/{month}", {"chain": "" if which is Which.TENANT else which.value})


def row(visit: Visit, one: Recorded, names: dict[str, str]) -> dict[str, Any]:
    """An event as the table shows it."""
    event = one.event
    things = [(visit.entity_url(entity), visit.shower.key(entity)) for entity in event.entities]
    return {
        "number": one.number,
        "time": one.time,
        "subject": event.subject,
        "name": names.get(event.subject, ""),
        "deed": visit.t(f"audit.deed.{event.deed.value}"),
        "object": names.get(event.object, "") or event.object,
        "types": [visit.shower.type_label(name) for name in event.types],
        "things": things[:_THINGS_SHOWN],
        "rest": things[_THINGS_SHOWN:],
        "forgotten": one.forgotten,
        "purpose": vocabulary.purpose_label(event.purpose, visit.language) if event.purpose else "",
        "reason": event.reason,
        "rules": event.rules,
        "origin": event.origin,
        "request": event.request,
        "hash": one.hash.hex(),
    }


async def export(visit: Visit) -> Response:
    """POST of the page's form: all that is asked for as a sheet; that it was taken away is recorded with the reason."""
    form = await read_form(visit, _FORM_BYTES_MAX, _FIELDS_MAX)
    values = {name: found[0] for name, found in form.items()}
    asked = filter_of(values)
    chain = audit_reading.chain_of(visit.site.hub, visit.access, asked.which)
    wanted = wanted_of(visit, asked)
    await audit_reading.taken(visit.site.hub, visit.access, asked.which, values.get("reason", ""))
    return attachment(sheet(visit, chain, wanted), "audit.csv", "text/csv; charset=utf-8")


async def sheet(visit: Visit, chain: Chain, wanted: Wanted) -> AsyncIterator[bytes]:
    context = visit.site.hub.contexts.own
    yield (BOM + lines([COLUMNS])).encode()
    async for some in every(chain, wanted):
        yield lines(cells(one, context) for one in some).encode()


async def month_page(visit: Visit) -> Response:
    """GET /{language}/admin/audit/months/{month}?chain="""
    which = audit_reading.which(visit.request.query_params.get("chain", ""))
    month = visit.request.path_params["month"]
    found = await audit_review.review(visit.site.hub, visit.access, which, month, visit.site.zone)
    names = await names_of(
        visit, {line.subject for line in found.lines} | {one.event.subject for one in found.done}
    )
    return visit.html(
        "audit_month.html",
        {
            "month": visit.reader.moment(found.since, "month"),
            "which": which,
            "tabs": administration.tabs(visit),
            "chains": [
                (month_url(visit, month, one), words, chosen)
                for one, words, chosen in _month_chains(visit, which)
            ],
            "lines": [line_view(visit, line, names, found) for line in found.lines],
            "marked": sum(bool(line.marks) for line in found.lines),
            "total": sum(line.events for line in found.lines),
            "reviews": [
                (one.time, names.get(one.event.subject, "") or one.event.subject, one.event.reason)
                for one in found.done
            ],
            "over": found.until <= visit.reader.now,
            "action": visit.url(f"{PATH}/months/{month}"),
            "back": visit.url(PATH, {"chain": "" if which is Which.TENANT else which.value}),
            "done": visit.request.query_params.get("done") == "1",
            "many": audit_review.MANY_THINGS,
        },
    )


def _month_chains(visit: Visit, which: Which) -> Iterable[tuple[Which, str, bool]]:
    return [
        (one, visit.t(f"audit.chain.{one.value}"), one is which) for one in (Which.TENANT, Which.PLATFORM)
    ]


def line_view(
    visit: Visit, line: audit_review.Line, names: dict[str, str], found: audit_review.Review
) -> dict[str, Any]:
    last = visit.reader.local(found.until - 1)
    span = {"begin": f"{visit.reader.local(found.since):%Y-%m-%d}", "end": f"{last:%Y-%m-%d}"}
    return {
        "subject": line.subject,
        "name": names.get(line.subject, ""),
        "url": visit.url(PATH, {"subject": line.subject, **span}),
        "events": line.events,
        "things": line.things,
        "most": line.most,
        "deeds": [(visit.t(f"audit.deed.{deed.value}"), n) for deed, n in sorted(line.deeds.items())],
        "marks": [visit.t(f"audit.mark.{mark.value}") for mark in line.marks],
    }


async def review(visit: Visit) -> Response:
    """POST of the month's form: that it has been reviewed, with what was found."""
    form = await read_form(visit, _FORM_BYTES_MAX, _FIELDS_MAX)
    month = visit.request.path_params["month"]
    note = form.get("note", [""])[0]
    await audit_review.reviewed(visit.site.hub, visit.access, month, note, visit.site.zone)
    return RedirectResponse(
        visit.url(f"{PATH}/months/{month}", {"done": "1"}) + "#review", 303, SECURITY_HEADERS
    )
