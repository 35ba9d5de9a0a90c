"""The JSON of subscriptions as schemas (CIM 009 §5.2.12 to §5.2.15), which `openapi_schemas.py` puts among the others."""

from __future__ import annotations

from typing import Any, Final

from madang.ngsild.notification_input import FORMATS, JOINS
from madang.ngsild.subscription import Accept, Status, Trigger
from madang.settings import LIMITS

_URI: Final[dict[str, Any]] = {"type": "string", "format": "uri"}
_MOMENT: Final[dict[str, Any]] = {"type": "string", "format": "date-time", "readOnly": True}
_TEXT: Final[dict[str, Any]] = {"type": "string"}
_NAMES: Final[dict[str, Any]] = {"type": "array", "items": _TEXT, "minItems": 1}
_FLAG: Final[dict[str, Any]] = {"type": "boolean"}
_POSITIVE: Final[dict[str, Any]] = {"type": "number", "exclusiveMinimum": 0}
_COUNT: Final[dict[str, Any]] = {"type": "integer", "minimum": 1, "readOnly": True}
_PAIRS: Final[dict[str, Any]] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"key": _TEXT, "value": _TEXT},
        "required": ["key", "value"],
    },
}

_ENDPOINT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "uri": {**_URI, "description": "http, https, mqtt or mqtts"},
        "accept": {"enum": [accept.value for accept in Accept]},
        "timeout": {**_POSITIVE, "description": "milliseconds"},
        "cooldown": {**_POSITIVE, "description": "milliseconds"},
        "receiverInfo": _PAIRS,
        "notifierInfo": _PAIRS,
    },
    "required": ["uri"],
}
_NOTIFICATION: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "endpoint": _ENDPOINT,
        "format": {"enum": list(FORMATS)},
        "attributes": {**_NAMES, "deprecated": True},
        "pick": _NAMES,
        "omit": _NAMES,
        "sysAttrs": _FLAG,
        "showChanges": _FLAG,
        "join": {"enum": [str(join) for join in JOINS]},
        "joinLevel": {"type": "integer", "minimum": 1, "maximum": LIMITS.join_levels_max},
        "status": {"enum": ["ok", "failed"], "readOnly": True},
        "timesSent": _COUNT,
        "timesFailed": _COUNT,
        "lastNotification": _MOMENT,
        "lastSuccess": _MOMENT,
        "lastFailure": _MOMENT,
    },
    "required": ["endpoint"],
}
_SELECTOR: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "type": {**_TEXT, "description": "a name, a selection such as A|B, or *"},
        "id": {"oneOf": [_URI, {"type": "array", "items": _URI, "minItems": 1}]},
        "idPattern": _TEXT,
    },
    "required": ["type"],
}
_GEO: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "georel": _TEXT,
        "geometry": _TEXT,
        "coordinates": {"oneOf": [_TEXT, {"type": "array"}]},
        "geoproperty": _TEXT,
    },
    "required": ["georel", "geometry", "coordinates"],
}
_MEMBERS: Final[dict[str, Any]] = {
    "id": _URI,
    "type": {"const": "Subscription"},
    "subscriptionName": _TEXT,
    "description": _TEXT,
    "entities": {"type": "array", "items": _SELECTOR, "minItems": 1},
    "watchedAttributes": _NAMES,
    "notificationTrigger": {
        "type": "array",
        "items": {"enum": [trigger.value for trigger in Trigger]},
        "minItems": 1,
    },
    "timeInterval": {**_POSITIVE, "description": "seconds"},
    "throttling": {**_POSITIVE, "description": "seconds"},
    "q": _TEXT,
    "geoQ": _GEO,
    "scopeQ": _TEXT,
    "csf": _TEXT,
    "datasetId": {"oneOf": [_TEXT, _NAMES]},
    "lang": _TEXT,
    "localOnly": _FLAG,
    "isActive": _FLAG,
    "expiresAt": {"type": "string", "format": "date-time"},
    "jsonldContext": _URI,
    "notification": _NOTIFICATION,
    "status": {"enum": [status.value for status in Status], "readOnly": True},
    "@context": {},
}

SUBSCRIPTION_SCHEMAS: Final[dict[str, Any]] = {
    "Subscription": {
        "type": "object",
        "properties": _MEMBERS,
        "required": ["type", "notification"],
    },
    "SubscriptionFragment": {
        "type": "object",
        "properties": _MEMBERS,
        "description": "The members to change; NGSI-LD Null (urn:ngsi-ld:null) takes one away",
    },
}
