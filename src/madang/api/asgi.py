"""The thin path: from ASGI to a handler of the information API and back, everything else goes to the pages.

No framework stands between, because its request object, routing and middleware cost more than reading the
entity (docs/decisions, measured).
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from madang.api.call import Answer, Call, decode_segment
from madang.api.problems import internal_problem, problem_answer
from madang.api.routes import BASE, ROUTES, Handler
from madang.errors import InvalidRequest, LoopDetected, MadangError, MethodNotAllowed, NotFound, TooLarge
from madang.hub.hub import Hub
from madang.settings import LIMITS

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_LOG: Final = logging.getLogger(__name__)
_PREFIX: Final = BASE + "/"
_BATCH: Final = "entityOperations"


class _Template:
    """A path of the table, cut into segments; its methods with their handlers."""

    __slots__ = ("handlers", "literals", "variables")

    def __init__(self, path: str) -> None:
        segments = path.strip("/").split("/")
        # Of the first segment the table of templates knows already that it is the same
        self.literals = [(place, text) for place, text in enumerate(segments) if place and text[0] != "{"]
        self.variables = [place for place, text in enumerate(segments) if text[0] == "{"]
        self.handlers: dict[str, Handler] = {}

    def matches(self, segments: list[str]) -> bool:
        for place, text in self.literals:  # noqa: SIM110 a generator would cost more than the comparison
            if segments[place] != text:
                return False
        return True


def _templates() -> dict[tuple[int, str], list[_Template]]:
    """The templates of the table by number of segments and the first of them; the more literal one first."""
    by_path: dict[str, _Template] = {}
    for route in ROUTES:
        by_path.setdefault(route.path, _Template(route.path)).handlers[route.method] = route.handler
    found: dict[tuple[int, str], list[_Template]] = {}
    for path, template in by_path.items():
        found.setdefault((path.count("/"), path.split("/")[1]), []).append(template)
    for templates in found.values():
        templates.sort(key=lambda template: -len(template.literals))
    return found


_TEMPLATES: Final = _templates()


def information_api(hub: Hub) -> Application:
    """The ASGI application of /ngsi-ld/v1."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        answer = await _answer(hub, scope, receive)
        headers = answer.headers
        headers.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})

    return serve


async def _answer(hub: Hub, scope: Scope, receive: Receive) -> Answer:
    """Route, read the body, call the handler; errors of the tree become their problem, bugs a 500 with a log line."""
    try:
        handler, path = _route(scope)
        method = scope["method"]
        body = await _body(scope, receive) if method in ("POST", "PATCH", "PUT", "DELETE") else b""
        call = Call(scope, hub, path, body)  # type: ignore[arg-type]  # granian gives a plain dict
        if via := call.header(b"via"):
            _refuse_own(hub, via)
        return await handler(call)
    except MadangError as error:
        return problem_answer(error)
    except Exception:  # noqa: BLE001 a bug: the client gets a number, the log the rest
        number = uuid.uuid4().hex[:12]
        _LOG.exception("Request %s failed: %s %s", number, scope["method"], scope["path"])
        return internal_problem(number)


def _refuse_own(hub: Hub, via: str) -> None:
    """Raises LoopDetected for a notification of this platform: it must not cause others without end (CIM 009 §6.3.18)."""
    if hub.delivery is not None and hub.delivery.name in via:
        raise LoopDetected(
            "This is a notification of this platform; let the subscription's endpoint lead elsewhere"
        )


def _route(scope: Scope) -> tuple[Handler, tuple[str, ...]]:
    raw: bytes | None = scope.get("raw_path")
    path = raw.decode("latin-1") if raw else scope["path"]
    if len(path) + len(scope["query_string"]) > LIMITS.request_uri_bytes_max:
        raise InvalidRequest(f"Path and parameters are longer than {LIMITS.request_uri_bytes_max} bytes")
    segments = path[len(_PREFIX) :].partition("?")[0].split("/")
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    found = _find(segments)
    if not segments[-1] and len(segments) > 1:
        # A slash at the end: of a collection, unless the method is one that only its members have
        collection = _find(segments[:-1])
        found = collection if collection is not None and method in collection.handlers else found
    if found is None:
        raise NotFound(f"There is nothing at {scope['path'][:200]}; /openapi.json lists what there is")
    handler = found.handlers.get(method)
    if handler is None:
        allowed = ", ".join(sorted(found.handlers))
        raise MethodNotAllowed(f"{method} is not offered here; offered are {allowed}", detail=allowed)
    return handler, tuple([decode_segment(segments[place]) for place in found.variables])


def _find(segments: list[str]) -> _Template | None:
    """The template of a path."""
    for template in _TEMPLATES.get((len(segments), segments[0]), ()):
        if template.matches(segments):
            return template
    return None


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


def application(hub: Hub, pages: Application) -> Application:
    """The whole platform as one ASGI application: the information API by the thin path, all else by `pages`."""
    api = information_api(hub)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_PREFIX):
            await api(scope, receive, send)
        else:
            await pages(scope, receive, send)

    return serve
