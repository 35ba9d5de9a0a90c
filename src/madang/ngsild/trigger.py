"""Which subscriptions a change is told to: `Watch` is a subscription made ready to be asked, `SubscriptionIndex` finds those worth asking.

With ten thousand subscriptions a look at each would cost more than the write; the index keeps them by entity
id and by type and attribute, so that only those whose entity and attribute fit are asked (docs/decisions, 12).
"""

from __future__ import annotations

from madang.ngsild.event import Event
from madang.ngsild.query import Query
from madang.ngsild.subscription import Subscription


class Watch:
    """A subscription with its conditions compiled. Immutable to its users.

    visible, mask: filter and mask of the access of who subscribed, asked anew by the caller when policies change: entities
    outside `visible` do not exist, attributes (IRIs) in the mask neither.
    """

    __slots__ = ("mask", "subscription", "visible")

    def __init__(
        self, subscription: Subscription, visible: Query | None = None, mask: frozenset[str] = frozenset()
    ) -> None:
        self.subscription = subscription
        self.visible = visible
        self.mask = mask

    def triggered(self, event: Event) -> bool:
        """Whether the change is one to notify of (CIM 009 §5.8.6); status and time are not looked at."""
        raise NotImplementedError

    def selects(self) -> Query:
        """The query for all entities subscribed to: what a notification by time interval carries."""
        raise NotImplementedError


class SubscriptionIndex:
    """The watches of one tenant, by what they can be triggered by. Those with a time interval are not in it."""

    def put(self, watch: Watch) -> None:
        """Add the watch, or put it in the place of the one with the same subscription id."""
        raise NotImplementedError

    def remove(self, subscription_id: str) -> None:
        """Forget the watch, if there is one."""
        raise NotImplementedError

    def candidates(self, event: Event) -> list[Watch]:
        """The watches that the event may trigger: every one that it does trigger, and few others."""
        raise NotImplementedError

    def triggered(self, event: Event) -> list[Watch]:
        """The watches that the event triggers, in the order in which they were added."""
        raise NotImplementedError
