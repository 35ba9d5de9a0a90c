"""What a request says beside its subject: @context, media type, representation, filter, page (CIM 009 §6.3, §6.4).

Parsed here once into the values of the language; handlers call the hub with them and render the answer.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
import orjson

from madang.api.call import GEO_JSON, JSON, LD_JSON, Answer, Call, Headers
from madang.errors import BadRequestData, NotAcceptable, UnsupportedMediaType
from madang.hub import hosted_contexts
from madang.hub.contexts import OWN_PATH
from madang.ngsild.context import Context
from madang.ngsild.entity import Entity
from madang.ngsild.geo import parse_geo
from madang.ngsild.identifier import require_uri
from madang.ngsild.pattern import compile_pattern
from madang.ngsild.q import parse_q
from madang.ngsild.query import Query, Window
from madang.ngsild.representation import Form, Format, render, to_feature
from madang.ngsild.scope import parse_scope_query
from madang.ngsild.selection import parse_types
from madang.settings import LIMITS

_LINK: Final = re.compile(r'<([^>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s;,"]+))*)')
_CONTEXT_REL: Final = "http://www.w3.org/ns/json-ld#context"
_FORMATS: Final = {
    "normalized": Format.NORMALIZED,
    "concise": Format.CONCISE,
    "simplified": Format.SIMPLIFIED,
    "keyValues": Format.SIMPLIFIED,
}
_OTHER_OPTIONS: Final = frozenset(
    ("sysAttrs", "count", "noOverwrite", "replace", "update", "temporalValues", "aggregatedValues")
)
_FILTERS: Final = ("type", "id", "idPattern", "attrs", "q", "scopeQ", "georel", "csf", "pick")
# Parameters of later operations: said so, instead of being ignored in silence
_LATER: Final = (
    "csf",
    "join",
    "joinLevel",
    "containedBy",
    "orderBy",
    "jsonKeys",
    "expandValues",
    "entityMap",
)
_HEAD_MEMBERS: Final = frozenset(("id", "type", "scope"))


class Reading(msgspec.Struct, frozen=True):
    """How to write an answer. media: "json", "ld+json" or "geo+json". link: the Link header of the @context."""

    form: Form
    media: str
    link: bytes

    @property
    def plain(self) -> bool:
        """Whether rendered bytes of the store can be sent as they are, given the default @context."""
        return self.media == "json" and self.form.whole


async def link_context(call: Call) -> Context:
    """The @context that the Link header names, or the default one. Raises BadRequestData, ContextUnavailable."""
    if call.context is not None:
        return call.context
    header = call.header(b"link")
    if not header:
        return call.hub.contexts.default
    urls = [url for url, parameters in _LINK.findall(header) if _CONTEXT_REL in parameters]
    if len(urls) > 1:
        raise BadRequestData("The Link header names more than one @context")
    return await call.hub.contexts.resolve(urls[0] if urls else None, call.access)


async def body_context(call: Call, body: Any) -> Context:
    """The @context of a request with a body: inside it for ld+json, in the Link header for json (§6.3.5)."""
    if media_type(call) == "application/ld+json":
        if call.header(b"link") and _CONTEXT_REL in call.header(b"link"):
            raise BadRequestData(
                "A body of type application/ld+json carries its @context; the Link header may not name one"
            )
        inner = (
            [item.get("@context") for item in body if isinstance(item, dict)]
            if isinstance(body, list)
            else None
        )
        stated = body.get("@context") if isinstance(body, dict) else next(iter(inner or ()), None)
        if stated is None:
            raise BadRequestData("A body of type application/ld+json needs a member @context")
        return await call.hub.contexts.resolve(stated, call.access)
    if isinstance(body, dict) and "@context" in body:
        raise BadRequestData(
            "A body of type application/json has its @context in the Link header, not in @context"
        )
    return await link_context(call)


def media_type(call: Call, allowed: tuple[str, ...] = ("application/json", "application/ld+json")) -> str:
    """The body's media type without parameters. Raises UnsupportedMediaType."""
    stated = call.header(b"content-type").partition(";")[0].strip().lower()
    if stated in allowed:
        return stated
    if stated == "application/merge-patch+json" and call.method == "PATCH":
        return "application/json"
    raise UnsupportedMediaType(f"The body is '{stated or 'of no stated type'}'; send {' or '.join(allowed)}")


def accepted(call: Call, *, geojson: bool = False) -> str:
    """The best media type of the Accept header that is offered. Raises NotAcceptable."""
    header = call.header(b"accept")
    if header in ("", "*/*", "application/json"):
        return "json"
    offered = {"application/json": "json", "application/ld+json": "ld+json"}
    if geojson:
        offered["application/geo+json"] = "geo+json"
    wishes: list[tuple[float, int, str]] = []
    for place, part in enumerate(header.split(",")):
        kind, *parameters = [piece.strip() for piece in part.split(";")]
        quality = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        found = "json" if kind in ("*/*", "application/*") else offered.get(kind.lower())
        try:
            if found and float(quality) > 0:
                wishes.append((-float(quality), place, found))
        except ValueError as error:
            raise BadRequestData(f"'{quality}' in the Accept header is not a quality") from error
    if not wishes:
        raise NotAcceptable(f"'{header[:100]}' is not offered; accept {', '.join(offered)}")
    return min(wishes)[2]


async def agree(call: Call, *, geojson: bool = True) -> Reading:
    """The @context and the media type of the answer, whatever the parameters say of its form.

    Raises BadRequestData, NotAcceptable, ContextUnavailable."""
    context = await link_context(call)
    media = accepted(call, geojson=geojson)
    link = context_link(call, context)
    if media == "json" and not isinstance(context.source, str) and context is not call.hub.contexts.default:
        # Only a body can hold such a @context; the answer must name an address for it (§5.13.1, §6.3.6)
        link = link_to(call, await hosted_contexts.address(call.hub, call.access, context, lasting=False))
    return Reading(Form(context), media, link)


async def reading(call: Call, *, geojson: bool = True) -> Reading:
    """How this request wants entities written. Raises BadRequestData, NotAcceptable, ContextUnavailable."""
    agreed = await agree(call, geojson=geojson)
    if not call.has_parameters:
        return agreed
    context = agreed.form.context
    parameters = call.parameters
    for name in _LATER:
        if name in parameters:
            raise BadRequestData(f"Parameter {name} is not offered by this version")
    options = set(call.options)
    if call.parameters.get("format"):
        options.add(parameters["format"])
    unknown = options - _OTHER_OPTIONS - _FORMATS.keys()
    if unknown:
        raise BadRequestData(
            f"Unknown option '{min(unknown)[:60]}'; known are {', '.join([*_FORMATS, *sorted(_OTHER_OPTIONS)])}"
        )
    formats = {_FORMATS[option] for option in options & _FORMATS.keys()}
    if len(formats) > 1:
        raise BadRequestData("Options ask for two representations at once")
    attributes = frozenset(context.expand(name) for name in call.names("attrs"))
    pick, omit = _members(call, context, "pick"), _members(call, context, "omit")
    form = Form(
        context=context,
        format=formats.pop() if formats else Format.NORMALIZED,
        system="sysAttrs" in options or call.flag("sysAttrs"),
        attributes=attributes or None,
        pick=pick or None,
        omit=omit,
        language=parameters.get("lang"),
        dataset_ids=frozenset(call.names("datasetId")),
        geometry=context.expand(parameters.get("geometryProperty", "location")),
    )
    return Reading(form, agreed.media, agreed.link)


def _members(call: Call, context: Context, name: str) -> frozenset[str]:
    return frozenset(
        member if member in _HEAD_MEMBERS else context.expand(member) for member in call.names(name)
    )


def context_link(call: Call, context: Context) -> bytes:
    """The Link header that tells a JSON client the @context of the answer."""
    own = context is call.hub.contexts.default or not isinstance(context.source, str)
    return link_to(call, OWN_PATH if own else context.source)


def link_to(call: Call, address: str) -> bytes:
    """The Link header for a @context at this URL, or at this path of the platform."""
    if address.startswith("/"):
        address = f"http://{call.header(b'host') or 'localhost'}{address}"
    return f'<{address}>; rel="{_CONTEXT_REL}"; type="application/ld+json"'.encode()


def context_value(call: Call, context: Context) -> Any:
    """The value of @context in an answer of type ld+json: what the client named, and the core one."""
    if context is call.hub.contexts.default:
        return f"http://{call.header(b'host') or 'localhost'}{OWN_PATH}"
    return context.source


def read_query(call: Call, context: Context) -> Query:
    """The filter that the parameters state. Raises BadRequestData, also where nothing is filtered (§5.7.2.4)."""
    parameters = call.parameters
    everything = call.flag("local")
    if not everything and not any(parameters.get(name) for name in _FILTERS):
        raise BadRequestData(
            "The query is too wide: give at least one of type, id, attrs, q, scopeQ or georel, or local=true for all"
        )
    pattern = parameters.get("idPattern")
    if pattern is not None:
        compile_pattern(pattern, "idPattern")
    ids = call.names("id")
    if len(ids) > LIMITS.query_ids_max:
        raise BadRequestData(f"Parameter id names more than {LIMITS.query_ids_max} entities")
    types = parameters.get("type")
    text = parameters.get("q")
    scopes = parameters.get("scopeQ")
    return Query(
        types=parse_types(types, context) if types is not None else None,
        ids=tuple(require_uri(identifier, "Parameter id") for identifier in ids),
        id_pattern=pattern,
        attributes=tuple(context.expand(name) for name in call.names("attrs")),
        q=parse_q(text, context) if text is not None else None,
        scope=parse_scope_query(scopes) if scopes is not None else None,
        geo=parse_geo(
            parameters.get("georel"),
            parameters.get("geometry"),
            parameters.get("coordinates"),
            parameters.get("geoproperty"),
            context,
        ),
    )


def read_window(call: Call) -> Window:
    """The page that the parameters ask for. Raises BadRequestData."""
    count = call.flag("count") or "count" in call.options
    limit = call.number("limit", LIMITS.page_entities_default, LIMITS.page_entities_max)
    if limit == 0 and not count:
        raise BadRequestData("limit=0 needs count=true: there would be nothing to answer")
    offset = call.number("offset", 0, LIMITS.offset_entities_max)
    cursor = call.parameters.get("cursor", "")
    return Window(limit=limit, offset=0 if cursor else offset, cursor=cursor, count=count)


def page_links(call: Call, window: Window, next_cursor: str) -> list[bytes]:
    """Link headers to the next and the previous page (§6.3.10); the next one carries the store's cursor."""
    offset = call.number("offset", 0, LIMITS.offset_entities_max)
    rest = {key: value for key, value in call.parameters.items() if key not in ("offset", "cursor")}
    rest.setdefault("limit", str(window.limit))
    links = []
    if next_cursor:
        places = (
            {"offset": str(offset + window.limit)}
            if offset + window.limit <= LIMITS.offset_entities_max
            else {}
        )
        links.append((places | {"cursor": next_cursor}, "next"))
    if offset and not window.cursor:
        links.append(({"offset": str(max(0, offset - window.limit))}, "prev"))
    path = quote(call.scope_path, safe="/:")
    return [
        f'<{path}?{urlencode(rest | place)}>; rel="{rel}"; type="application/json"'.encode()
        for place, rel in links
    ]


def entity_answer(call: Call, reading_: Reading, entity: Entity) -> Answer:
    """One entity in the wished form."""
    context = reading_.form.context
    if reading_.media == "geo+json":
        feature = to_feature(entity, reading_.form)
        feature["@context"] = context_value(call, context)
        return Answer(200, orjson.dumps(feature), [GEO_JSON])
    body = render(entity, reading_.form)
    if reading_.media == "ld+json":
        return Answer(200, with_context(body, context_value(call, context)), [LD_JSON])
    return Answer(200, body, [JSON, (b"link", reading_.link)])


def entities_answer(call: Call, reading_: Reading, entities: tuple[Entity, ...]) -> Answer:
    """A list of entities, or a FeatureCollection."""
    context = reading_.form.context
    if reading_.media == "geo+json":
        features = [to_feature(entity, reading_.form) for entity in entities]
        collection = {
            "type": "FeatureCollection",
            "features": features,
            "@context": context_value(call, context),
        }
        return Answer(200, orjson.dumps(collection), [GEO_JSON])
    bodies = [render(entity, reading_.form) for entity in entities]
    if reading_.media == "ld+json":
        value = context_value(call, context)
        return Answer(200, b"[" + b",".join([with_context(body, value) for body in bodies]) + b"]", [LD_JSON])
    return Answer(200, b"[" + b",".join(bodies) + b"]", [JSON, (b"link", reading_.link)])


def with_context(body: bytes, context: Any) -> bytes:
    """A JSON object with the member @context added at its end."""
    added = b'"@context":' + orjson.dumps(context)
    return body[:-1] + (b"," if len(body) > 2 else b"") + added + b"}"


def page_headers(call: Call, window: Window, total: int | None, next_cursor: str) -> Headers:
    """The headers of a page: its count and its links."""
    headers: Headers = [(b"link", link) for link in page_links(call, window, next_cursor)]
    if total is not None:
        headers.append((b"ngsild-results-count", str(total).encode()))
    return headers
