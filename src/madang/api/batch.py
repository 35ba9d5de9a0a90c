"""Batch operations over HTTP (CIM 009 §5.6.7 to §5.6.10, §5.6.20, §6.14 to §6.17, §6.31)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from madang.api.call import JSON, Answer, Call
from madang.api.negotiation import body_context, media_type, require_one_place
from madang.api.problems import problem
from madang.api.writing import read_options
from madang.errors import BadRequestData, InvalidRequest, MadangError
from madang.hub import batch
from madang.ngsild.attribute_values import Part
from madang.ngsild.changes import Change, Delete, Mode, Outcome, Write
from madang.ngsild.context import Context
from madang.ngsild.identifier import is_uri, require_uri
from madang.ngsild.parse import parse_entity, parse_fragment
from madang.settings import LIMITS

Result = tuple[str, Outcome | MadangError]


async def create(call: Call) -> Answer:
    """CIM 009 §5.6.7, §6.14.3.1."""
    read_options(call)
    results = await _apply(call, lambda raw, context: Write(Mode.CREATE, parse_entity(raw, context)))
    return _created_answer(results) or Answer(201, b"[]", [JSON])


async def upsert(call: Call) -> Answer:
    """CIM 009 §5.6.8, §6.15.3.1."""
    options = read_options(call, "replace", "update")
    if len(options) > 1:
        raise InvalidRequest("options ask to replace and to update; say one of them")
    mode = Mode.UPSERT_UPDATE if "update" in options else Mode.UPSERT_REPLACE
    results = await _apply(call, lambda raw, context: Write(mode, parse_entity(raw, context)))
    return _created_answer(results) or Answer(204)


async def update(call: Call) -> Answer:
    """CIM 009 §5.6.9, §6.16.3.1."""
    options = read_options(call, "noOverwrite")
    mode = Mode.APPEND_NEW if "noOverwrite" in options else Mode.APPEND
    return _answer(await _apply(call, lambda raw, context: Write(mode, parse_fragment(raw, context))))


async def merge(call: Call) -> Answer:
    """CIM 009 §5.6.20, §6.31.3.1."""
    read_options(call)
    return _answer(
        await _apply(
            call, lambda raw, context: Write(Mode.MERGE, parse_fragment(raw, context, partial=Part.MERGE))
        )
    )


async def delete(call: Call) -> Answer:
    """CIM 009 §5.6.10, §6.17.3.1."""
    read_options(call)
    return _answer(await _apply(call, lambda raw, _: Delete(require_uri(raw, "An entry of the list"))))


async def _apply(call: Call, change_of: Callable[[Any, Context], Change]) -> list[Result]:
    """Parse each entry, apply what could be parsed; one result per entry, in order."""
    if media_type(call) == "application/ld+json":
        require_one_place(call)
    entries = call.json()
    if not isinstance(entries, list) or not entries:
        raise BadRequestData("The body of a batch operation must be a list with at least one entry")
    if len(entries) > LIMITS.batch_entities_max:
        raise BadRequestData(
            f"A batch takes at most {LIMITS.batch_entities_max} entries, but this one has {len(entries)}"
        )
    if any(entry is None for entry in entries):
        raise BadRequestData("An entry of the batch is null")
    results: list[Result | None] = []
    changes: list[Change] = []
    for raw in entries:
        try:
            changes.append(change_of(raw, await _context(call, raw)))
            results.append(None)
        except MadangError as error:
            results.append((_id_of(raw), error))
    done = iter(
        zip(changes, await batch.apply(call.hub, call.access, changes), strict=True) if changes else ()
    )
    finished: list[Result] = []
    for result in results:
        if result is None:
            change, outcome = next(done)
            finished.append((change.id, outcome))
        else:
            finished.append(result)
    return finished


async def _context(call: Call, entry: Any) -> Context:
    """The @context of an entry: its own with application/ld+json, that of the Link header with application/json."""
    return await body_context(call, entry) if isinstance(entry, dict) else call.hub.contexts.default


def _id_of(raw: Any) -> str:
    identifier = raw.get("id") if isinstance(raw, dict) else raw
    return str(identifier) if is_uri(identifier) else "urn:ngsi-ld:unknown"


def _created_answer(results: list[Result]) -> Answer | None:
    """201 with the ids that were created, 207 where something failed, None where nothing was created."""
    created = [
        identifier for identifier, outcome in results if isinstance(outcome, Outcome) and outcome.created
    ]
    if any(isinstance(outcome, MadangError) for _, outcome in results):
        return _answer(results)
    return Answer(201, orjson.dumps(created), [JSON]) if created else None


def _answer(results: list[Result]) -> Answer:
    """204 where all was done, else 207 with a BatchOperationResult (CIM 009 §5.2.16, §5.2.17)."""
    success: list[str] = []
    errors: list[dict[str, Any]] = []
    for identifier, outcome in results:
        if isinstance(outcome, MadangError):
            errors.append({"entityId": identifier, "error": problem(outcome)})
        elif outcome.skipped:
            reason = BadRequestData(
                f"Not written: {', '.join(name for name, _ in outcome.skipped)} ({outcome.skipped[0][1]})"
            )
            errors.append({"entityId": identifier, "error": problem(reason)})
        else:
            success.append(identifier)
    if not errors:
        return Answer(204)
    return Answer(207, orjson.dumps({"success": success, "errors": errors}), [JSON])
