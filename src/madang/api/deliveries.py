"""/api/deliveries: how notifications are doing, and the dead letters. For whoever runs the platform.

Not a part of NGSI-LD. `docs/notifications.md` shows how it is used.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from madang.api.problems import problem, status_of
from madang.errors import BadRequestData, Denied, MadangError
from madang.hub import dead_letters
from madang.hub.delivery.sending import Result, shown_address
from madang.hub.hub import Hub
from madang.ngsild.times import format_moment
from madang.settings import LIMITS
from madang.store.deliveries import DeadLetter
from madang.trust.access import Access

BASE: Final = "/api/deliveries"
_LETTERS: Final = BASE + "/dead-letters"
_PAGE: Final = 100

Handler = Callable[[Request, Hub, Access], Awaitable[tuple[int, Any]]]


def routes(hub: Hub) -> list[Route]:
    def route(method: str, path: str, handler: Handler) -> Route:
        return Route(path, _guarded(hub, handler), methods=[method])

    return [
        route("GET", BASE, overview),
        route("GET", _LETTERS, letters),
        route("DELETE", _LETTERS, drop_all),
        route("POST", _LETTERS + "/retry", retry_all),
        route("GET", _LETTERS + "/{number:int}", letter),
        route("DELETE", _LETTERS + "/{number:int}", drop),
        route("POST", _LETTERS + "/{number:int}/retry", retry),
    ]


async def overview(_request: Request, hub: Hub, access: Access) -> tuple[int, Any]:
    """How the notifications of the subscriptions are doing; those in trouble first, at most 1,000 of them."""
    found = await dead_letters.overview(hub, access, LIMITS.page_entities_max)
    shown = [_progress(one) for one in found.subscriptions]
    return 200, {"subscriptions": shown, "total": found.total, "deadLetters": found.letters}


async def letters(request: Request, hub: Hub, access: Access) -> tuple[int, Any]:
    """?subscription=ID&after=NUMBER: dead letters without their bodies, oldest first."""
    after = request.query_params.get("after", "0")
    if not (after.isascii() and after.isdigit() and len(after) < 16):
        raise BadRequestData("Parameter after must be the number of a dead letter")
    subscription = request.query_params.get("subscription", "")
    found = await dead_letters.letters(hub, access, subscription, _PAGE + 1, int(after))
    listed = [_letter(one) for one in found[:_PAGE]]
    return 200, {"letters": listed, "next": listed[-1]["number"] if len(found) > _PAGE else None}


async def letter(request: Request, hub: Hub, access: Access) -> tuple[int, Any]:
    found = await dead_letters.letter(hub, access, request.path_params["number"])
    return 200, {**_letter(found), "notification": orjson.Fragment(found.body)}


async def retry(request: Request, hub: Hub, access: Access) -> tuple[int, Any]:
    sent = await dead_letters.retry(hub, access, request.path_params["number"])
    return 200, {"delivered": sent.result is Result.DELIVERED, "reason": sent.reason}


async def retry_all(request: Request, hub: Hub, access: Access) -> tuple[int, Any]:
    """?subscription=ID: oldest first, until one fails."""
    done = await dead_letters.retry_all(hub, access, _subscription(request))
    return 200, {"delivered": done.delivered, "left": done.left, "reason": done.reason}


async def drop(request: Request, hub: Hub, access: Access) -> tuple[int, Any]:
    await dead_letters.drop(hub, access, request.path_params["number"])
    return 204, None


async def drop_all(request: Request, hub: Hub, access: Access) -> tuple[int, Any]:
    """?subscription=ID"""
    return 200, {"dropped": await dead_letters.drop_all(hub, access, _subscription(request))}


def _subscription(request: Request) -> str:
    named = request.query_params.get("subscription", "")
    if not named:
        raise BadRequestData("Name the subscription: ?subscription=ID")
    return named


def _guarded(hub: Hub, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            if request.method != "GET" and request.headers.get("sec-fetch-site", "none") not in (
                "none",
                "same-origin",
            ):
                raise Denied("A page of another site may not do this")
            access = Access(tenant=request.headers.get("ngsild-tenant", ""))
            status, body = await handler(request, hub, access)
        except MadangError as error:
            return _answer(status_of(error), problem(error))
        return _answer(status, body)

    return endpoint


def _answer(status: int, body: Any) -> Response:
    content = orjson.dumps(body) if body is not None else b""
    return Response(content, status, {"Cache-Control": "no-store"}, "application/json")


def _progress(one: dead_letters.Progressing) -> dict[str, Any]:
    failing = one.failing
    return {
        "subscription": one.subscription.id,
        "endpoint": shown_address(one.subscription.notification.endpoint),
        "status": one.status.value,
        "waiting": one.waiting,
        "moreOnDisk": one.behind,
        "timesSent": one.state.times_sent,
        "timesFailed": one.state.times_failed,
        "lastSuccess": _moment(one.state.last_success),
        "failing": None
        if failing is None
        else {
            "since": _moment(failing.since),
            "attempts": failing.attempts,
            "nextAttempt": _moment(failing.next_attempt),
            "reason": failing.reason,
        },
        "deadLetters": one.letters,
        "givenUpUntil": _moment(one.skipped),
    }


def _letter(one: DeadLetter) -> dict[str, Any]:
    return {
        "number": one.number,
        "subscription": one.subscription,
        "time": _moment(one.time),
        "attempts": one.attempts,
        "reason": one.reason,
        "entities": one.entities,
    }


def _moment(microseconds: int) -> str | None:
    return format_moment(microseconds) if microseconds else None
