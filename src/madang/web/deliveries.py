"""How notifications are doing: who is told, who does not take it, and what can be sent again or dropped."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
from starlette.responses import RedirectResponse, Response

from madang.errors import BadRequestData, NotFound
from madang.hub import dead_letters
from madang.hub.delivery.sending import Result, shown_address
from madang.store.deliveries import DeadLetter
from madang.web.headers import SECURITY_HEADERS
from madang.web.visit import Visit

PATH: Final = "/data/deliveries"
_LETTERS: Final = 50
_SUBSCRIPTIONS: Final = 200
_BODY_CHARACTERS_MAX: Final = 4000
_FORM_BYTES_MAX: Final = 8192
_OUTCOMES: Final = ("delivered", "partly", "failed", "dropped", "gone")


async def deliveries_page(visit: Visit) -> Response:
    """GET /{language}/data/deliveries?subscription=ID&after=NUMBER"""
    hub, access = visit.site.hub, visit.access
    query = visit.request.query_params
    subscription = query.get("subscription", "")
    given = query.get("after", "")
    after = int(given) if given.isascii() and given.isdigit() and len(given) < 16 else 0
    overview = await dead_letters.overview(hub, access, _SUBSCRIPTIONS)
    letters = await dead_letters.letters(hub, access, subscription, _LETTERS + 1, after)
    more, letters = len(letters) > _LETTERS, letters[:_LETTERS]
    told = overview.subscriptions
    names = {one.subscription.id: one.subscription.name or one.subscription.id for one in told}
    outcome = query.get("done", "")
    following = {"subscription": subscription, "after": letters[-1].number} if more else {}
    return visit.html(
        "deliveries.html",
        {
            "subscriptions": [subscription_view(visit, one) for one in told],
            "total": overview.total,
            "letters": [letter_view(visit, one, names) for one in letters],
            "dead": overview.letters,
            "chosen": subscription,
            "chosen_name": names.get(subscription, subscription),
            "next": visit.url(PATH, following) if more else "",
            "first": visit.url(PATH, {"subscription": subscription}) if after else "",
            "outcome": visit.t(f"deliveries.done-{outcome}") if outcome in _OUTCOMES else "",
            "worked": outcome not in ("failed", "partly"),
        },
    )


def subscription_view(visit: Visit, one: dead_letters.Progressing) -> dict[str, Any]:
    state = "failing" if one.failing is not None and one.status.value == "active" else one.status.value
    return {
        "name": one.subscription.name or one.subscription.id,
        "id": one.subscription.id,
        "endpoint": shown_address(one.subscription.notification.endpoint),
        "state": state,
        "since": one.failing.since if one.failing is not None else 0,
        "next": one.failing.next_attempt if one.failing is not None else 0,
        "reason": one.failing.reason if one.failing is not None else "",
        "sent": one.state.times_sent - one.state.times_failed,
        "failed": one.state.times_failed,
        "last": one.state.last_success,
        "waiting": one.waiting,
        "behind": one.behind,
        "dead": one.letters,
        "skipped": one.skipped,
        "url": visit.url(PATH, {"subscription": one.subscription.id}) + "#letters",
    }


def letter_view(visit: Visit, letter: DeadLetter, names: dict[str, str]) -> dict[str, Any]:
    body = msgspec.json.format(letter.body, indent=2).decode()
    return {
        "number": letter.number,
        "subscription": names.get(letter.subscription, letter.subscription),
        "time": letter.time,
        "reason": letter.reason,
        "entities": letter.entities,
        "attempts": letter.attempts,
        "body": body[:_BODY_CHARACTERS_MAX] + ("\n…" if len(body) > _BODY_CHARACTERS_MAX else ""),
        "whole": f"/api/deliveries/dead-letters/{letter.number}",
    }


async def act(visit: Visit) -> Response:
    """POST of the page's forms: send again or drop, one (`number`) or all of a subscription; back to the page."""
    form = await read_form(visit)
    subscription = form.get("subscription", "")
    try:
        outcome = await carry_out(visit, form.get("action", ""), form.get("number", ""), subscription)
    except NotFound:
        outcome = "gone"
    kept = {"subscription": form.get("chosen", ""), "done": outcome}
    return RedirectResponse(visit.url(PATH, kept) + "#letters", 303, SECURITY_HEADERS)


async def carry_out(visit: Visit, action: str, number: str, subscription: str) -> str:
    """What came of it. Raises BadRequestData for an action that is none, NotFound."""
    hub, access = visit.site.hub, visit.access
    if number.isascii() and number.isdigit() and len(number) < 16:
        if action == "retry":
            sent = await dead_letters.retry(hub, access, int(number))
            return "delivered" if sent.result is Result.DELIVERED else "failed"
        if action == "drop":
            await dead_letters.drop(hub, access, int(number))
            return "dropped"
    if subscription and action == "retry-all":
        done = await dead_letters.retry_all(hub, access, subscription)
        return "partly" if done.delivered and done.left else "failed" if done.left else "delivered"
    if subscription and action == "drop-all":
        await dead_letters.drop_all(hub, access, subscription)
        return "dropped"
    raise BadRequestData("The form says neither what to do nor with what")


async def read_form(visit: Visit) -> dict[str, str]:
    """The fields of a form. Raises BadRequestData."""
    body = b""
    async for part in visit.request.stream():
        body += part
        if len(body) > _FORM_BYTES_MAX:
            raise BadRequestData(f"The form is larger than {_FORM_BYTES_MAX} bytes")
    fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10)
    return {name: values[0] for name, values in fields.items()}
