"""What is offered under /api and beside it, which is no part of NGSI-LD: each with the permission that it asks.

A handler takes an `Asking`, calls the hub, and gives a status and a value that becomes JSON (or an answer of its own).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from madang.api.problems import internal, problem, said_by, status_of
from madang.errors import Denied, MadangError, NotSupported
from madang.hub.accounts.accounts import Accounts
from madang.hub.hub import Hub
from madang.hub.trust.credentials import Credentials, is_own_page, read_credentials
from madang.hub.trust.gate import Asked, Gate, require_local
from madang.hub.trust.parts import Parts
from madang.hub.trust.policies import Policies
from madang.hub.trust.rates import Left
from madang.logs import request_id
from madang.trust.access import Access
from madang.trust.identity import Identity, Permission

_LOG: Final = logging.getLogger(__name__)
_SAFE: Final = frozenset(("GET", "HEAD"))


class Behind(msgspec.Struct, frozen=True):
    """What the operations work with. parts: None where there is nothing of it to be looked after."""

    hub: Hub
    gate: Gate
    parts: Parts | None = None

    @property
    def known(self) -> Parts:
        if self.parts is None:
            raise NotSupported("There are no accounts and no policies here")
        return self.parts


class Asking(msgspec.Struct, frozen=True):
    """A request that was let in. identity, access: who asks, and what they see and may change."""

    request: Request
    behind: Behind
    identity: Identity
    access: Access

    @property
    def hub(self) -> Hub:
        return self.behind.hub

    @property
    def gate(self) -> Gate:
        return self.behind.gate

    @property
    def accounts(self) -> Accounts:
        """Raises NotSupported where the platform knows nobody."""
        return self.behind.known.accounts

    @property
    def policies(self) -> Policies:
        return self.behind.known.policies


Outcome = tuple[int, Any] | Response
Handler = Callable[[Asking], Awaitable[Outcome]]


class Offer(msgspec.Struct, frozen=True):
    """One method of one path. permission: that it asks, None where anybody may take it."""

    method: str
    path: str
    handler: Handler
    permission: Permission | None


def routes(hub: Hub, gate: Gate, offers: Iterable[Offer], parts: Parts | None = None) -> list[Route]:
    behind = Behind(hub, gate, parts)
    return [
        Route(one.path, _guarded(behind, one.handler, one.permission), methods=[one.method]) for one in offers
    ]


def _guarded(
    behind: Behind, handler: Handler, permission: Permission | None
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            outcome = await handler(await _admitted(behind, request, permission))
            response = outcome if isinstance(outcome, Response) else answer(*outcome)
        except MadangError as error:
            response = answer(status_of(error), problem(error), said_by(error))
        except Exception:  # noqa: BLE001 a bug: the client gets a number, the log the rest
            _LOG.exception("%s %s failed", request.method, request.url.path)
            response = answer(500, internal(request_id(request.scope)))
        left: Left | None = getattr(request.state, "left", None)
        response.headers.update({"x-content-type-options": "nosniff", **(left.headers() if left else {})})
        return response

    return endpoint


async def _admitted(behind: Behind, request: Request, permission: Permission | None) -> Asking:
    """Raises Unauthenticated, Denied."""
    headers, gate = request.headers, behind.gate
    if gate.local:
        require_local(headers.get("host", ""))
    if request.method not in _SAFE and not is_own_page(
        headers.get("sec-fetch-site", ""), headers.get("origin", ""), headers.get("host", "")
    ):
        raise Denied("A page of another site may not do this")
    tenant, purpose = headers.get("ngsild-tenant", ""), headers.get("madang-purpose", "")
    address = request.client.host if request.client else ""
    admitted = await gate.admit(Asked(credentials_of(request), permission, tenant, purpose, address))
    request.state.left = admitted.left
    return Asking(request, behind, admitted.identity, admitted.access)


def credentials_of(request: Request) -> Credentials:
    headers = request.headers
    return read_credentials(
        headers.get("cookie", ""), headers.get("authorization", ""), headers.get("x-api-key", "")
    )


def answer(status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    content = orjson.dumps(body) if body is not None else b""
    return Response(content, status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")
