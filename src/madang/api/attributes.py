"""Single attributes over HTTP (CIM 009 §6.7)."""

from __future__ import annotations

from typing import Any, Final

from madang.api.call import Answer, Call
from madang.api.negotiation import body_context, link_context
from madang.api.writing import read_options, read_types
from madang.errors import BadRequestData
from madang.hub import entities
from madang.ngsild.attribute import parse_attribute
from madang.ngsild.attribute_values import Part
from madang.ngsild.changes import DeleteAttribute, PatchAttribute
from madang.ngsild.context import Context
from madang.ngsild.identifier import require_uri
from madang.ngsild.parse import NOT_ATTRIBUTES

_DEFAULT: Final = "@none"


async def patch(call: Call) -> Answer:
    """CIM 009 §5.6.4, §6.7.3.1."""
    await entities.patch_attribute(call.hub, call.access, await _change(call, Part.UPDATE))
    return Answer(204)


async def replace(call: Call) -> Answer:
    """CIM 009 §5.6.19, §6.7.3.3."""
    await entities.patch_attribute(call.hub, call.access, await _change(call, Part.WHOLE))
    return Answer(204)


async def delete(call: Call) -> Answer:
    """CIM 009 §5.6.5, §6.7.3.2."""
    read_options(call, parameters=("type", "datasetId", "deleteAll"))
    context = await link_context(call)
    dataset_id = call.parameters.get("datasetId")
    if dataset_id is not None and dataset_id != _DEFAULT:
        require_uri(dataset_id, "Parameter datasetId")
    change = DeleteAttribute(
        require_uri(call.path[0], "The entity id"),
        _name(call, context),
        None if dataset_id == _DEFAULT else dataset_id,
        call.flag("deleteAll"),
        read_types(call, context),
    )
    await entities.delete_attribute(call.hub, call.access, change)
    return Answer(204)


def _name(call: Call, context: Context) -> str:
    name = call.path[1]
    if name in NOT_ATTRIBUTES and name != "scope":
        raise BadRequestData(f"'{name}' is no attribute: it is a member of the entity itself")
    return context.expand(name)


async def _change(call: Call, partial: Part) -> PatchAttribute:
    """What path, parameters and body say of one attribute instance."""
    read_options(call, parameters=("type",))
    entity_id = require_uri(call.path[0], "The entity id")
    if call.path[1] == "scope":
        raise BadRequestData(
            "The scope is no attribute that could be patched; update it with the entity's attributes"
        )
    body: Any = call.json()
    context = await body_context(call, body)
    _name(call, context)
    if isinstance(body, dict):
        body = {key: value for key, value in body.items() if key != "@context"}
        if not body:
            raise BadRequestData("The body says nothing of the attribute; give at least one member of it")
    found = parse_attribute(call.path[1], body, context, partial=partial)
    if len(found) != 1:
        raise BadRequestData(
            f"The body must be one instance of the attribute '{call.path[1]}', not a list of them"
        )
    return PatchAttribute(entity_id, found[0], partial is Part.WHOLE, read_types(call, context))
