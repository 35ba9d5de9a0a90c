"""Entities as the body of an answer: one or a list, as JSON, JSON-LD or GeoJSON (CIM 009 §6.3.6, §6.3.15)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import orjson

from madang.api.call import GEO_JSON, JSON, LD_JSON, Answer, Call, applied_version
from madang.api.negotiation import Reading, context_value, with_context
from madang.ngsild.conformance import NATIVE, Version, amended, preferred_version
from madang.ngsild.context import Context
from madang.ngsild.core_terms import CORE_CONTEXT_URL, CORE_TERMS
from madang.ngsild.entity import Entity
from madang.ngsild.representation import Form, render, to_feature

# Keys and texts of JSON
_WORDS: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"')

# An entity, the form in which it is written, and its members as JSON where they are written already
Item = tuple[Entity, Form, dict[str, Any] | None]

_SIMPLIFIED: Final = frozenset(("simplified", "keyValues"))


def one(call: Call, how: Reading, item: Item) -> Answer:
    """An answer that is one entity."""
    if how.media == "geo+json":
        entity, form, members = item
        return _geojson(call, how, to_feature(entity, form, members))
    body = _body(item)
    if how.media == "ld+json":
        return Answer(200, _linked_data(call, how, body), [LD_JSON])
    return Answer(200, body, [JSON, (b"link", how.link)])


def many(call: Call, how: Reading, found: Sequence[Item]) -> Answer:
    """An answer that is a list of entities, or a FeatureCollection."""
    if how.media == "geo+json":
        features = [to_feature(entity, form, members) for entity, form, members in found]
        return _geojson(call, how, {"type": "FeatureCollection", "features": features})
    return written_already(call, how, [_body(item) for item in found])


def written_already(call: Call, how: Reading, bodies: Sequence[bytes]) -> Answer:
    """An answer that is a list of entities which are JSON already."""
    if how.media == "ld+json":
        written = [_linked_data(call, how, body) for body in bodies]
        return Answer(200, b"[" + b",".join(written) + b"]", [LD_JSON])
    return Answer(200, b"[" + b",".join(bodies) + b"]", [JSON, (b"link", how.link)])


def _linked_data(call: Call, how: Reading, body: bytes) -> bytes:
    """An entity with its @context inside."""
    return with_context(body, _context_of(call, how, body))


def _body(item: Item) -> bytes:
    entity, form, members = item
    return render(entity, form) if members is None else orjson.dumps(members)


def _geojson(call: Call, how: Reading, body: dict[str, Any]) -> Answer:
    """With its @context inside, or beside it where the client prefers plain GeoJSON (§6.3.6)."""
    if "body=json" in call.header(b"prefer").replace(" ", "").split(","):
        headers = [GEO_JSON, (b"link", how.link), (b"preference-applied", b"body=json")]
        return Answer(200, orjson.dumps(body), headers)
    body["@context"] = _context_of(call, how, orjson.dumps(body))
    return Answer(200, orjson.dumps(body), [GEO_JSON])


def for_version(call: Call, answer: Answer) -> Answer:
    """The answer as an earlier version has it, where the client prefers one: 203 if that changes it (§4.3.6.8, §6.5.3.1).

    Simplified entities stay as they are: of a value alone nobody can tell the kind."""
    version = preferred_version(call.header(b"prefer"))
    if version is None or version >= NATIVE or answer.status != 200 or _is_simplified(call):
        return answer
    found = orjson.loads(answer.body)
    written = _amended(found, version)
    answer.headers.append(applied_version(version))
    if written != found:
        answer.status, answer.body = 203, orjson.dumps(written)
    return answer


def _amended(found: Any, version: Version) -> Any:
    if isinstance(found, list):
        return [amended(one, version) for one in found]
    if found.get("type") == "FeatureCollection":
        return {**found, "features": [_amended(feature, version) for feature in found["features"]]}
    if found.get("type") == "Feature" and "properties" in found:
        return {**found, "properties": amended(found["properties"], version)}
    return amended(found, version)


def _is_simplified(call: Call) -> bool:
    return not _SIMPLIFIED.isdisjoint((call.parameters.get("format", ""), *call.options))


def _context_of(call: Call, how: Reading, body: bytes) -> Any:
    """The @context of a body: where the client named none and no word of the platform's vocabulary is in it, the core
    one is enough. Both read such a body alike, so it can be sent back."""
    context = how.form.context
    if context is call.hub.contexts.default:
        own = _own_terms(context)
        words = _WORDS.findall(body)
        if not any(word in own or (b":" in word and word.partition(b":")[0] in own) for word in words):
            return [CORE_CONTEXT_URL]
    return context_value(call, context)


@cache
def _own_terms(context: Context) -> frozenset[bytes]:
    """The terms of a @context that the core one does not have."""
    return frozenset([term.encode() for term, iri in context.terms.items() if CORE_TERMS.get(term) != iri])
