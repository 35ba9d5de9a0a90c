"""The thin path: from ASGI to a handler of the information API and back, everything else goes to the pages.

No framework stands between, because its request object, routing and middleware cost more than reading the
entity (docs/decisions, measured).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any, Final

from madang import logs
from madang.api.admission import Admission
from madang.api.call import Answer, Call, decode_segment
from madang.api.problems import internal_problem, problem_answer
from madang.api.routes import BASE, DECLINED, ROUTES, Handler
from madang.api.traffic import Meter, Traffic
from madang.errors import (
    InvalidRequest,
    LoopDetected,
    MadangError,
    MethodNotAllowed,
    NotFound,
    TooLarge,
)
from madang.hub.hub import Hub
from madang.hub.trust.gate import Gate, require_local
from madang.settings import LIMITS
from madang.trust.identity import Permission

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_LOG: Final = logging.getLogger(__name__)
_PREFIX: Final = BASE + "/"
_BATCH: Final = "entityOperations"
_WITH_BODY: Final = frozenset(("POST", "PATCH", "PUT", "DELETE"))
_NAMELESS: Final = ["entities"]
# Names of this machine by which it was asked
_LOCAL: Final[set[bytes]] = set()
_LOCAL_MAX: Final = 64
_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")
_UNKEPT: Final = (b"cache-control", b"no-store")


class _Template:
    """A path of the table, cut into segments; its methods with their handlers and meters."""

    __slots__ = ("handlers", "literals", "variables")

    def __init__(self, path: str) -> None:
        segments = path.strip("/").split("/")
        # Of the first segment the table of templates knows already that it is the same
        self.literals = [(place, text) for place, text in enumerate(segments) if place and text[0] != "{"]
        self.variables = [place for place, text in enumerate(segments) if text[0] == "{"]
        self.handlers: dict[str, tuple[Handler, Meter, Permission | None, bool]] = {}

    def matches(self, segments: list[str]) -> bool:
        for place, text in self.literals:  # noqa: SIM110 a generator would cost more than the comparison
            if segments[place] != text:
                return False
        return True


class _Router:
    """The templates of the table by number of segments and the first of them; the more literal one first."""

    def __init__(self, traffic: Traffic) -> None:
        self.nowhere = traffic.nowhere
        by_path: dict[str, _Template] = {}
        for route in (*ROUTES, *DECLINED):
            template = by_path.setdefault(route.path, _Template(route.path))
            meter = traffic.meter(route.method, route.path)
            template.handlers[route.method] = route.handler, meter, route.permission, route.reads
        self._templates: dict[tuple[int, str], list[_Template]] = {}
        for path, template in by_path.items():
            self._templates.setdefault((path.count("/"), path.split("/")[1]), []).append(template)
        for templates in self._templates.values():
            templates.sort(key=lambda template: -len(template.literals))

    def find(self, segments: list[str]) -> _Template | None:
        """The template of a path."""
        for template in self._templates.get((len(segments), segments[0]), ()):
            if template.matches(segments):
                return template
        return None


def information_api(hub: Hub, gate: Gate, traffic: Traffic | None = None) -> Application:
    """The ASGI application of /ngsi-ld/v1. traffic: where requests are counted."""
    router = _Router(traffic or Traffic())
    admission = Admission(gate)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        logs.REQUEST.set(scope)
        answer, meter = await _answer(hub, admission, router, scope, receive)
        headers = answer.headers
        headers.append(_NOSNIFF)
        if answer.status != 204:  # which has none (§6.3.6)
            headers.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})
        meter.add(answer.status, perf_counter() - began)

    return serve


async def _answer(
    hub: Hub, admission: Admission, router: _Router, scope: Scope, receive: Receive
) -> tuple[Answer, Meter]:
    """Route, ask the gate, read the body, call the handler; errors of the tree become their problem, bugs a 500 with a
    log line."""
    meter = router.nowhere
    gate = admission.gate
    call: Call | None = None
    permission: Permission | None = Permission.READ
    try:
        (handler, meter, permission, reads), path = _route(scope, router)
        call = Call(scope, hub, path, b"")  # type: ignore[arg-type]  # granian gives a plain dict
        if not gate.open or (call.special and call.shows_who_asks):
            await admission.admit(call, permission, scope.get("client"))
        if gate.local and call.host not in _LOCAL:
            require_local(call.header(b"host"))
            _remember_local(call.host)
        if scope["method"] in _WITH_BODY:
            call.require_own_page()
            if scope["method"] != "DELETE":
                call.require_length()
            call.body = await _body(scope, receive)
        if call.special and (via := call.header(b"via")):
            _refuse_own(hub, via)
        answer = await handler(call)
        if reads:
            # In place of a call, because this is on the way of every request
            hub.uses.reads[call.access.tenant, call.identity.roles] += 1
    except MadangError as error:
        answer = _numbered(problem_answer(error), scope)
    except Exception:  # noqa: BLE001 a bug: the client gets a number, the log the rest
        _LOG.exception("%s %s failed", scope["method"], scope["path"])
        answer = _numbered(internal_problem(logs.request_id(scope)), scope)
    if call is not None:
        call.echo_to(answer)
    if not gate.open and permission is not None:
        answer.headers = [pair for pair in answer.headers if pair[0] != b"cache-control"]
        answer.headers.append(_UNKEPT)
    return answer, meter


def _remember_local(host: bytes) -> None:
    if len(_LOCAL) < _LOCAL_MAX:
        _LOCAL.add(host)


def _numbered(answer: Answer, scope: Scope) -> Answer:
    """The answer with the number by which the log knows its request."""
    answer.headers.append((logs.HEADER, logs.request_id(scope).encode()))
    return answer


def _refuse_own(hub: Hub, via: str) -> None:
    """Raises LoopDetected for a notification of this platform: it must not cause others without end (CIM 009 §6.3.18)."""
    if hub.delivery is not None and hub.delivery.name in via:
        raise LoopDetected(
            "This is a notification of this platform; let the subscription's endpoint lead elsewhere"
        )


def _route(
    scope: Scope, router: _Router
) -> tuple[tuple[Handler, Meter, Permission | None, bool], tuple[str, ...]]:
    raw: bytes | None = scope.get("raw_path")
    path = raw.decode("latin-1") if raw else scope["path"]
    if len(path) + len(scope["query_string"]) > LIMITS.request_uri_bytes_max:
        raise InvalidRequest(f"Path and parameters are longer than {LIMITS.request_uri_bytes_max} bytes")
    segments = path[len(_PREFIX) :].partition("?")[0].split("/")
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    found = router.find(segments)
    if not segments[-1] and len(segments) > 1:
        # A slash at the end is of the collection; but to write an entity without saying which is no wrong method
        collection = router.find(segments[:-1])
        nameless = segments[:-1] == _NAMELESS and method in ("PUT", "PATCH")
        found = found if nameless or collection is None else collection
    if found is None:
        raise NotFound(f"There is nothing at {scope['path'][:200]}; /openapi.json lists what there is")
    handler = found.handlers.get(method)
    if handler is None:
        allowed = ", ".join(sorted(found.handlers))
        raise MethodNotAllowed(f"{method} is not offered here; offered are {allowed}", detail=allowed)
    return handler, tuple([decode_segment(segments[place]) for place in found.variables])


async def _body(scope: Scope, receive: Receive) -> bytes:
    """The whole body. Raises TooLarge as soon as it is over the limit."""
    largest = LIMITS.batch_bytes_max if _BATCH in scope["path"] else LIMITS.body_bytes_max
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        parts = [body]
        size = len(body)
        while message.get("more_body") and size <= largest:
            message = await receive()
            parts.append(message.get("body", b""))
            size += len(parts[-1])
        body = b"".join(parts)
    if len(body) > largest:
        raise TooLarge(f"The body is larger than {largest} bytes; send it in parts")
    return body


def application(hub: Hub, gate: Gate, pages: Application, traffic: Traffic) -> Application:
    """The whole platform as one ASGI application: the information API by the thin path, all else by `pages`."""
    api = information_api(hub, gate, traffic)
    counted = traffic.pages

    def serve(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        # Hands over instead of waiting for it: this is on the way of every request
        if scope["type"] != "http":
            return pages(scope, receive, send)
        return (api if scope["path"].startswith(_PREFIX) else shown)(scope, receive, send)

    async def shown(scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        status = 500

        async def watched(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        logs.REQUEST.set(scope)
        try:
            await pages(scope, receive, watched)
        finally:
            # A page that follows the city has no time of its own
            if scope["path"] != "/stream":
                counted.add(status, perf_counter() - began)

    return serve
