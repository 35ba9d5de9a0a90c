"""The pages of the network of firms: how it is built, and the list of its organisations with their map."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.responses import Response

from madang import vocabulary
from madang.ecosystem.figures.points import Dot, points
from madang.ecosystem.outcome import Outcome, Standing
from madang.ecosystem.participation import CITY
from madang.ecosystem.telling import industry, names, network, positions
from madang.ecosystem.telling.positions import Filter
from madang.ecosystem.telling.shown import Shown
from madang.errors import BadRequestData
from madang.i18n import Reader
from madang.web.ecosystem import outcome_of, page, waiting
from madang.web.entity import ground_config
from madang.web.visit import Visit

FIRMS: Final = "/ecosystem/firms"
_FIRST_ROWS: Final = 20
_ROWS: Final = 50
_MAP_ZOOM: Final = 15.0
_MAP_THINGS_MAX: Final = 1000
# Colours of the roles on the map
_ROLE_TONES: Final = {"keystone": "cat-3", "dominator": "cat-2", "niche": "cat-1", "": "cat-7"}


async def network_page(visit: Visit) -> Response:
    """GET /{language}/ecosystem/network?day="""
    outcome = await outcome_of(visit)
    if outcome is None:
        return await waiting(visit)
    reader = visit.reader
    ranks = positions.ranks(outcome, reader)
    first = msgspec.structs.replace(ranks.table, rows=ranks.table.rows[:_FIRST_ROWS])
    return page(
        visit,
        outcome,
        "network",
        {
            "title": reader.t("ecosystem.network.title"),
            "lead": network.lead(outcome, reader),
            "head_source": network.source(outcome, reader),
            "cores": network.cores(outcome, reader),
            "measures": network.measures(outcome, reader),
            "ranks": msgspec.structs.replace(ranks, table=first),
            "count": outcome.network.counts.organisations,
            "roles": positions.roles(outcome, reader),
            "communities": positions.communities(outcome, reader),
            "robustness": network.robustness(outcome, reader),
            "years": network.years(outcome, reader),
            "firms_url": lambda **query: firms_url(visit, **query),
            "firm_url": lambda one: firm_url(visit, one),
        },
    )


async def firms_page(visit: Visit) -> Response:
    """GET /{language}/ecosystem/firms?text=&category=&layer=&area=&role=&community=&core=1&sort=&map=1&from=50&day="""
    outcome = await outcome_of(visit)
    if outcome is None:
        return await waiting(visit)
    params, reader = visit.request.query_params, visit.reader
    wanted = filter_of(visit)
    begin = _whole(params.get("from", ""))
    shown = positions.ranks(outcome, reader, wanted)
    rows = shown.table.rows
    query = _query(visit, wanted)
    return page(
        visit,
        outcome,
        "firms",
        {
            "tab": "network",
            "shown": _part(shown, begin),
            "wanted": wanted,
            "begin": begin,
            "total": len(rows),
            "every": len(outcome.standings),
            "departments": sum(one.category == CITY for one in outcome.standings),
            "choices": choices(outcome, reader),
            "sorts": [(one, reader.t(f"ecosystem-firms.sort.{one}")) for one in positions.SORTS],
            "query": query,
            "map": place(visit, outcome, wanted) if params.get("map") == "1" else None,
            "table_url": visit.url(FIRMS, {**query, "map": ""}),
            "map_url": visit.url(FIRMS, {**query, "map": "1"}),
            "next": visit.url(FIRMS, {**query, "from": begin + _ROWS}) if begin + _ROWS < len(rows) else "",
            "first": visit.url(FIRMS, query) if begin else "",
            "plain": visit.url(FIRMS, {"day": query["day"]}),
            "firm_url": lambda one: firm_url(visit, one),
        },
    )


def firm_url(visit: Visit, organisation: str) -> str:
    day = visit.request.query_params.get("day", "")
    return visit.url(f"{FIRMS}/{organisation}", {"day": day})


def firms_url(visit: Visit, **query: str) -> str:
    return visit.url(FIRMS, {**query, "day": visit.request.query_params.get("day", "")})


def filter_of(visit: Visit) -> Filter:
    """Which organisations the address asks for. Raises BadRequestData."""
    params = visit.request.query_params
    sort = params.get("sort", "") or positions.SORTS[0]
    if sort not in positions.SORTS:
        raise BadRequestData(
            f"Organisations are ordered by {', '.join(positions.SORTS)}, not by '{sort:.20}'"
        )
    return Filter(
        category=params.get("category", ""),
        layer=params.get("layer", ""),
        area=params.get("area", ""),
        role=params.get("role", ""),
        community=params.get("community", ""),
        core=params.get("core") == "1",
        text=params.get("text", "").strip(),
        sort=sort,
    )


def choices(outcome: Outcome, reader: Reader) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """(name of the parameter, label, (code, label) of what there is) of each filter."""
    every = outcome.standings
    categories = sorted({one.category for one in every if one.category})
    layers = sorted({one.layer for one in every if one.layer})
    areas = _in_order("serviceArea", {one.area for one in every if one.area})
    return [
        (
            "category",
            reader.t("ecosystem.position.category"),
            [(one, positions.category(reader, one)) for one in categories],
        ),
        (
            "layer",
            reader.t("ecosystem.industry.layer"),
            [(one, industry.layer(reader, one)) for one in layers],
        ),
        ("area", reader.t("ecosystem.industry.area"), [(one, industry.area(reader, one)) for one in areas]),
        (
            "role",
            reader.t("ecosystem.position.role"),
            [(one or "none", positions.role_label(reader, one)) for one in positions.ROLES],
        ),
    ]


def place(visit: Visit, outcome: Outcome, wanted: Filter) -> dict[str, Any]:
    """The organisations that are listed on a map, those of the highest rank first; and the same as a figure, for readers
    without script."""
    every = [one for _, one in positions.chosen(outcome, wanted)]
    known = [one for one in every if one.place is not None]
    shown = known[:_MAP_THINGS_MAX]
    return {
        "config": {
            "ground": ground_config(visit),
            "things": [[one.id, names.of(visit.reader, one.names, one.id), _point(one)] for one in shown],
            "link": visit.url(f"{FIRMS}/{{id}}"),
            "zoom": _MAP_ZOOM,
        },
        "figure": Shown(
            title=visit.t("ecosystem-firms.map"),
            finding="",
            source=network.source(outcome, visit.reader),
            table=positions.ranks(outcome, visit.reader, wanted).table,
            label=visit.t("ecosystem-firms.map-label", count=len(shown)),
            draw=lambda sheet: points([_dot(visit, one) for one in shown], sheet),
        ),
        "placed": len(known),
        "shown": len(shown),
        "of": len(every),
    }


def _dot(visit: Visit, one: Standing) -> Dot:
    assert one.place is not None
    label = names.of(visit.reader, one.names, one.id)
    return Dot(
        one.place, label, 1.0 + one.partners, _ROLE_TONES.get(one.role, "cat-7"), firm_url(visit, one.id)
    )


def _point(one: Standing) -> dict[str, Any]:
    assert one.place is not None
    return {"type": "Point", "coordinates": list(one.place)}


def _part(shown: Shown, begin: int) -> Shown:
    table = msgspec.structs.replace(shown.table, rows=shown.table.rows[begin : begin + _ROWS])
    return msgspec.structs.replace(shown, table=table)


def _query(visit: Visit, wanted: Filter) -> dict[str, str]:
    """The parameters of a list's address."""
    params = visit.request.query_params
    return {
        "text": wanted.text,
        "category": wanted.category,
        "layer": wanted.layer,
        "area": wanted.area,
        "role": wanted.role,
        "community": wanted.community,
        "core": "1" if wanted.core else "",
        "sort": "" if wanted.sort == positions.SORTS[0] else wanted.sort,
        "map": "1" if params.get("map") == "1" else "",
        "day": params.get("day", ""),
    }


def _in_order(attribute: str, codes: set[str]) -> list[str]:
    """In the order of the vocabulary, then those that it does not know."""
    known = vocabulary.attribute(vocabulary.context().expand(attribute))
    order = list(known.values) if known is not None else []
    return sorted(codes, key=lambda code: (order.index(code) if code in order else len(order), code))


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0
