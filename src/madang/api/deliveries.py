"""/api/deliveries: how notifications are doing, and the dead letters. For whoever runs the platform.

Not a part of NGSI-LD. `docs/notifications.md` shows how it is used.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from madang.api.operations import Asking, Offer
from madang.errors import BadRequestData
from madang.hub import dead_letters
from madang.hub.delivery.sending import Result, shown_address
from madang.ngsild.times import format_moment
from madang.settings import LIMITS
from madang.store.deliveries import DeadLetter
from madang.trust.identity import Permission

BASE: Final = "/api/deliveries"
_LETTERS: Final = BASE + "/dead-letters"
_PAGE: Final = 100


async def overview(asking: Asking) -> tuple[int, Any]:
    """How the notifications of the subscriptions are doing; those in trouble first, at most 1,000 of them."""
    found = await dead_letters.overview(asking.hub, asking.access, LIMITS.page_entities_max)
    shown = [_progress(one) for one in found.subscriptions]
    return 200, {"subscriptions": shown, "total": found.total, "deadLetters": found.letters}


async def letters(asking: Asking) -> tuple[int, Any]:
    """?subscription=ID&after=NUMBER: dead letters without their bodies, oldest first."""
    after = asking.request.query_params.get("after", "0")
    if not (after.isascii() and after.isdigit() and len(after) < 16):
        raise BadRequestData("Parameter after must be the number of a dead letter")
    subscription = asking.request.query_params.get("subscription", "")
    found = await dead_letters.letters(asking.hub, asking.access, subscription, _PAGE + 1, int(after))
    listed = [_letter(one) for one in found[:_PAGE]]
    return 200, {"letters": listed, "next": listed[-1]["number"] if len(found) > _PAGE else None}


async def letter(asking: Asking) -> tuple[int, Any]:
    found = await dead_letters.letter(asking.hub, asking.access, asking.request.path_params["number"])
    return 200, {**_letter(found), "notification": orjson.Fragment(found.body)}


async def retry(asking: Asking) -> tuple[int, Any]:
    sent = await dead_letters.retry(asking.hub, asking.access, asking.request.path_params["number"])
    return 200, {"delivered": sent.result is Result.DELIVERED, "reason": sent.reason}


async def retry_all(asking: Asking) -> tuple[int, Any]:
    """?subscription=ID: oldest first, until one fails."""
    done = await dead_letters.retry_all(asking.hub, asking.access, _subscription(asking))
    return 200, {"delivered": done.delivered, "left": done.left, "reason": done.reason}


async def drop(asking: Asking) -> tuple[int, Any]:
    await dead_letters.drop(asking.hub, asking.access, asking.request.path_params["number"])
    return 204, None


async def drop_all(asking: Asking) -> tuple[int, Any]:
    """?subscription=ID"""
    return 200, {"dropped": await dead_letters.drop_all(asking.hub, asking.access, _subscription(asking))}


def _subscription(asking: Asking) -> str:
    named = asking.request.query_params.get("subscription", "")
    if not named:
        raise BadRequestData("Name the subscription: ?subscription=ID")
    return named


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


OFFERED: Final = (
    Offer("GET", BASE, overview, Permission.DELIVERIES),
    Offer("GET", _LETTERS, letters, Permission.DELIVERIES),
    Offer("DELETE", _LETTERS, drop_all, Permission.DELIVERIES),
    Offer("POST", _LETTERS + "/retry", retry_all, Permission.DELIVERIES),
    Offer("GET", _LETTERS + "/{number:int}", letter, Permission.DELIVERIES),
    Offer("DELETE", _LETTERS + "/{number:int}", drop, Permission.DELIVERIES),
    Offer("POST", _LETTERS + "/{number:int}/retry", retry, Permission.DELIVERIES),
)
