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
from madang.ngsild.linked import Join, Mode
from madang.ngsild.parse import require_object
from madang.ngsild.projection import HEAD_MEMBERS, Projection, parse_projection, projected
from madang.ngsild.representation import Form, Format
from madang.ngsild.subscription import Accept, Endpoint, KeyValue, NotificationParameters
from madang.settings import LIMITS

FORMATS: Final = {
    "normalized": Format.NORMALIZED,
    "concise": Format.CONCISE,
    "simplified": Format.SIMPLIFIED,
    "keyValues": Format.SIMPLIFIED,
}
JOINS: Final = ("@none", *Mode)
_NAME: Final = re.compile(r"[^{},|\s]+")
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
    format_ = members.get("format", "normalized")
    if not isinstance(format_, str) or format_ not in FORMATS:
        raise BadRequestData(f"notification.format must be one of {', '.join(FORMATS)}")
    flags = {key: require_flag(members.get(key, False), f"notification.{key}") for key in _FLAGS}
    if flags["showChanges"] and FORMATS[format_] is Format.SIMPLIFIED:
        raise BadRequestData(
            f"showChanges needs a format that can tell former values: normalized or concise, not {format_}"
        )
    names: dict[str, list[str]] = {key: _names(members, key, context) for key in _NAMED if key in members}
    join = _join(members)
    pick, omit = _projections(names, join, context)
    stated: Stated = {key: members[key] for key in ("format", *_FLAGS, "join", "joinLevel") if key in members}
    parameters = NotificationParameters(
        endpoint,
        FORMATS[format_],
        frozenset(names.get("attributes", ())) or None,
        pick,
        omit,
        flags["sysAttrs"],
        flags["showChanges"],
        join,
    )
    return parameters, {**stated, **names, "endpoint": stated_endpoint}


_FLAGS: Final = ("sysAttrs", "showChanges")
_NAMED: Final = ("attributes", "pick", "omit")


def _join(members: dict[str, Any]) -> Join | None:
    stated = members.get("join", "@none")
    if stated not in JOINS:
        raise BadRequestData(f"notification.join must be one of {', '.join(JOINS)}")
    level = members.get("joinLevel", 1)
    if type(level) is not int or not 1 <= level <= LIMITS.join_levels_max:
        raise BadRequestData(
            f"notification.joinLevel must be a whole number from 1 to {LIMITS.join_levels_max}"
        )
    return Join(Mode(stated), level) if stated != "@none" else None


def _names(members: dict[str, Any], key: str, context: Context) -> list[str]:
    """The entries of a list of names or of texts of the projection language, with IRIs in the place of names."""
    texts = require_texts(members[key], f"notification.{key}")
    if key == "attributes":
        return [context.expand(text) for text in texts]
    return [_NAME.sub(lambda name: _member(name[0], context), text) for text in texts]


def _member(name: str, context: Context) -> str:
    return name if name in HEAD_MEMBERS else context.expand(name)


def _projections(
    names: dict[str, list[str]], join: Join | None, context: Context
) -> tuple[Projection | None, Projection | None]:
    """What pick and omit say (CIM 009 §4.21)."""
    if "attributes" in names:
        if len(names) > 1:
            raise BadRequestData("notification.attributes cannot stand beside pick or omit; use pick alone")
        if any(name in map(context.expand, HEAD_MEMBERS) for name in names["attributes"]):
            raise BadRequestData(
                "notification.attributes names attributes only; for id, type and scope use pick"
            )
    pick, omit = (
        parse_projection(",".join(names[key]), f"notification.{key}", str) if key in names else None
        for key in ("pick", "omit")
    )
    projected(Form(context), pick, omit)
    depth = max((one.depth for one in (pick, omit) if one is not None), default=0)
    if depth > (join.levels if join is not None else 0):
        raise BadRequestData(
            f"notification.pick or omit name members of linked entities {depth} levels deep; that needs join and "
            f"joinLevel={depth}"
        )
    return pick, omit


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
        pairs.append(KeyValue(_bearable(pair["key"], where), _bearable(pair["value"], where)))
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
    return _bearable(value, where)


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
    return [_bearable(text, where) for text in value]


def _bearable(text: str, where: str) -> str:
    if (
        len(text) > LIMITS.subscription_text_bytes_max
        or len(text.encode()) > LIMITS.subscription_text_bytes_max
    ):
        raise BadRequestData(f"A text in {where} has more than {LIMITS.subscription_text_bytes_max} bytes")
    return text
