"""The notification of a subscription as clients write it: its parameters and its endpoint (CIM 009 §5.2.14, §5.2.15).

Every reader answers the value and the members to show again, whose names are IRIs. Members that only the
platform writes are left out (§5.2.14.2), as are unknown ones.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

from madang.errors import BadRequestData
from madang.ngsild.context import Context
from madang.ngsild.identifier import is_uri
from madang.ngsild.parse import require_object
from madang.ngsild.representation import Format
from madang.ngsild.subscription import Accept, Endpoint, Join, KeyValue, NotificationParameters
from madang.settings import LIMITS

FORMATS: Final = {
    "normalized": Format.NORMALIZED,
    "concise": Format.CONCISE,
    "simplified": Format.SIMPLIFIED,
    "keyValues": Format.SIMPLIFIED,
}
_HEAD_MEMBERS: Final = frozenset(("id", "type", "scope"))
_SCHEMES: Final = ("http", "https", "mqtt", "mqtts")
_MQTT_VALUES: Final = {"MQTT-Version": ("mqtt3.1.1", "mqtt5.0"), "MQTT-QoS": ("0", "1", "2")}
# RFC 7230: a header's name is a token, its value has no control characters
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FIELD_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
# Headers that say how the message itself is sent; a receiver cannot choose them
_OURS: Final = frozenset(
    ("content-length", "content-type", "transfer-encoding", "connection", "host", "link", "ngsild-tenant")
)

Stated = dict[str, Any]


def read_notification(raw: Any, context: Context) -> tuple[NotificationParameters, Stated]:
    """The parameters of a notification. Raises BadRequestData."""
    members = require_object(raw, "notification")
    if members.get("endpoint") is None:
        raise BadRequestData("notification needs an endpoint, with the address that is to be notified")
    endpoint, stated_endpoint = read_endpoint(members["endpoint"])
    stated: Stated = {}
    format_ = members.get("format", "normalized")
    if not isinstance(format_, str) or format_ not in FORMATS:
        raise BadRequestData(f"notification.format must be one of {', '.join(FORMATS)}")
    names = {key: _names(members, key, context) for key in ("attributes", "pick", "omit")}
    _check_names(names)
    flags = {key: require_flag(members.get(key, False), f"notification.{key}") for key in _FLAGS}
    if flags["showChanges"] and FORMATS[format_] is Format.SIMPLIFIED:
        raise BadRequestData(
            f"showChanges needs a format that can tell former values: normalized or concise, not {format_}"
        )
    join, level = _join(members)
    for key in ("format", *_FLAGS, "join", "joinLevel"):
        if key in members:
            stated[key] = members[key]
    stated |= {key: list(value) for key, value in names.items() if value}
    stated["endpoint"] = stated_endpoint
    parameters = NotificationParameters(
        endpoint,
        FORMATS[format_],
        frozenset(names["attributes"]) or None,
        names["pick"],
        names["omit"],
        flags["sysAttrs"],
        flags["showChanges"],
        join,
        level,
    )
    return parameters, stated


_FLAGS: Final = ("sysAttrs", "showChanges")


def _join(members: dict[str, Any]) -> tuple[Join, int]:
    join = members.get("join", "@none")
    if join not in list(Join):
        raise BadRequestData(f"notification.join must be one of {', '.join(Join)}")
    level = members.get("joinLevel", 1)
    if type(level) is not int or level < 1:
        raise BadRequestData("notification.joinLevel must be a whole number from 1")
    return Join(join), level


def _names(members: dict[str, Any], key: str, context: Context) -> tuple[str, ...]:
    if key not in members:
        return ()
    where = f"notification.{key}"
    return tuple(
        [
            name if name in _HEAD_MEMBERS else context.expand(name)
            for name in require_texts(members[key], where)
        ]
    )


def _check_names(names: dict[str, tuple[str, ...]]) -> None:
    if names["attributes"]:
        if names["pick"] or names["omit"]:
            raise BadRequestData("notification.attributes cannot stand beside pick or omit; use pick alone")
        if not _HEAD_MEMBERS.isdisjoint(names["attributes"]):
            raise BadRequestData(
                "notification.attributes names attributes only; for id, type and scope use pick"
            )
    both = set(names["pick"]) & set(names["omit"])
    if both:
        raise BadRequestData(f"notification picks and omits '{min(both)}' at once")


def read_endpoint(raw: Any) -> tuple[Endpoint, Stated]:
    """An endpoint. Raises BadRequestData."""
    members = require_object(raw, "notification.endpoint")
    uri = _address(members.get("uri"))
    accept = members.get("accept", Accept.JSON.value)
    if accept not in list(Accept):
        raise BadRequestData(f"notification.endpoint.accept must be one of {', '.join(Accept)}")
    durations = {
        key: require_positive(members[key], f"notification.endpoint.{key}") if key in members else 0
        for key in ("timeout", "cooldown")
    }
    receiver = _pairs(members, "receiverInfo")
    notifier = _pairs(members, "notifierInfo")
    if urlsplit(uri).scheme.startswith("http"):
        for pair in receiver:
            _check_header(pair)
    else:
        for pair in notifier:
            allowed = _MQTT_VALUES.get(pair.key)
            if allowed is not None and pair.value not in allowed:
                raise BadRequestData(f"{pair.key} in notifierInfo must be one of {', '.join(allowed)}")
    known = ("uri", "accept", "timeout", "cooldown", "receiverInfo", "notifierInfo")
    stated = {key: members[key] for key in known if key in members}
    endpoint = Endpoint(uri, Accept(accept), durations["timeout"], durations["cooldown"], receiver, notifier)
    return endpoint, stated


def _address(uri: Any) -> str:
    if isinstance(uri, str) and is_uri(uri):
        try:
            parts = urlsplit(uri)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise BadRequestData(f"notification.endpoint.uri '{uri:.100}' is no address: {error}") from error
        if parts.scheme in _SCHEMES and host and (parts.scheme.startswith("http") or parts.path.strip("/")):
            return uri
    shown = uri if isinstance(uri, str) else type(uri).__name__
    raise BadRequestData(
        f"notification.endpoint.uri must be an http or https address, or mqtt://HOST/TOPIC (mqtts), but is '{shown:.100}'"
    )


def _pairs(members: dict[str, Any], key: str) -> tuple[KeyValue, ...]:
    raw = members.get(key, [])
    where = f"notification.endpoint.{key}"
    if type(raw) is not list or len(raw) > LIMITS.subscription_entries_max:
        raise BadRequestData(
            f"{where} must be a list of at most {LIMITS.subscription_entries_max} pairs of key and value"
        )
    pairs = []
    for item in raw:
        pair = require_object(item, f"Each entry of {where}")
        if not isinstance(pair.get("key"), str) or not pair["key"] or not isinstance(pair.get("value"), str):
            raise BadRequestData(f"Each entry of {where} needs a key and a value, both strings")
        pairs.append(KeyValue(pair["key"], pair["value"]))
    return tuple(pairs)


def _check_header(pair: KeyValue) -> None:
    if not _TOKEN.fullmatch(pair.key) or not _FIELD_VALUE.fullmatch(pair.value):
        raise BadRequestData(
            f"receiverInfo '{pair.key:.60}' is no HTTP header: see RFC 7230 for what one may hold"
        )
    if pair.key.lower() in _OURS:
        raise BadRequestData(f"receiverInfo cannot set the header {pair.key}; the platform sets it itself")


# --- plain values ---


def require_flag(value: Any, where: str) -> bool:
    """A boolean. Raises BadRequestData."""
    if type(value) is not bool:
        raise BadRequestData(f"{where} must be true or false")
    return value


def require_positive(value: Any, where: str) -> float:
    """A number above 0. Raises BadRequestData."""
    if type(value) not in (int, float) or not 0 < value < 1e12:
        raise BadRequestData(f"{where} must be a number greater than 0")
    return float(value)


def require_text(value: Any, where: str) -> str:
    """A text. Raises BadRequestData."""
    if not isinstance(value, str) or not value:
        raise BadRequestData(f"{where} must be a text that is not empty")
    return value


def require_texts(value: Any, where: str) -> list[str]:
    """A list of texts with at least one. Raises BadRequestData."""
    if (
        type(value) is not list
        or not 0 < len(value) <= LIMITS.subscription_entries_max
        or not all(isinstance(item, str) and item for item in value)
    ):
        raise BadRequestData(
            f"{where} must be a list of texts: at least one, at most {LIMITS.subscription_entries_max}"
        )
    return list(value)
