"""What a request says beside its subject: @context, media type, representation, filter, page (CIM 009 §6.3, §6.4).

Parsed here once into the values of the language; handlers call the hub with them and render the answer.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
import orjson

from madang.api.call import Call, Headers
from madang.errors import BadRequestData, NotAcceptable, UnsupportedMediaType
from madang.hub import hosted_contexts
from madang.hub.contexts import OWN_PATH
from madang.ngsild.context import Context
from madang.ngsild.expression import Expression, first_names
from madang.ngsild.geo import parse_geo
from madang.ngsild.identifier import require_uri
from madang.ngsild.pattern import compile_pattern
from madang.ngsild.q import parse_q
from madang.ngsild.query import Query, Window
from madang.ngsild.representation import Form
from madang.ngsild.scope import parse_scope_query
from madang.ngsild.selection import parse_types
from madang.ngsild.selectors import parse_selectors
from madang.settings import LIMITS

_LINK: Final = re.compile(r'<([^>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s;,"]+))*)')
_WEIGHT: Final = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")
_CONTEXT_REL: Final = "http://www.w3.org/ns/json-ld#context"
# Members of entities and attributes that the system keeps; a query by them alone is too wide
_SYSTEM: Final = frozenset(("createdAt", "modifiedAt", "deletedAt", "expiresAt"))
_MEDIA: Final = {
    "json": "application/json",
    "ld+json": "application/ld+json",
    "geo+json": "application/geo+json",
}
# What a query string may hold as it is (RFC 3986 §3.4); not "," and ";", by which headers are cut
_PLAIN_IN_QUERIES: Final = ":*@/"


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
        require_one_place(call)
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


def require_one_place(call: Call) -> None:
    """Raises BadRequestData where the Link header names a @context although the body carries it."""
    if _CONTEXT_REL in call.header(b"link"):
        raise BadRequestData(
            "A body of type application/ld+json carries its @context; the Link header may not name one"
        )


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
    offered = dict(_MEDIA) if geojson else {"json": _MEDIA["json"], "ld+json": _MEDIA["ld+json"]}
    wishes: dict[str, float] = {}
    for part in header.split(","):
        kind, *parameters = [piece.strip().lower() for piece in part.split(";")]
        quality = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        wishes[kind] = float(quality) if _WEIGHT.fullmatch(quality) else 1.0
    # Of those that are wanted as much, the first in the order of §6.3.4
    best, chosen = 0.0, ""
    for media, mime in offered.items():
        wanted = wishes.get(mime, wishes.get("application/*", wishes.get("*/*", 0.0)))
        if wanted > best:
            best, chosen = wanted, media
    if not chosen:
        raise NotAcceptable(f"'{header[:100]}' is not offered; accept {', '.join(offered.values())}")
    return chosen


async def agree(call: Call, *, geojson: bool = True) -> Reading:
    """The @context and the media type of the answer, whatever the parameters say of its form.

    Raises BadRequestData, NotAcceptable, ContextUnavailable."""
    context = await link_context(call)
    media = accepted(call, geojson=geojson)
    link = context_link(call, context)
    if media == "json" and not isinstance(context.source, str) and context is not call.hub.contexts.own:
        # Only a body can hold such a @context; the answer must name an address for it (§5.13.1, §6.3.6)
        link = link_to(call, await hosted_contexts.address(call.hub, call.access, context, lasting=False))
    return Reading(Form(context), media, link)


def context_link(call: Call, context: Context) -> bytes:
    """The Link header that tells a JSON client the @context of the answer."""
    own = context is call.hub.contexts.own or not isinstance(context.source, str)
    return link_to(call, OWN_PATH if own else context.source)


def link_to(call: Call, address: str) -> bytes:
    """The Link header for a @context at this URL, or at this path of the platform."""
    return _link(call.host, address)


@lru_cache(maxsize=1024)
def _link(host: bytes, address: str) -> bytes:
    if address.startswith("/"):
        address = f"http://{host.decode('latin-1') or 'localhost'}{address}"
    return f'<{address}>; rel="{_CONTEXT_REL}"; type="application/ld+json"'.encode()


def context_value(call: Call, context: Context) -> Any:
    """The value of @context in an answer of type ld+json: what the client named, and the core one."""
    if context is call.hub.contexts.own:
        return f"http://{call.header(b'host') or 'localhost'}{OWN_PATH}"
    return context.source


def read_query(call: Call, context: Context) -> Query:
    """The filter that the parameters state. Raises BadRequestData, also where too little is filtered (§5.7.2.4)."""
    parameters = call.parameters
    pattern = parameters.get("idPattern")
    if pattern is not None:
        compile_pattern(pattern, "idPattern")
    ids = call.names("id")
    if len(ids) > LIMITS.query_ids_max:
        raise BadRequestData(f"Parameter id names more than {LIMITS.query_ids_max} entities")
    types = parameters.get("type")
    text = parameters.get("q")
    scopes = parameters.get("scopeQ")
    selectors = parameters.get("entities")
    query = Query(
        types=parse_types(types, context) if types is not None else None,
        ids=tuple([require_uri(identifier, "Parameter id") for identifier in ids]),
        id_pattern=pattern,
        attributes=tuple([context.expand(name) for name in call.names("attrs")]),
        q=_read_q(call, text, context) if text is not None else None,
        scope=parse_scope_query(scopes) if scopes is not None else None,
        geo=parse_geo(
            parameters.get("georel"),
            parameters.get("geometry"),
            parameters.get("coordinates"),
            parameters.get("geoproperty"),
            context,
        ),
        selectors=parse_selectors(selectors, context) if selectors is not None else (),
    )
    if types is None:
        _require_narrow(call, query)
    elif query.types is None and parameters.get("local") == "false":
        raise BadRequestData("type=* asks for what is local; local=false contradicts it")
    return query


def _read_q(call: Call, text: str, context: Context) -> Expression:
    """q, with the values expanded that expandValues names; those that jsonKeys names stay as they are (§4.9)."""
    plain = [context.expand(name) for name in call.names("jsonKeys")]
    expanded = frozenset([context.expand(name) for name in call.names("expandValues")])
    return parse_q(text, context, expanded.difference(plain))


def _require_narrow(call: Call, query: Query) -> None:
    """Raises BadRequestData where neither type, attribute nor place narrows the query, and it is not local."""
    named = first_names(query.q) - _SYSTEM if query.q is not None else ()
    if not (
        named
        or query.geo is not None
        or query.selectors
        or any(name not in _SYSTEM for name in call.names("attrs"))
        or call.flag("local")
    ):
        raise BadRequestData(
            "The query is too wide: give a type, an attribute in attrs or q, or georel; or local=true for all"
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
    """Link headers to the next and the previous page (§5.5.9, §6.3.10); the next one carries the store's cursor."""
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
    if offset and window.limit:
        links.append(({"offset": str(max(0, offset - window.limit))}, "prev"))
    if not links:
        return []
    path, media = quote(call.scope_path.rstrip("/"), safe="/:"), _MEDIA[accepted(call, geojson=True)]
    return [
        f'<{path}?{_written(rest | place)}>; rel="{rel}"; type="{media}"'.encode() for place, rel in links
    ]


def _written(parameters: dict[str, str]) -> str:
    """Parameters as a query string, by name."""
    return urlencode(sorted(parameters.items()), safe=_PLAIN_IN_QUERIES)


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
