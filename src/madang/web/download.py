"""What a reader may take along: a whole list as CSV or GeoJSON, a history as CSV or JSON. Written slice by slice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
from starlette.responses import Response, StreamingResponse

from madang.errors import BadRequestData
from madang.hub import entities
from madang.ngsild.entity import Entity
from madang.ngsild.query import Window
from madang.ngsild.representation import Form, Format, to_feature
from madang.ngsild.times import format_moment
from madang.sheets import BOM, lines
from madang.web import history as past
from madang.web import reasons
from madang.web.headers import SECURITY_HEADERS
from madang.web.listing import Listing, listing_of
from madang.web.ordering import by_ids, ordered_ids
from madang.web.reasons import Taken
from madang.web.show import LOCATION, location, middle
from madang.web.types import seen_attributes
from madang.web.visit import Visit

SLICE_ROWS = 256


async def export(visit: Visit) -> Response:
    """/{language}/types/{type}/export?format=csv|csv-excel|geojson: the whole list that the address filters. POST with
    the reason, where the type is protected."""
    listing = await listing_of(visit)
    asking = await reasons.asked(visit, Taken(visit.shower.type_label(listing.iri), (listing.iri,)))
    if asking is not None:
        return asking
    kind = visit.request.query_params.get("format", "csv")
    name = visit.site.hub.contexts.own.compact(listing.iri).rsplit("/", 1)[-1]
    if kind == "geojson":
        return attachment(features(visit, listing), f"{name}.geojson", "application/geo+json")
    if kind not in ("csv", "csv-excel"):
        raise BadRequestData(f"A list is given as csv, csv-excel or geojson, not as '{kind}'")
    columns = await csv_columns(visit, listing)
    return attachment(
        table(visit, listing, columns, kind == "csv-excel"), f"{name}.csv", "text/csv; charset=utf-8"
    )


def attachment(parts: AsyncIterator[bytes], name: str, media_type: str) -> Response:
    headers = {
        **SECURITY_HEADERS,
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(parts, headers=headers, media_type=media_type)


async def pages(visit: Visit, listing: Listing) -> AsyncIterator[tuple[Entity, ...]]:
    """The whole list in its order, slice by slice."""
    if listing.view.sort and not listing.empty:
        ids = await ordered_ids(visit, listing)
        for begin in range(0, len(ids), SLICE_ROWS):
            yield await by_ids(visit, ids[begin : begin + SLICE_ROWS])
            await asyncio.sleep(0)
        return
    cursor = ""
    while not listing.empty:
        window = Window(limit=SLICE_ROWS, cursor=cursor)
        page = await entities.query(visit.site.hub, visit.access, listing.query, window)
        yield page.entities
        cursor = page.next_cursor
        if not cursor:
            return
        await asyncio.sleep(0)


async def csv_columns(visit: Visit, listing: Listing) -> list[str]:
    """IRIs: the chosen columns, else every attribute that the first entities have."""
    context = visit.site.hub.contexts.own
    if listing.view.columns:
        return [context.expand(term) for term in listing.view.columns]
    first = await entities.query(visit.site.hub, visit.access, listing.query, Window(limit=SLICE_ROWS))
    return seen_attributes(first.entities)


async def table(visit: Visit, listing: Listing, columns: list[str], bom: bool) -> AsyncIterator[bytes]:
    """Names in both languages, the place, then the attributes under their short names, values as they are stored."""
    compact = visit.site.hub.contexts.own.compact
    head = ["id", "name_ko", "name_en", "longitude", "latitude", *map(compact, columns), "observedAt"]
    yield ((BOM if bom else "") + lines([head])).encode()
    async for found in pages(visit, listing):
        yield lines([csv_row(visit, entity, columns) for entity in found]).encode()


def csv_row(visit: Visit, entity: Entity, columns: list[str]) -> list[str]:
    names = visit.shower.names(entity)
    plain = names.get("", "")
    geometry = location(entity)
    at = middle(geometry) if geometry else ("", "")
    members = {attribute.name: attribute for attribute in reversed(entity.attributes)}
    observed = ""
    cells = []
    for iri in columns:
        attribute = members.get(iri)
        cells.append(csv_value(visit, attribute.members(), attribute.kind.value_member) if attribute else "")
    for attribute in entity.attributes:
        observed = max(observed, str(attribute.members().get("observedAt", "")))
    return [
        entity.id,
        names.get("ko", plain),
        names.get("en", plain),
        str(at[0]),
        str(at[1]),
        *cells,
        observed,
    ]


def csv_value(visit: Visit, members: dict[str, object], member: str) -> str:
    value = members.get(member)
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and member == "languageMap":
        return visit.shower.pick(
            {tag: text if isinstance(text, str) else ", ".join(text) for tag, text in value.items()}
        )
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return " ".join(value)
    return orjson.dumps(value).decode()


async def features(visit: Visit, listing: Listing) -> AsyncIterator[bytes]:
    form = Form(context=visit.site.hub.contexts.own, format=Format.SIMPLIFIED, geometry=LOCATION)
    yield b'{"type":"FeatureCollection","features":['
    first = True
    async for found in pages(visit, listing):
        for entity in found:
            yield (b"\n" if first else b",\n") + orjson.dumps(to_feature(entity, form))
            first = False
    yield b"\n]}\n"


async def history(visit: Visit) -> Response:
    """/{language}/entities/{id}/history?attribute=TERM&range=24h&format=csv|json: every value of the range. POST with the
    reason, where the entity is protected."""
    entity = await entities.retrieve(visit.site.hub, visit.access, visit.request.path_params["id"])
    asking = await reasons.asked(visit, Taken(visit.shower.name(entity), entity.types, (entity.id,)))
    if asking is not None:
        return asking
    params = visit.request.query_params
    term, span, kind = params.get("attribute", ""), params.get("range", "all"), params.get("format", "csv")
    if not term:
        raise BadRequestData("Name the attribute whose history you want: ?attribute=pm25")
    if span not in past.RANGES:
        raise BadRequestData(f"The range is one of {', '.join(past.RANGES)}, not '{span}'")
    length = past.RANGES[span]
    start = visit.reader.now - length if length else None
    name = visit.site.hub.contexts.own.expand(term)
    observed = any("observedAt" in attribute.members() for attribute in entity.instances(name))
    found = await past.read(visit.site, visit.access, past.Wanted(entity.id, name, observed, start))
    file = visit.shower.key(entity.id).replace('"', "").encode("ascii", "ignore").decode() or "history"
    if kind == "json":
        return attachment(history_json(entity.id, term, found), f"{file}-{term}.json", "application/json")
    if kind not in ("csv", "csv-excel"):
        raise BadRequestData(f"A history is given as csv, csv-excel or json, not as '{kind}'")
    return attachment(history_csv(visit, term, found, kind), f"{file}-{term}.csv", "text/csv; charset=utf-8")


async def history_csv(visit: Visit, term: str, found: past.Past, kind: str) -> AsyncIterator[bytes]:
    yield ((BOM if kind == "csv-excel" else "") + lines([["observedAt", "local", term, "unitCode"]])).encode()
    for begin in range(0, len(found.times), SLICE_ROWS):
        rows = []
        part = slice(begin, begin + SLICE_ROWS)
        for moment, instance in zip(found.times[part], found.instances[part], strict=True):
            members = orjson.loads(instance.body)
            value = csv_value(visit, members, instance.kind.value_member)
            local = visit.reader.local(moment).strftime("%Y-%m-%d %H:%M:%S")
            rows.append([format_moment(moment), local, value, str(members.get("unitCode", ""))])
        yield lines(rows).encode()
        await asyncio.sleep(0)


async def history_json(entity_id: str, term: str, found: past.Past) -> AsyncIterator[bytes]:
    yield orjson.dumps({"id": entity_id, "attribute": term})[:-1] + b',"values":['
    for begin in range(0, len(found.times), SLICE_ROWS):
        part = slice(begin, begin + SLICE_ROWS)
        rows = [
            orjson.dumps([format_moment(moment), orjson.loads(instance.body).get(instance.kind.value_member)])
            for moment, instance in zip(found.times[part], found.instances[part], strict=True)
        ]
        yield (b"," if begin else b"") + b",\n".join(rows)
        await asyncio.sleep(0)
    yield b"]}\n"
