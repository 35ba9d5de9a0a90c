"""Writing entities over HTTP (CIM 009 §6.4 to §6.7): each handler parses and makes one call of the hub.

Reading them stands in `consumption.py`.
"""

from __future__ import annotations

from urllib.parse import quote

from madang.api.call import Answer, Call
from madang.api.negotiation import body_context
from madang.api.update_result import update_answer
from madang.errors import BadRequestData
from madang.hub import entities
from madang.ngsild.attribute_values import Part
from madang.ngsild.identifier import require_uri
from madang.ngsild.parse import parse_entity, parse_fragment


async def create(call: Call) -> Answer:
    """CIM 009 §5.6.1, §6.4.3.1."""
    body = call.json()
    entity = parse_entity(body, await body_context(call, body))
    await entities.create(call.hub, call.access, entity)
    return Answer(201, b"", [(b"location", f"/ngsi-ld/v1/entities/{quote(entity.id, safe=':')}".encode())])


async def replace(call: Call) -> Answer:
    """CIM 009 §5.6.18, §6.5.3.3."""
    body = call.json()
    fragment = parse_fragment(body, await body_context(call, body), call.path[0])
    await entities.replace(call.hub, call.access, fragment)
    return Answer(204)


async def merge(call: Call) -> Answer:
    """CIM 009 §5.6.17, §6.5.3.4."""
    body = call.json()
    fragment = parse_fragment(body, await body_context(call, body), call.path[0], partial=Part.MERGE)
    await entities.merge(call.hub, call.access, fragment)
    return Answer(204)


async def delete(call: Call) -> Answer:
    """CIM 009 §5.6.6, §6.5.3.2."""
    await entities.delete(call.hub, call.access, require_uri(call.path[0], "The entity id"))
    return Answer(204)


async def append(call: Call) -> Answer:
    """CIM 009 §5.6.3, §6.6.3.1."""
    body = call.json()
    context = await body_context(call, body)
    fragment = parse_fragment(body, context, call.path[0])
    overwrite = "noOverwrite" not in call.options
    outcome = await entities.append(call.hub, call.access, fragment, overwrite=overwrite)
    return update_answer(outcome, context)


async def update(call: Call) -> Answer:
    """CIM 009 §5.6.2, §6.6.3.2."""
    body = call.json()
    context = await body_context(call, body)
    fragment = parse_fragment(body, context, call.path[0], partial=Part.UPDATE)
    if not (fragment.attributes or fragment.types or fragment.scope or fragment.expires_at):
        raise BadRequestData("The body names nothing that could be updated")
    return update_answer(await entities.update(call.hub, call.access, fragment), context)
