"""/health and /ready: whether the process runs, and whether its store answers. For whoever watches over it."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from madang import __version__
from madang.errors import MadangError
from madang.hub.hub import Hub
from madang.trust.access import OPEN


def routes(hub: Hub) -> list[Route]:
    async def health(_request: Request) -> Response:
        return answer(200, {"status": "up", "version": __version__})

    async def ready(_request: Request) -> Response:
        try:
            sequence = await hub.store(OPEN).last_sequence()
        except MadangError as error:
            return answer(503, {"status": "not ready", "reason": error.message})
        return answer(200, {"status": "ready", "sequence": sequence})

    return [Route("/health", health), Route("/ready", ready)]


def answer(status: int, body: dict[str, str | int]) -> Response:
    return Response(orjson.dumps(body), status, {"Cache-Control": "no-store"}, "application/json")
