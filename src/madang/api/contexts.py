"""Stored @contexts over HTTP (CIM 009 §6.29, §6.30): added, listed, served, deleted and reloaded."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import orjson

from madang.api.call import JSON, LD_JSON, Answer, Call
from madang.api.negotiation import accepted, media_type
from madang.errors import BadRequestData
from madang.hub import hosted_contexts
from madang.hub.contexts import HOSTED_PATH, OWN_ID
from madang.ngsild.times import format_moment
from madang.store.base import ContextKind, KeptContext
from madang.trust.identity import Permission

_KINDS = {kind.value: kind for kind in ContextKind}
# What is served under an identifier can go, but does not change; the platform's own does with its version
_VARY = (b"vary", b"accept, ngsild-tenant")
_KEEP = ((b"cache-control", b"public, max-age=3600"), _VARY)
_KEEP_FOR_ONE = ((b"cache-control", b"private, max-age=3600"), _VARY)


async def add(call: Call) -> Answer:
    """CIM 009 §5.13.2, §6.29.3.1."""
    media_type(call)
    identifier = await hosted_contexts.add(call.hub, call.access, call.json())
    return Answer(201, b"", [(b"location", (HOSTED_PATH + quote(identifier, safe=":")).encode())])


async def all_of(call: Call) -> Answer:
    """CIM 009 §5.13.3, §6.29.3.2."""
    details = call.flag("details")
    stated = call.parameters.get("kind")
    if stated is not None and stated not in _KINDS:
        raise BadRequestData(f"Parameter kind must be one of {', '.join(_KINDS)}, but is '{stated[:60]}'")
    found = await hosted_contexts.all_of(call.hub, call.access, _KINDS[stated] if stated else None)
    shown = [_details(call, one) if details else _url(call, one) for one in found]
    return Answer(200, orjson.dumps(shown), [JSON])


async def serve(call: Call) -> Answer:
    """CIM 009 §5.13.4, §6.30.3.1. The platform's own anybody may read: every answer names it, and needs it to be read."""
    context_id = call.path[0]
    if context_id != OWN_ID or call.flag("details"):
        call.require(Permission.READ)
    media = accepted(call, geojson=False)
    if call.flag("details"):
        found = await hosted_contexts.retrieve(call.hub, call.access, context_id)
        return Answer(200, orjson.dumps(_details(call, found)), [JSON])
    kept = _KEEP if call.gate is None or context_id == OWN_ID else _KEEP_FOR_ONE
    content = await hosted_contexts.content(call.hub, call.access, context_id)
    return Answer(200, b'{"@context":' + content + b"}", [LD_JSON if media == "ld+json" else JSON, *kept])


async def delete(call: Call) -> Answer:
    """CIM 009 §5.13.5, §6.30.3.2."""
    await hosted_contexts.delete(call.hub, call.access, call.path[0], reload=call.flag("reload"))
    return Answer(204)


def _url(call: Call, context: KeptContext) -> str:
    host = call.header(b"host") or "localhost"
    return context.url or f"http://{host}{HOSTED_PATH}{quote(context.id, safe=':')}"


def _details(call: Call, context: KeptContext) -> dict[str, Any]:
    """CIM 009 §5.13.3.5."""
    details: dict[str, Any] = {
        "URL": _url(call, context),
        "localId": context.id,
        "kind": context.kind.value,
        "createdAt": format_moment(context.created),
        "numberOfHits": context.hits,
    }
    if context.expires:
        details["expiresAt"] = format_moment(context.expires)
    if context.used:
        details["lastUsage"] = format_moment(context.used)
    return details
