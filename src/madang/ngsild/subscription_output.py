"""Subscriptions as their readers get them: what the client wrote, in the reader's @context, with the state (CIM 009 §5.8.3)."""

from __future__ import annotations

import re
from typing import Any, Final

from madang.ngsild.context import Context
from madang.ngsild.projection import HEAD_MEMBERS
from madang.ngsild.subscription import DeliveryState, Subscription, Trigger
from madang.ngsild.times import format_moment

# A name in a type selection, and in a projection
_TYPE_NAME: Final = re.compile(r"[^()|,;\s*]+")
_NAME: Final = re.compile(r"[^{},|\s]+")


def subscription_json(
    subscription: Subscription, state: DeliveryState, context: Context, now: int, *, system: bool = False
) -> dict[str, Any]:
    """The subscription as a JSON value, without "@context". system: with createdAt and modifiedAt."""
    written: dict[str, Any] = {"id": subscription.id, "type": "Subscription"}
    for name, value in subscription.stated.items():
        written[name] = _WRITERS[name](value, context) if name in _WRITERS else value
    written["notification"] = {**written["notification"], **_state_json(state)}
    written["status"] = subscription.status(now).value
    written["notificationTrigger"] = [one.value for one in Trigger if one in subscription.triggers]
    written["jsonldContext"] = subscription.context
    if system:
        written["createdAt"] = format_moment(subscription.created_at)
        written["modifiedAt"] = format_moment(subscription.modified_at)
    return written


def _state_json(state: DeliveryState) -> dict[str, Any]:
    """The members that only the platform writes; those that say nothing yet are left out (CIM 009 §5.2.14.2)."""
    written: dict[str, Any] = {"timesSent": state.times_sent, "timesFailed": state.times_failed}
    moments = {
        "lastNotification": state.last_notification,
        "lastSuccess": state.last_success,
        "lastFailure": state.last_failure,
    }
    written |= {name: format_moment(moment) if moment else 0 for name, moment in moments.items()}
    if state.ok is not None:
        written["status"] = "ok" if state.ok else "failed"
    return {name: value for name, value in written.items() if value}


def _entities(selectors: Any, context: Context) -> Any:
    return [
        {**selector, "type": _TYPE_NAME.sub(lambda name: context.compact(name[0]), selector["type"])}
        for selector in selectors
    ]


def _names(names: Any, context: Context) -> Any:
    return [_NAME.sub(lambda name: _member(name[0], context), text) for text in names]


def _member(name: str, context: Context) -> str:
    return name if name in HEAD_MEMBERS else context.compact(name)


def _geo(stated: Any, context: Context) -> Any:
    if "geoproperty" not in stated:
        return stated
    return {**stated, "geoproperty": context.compact(stated["geoproperty"])}


def _notification(stated: Any, context: Context) -> Any:
    named = {key: _names(stated[key], context) for key in ("attributes", "pick", "omit") if key in stated}
    return {**stated, **named}


_WRITERS: Final = {
    "entities": _entities,
    "watchedAttributes": _names,
    "geoQ": _geo,
    "notification": _notification,
}
