"""A request on the information API as its handlers see it, and their answer: as thin as ASGI allows.

The hot paths do little more than a dictionary look-up and a join of bytes, so headers and parameters are only
taken apart when a handler asks for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import copy
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import orjson

from madang.errors import BadRequestData, Denied, InvalidRequest, LengthRequired
from madang.hub.hub import Hub
from madang.hub.trust.credentials import Credentials, is_own_page, read_credentials
from madang.hub.trust.gate import ANYONE, Gate
from madang.hub.trust.rates import Left
from madang.ngsild.conformance import NATIVE, Version, preferred_version
from madang.ngsild.context import Context
from madang.trust import duties
from madang.trust.access import OPEN, Access
from madang.trust.identity import Action, Identity, Permission

Headers = list[tuple[bytes, bytes]]
JSON: Final = (b"content-type", b"application/json")
LD_JSON: Final = (b"content-type", b"application/ld+json")
GEO_JSON: Final = (b"content-type", b"application/geo+json")
_PARAMETERS_MAX: Final = 100
# "+" is a space, as clients that encode parameters write it; but in scopeQ, which has none, it stands for any level
_PLUS: Final = re.compile(r"(?:^|(?<=&))scopeQ=[^&]*")
_ACCEPT_JSON: Final = frozenset((b"*/*", b"application/json"))
_CREDENTIALS: Final = frozenset((b"cookie", b"authorization", b"x-api-key"))
_BESIDE_COOKIE: Final = frozenset((b"authorization", b"x-api-key", b"ngsild-tenant", b"madang-purpose"))
# Headers that make a request more than a plain question; most have none of them, which is one look instead of nine
_SPECIAL: Final = _CREDENTIALS | {b"link", b"ngsild-tenant", b"origin", b"prefer", b"sec-fetch-site", b"via"}


class Call:
    """One request. path: decoded segments of the path that stand for `{...}` in the route, in order.

    context: the @context of a body that asks a question; None where headers name it. identity, access: who asks and what
    they see, as in an open city until the gate says otherwise. gate: that let them in, None where all are. left: how
    often they may still ask, None where that is not counted. special: a header makes it more than a plain question.
    """

    __slots__ = (
        "_headers",
        "_parameters",
        "_raw_query",
        "access",
        "body",
        "context",
        "gate",
        "hub",
        "identity",
        "left",
        "method",
        "path",
        "scope_path",
        "special",
    )

    def __init__(self, scope: dict[str, Any], hub: Hub, path: tuple[str, ...], body: bytes) -> None:
        self.hub = hub
        self.method: str = scope["method"]
        self.scope_path: str = scope["path"]
        self.path = path
        self.body = body
        self._raw_query: bytes = scope["query_string"]
        self._headers = _headers(scope["headers"])
        self._parameters: dict[str, str] | None = None
        self.context: Context | None = None
        self.gate: Gate | None = None
        self.identity: Identity = ANYONE
        self.left: Left | None = None
        self.access = OPEN
        self.special = not _SPECIAL.isdisjoint(self._headers)
        if self.special and (tenant := self._headers.get(b"ngsild-tenant")):
            self.access = Access(tenant=tenant.decode("latin-1"))

    def header(self, name: bytes) -> str:
        """The value of a header (name in lower case), "" if it is not there; several are joined by commas."""
        value = self._headers.get(name)
        return value.decode("latin-1") if value is not None else ""

    def require_own_page(self) -> None:
        """Raises Denied where a page of another site makes a browser ask for a change."""
        headers = self._headers
        if (b"sec-fetch-site" in headers or b"origin" in headers) and not is_own_page(
            self.header(b"sec-fetch-site"), self.header(b"origin"), self.header(b"host")
        ):
            raise Denied("A page of another site may not do this")

    def require(self, permission: Permission) -> None:
        """What a handler asks beyond its route. Raises Unauthenticated, Denied."""
        if self.gate is not None:
            self.gate.require(self.identity, permission)

    def ask_for(self, action: Action) -> None:
        """Be told what the caller sees, and may change, for another action than that of the route: policies may allow
        the figures of many values without the values, and writing without erasing what was."""
        if self.gate is not None:
            now = self.access
            self.access = self.gate.access(self.identity, now.tenant, action, now.purpose)

    @property
    def host(self) -> bytes:
        return self._headers.get(b"host", b"")

    @property
    def shows_who_asks(self) -> bool:
        return self.special and not _CREDENTIALS.isdisjoint(self._headers)

    @property
    def only_cookie(self) -> bytes | None:
        """The cookie of who shows nothing else, names no tenant and says no purpose; None for all others."""
        return self._headers.get(b"cookie") if _BESIDE_COOKIE.isdisjoint(self._headers) else None

    @property
    def credentials(self) -> Credentials:
        return read_credentials(
            self.header(b"cookie"), self.header(b"authorization"), self.header(b"x-api-key")
        )

    def asking(self, parameters: dict[str, str], scope_path: str, context: Context) -> Call:
        """The same request as if it had come to that path with these parameters and this @context."""
        asked = copy(self)
        asked._parameters, asked.scope_path, asked.context = parameters, scope_path, context  # noqa: SLF001 its own
        return asked

    @property
    def is_plain(self) -> bool:
        """Whether nothing asks for another form than the one that the store keeps rendered."""
        headers = self._headers
        return (
            not self._raw_query
            and headers.get(b"accept", b"*/*") in _ACCEPT_JSON
            and not (self.special and (b"link" in headers or b"prefer" in headers))
        )

    @property
    def spoken(self) -> tuple[bytes, ...] | None:
        """All of a request that says how its answer is wanted, in its own words; None where that takes more to know:
        a @context of its own, or a question in the body."""
        headers = self._headers
        if self._parameters is not None or b"link" in headers:
            return None
        return self._raw_query, headers.get(b"accept", b""), headers.get(b"host", b"")

    def require_length(self) -> None:
        """Raises LengthRequired where the body comes without its length (CIM 009 §6.3.4)."""
        if b"content-length" not in self._headers:
            raise LengthRequired("The header Content-Length is missing; a body must come with its length")

    def echo_to(self, answer: Answer) -> None:
        """Add what an answer repeats: the tenant (§6.3.14), and of a preferred version the one there is (§6.3.6)."""
        headers = self._headers
        if self.left is not None:
            answer.headers.extend(
                (name.encode(), value.encode()) for name, value in self.left.headers().items()
            )
        if self.access.duties and answer.status < 400:
            answer.headers.append((duties.HEADER.encode(), duties.told(self.access.duties).encode()))
        if not self.special:
            return
        if b"ngsild-tenant" in headers:
            answer.headers.append((b"ngsild-tenant", headers[b"ngsild-tenant"]))
        if b"prefer" in headers and answer.body and preferred_version(self.header(b"prefer")) is not None:
            told = any(name == b"preference-applied" for name, _ in answer.headers)
            answer.headers.extend([] if told else [applied_version(NATIVE)])

    @property
    def has_parameters(self) -> bool:
        return bool(self._raw_query or self._parameters)

    @property
    def parameters(self) -> dict[str, str]:
        """The query parameters. Raises BadRequestData for one that is given twice, or for too many."""
        if self._parameters is None:
            self._parameters = {}
            if self._raw_query:
                self._parameters = _parse_parameters(self._raw_query)
        return self._parameters

    def flag(self, name: str) -> bool:
        """A boolean parameter: absent is false. Raises BadRequestData."""
        text = self.parameters.get(name, "false")
        if text not in ("true", "false"):
            raise BadRequestData(f"Parameter {name} must be true or false, but is '{text[:60]}'")
        return text == "true"

    def number(self, name: str, default: int, largest: int, smallest: int = 0) -> int:
        """A whole number between two limits. Raises BadRequestData."""
        text = self.parameters.get(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdigit() or len(text) > 12 or not smallest <= int(text) <= largest:
            raise BadRequestData(
                f"Parameter {name} must be a whole number from {smallest} to {largest}, but is '{text[:60]}'"
            )
        return int(text)

    def names(self, name: str) -> list[str]:
        """A parameter that is a list separated by commas; empty if it is absent. Raises BadRequestData."""
        text = self.parameters.get(name)
        if text is None:
            return []
        found = [part.strip() for part in text.split(",")]
        if not all(found):
            raise BadRequestData(
                f"Parameter {name} has an empty entry; write names separated by single commas"
            )
        return found

    @property
    def options(self) -> list[str]:
        return self.names("options") if self.has_parameters else []

    def json(self) -> Any:
        """The body as JSON. Raises InvalidRequest, which says where it is broken."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise InvalidRequest(f"The body is not JSON: {error}") from error


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """By name in lower case; several of one name are joined by commas."""
    headers: dict[bytes, bytes] = {}
    for name, value in raw:
        headers[name] = headers[name] + b", " + value if name in headers else value
    return headers


def applied_version(version: Version) -> tuple[bytes, bytes]:
    """The header that tells which version of NGSI-LD an answer conforms to (CIM 009 §6.3.6)."""
    return b"preference-applied", b"ngsi-ld=%d.%d" % version


def _parse_parameters(raw: bytes) -> dict[str, str]:
    try:
        text = raw.decode("ascii")
        if "+" in text:
            text = _PLUS.sub(lambda found: found[0].replace("+", "%2B"), text)
        pairs = parse_qsl(
            text,
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_PARAMETERS_MAX,
        )
    except (UnicodeDecodeError, ValueError) as error:
        raise BadRequestData(f"The query parameters cannot be read: {error}") from error
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        twice = next(name for name, _ in pairs if sum(name == other for other, _ in pairs) > 1)
        raise BadRequestData(f"Parameter {twice[:60]} is given twice")
    return parameters


def decode_segment(segment: str) -> str:
    """A segment of a path, percent-decoded. Raises BadRequestData."""
    try:
        return unquote(segment, errors="strict") if "%" in segment else segment
    except UnicodeDecodeError as error:
        raise BadRequestData(f"'{segment[:80]}' in the path is not UTF-8") from error


class Answer:
    """What a handler answers. headers: in lower case."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, body: bytes = b"", headers: Headers | None = None) -> None:
        self.status = status
        self.body = body
        self.headers: Headers = headers if headers is not None else []
