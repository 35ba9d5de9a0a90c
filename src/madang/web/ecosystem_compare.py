"""The page that compares: two days of the city, or the city with another one whose outcome somebody brought here."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import msgspec
from starlette.responses import RedirectResponse, Response

from madang.ecosystem import others
from madang.ecosystem.outcome import Outcome
from madang.ecosystem.telling import comparison, components, exports, names
from madang.ecosystem.telling.comparison import Pair
from madang.errors import BadRequestData, Conflict, NotFound
from madang.settings import LIMITS
from madang.trust.identity import Permission
from madang.web.ecosystem import outcome_of, outcomes, page, waiting
from madang.web.ecosystem_data import given
from madang.web.form import read_parts
from madang.web.headers import SECURITY_HEADERS
from madang.web.visit import Visit

PATH: Final = "/ecosystem/compare"
# What names an outcome of another city in addresses
_OTHER: Final = "other:"
_FILES: Final = ("csv", "csv-excel")
_DAYS_MAX: Final = 400


async def compare_page(visit: Visit) -> Response:
    """GET /{language}/ecosystem/compare?day=2026-01-01&with=2025-01-01 or with=other:garam.2026-01-01"""
    return await _page(visit)


async def act(visit: Visit) -> Response:
    """POST of the page's forms: bring an outcome of another city, or take it away."""
    # Whoever does not see what an outcome is made of has none to compare with
    if await outcomes(visit).latest(visit.access) is None:
        raise NotFound("There is no analysis yet with which another city could be compared")
    form = await read_parts(visit, LIMITS.outcome_bytes_max)
    try:
        query = await _done(form, outcomes(visit).folder(visit.access))
    except BadRequestData:
        return await _page(visit, visit.t("ecosystem-compare.no-outcome"))
    except Conflict:
        return await _page(visit, visit.t("ecosystem-compare.too-many", count=LIMITS.others_kept_max))
    return RedirectResponse(visit.url(PATH, query), 303, SECURITY_HEADERS)


async def _done(form: dict[str, bytes], folder: Path) -> dict[str, str]:
    """What the form asks for; gives what the next address says. Raises NotFound, BadRequestData, Conflict."""
    match form.get("action", b"").decode("utf-8", "replace"):
        case "add":
            added = await asyncio.to_thread(others.add, folder, form.get("file", b""))
            return {"with": _OTHER + added.key, "done": "added"}
        case "remove":
            key = form.get("key", b"").decode("utf-8", "replace")
            await asyncio.to_thread(others.remove, folder, key)
            return {"done": "removed"}
        case _:
            raise BadRequestData("The form does not say what to do")


async def data(visit: Visit) -> Response:
    """GET /{language}/ecosystem/compare/data/{table}.{csv|csv-excel}?day=&with="""
    code, _, kind = visit.request.path_params["file"].partition(".")
    outcome = await outcome_of(visit)
    theirs = await _theirs(visit, visit.request.query_params.get("with", "")) if outcome is not None else None
    if outcome is None or theirs is None:
        raise NotFound("There are not two analyses to compare")
    if code not in comparison.TABLES or kind not in _FILES:
        raise NotFound(f"There is no table '{code:.40}.{kind:.20}'; there are {', '.join(comparison.TABLES)}")
    table = comparison.TABLES[code](_pair(visit, outcome, theirs), visit.reader).table
    return given(
        exports.csv(table, bom=kind == "csv-excel").encode(), f"{code}.csv", "text/csv; charset=utf-8"
    )


async def _page(visit: Visit, problem: str = "") -> Response:
    outcome = await outcome_of(visit)
    if outcome is None:
        return await waiting(visit)
    params = visit.request.query_params
    made = outcomes(visit)
    days = made.days(visit.access)[:_DAYS_MAX]
    brought = others.listed(made.folder(visit.access))
    day = params.get("day", "") or (days[0] if days else "")
    wanted = params.get("with", "") or _usual(day, days, [_OTHER + one.key for one in brought])
    theirs = await _theirs(visit, wanted) if wanted else None
    done = params.get("done", "")
    values = {
        "tab": "",
        "days": days,
        "chosen_day": day,
        "wanted": wanted,
        "brought": [(_OTHER + one.key, one.key, f"{one.city} {one.day}") for one in brought],
        "action": visit.url(PATH),
        "may_bring": visit.may(Permission.WRITE),
        "problem": problem,
        "done": visit.t(f"ecosystem-compare.done.{done}") if done in ("added", "removed") else "",
        "pair": None,
    }
    if theirs is not None:
        values.update(_compared(visit, _pair(visit, outcome, theirs), (day, wanted)))
    response = page(visit, outcome, "compare", values)
    if problem:
        response.status_code = 400
    return response


def _compared(visit: Visit, pair: Pair, address: tuple[str, str]) -> dict[str, object]:
    """address: the day and with what, as the address has them."""
    reader = visit.reader
    shown, scores = comparison.scores(pair, reader)
    day, wanted = address
    return {
        "pair": pair,
        "warnings": comparison.warnings(pair, reader),
        "verdict": comparison.verdicts(pair, reader),
        "components": scores,
        "scores": [
            (one, names.component(reader, one.component), components.spread(one, reader))
            for one in shown.components
        ],
        "tables": [
            comparison.measures(pair, reader),
            comparison.indicators(pair, reader),
            comparison.flowing(pair, reader),
            comparison.lagging(pair, reader),
            comparison.classes(pair, reader),
        ],
        "moved": comparison.moved(pair, reader) if pair.same_city else None,
        "files_of": lambda code: (
            [(kind, visit.url(f"{PATH}/data/{code}.{kind}", {"day": day, "with": wanted})) for kind in _FILES]
            if visit.may(Permission.EXPORT)
            else []
        ),
    }


def _usual(day: str, days: list[str], brought: list[str]) -> str:
    """With what a day is compared where nothing is named: the one before it, else another city."""
    earlier = [one for one in days if one < day]
    return earlier[0] if earlier else brought[0] if brought else ""


async def _theirs(visit: Visit, wanted: str) -> Outcome | None:
    """Raises NotFound, Denied."""
    if not wanted:
        return None
    if wanted.startswith(_OTHER):
        folder = outcomes(visit).folder(visit.access)
        return await asyncio.to_thread(others.read, folder, wanted.removeprefix(_OTHER))
    return await outcomes(visit).on(visit.access, wanted)


def _pair(visit: Visit, ours: Outcome, theirs: Outcome) -> Pair:
    found = Pair(ours, theirs, "", "")
    our_name, their_name = (comparison.name_of(one, visit.reader) for one in (ours, theirs))
    if found.same_city:
        our_name, their_name = (visit.reader.local(one.read).date().isoformat() for one in (ours, theirs))
    return msgspec.structs.replace(found, our_name=our_name, their_name=their_name)
