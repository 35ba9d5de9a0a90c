"""Subscriptions as clients write them: whole ones, and fragments that change one (CIM 009 §5.2.12, §5.8.1, §5.8.2).

Each member has one reader; what must fit together is checked on the whole. Members that only the platform
writes are left out, as are unknown ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from madang.errors import BadRequestData
from madang.ngsild.context import Context
from madang.ngsild.geo import parse_geo
from madang.ngsild.identifier import NGSI_LD_NULL, require_uri
from madang.ngsild.local_context import require_address
from madang.ngsild.notification_input import (
    read_notification,
    require_flag,
    require_positive,
    require_text,
    require_texts,
)
from madang.ngsild.parse import require_object
from madang.ngsild.q import parse_q
from madang.ngsild.query import Selector
from madang.ngsild.scope import parse_scope_query
from madang.ngsild.selection import parse_types
from madang.ngsild.selectors import check_selectors
from madang.ngsild.subscription import DEFAULT_TRIGGERS, Status, Subscription, Trigger
from madang.ngsild.times import parse_moment, require_moment
from madang.settings import LIMITS

_TYPE_NAME: Final = re.compile(r"[^()|,;\s]+")
_VERSION: Final = re.compile(r"(\d{1,2})\.(\d{1,2})(\.\d{1,2})?")
_NULLS: Final = (None, NGSI_LD_NULL)

# What a member means and how it is shown again
Read = tuple[Any, Any]


def parse_subscription(raw: Any, context: Context, now: int, new_id: str) -> Subscription:
    """A whole subscription. now: microseconds UTC. new_id: its id if the client names none. `context` stays empty
    where the client names no jsonldContext. Raises BadRequestData."""
    members = require_object(raw, "A subscription")
    if members.get("type", members.get("@type")) != "Subscription":
        raise BadRequestData("The type of a subscription must be 'Subscription'")
    identifier = members.get("id", members.get("@id", new_id))
    require_uri(identifier, "The id of a subscription")
    fields, stated = _read(members, context)
    _read_q(fields, stated, stated, context)
    missing = next((name for name in stated if stated[name] is None), None)
    if missing is not None:
        raise BadRequestData(f"{missing} is null; leave it out")
    if "notification" not in fields:
        raise BadRequestData(
            "A subscription needs the member notification, which says where notifications go"
        )
    subscription = Subscription(id=identifier, **fields, stated=stated, created_at=now, modified_at=now)
    _check(subscription, fields, now)
    return subscription


def patch_subscription(subscription: Subscription, raw: Any, context: Context, now: int) -> Subscription:
    """The subscription with the fragment's members in the place of its own; NGSI-LD Null takes one away
    (CIM 009 §5.5.8, §5.8.2). Raises BadRequestData."""
    members = require_object(raw, "A fragment of a subscription")
    if members.get("type", "Subscription") != "Subscription":
        raise BadRequestData("The type of a subscription cannot be changed")
    if members.get("id", subscription.id) != subscription.id:
        raise BadRequestData(f"The id of a subscription cannot be changed; this one is {subscription.id}")
    fields, new = _read(members, context)
    if fields.get("notification", "") is None:
        raise BadRequestData("notification cannot be removed; every subscription has one")
    if fields.get("context", "kept") == "":
        raise BadRequestData("jsonldContext cannot be removed; put another in its place")
    stated = {key: value for key, value in (subscription.stated | new).items() if value is not None}
    _read_q(fields, new, stated, context)
    revived = (
        "expiresAt" in new
        and "isActive" not in new
        and subscription.status(now) is Status.EXPIRED
        and not subscription.is_active
    )
    if revived:
        fields["is_active"] = stated["isActive"] = True
    changed = msgspec.structs.replace(subscription, **fields, stated=stated, modified_at=now)
    _check(changed, fields, now)
    return changed


def _read(members: dict[str, Any], context: Context) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of the known members, and how to show these again; None for one that is null."""
    fields: dict[str, Any] = {}
    stated: dict[str, Any] = {}
    for name, (field, read) in _MEMBERS.items():
        if name not in members:
            continue
        value = members[name]
        if value in _NULLS:
            meaning, stated[name] = _DEFAULTS.get(field), None
        else:
            meaning, stated[name] = read(value, context)
        if field:
            fields[field] = meaning
    return fields, stated


def _check(subscription: Subscription, fields: dict[str, Any], now: int) -> None:
    """What must fit together. fields: those that this request names."""
    if fields.get("expires_at") and subscription.expires_at <= now:
        raise BadRequestData(f"expiresAt '{subscription.stated['expiresAt']}' is not in the future")
    explicit_local = subscription.stated.get("localOnly")
    if not subscription.selectors and not subscription.watched and not subscription.local_only:
        raise BadRequestData("A subscription needs entities or watchedAttributes, or localOnly to be true")
    if explicit_local is False and any(selector.types is None for selector in subscription.selectors):
        raise BadRequestData("Entities of type '*' are local ones; localOnly cannot be false")
    if subscription.interval_seconds:
        if subscription.watched:
            raise BadRequestData("timeInterval and watchedAttributes exclude each other")
        if subscription.throttling_seconds:
            raise BadRequestData("timeInterval and throttling exclude each other")


# --- the members, one by one ---


def _entities(value: Any, context: Context) -> Read:
    selectors, stated = [], []
    for checked, given in zip(check_selectors(value), value, strict=True):
        types = parse_types(checked["type"], context)
        selectors.append(Selector(types, tuple(checked.get("id", ())), checked.get("idPattern")))
        stated.append({**given, "type": _expanded(given["type"], context) if types is not None else "*"})
    return tuple(selectors), stated


def _expanded(types: str, context: Context) -> str:
    """The text of a type selection with IRIs in the place of names."""
    return _TYPE_NAME.sub(lambda name: context.expand(name[0]), types)


def _watched(value: Any, context: Context) -> Read:
    names = [context.expand(name) for name in require_texts(value, "watchedAttributes")]
    return tuple(dict.fromkeys(names)), names


def _triggers(value: Any, context: Context) -> Read:
    texts = require_texts(value, "notificationTrigger")
    unknown = [text for text in texts if text not in list(Trigger)]
    if unknown:
        raise BadRequestData(
            f"notificationTrigger '{unknown[0]:.60}' is not known; it may be {', '.join(Trigger)}"
        )
    return frozenset(map(Trigger, texts)), texts


def _read_q(fields: dict[str, Any], new: dict[str, Any], stated: dict[str, Any], context: Context) -> None:
    """Put what q means into the fields; expandValues and jsonKeys, which may stand in other requests, tell how to
    read its values (CIM 009 §4.9). new: what this request names. stated: what holds after it."""
    if new.get("q") is None:
        if "q" in stated and new.keys() & {"expandValues", "jsonKeys"}:
            raise BadRequestData("expandValues and jsonKeys tell how to read q; give q too")
        return
    expanded, plain = (
        {context.expand(name.strip()) for name in stated.get(key, "").split(",") if name.strip()}
        for key in ("expandValues", "jsonKeys")
    )
    # Clients percent-encode q as if it stood in a URL, and the conformance suite does so too
    fields["q"] = parse_q(unquote(stated["q"]), context, frozenset(expanded - plain))


def _csf(value: Any, context: Context) -> Read:
    """A filter of Context Sources; there are none yet, so it is only checked."""
    return parse_q(require_text(value, "csf"), context), value


def _scope(value: Any, context: Context) -> Read:
    return parse_scope_query(require_text(value, "scopeQ")), value


def _geo(value: Any, context: Context) -> Read:
    members = require_object(value, "geoQ")
    parts = ("georel", "geometry", "coordinates", "geoproperty")
    georel, geometry, coordinates, geoproperty = [members.get(part) for part in parts]
    query = parse_geo(georel, geometry, coordinates, geoproperty, context)
    if query is None:
        raise BadRequestData("geoQ needs georel, geometry and coordinates")
    stated = {part: members[part] for part in parts if part in members}
    if "geoproperty" in stated:
        stated["geoproperty"] = query.attribute
    return query, stated


def _datasets(value: Any, context: Context) -> Read:
    texts = require_texts([value] if isinstance(value, str) else value, "datasetId")
    for text in texts:
        if text != "@none":
            require_uri(text, "Each datasetId")
    return frozenset(texts), value


def _expires(value: Any, context: Context) -> Read:
    return parse_moment(require_moment(value, "expiresAt")), value


def _jsonld_context(value: Any, context: Context) -> Read:
    return require_address(require_uri(value, "jsonldContext")), value


def _interval(value: Any, context: Context) -> Read:
    seconds = require_positive(value, "timeInterval")
    if seconds * 1000 < LIMITS.notification_interval_ms_min:
        raise BadRequestData(
            f"timeInterval must be at least {LIMITS.notification_interval_ms_min / 1000} seconds"
        )
    return seconds, value


def _throttling(value: Any, context: Context) -> Read:
    return require_positive(value, "throttling"), value


def _flag(name: str) -> Callable[[Any, Context], Read]:
    return lambda value, context: (require_flag(value, name), value)


def _text(name: str) -> Callable[[Any, Context], Read]:
    return lambda value, context: (require_text(value, name), value)


def _conformance(value: Any, context: Context) -> Read:
    version = _VERSION.fullmatch(value) if isinstance(value, str) else None
    if version is None:
        raise BadRequestData("ngsildConformance must be a version of NGSI-LD such as 1.6")
    return (int(version[1]), int(version[2])), value


def _temporal(value: Any, context: Context) -> Read:
    """Only for subscriptions to registrations, where it has a meaning (CIM 009 §5.2.12)."""
    return None, require_object(value, "temporalQ")


# Member to the field that it fills ("" for none) and its reader
_MEMBERS: Final[dict[str, tuple[str, Callable[[Any, Context], Read]]]] = {
    "subscriptionName": ("name", _text("subscriptionName")),
    # What earlier versions called subscriptionName: clients write it still, and look for it
    "name": ("", _text("name")),
    "description": ("description", _text("description")),
    "entities": ("selectors", _entities),
    "watchedAttributes": ("watched", _watched),
    "notificationTrigger": ("triggers", _triggers),
    "timeInterval": ("interval_seconds", _interval),
    "q": ("q", _text("q")),
    "geoQ": ("geo", _geo),
    "scopeQ": ("scope", _scope),
    "csf": ("", _csf),
    "temporalQ": ("", _temporal),
    "datasetId": ("dataset_ids", _datasets),
    "lang": ("language", _text("lang")),
    "expandValues": ("", _text("expandValues")),
    "jsonKeys": ("", _text("jsonKeys")),
    "localOnly": ("local_only", _flag("localOnly")),
    "splitEntities": ("", _flag("splitEntities")),
    "isActive": ("is_active", _flag("isActive")),
    "expiresAt": ("expires_at", _expires),
    "throttling": ("throttling_seconds", _throttling),
    "jsonldContext": ("context", _jsonld_context),
    "ngsildConformance": ("conformance", _conformance),
    "notification": ("notification", read_notification),
}
_DEFAULTS: Final[dict[str, Any]] = {
    "selectors": (),
    "watched": (),
    "triggers": DEFAULT_TRIGGERS,
    "interval_seconds": 0,
    "dataset_ids": frozenset(),
    "local_only": False,
    "is_active": True,
    "expires_at": 0,
    "throttling_seconds": 0,
    "context": "",
}
