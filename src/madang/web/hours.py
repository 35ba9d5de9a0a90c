"""How much of the city reported in each of the last 24 hours: the bars at the foot of the map.

Reading every history would take long, so a few stations stand for all, the same ones for everybody, and the answer
holds for some minutes. The page says so.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from starlette.responses import Response

from madang.city.model import Style
from madang.hub import entities
from madang.i18n import HOUR, MINUTE
from madang.ngsild.entity import Entity
from madang.ngsild.query import Query, Window
from madang.ngsild.selection import type_is
from madang.web import history
from madang.web.layers import layer_type
from madang.web.visit import Visit

HOURS = 24
STATIONS_MAX = 16
CANDIDATES_MAX = 200
HOLDS = 5 * MINUTE
ADDRESS = "hours"


class Hours(msgspec.Struct, frozen=True):
    """begin: of the first hour. shares: of the stations that reported in each hour; none where nothing is live."""

    begin: int
    shares: tuple[float, ...]
    stations: int


async def hours(visit: Visit) -> Response:
    """GET /{language}/city/hours: a fragment of the page."""
    now = visit.reader.now
    tag = str(now // HOLDS)
    kept = visit.kept.find(visit.seer, ADDRESS, tag)
    found = msgspec.json.decode(kept, type=Hours) if kept else await count(visit, now)
    if kept is None:
        visit.kept.keep(visit.seer, ADDRESS, tag, msgspec.json.encode(found))
    return visit.html("hours.html", {"hours": found, "bars": bars(visit, found)})


async def count(visit: Visit, now: int) -> Hours:
    begin = now // HOUR * HOUR - (HOURS - 1) * HOUR
    stations = await sample(visit)
    reported = [0] * HOURS
    for entity, name in stations:
        past = await history.read(visit.site, visit.access, history.Wanted(entity.id, name, start=begin))
        for index in {(moment - begin) // HOUR for moment in past.times}:
            if 0 <= index < HOURS:
                reported[index] += 1
        await asyncio.sleep(0)
    return Hours(
        begin, tuple(number / len(stations) for number in reported) if stations else (), len(stations)
    )


async def sample(visit: Visit) -> list[tuple[Entity, str]]:
    """(station, attribute), evenly out of the layers that show values of things that report."""
    expand = visit.site.hub.contexts.own.expand
    found: list[tuple[Entity, str]] = []
    for layer in visit.site.city.layers:
        if layer.style is not Style.VALUE or not layer.attribute:
            continue
        name = expand(layer.attribute)
        query = Query(types=type_is(layer_type(visit, layer)))
        page = await entities.query(visit.site.hub, visit.access, query, Window(limit=CANDIDATES_MAX))
        found += [
            (entity, name)
            for entity in page.entities
            if any("observedAt" in attribute.members() for attribute in entity.instances(name))
        ]
    step = max(1, len(found) // STATIONS_MAX)
    return found[step // 2 :: step][:STATIONS_MAX]


def bars(visit: Visit, found: Hours) -> list[dict[str, Any]]:
    """What the template draws: height of 0 to 100, the hour, whether it carries a label."""
    drawn = []
    for index, share in enumerate(found.shares):
        moment = found.begin + index * HOUR
        drawn.append(
            {
                "share": share,
                "percent": visit.reader.percent(share),
                "clock": visit.reader.moment(moment, "clock"),
                "labelled": visit.reader.local(moment).hour % 6 == 0,
            }
        )
    return drawn
