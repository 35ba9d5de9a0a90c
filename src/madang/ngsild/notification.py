"""Notifications: the message that tells a subscriber of changes (CIM 009 §5.3.1, §5.8.6, §6.3.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from madang.ngsild.context import Context
from madang.ngsild.entity import Entity
from madang.ngsild.event import Event
from madang.ngsild.subscription import Subscription


class Envelope(msgspec.Struct, frozen=True):
    """What a message says beside its entities. id: URI, the same at every attempt. notified_at: microseconds UTC."""

    id: str
    notified_at: int
    tenant: str = ""


class Message(msgspec.Struct, frozen=True):
    """A notification ready to send. headers: (name, value) in order, of HTTP; with MQTT they are the metadata."""

    body: bytes
    headers: tuple[tuple[str, str], ...]


def notification(
    subscription: Subscription,
    events: Sequence[Event],
    envelope: Envelope,
    context: Context,
    mask: frozenset[str] = frozenset(),
    linked: Mapping[str, Entity] | None = None,
) -> Message:
    """The message about these events, one element of `data` for each, in order.

    context: what `subscription.context` names. mask: attribute IRIs that this subscriber may not see. linked:
    entities by id that relationships lead to, where the subscription asks to join them.
    """
    raise NotImplementedError
