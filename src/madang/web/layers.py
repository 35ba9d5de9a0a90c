"""The map's data: one answer per layer or part of the ground, as columns and rows, written slice by slice.

    {"sequence": n, "rows": [[id, name, geometry, observed in ms or null, value ...] ...], "columns": [...]}

A row is written from the stored bytes of its geometry; the event loop breathes after every slice. An answer is kept,
compressed, until an entity of its type changes.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable
from functools import partial
from hashlib import blake2b

import msgspec
import orjson
from starlette.responses import Response, StreamingResponse

from madang import vocabulary
from madang.city.model import Layer, Style
from madang.errors import NotFound
from madang.hub import entities
from madang.ngsild.entity import Entity, Kind
from madang.ngsild.query import Query, Window
from madang.ngsild.selection import TypeExpression
from madang.ngsild.times import parse_moment
from madang.vocabulary import ValueKind
from madang.web.headers import SECURITY_HEADERS
from madang.web.scale import Collected, Scale
from madang.web.show import LOCATION, Shower
from madang.web.visit import Visit

SLICE_ROWS = 256
ROWS_MAX = 100_000
COMPRESSION_LEVEL = 3
# The geometry as the canonical body of a GeoProperty without further members holds it
GEO_HEAD = b'{"type":"GeoProperty","value":'

NS = "https://w3id.org/madang/ns#"
TRANSPORT = "https://smartdatamodels.org/dataModel.Transportation/"
ROAD_CLASS = TRANSPORT + "roadClass"
# What the ground is drawn of: role to types
GROUND: dict[str, tuple[str, ...]] = {
    "green": (NS + "PlantCover",),
    "water": (NS + "WaterBody",),
    "roads": (TRANSPORT + "RoadSegment", TRANSPORT + "Road"),
    "places": ("https://schema.org/AdministrativeArea",),
}
GROUND_LABELS = {"green": "green", "water": "water", "roads": "road", "places": "place"}
ROAD_RANKS = {
    **dict.fromkeys(("motorway", "trunk", "primary"), 1),
    **dict.fromkeys(("secondary", "tertiary"), 2),
    **dict.fromkeys(
        ("footway", "cycleway", "path", "steps", "pedestrian", "bridleway", "track", "corridor"), 4
    ),
}
ROAD_RANK_OTHER = 3


class Column(msgspec.Struct, frozen=True):
    """What the map needs to know of an attribute: how it reads, and how its values are coloured."""

    iri: str
    label: str
    unit: str
    decimals: int | None
    scale: Scale | None


class Plan(msgspec.Struct, frozen=True):
    """What to read and to write. types: IRIs; names of attributes: IRIs. rank: write the street's class instead."""

    types: tuple[str, ...]
    attributes: tuple[str, ...] = ()
    rank: bool = False
    centre: bool = False


# --- handlers ---


async def layer(visit: Visit) -> Response:
    """GET /{language}/city/layers/{layer}: the entities of one layer of the city file."""
    wanted = visit.request.path_params["layer"]
    found = next((candidate for candidate in visit.site.city.layers if candidate.id == wanted), None)
    if found is None:
        raise NotFound(f"The city has no layer '{wanted}'")
    return await answer(visit, plan_of(visit, found))


async def ground(visit: Visit) -> Response:
    """GET /{language}/city/ground/{role}: streets, water, green or the names of districts."""
    role = visit.request.path_params["role"]
    if role not in GROUND:
        raise NotFound(f"The ground has no part '{role}'; it has {', '.join(GROUND)}")
    return await answer(visit, Plan(GROUND[role], rank=role == "roads", centre=role == "places"))


def layer_type(visit: Visit, layer: Layer) -> str:
    return visit.site.hub.contexts.own.expand(layer.type)


def plan_of(visit: Visit, layer: Layer) -> Plan:
    """Buildings carry every attribute by which they can be coloured, other layers the one of the city file."""
    iri = layer_type(visit, layer)
    if layer.style is Style.BUILDING:
        return Plan((iri,), colourable(iri))
    names = (visit.site.hub.contexts.own.expand(layer.attribute),) if layer.attribute else ()
    return Plan((iri,), names)


def colourable(type_iri: str) -> tuple[str, ...]:
    """The numbers and codes that the vocabulary gives to a type."""
    known = vocabulary.entity_type(type_iri)
    if known is None:
        return ()
    wanted = (ValueKind.NUMBER, ValueKind.CODE)
    found = [(name, vocabulary.attribute(name)) for name in known.attributes]
    return tuple(name for name, term in found if term is not None and term.kind in wanted)


# --- answers ---


async def answer(visit: Visit, plan: Plan) -> Response:
    request = visit.request
    version = await visit.live.version(plan.types)
    tag = f'W/"{visit.language}-{version}{seen_by(visit)}"'
    caching = "no-cache" if visit.access.view is None else "private, no-cache"
    headers = {**SECURITY_HEADERS, "ETag": tag, "Cache-Control": caching, "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    plain = slices(visit, plan)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return StreamingResponse(plain, headers=headers, media_type="application/json")
    headers["Content-Encoding"] = "gzip"
    if not visit.access.recorded.isdisjoint(plan.types):
        # Who reads it is recorded each time
        return StreamingResponse(compressed(plain), headers=headers, media_type="application/json")
    kept = visit.kept.find(visit.seer, request.url.path, tag)
    if kept is not None:
        return Response(kept, headers=headers, media_type="application/json")
    keep: Callable[[bytes], None] = partial(visit.kept.keep, visit.seer, request.url.path, tag)
    return StreamingResponse(compressed(plain, keep), headers=headers, media_type="application/json")


def seen_by(visit: Visit) -> str:
    """Tells apart, in a tag, what is shown to those who see different things; "" for those who see everything."""
    if visit.access.view is None:
        return ""
    return "-" + blake2b(repr(visit.seer).encode(), digest_size=8).hexdigest()


async def compressed(
    parts: AsyncIterator[bytes], keep: Callable[[bytes], None] = lambda _content: None
) -> AsyncIterator[bytes]:
    """gzip of the parts as they come; the whole goes to `keep` at the end."""
    packer = zlib.compressobj(COMPRESSION_LEVEL, wbits=31)
    packed = []
    async for part in parts:
        packed.append(packer.compress(part))
        if packed[-1]:
            yield packed[-1]
    packed.append(packer.flush())
    yield packed[-1]
    keep(b"".join(packed))


async def slices(visit: Visit, plan: Plan) -> AsyncIterator[bytes]:
    """The JSON of the answer in parts of at most SLICE_ROWS rows."""
    collected = [Collected(name) for name in plan.attributes]
    sequence = await visit.site.hub.store(visit.access).last_sequence()
    yield b'{"sequence":%d,"rows":[' % sequence
    first = True
    async for page in pages(visit, plan.types):
        rows = [
            row for entity in page if (row := write_row(visit.shower, plan, entity, collected)) is not None
        ]
        if rows:
            yield (b"" if first else b",") + b",".join(rows)
            first = False
        await asyncio.sleep(0)
    columns = [column(visit.shower, one) for one in collected]
    yield b'],"columns":' + orjson.dumps(msgspec.to_builtins(columns)) + b"}"


async def pages(visit: Visit, types: tuple[str, ...]) -> AsyncIterator[tuple[Entity, ...]]:
    """All entities of any of the types, in slices."""
    query = Query(types=TypeExpression(tuple((iri,) for iri in types)))
    cursor = ""
    for _ in range(ROWS_MAX // SLICE_ROWS):
        page = await entities.query(
            visit.site.hub, visit.access, query, Window(limit=SLICE_ROWS, cursor=cursor)
        )
        yield page.entities
        cursor = page.next_cursor
        if not cursor:
            return


def write_row(shower: Shower, plan: Plan, entity: Entity, collected: list[Collected]) -> bytes | None:
    """The row of one entity as JSON; None where it has no location."""
    geometry = geometry_bytes(entity)
    if geometry is None:
        return None
    observed: int | None = None
    values: list[float | None] = [None] * len(plan.attributes)
    rank = ROAD_RANK_OTHER
    for attribute in entity.attributes:
        if plan.rank and attribute.name == ROAD_CLASS:
            rank = ROAD_RANKS.get(str(attribute.members().get("value")), ROAD_RANK_OTHER)
        if attribute.name not in plan.attributes or attribute.dataset_id is not None:
            continue
        index = plan.attributes.index(attribute.name)
        members = attribute.members()
        values[index] = collected[index].take(members.get("value"))
        if "observedAt" in members:
            observed = parse_moment(members["observedAt"]) // 1000
    names = shower.names(entity)
    head = orjson.dumps([entity.id, shower.pick(names)])[:-1]
    tail = orjson.dumps([observed, *([rank] if plan.rank else values)])[1:]
    return head + b"," + geometry + b"," + tail


def geometry_bytes(entity: Entity) -> bytes | None:
    for attribute in entity.attributes:
        if attribute.name != LOCATION or attribute.kind is not Kind.GEO_PROPERTY:
            continue
        body = attribute.body
        if body.startswith(GEO_HEAD) and body.endswith(b"}}"):
            return body[len(GEO_HEAD) : -1]
        return orjson.dumps(attribute.members()["value"])
    return None


def column(shower: Shower, collected: Collected) -> Column:
    term = vocabulary.attribute(collected.iri)
    return Column(
        iri=collected.iri,
        label=shower.label(collected.iri),
        unit=vocabulary.unit_symbol(term.unit) if term and term.unit else "",
        decimals=term.decimals if term else None,
        scale=collected.scale(shower.reader),
    )
