"""Writing entities over HTTP (CIM 009 §6.4 to §6.7): each handler parses and makes one call of the hub.

Reading them stands in `consumption.py`.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

import orjson

from madang.api.call import JSON, Answer, Call
from madang.api.negotiation import body_context, link_context, read_query
from madang.api.problems import problem
from madang.api.reading import require_known
from madang.api.update_result import update_answer
from madang.api.writing import read_merging, read_options, read_types
from madang.errors import BadRequestData, InvalidRequest
from madang.hub import entities
from madang.hub.purge import purge
from madang.ngsild.attribute_values import Part
from madang.ngsild.changes import Mode, Write
from madang.ngsild.context import Context
from madang.ngsild.entity import Entity
from madang.ngsild.expression import linked_depth
from madang.ngsild.identifier import require_uri
from madang.ngsild.parse import parse_entity, parse_fragment
from madang.trust.identity import Action

PURGE: Final = frozenset(
    (
        *("type", "id", "idPattern", "attrs", "q", "expandValues", "jsonKeys", "scopeQ", "csf"),
        *("georel", "geometry", "coordinates", "geoproperty", "geometryProperty"),
        *("keep", "drop", "local"),
    )
)


async def create(call: Call) -> Answer:
    """CIM 009 §5.6.1, §6.4.3.1."""
    read_options(call)
    body = call.json()
    if isinstance(body, list):
        raise InvalidRequest(
            "The body is a list; POST several entities to /ngsi-ld/v1/entityOperations/create"
        )
    entity = parse_entity(body, await body_context(call, body))
    await entities.create(call.hub, call.access, entity)
    return Answer(201, b"", [(b"location", f"/ngsi-ld/v1/entities/{quote(entity.id, safe=':')}".encode())])


async def replace(call: Call) -> Answer:
    """CIM 009 §5.6.18, §6.5.3.3."""
    read_options(call, parameters=("type",))
    body = call.json()
    context = await body_context(call, body)
    fragment = parse_fragment(body, context, call.path[0])
    await entities.replace(call.hub, call.access, fragment, read_types(call, context))
    return Answer(204)


async def merge(call: Call) -> Answer:
    """CIM 009 §5.6.17, §6.5.3.4."""
    merging = read_merging(call)
    body = call.json()
    context = await body_context(call, body)
    fragment = parse_fragment(body, context, call.path[0], partial=Part.MERGE, simplified=merging.simplified)
    change = Write(Mode.MERGE, fragment, read_types(call, context), merging)
    await entities.merge(call.hub, call.access, change)
    return Answer(204)


async def delete(call: Call) -> Answer:
    """CIM 009 §5.6.6, §6.5.3.2."""
    read_options(call, parameters=("type",))
    entity_id = require_uri(call.path[0], "The entity id")
    of_types = read_types(call, await link_context(call)) if call.has_parameters else None
    await entities.delete(call.hub, call.access, entity_id, of_types)
    return Answer(204)


async def purge_all(call: Call) -> Answer:
    """CIM 009 §5.6.21, §6.4.3.3."""
    call.ask_for(Action.ADMINISTER)
    require_known(call, PURGE)
    context = await link_context(call)
    query = read_query(call, context)
    if query.q is not None and linked_depth(query.q):
        raise BadRequestData("A purge looks at no linked entities; q may name attributes of the entity alone")
    keep, drop = call.names("keep"), call.names("drop")
    if keep and drop:
        raise BadRequestData("keep and drop contradict each other; say one of them")
    names = frozenset([context.expand(name) for name in keep or drop])
    refused = await purge(call.hub, call.access, query, names, keep=bool(keep))
    if not refused:
        return Answer(204)
    errors = [{"entityId": identifier, "error": problem(reason)} for identifier, reason in refused]
    return Answer(207, orjson.dumps({"success": [], "errors": errors}), [JSON])


async def append(call: Call) -> Answer:
    """CIM 009 §5.6.3, §6.6.3.1."""
    options = read_options(call, "noOverwrite", parameters=("type",))
    body = call.json()
    context = await body_context(call, body)
    fragment = _fragment(body, context, call.path[0], Part.WHOLE)
    of_types = read_types(call, context)
    overwrite = "noOverwrite" not in options
    return update_answer(
        await entities.append(call.hub, call.access, fragment, of_types, overwrite=overwrite)
    )


async def update(call: Call) -> Answer:
    """CIM 009 §5.6.2, §6.6.3.2."""
    read_options(call, parameters=("type",))
    body = call.json()
    context = await body_context(call, body)
    fragment = _fragment(body, context, call.path[0], Part.UPDATE)
    of_types = read_types(call, context)
    return update_answer(await entities.update(call.hub, call.access, fragment, of_types))


def _fragment(body: Any, context: Context, entity_id: str, partial: Part) -> Entity:
    """The fragment. Raises BadRequestData, also where it says nothing."""
    fragment = parse_fragment(body, context, entity_id, partial=partial)
    if not (fragment.attributes or fragment.types or fragment.scope or fragment.expires_at):
        raise BadRequestData("The body names nothing that could be written; give at least one attribute")
    return fragment
