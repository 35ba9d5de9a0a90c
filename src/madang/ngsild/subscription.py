"""Subscriptions as values (CIM 009 §5.2.12 to §5.2.15, §5.2.22).

Here is what a subscription is. `subscription_input.py` makes one of what a client writes, and changes one;
`subscription_output.py` writes one for a reader; `trigger.py` says which changes it is told of;
`notification.py` makes the message. All names are absolute IRIs, so a kept subscription needs no @context to
be matched; what a client wrote as a text (q, scopeQ, geoQ) is kept beside its meaning.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from madang.ngsild.expression import Expression
from madang.ngsild.geo import GeoQuery
from madang.ngsild.linked import Join
from madang.ngsild.projection import Projection
from madang.ngsild.query import Selector
from madang.ngsild.representation import Format
from madang.ngsild.scope import ScopeExpression


class Trigger(StrEnum):
    """What a notification can be about (notificationTrigger)."""

    ENTITY_CREATED = "entityCreated"
    ENTITY_UPDATED = "entityUpdated"
    ENTITY_DELETED = "entityDeleted"
    ATTRIBUTE_CREATED = "attributeCreated"
    ATTRIBUTE_UPDATED = "attributeUpdated"
    ATTRIBUTE_DELETED = "attributeDeleted"


DEFAULT_TRIGGERS = frozenset((Trigger.ATTRIBUTE_CREATED, Trigger.ATTRIBUTE_UPDATED))


class Accept(StrEnum):
    """Media types of a notification's body."""

    JSON = "application/json"
    LD_JSON = "application/ld+json"
    GEO_JSON = "application/geo+json"


class Status(StrEnum):
    """The state of a subscription."""

    ACTIVE = "active"
    PAUSED = "paused"
    EXPIRED = "expired"


class KeyValue(msgspec.Struct, frozen=True):
    """One member of receiverInfo or notifierInfo."""

    key: str
    value: str


class Endpoint(msgspec.Struct, frozen=True):
    """Where notifications go. uri: http, https, mqtt or mqtts.

    timeout_ms: how long an answer may take, 0 for the platform's own limit. cooldown_ms: how long nothing is
    sent after a failure, 0 where the client named none. receiver_info: headers for the receiver (metadata with
    MQTT). notifier_info: for the channel (MQTT-Version, MQTT-QoS).
    """

    uri: str
    accept: Accept = Accept.JSON
    timeout_ms: float = 0
    cooldown_ms: float = 0
    receiver_info: tuple[KeyValue, ...] = ()
    notifier_info: tuple[KeyValue, ...] = ()


class NotificationParameters(msgspec.Struct, frozen=True):
    """What a notification carries.

    attributes: IRIs, None for all (deprecated twin of pick). pick, omit: which members, None for no restriction.
    system: with createdAt, modifiedAt, deletedAt. show_changes: with previous values. join: how linked entities
    come with it, None for not at all.
    """

    endpoint: Endpoint
    format: Format = Format.NORMALIZED
    attributes: frozenset[str] | None = None
    pick: Projection | None = None
    omit: Projection | None = None
    system: bool = False
    show_changes: bool = False
    join: Join | None = None


class Subscription(msgspec.Struct, frozen=True):
    """A Context Subscription.

    selectors: an entity that one of them selects is subscribed to; empty for every entity with a watched
    attribute. watched: attribute IRIs, empty for all. interval_seconds: notified so often whatever changes, 0
    for on changes. throttling_seconds: least time between two notifications, 0 for none. expires_at:
    microseconds UTC, 0 for never. dataset_ids: only these instances ("@none" for the default one), empty for
    all. context: address of the @context of notifications (jsonldContext). conformance: version of NGSI-LD that
    notifications are amended for, None for this one. stated: members as the client wrote
    them, which are only shown again ("q", "scopeQ", "geoQ", "csf", ...). created_at, modified_at: microseconds UTC.
    """

    id: str
    notification: NotificationParameters
    selectors: tuple[Selector, ...] = ()
    watched: tuple[str, ...] = ()
    triggers: frozenset[Trigger] = DEFAULT_TRIGGERS
    q: Expression | None = None
    geo: GeoQuery | None = None
    scope: ScopeExpression | None = None
    name: str | None = None
    description: str | None = None
    language: str | None = None
    dataset_ids: frozenset[str] = frozenset()
    local_only: bool = False
    interval_seconds: float = 0
    throttling_seconds: float = 0
    expires_at: int = 0
    is_active: bool = True
    context: str = ""
    conformance: tuple[int, int] | None = None
    stated: dict[str, Any] = {}
    created_at: int = 0
    modified_at: int = 0

    def status(self, now: int) -> Status:
        """now: microseconds UTC. Notifications are sent while it is ACTIVE (CIM 009 §5.8.6)."""
        if self.expires_at and self.expires_at <= now:
            return Status.EXPIRED
        return Status.ACTIVE if self.is_active else Status.PAUSED


class DeliveryState(msgspec.Struct, frozen=True):
    """What has become of a subscription's notifications (CIM 009 §5.2.14.2).

    times_sent: attempts. times_failed: of these, without success. last_...: microseconds UTC, 0 for never.
    ok: whether the last attempt succeeded, None before the first.
    """

    times_sent: int = 0
    times_failed: int = 0
    last_notification: int = 0
    last_success: int = 0
    last_failure: int = 0
    ok: bool | None = None


def encode_subscription(subscription: Subscription) -> bytes:
    """The subscription for a store to keep."""
    return msgspec.json.encode(subscription)


def decode_subscription(kept: bytes) -> Subscription:
    """The subscription of its kept form."""
    return _DECODER.decode(kept)


_DECODER = msgspec.json.Decoder(Subscription)
