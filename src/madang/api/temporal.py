"""Histories over HTTP (CIM 009 §6.18 to §6.22, §6.24): each handler parses, makes one call of the hub, and renders."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote

from madang.api.call import JSON, LD_JSON, Answer, Call
from madang.api.negotiation import (
    body_context,
    context_value,
    link_context,
    page_headers,
    with_context,
)
from madang.api.query_body import body_parameters
from madang.api.temporal_question import Question, link_to_the_rest, read_question, read_selection
from madang.api.writing import read_options
from madang.errors import BadRequestData, MethodNotAllowed, NotFound
from madang.hub import temporal
from madang.hub.temporal import Evolutions
from madang.ngsild.changes import DeleteHistory, PatchInstance
from madang.ngsild.evolution_forms import Shape, as_object, members
from madang.ngsild.evolution_input import parse_evolution, parse_instance
from madang.ngsild.identifier import require_uri
from madang.settings import LIMITS
from madang.trust.identity import Action, Permission


async def create(call: Call) -> Answer:
    """CIM 009 §5.6.11, §6.18.3.1."""
    read_options(call)
    body = call.json()
    fragment = parse_evolution(body, await body_context(call, body))
    outcome = await temporal.create(call.hub, call.access, fragment)
    if not outcome.created:
        return Answer(204)
    location = f"/ngsi-ld/v1/temporal/entities/{quote(fragment.id, safe=':')}"
    return Answer(201, b"", [(b"location", location.encode())])


async def query(call: Call) -> Answer:
    """CIM 009 §5.7.4, §6.18.3.2."""
    question = await read_question(call, many=True)
    wanted, window = read_selection(call, question)
    if question.temporal.aggregation is not None:
        call.ask_for(Action.AGGREGATE)
    found = await temporal.query(call.hub, call.access, wanted, question.temporal, window)
    bodies = await _rendered(found, question)
    if question.media == "ld+json":
        value = context_value(call, question.form.context)
        bodies = [with_context(body, value) for body in bodies]
    answer = _answer(question, b"[" + b",".join(bodies) + b"]", found)
    answer.headers.extend(page_headers(call, window, found.total, found.next_cursor))
    return answer


async def query_by_body(call: Call) -> Answer:
    """CIM 009 §5.7.4, §6.24.3.1: as `query`, the question in the body. Its page links lead to the GET form."""
    body = call.json()
    context = await body_context(call, body)
    parameters = body_parameters(body, call.parameters)
    if "aggrMethods" in parameters and "options" not in parameters:
        parameters.setdefault("format", Shape.AGGREGATED_VALUES.value)
    return await query(call.asking(parameters, "/ngsi-ld/v1/temporal/entities", context))


async def retrieve(call: Call) -> Answer:
    """CIM 009 §5.7.3, §6.19.3.1."""
    entity_id = require_uri(call.path[0], "The entity id")
    question = await read_question(call)
    if question.temporal.aggregation is not None:
        call.ask_for(Action.AGGREGATE)
    found = await temporal.retrieve(call.hub, call.access, entity_id, question.temporal)
    (body,) = await _rendered(found, question)
    if body == b"{}":
        raise NotFound(f"pick and omit leave nothing of the history of {entity_id}")
    if question.media == "ld+json":
        body = with_context(body, context_value(call, question.form.context))
    answer = _answer(question, body, found)
    if found.range is not None:
        answer.headers.append((b"link", link_to_the_rest(call, question, found)))
    return answer


async def delete(call: Call) -> Answer:
    """CIM 009 §5.6.16, §6.19.3.2."""
    call.ask_for(Action.ADMINISTER)
    read_options(call)
    if not call.path[0]:
        raise MethodNotAllowed("Name the entity whose history shall be erased", detail="GET, POST")
    await temporal.delete(
        call.hub, call.access, DeleteHistory(require_uri(call.path[0], "The entity id"), every=True)
    )
    return Answer(204)


async def append(call: Call) -> Answer:
    """CIM 009 §5.6.12, §6.20.3.1."""
    read_options(call)
    entity_id = require_uri(call.path[0], "The entity id")
    body = call.json()
    fragment = parse_evolution(body, await body_context(call, body), entity_id)
    if not fragment.attributes:
        raise BadRequestData("The body names no attribute instance that could be added")
    await temporal.append(call.hub, call.access, fragment)
    return Answer(204)


async def delete_attribute(call: Call) -> Answer:
    """CIM 009 §5.6.13, §6.21.3.1."""
    call.ask_for(Action.ADMINISTER)
    read_options(call, parameters=("datasetId", "deleteAll"))
    entity_id = require_uri(call.path[0], "The entity id")
    context = await link_context(call)
    dataset_id = call.parameters.get("datasetId")
    if dataset_id is not None:
        require_uri(dataset_id, "Parameter datasetId")
    name = context.expand(call.path[1])
    change = DeleteHistory(entity_id, name, dataset_id, call.flag("deleteAll"))
    await temporal.delete(call.hub, call.access, change)
    return Answer(204)


async def replace_instance(call: Call) -> Answer:
    """CIM 009 §5.6.14, §6.22.3.1."""
    call.ask_for(Action.ADMINISTER)
    read_options(call)
    entity_id = require_uri(call.path[0], "The entity id")
    if not call.path[1] or not call.path[2]:
        raise MethodNotAllowed("Name the attribute and the instance that shall be corrected", detail="DELETE")
    instance_id = require_uri(call.path[2], "The instanceId")
    body = call.json()
    attribute = parse_instance(call.path[1], body, await body_context(call, body))
    await temporal.replace_instance(call.hub, call.access, PatchInstance(entity_id, attribute, instance_id))
    return Answer(204)


async def delete_instance(call: Call) -> Answer:
    """CIM 009 §5.6.15, §6.22.3.2."""
    call.ask_for(Action.ADMINISTER)
    read_options(call)
    entity_id = require_uri(call.path[0], "The entity id")
    instance_id = require_uri(call.path[2], "The instanceId")
    name = (await link_context(call)).expand(call.path[1])
    await temporal.delete(call.hub, call.access, DeleteHistory(entity_id, name, instance_id=instance_id))
    return Answer(204)


ROUTES: Final[tuple[tuple[str, str, Callable[[Call], Awaitable[Answer]], Permission], ...]] = (
    ("POST", "/temporal/entities", create, Permission.WRITE),
    ("GET", "/temporal/entities", query, Permission.READ),
    ("GET", "/temporal/entities/{entityId}", retrieve, Permission.READ),
    ("DELETE", "/temporal/entities/{entityId}", delete, Permission.WRITE),
    ("POST", "/temporal/entities/{entityId}/attrs", append, Permission.WRITE),
    ("DELETE", "/temporal/entities/{entityId}/attrs/{attrId}", delete_attribute, Permission.WRITE),
    (
        "PATCH",
        "/temporal/entities/{entityId}/attrs/{attrId}/{instanceId}",
        replace_instance,
        Permission.WRITE,
    ),
    (
        "DELETE",
        "/temporal/entities/{entityId}/attrs/{attrId}/{instanceId}",
        delete_instance,
        Permission.WRITE,
    ),
    ("POST", "/temporal/entityOperations/query", query_by_body, Permission.READ),
)


async def _rendered(found: Evolutions, question: Question) -> list[bytes]:
    """Each entity as JSON; others are served between its attributes, for an answer may be large."""
    bodies = []
    breath = time.monotonic()
    for evolution in found.evolutions:
        parts = []
        for member in members(evolution, question.temporal, question.form):
            parts.append(member)
            if time.monotonic() - breath > LIMITS.slice_ms_max / 1000:
                await asyncio.sleep(0)
                breath = time.monotonic()
        bodies.append(as_object(parts))
    return bodies


def _answer(question: Question, body: bytes, found: Evolutions) -> Answer:
    """200, or 206 with the range that the answer covers (§6.3.10)."""
    headers = [LD_JSON] if question.media == "ld+json" else [JSON, (b"link", question.link)]
    if found.range is None:
        return Answer(200, body, headers)
    return Answer(206, body, [*headers, (b"content-range", found.range.content_range().encode())])
