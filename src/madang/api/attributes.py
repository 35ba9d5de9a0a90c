"""Single attributes over HTTP (CIM 009 §6.7)."""

from __future__ import annotations

from typing import Any

from madang.api.call import Answer, Call
from madang.api.negotiation import body_context, link_context
from madang.errors import BadRequestData
from madang.hub import entities
from madang.ngsild.attribute import parse_attribute
from madang.ngsild.attribute_values import Part
from madang.ngsild.changes import DeleteAttribute
from madang.ngsild.entity import Attribute
from madang.ngsild.identifier import require_uri


async def patch(call: Call) -> Answer:
    """CIM 009 §5.6.4, §6.7.3.1."""
    entity_id, attribute = await _attribute(call, Part.UPDATE)
    await entities.patch_attribute(call.hub, call.access, entity_id, attribute)
    return Answer(204)


async def replace(call: Call) -> Answer:
    """CIM 009 §5.6.19, §6.7.3.3."""
    entity_id, attribute = await _attribute(call, Part.WHOLE)
    await entities.replace_attribute(call.hub, call.access, entity_id, attribute)
    return Answer(204)


async def delete(call: Call) -> Answer:
    """CIM 009 §5.6.5, §6.7.3.2."""
    context = await link_context(call)
    dataset_id = call.parameters.get("datasetId")
    if dataset_id is not None:
        require_uri(dataset_id, "Parameter datasetId")
    change = DeleteAttribute(
        require_uri(call.path[0], "The entity id"),
        context.expand(call.path[1]),
        dataset_id,
        call.flag("deleteAll"),
    )
    await entities.delete_attribute(call.hub, call.access, change)
    return Answer(204)


async def _attribute(call: Call, partial: Part) -> tuple[str, Attribute]:
    """The entity's id and the one attribute instance that path and body name."""
    entity_id = require_uri(call.path[0], "The entity id")
    if call.path[1] == "scope":
        raise BadRequestData(
            "The scope is no attribute that could be patched; update it with the entity's attributes"
        )
    body: Any = call.json()
    context = await body_context(call, body)
    if isinstance(body, dict):
        body = {key: value for key, value in body.items() if key != "@context"}
    found = parse_attribute(call.path[1], body, context, partial=partial)
    if len(found) != 1:
        raise BadRequestData(
            f"The body must be one instance of the attribute '{call.path[1]}', not a list of them"
        )
    return entity_id, found[0]
