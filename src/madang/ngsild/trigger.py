"""Which subscriptions a change is told to: `Watch` is a subscription made ready to be asked, `SubscriptionIndex`
finds those worth asking.

With ten thousand subscriptions a look at each would cost more than the write; the index keeps them by entity
id and by type, each with the attribute that must have changed, so that only those whose entity and attribute
fit are asked (docs/decisions, 12).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from madang.ngsild.event import Event, Seen, as_seen
from madang.ngsild.expression import linked_depth
from madang.ngsild.matcher import Follow, Matcher, compile_query, compile_selectors
from madang.ngsild.query import Query, Selector
from madang.ngsild.subscription import Subscription, Trigger

_CREATED: Final = frozenset((Trigger.ATTRIBUTE_CREATED, Trigger.ENTITY_UPDATED))
_UPDATED: Final = frozenset((Trigger.ATTRIBUTE_UPDATED, Trigger.ENTITY_UPDATED))
_DELETED: Final = frozenset((Trigger.ATTRIBUTE_DELETED, Trigger.ENTITY_UPDATED))

_PLACES_MAX: Final = 1000

# (entity id, attribute), (entity type, attribute); None stands for any
_Key = tuple[str | None, str | None]


class Watch:
    """A subscription with its conditions compiled. Immutable to its users.

    seen: what who subscribed sees of an entity, None for everything; asked anew by the caller when policies change.
    steady: whether that depends on nothing but the entity's id and types. linked: q has conditions on the entities
    that relationships lead to.
    """

    __slots__ = (
        "_condition",
        "_created",
        "_deleted",
        "_entity_created",
        "_entity_deleted",
        "_selects",
        "_updated",
        "_watched",
        "linked",
        "seen",
        "steady",
        "subscription",
    )

    def __init__(self, subscription: Subscription, seen: Seen | None = None, *, steady: bool = False) -> None:
        triggers = subscription.triggers
        self.subscription = subscription
        self.seen = seen
        self.steady = steady or seen is None
        self._watched = frozenset(subscription.watched)
        self._created = not triggers.isdisjoint(_CREATED)
        self._updated = not triggers.isdisjoint(_UPDATED)
        self._deleted = not triggers.isdisjoint(_DELETED)
        self._entity_created = Trigger.ENTITY_CREATED in triggers
        self._entity_deleted = Trigger.ENTITY_DELETED in triggers
        self._selects = compile_selectors(subscription.selectors) if subscription.selectors else None
        self.linked = subscription.q is not None and linked_depth(subscription.q) > 0
        self._condition = None if self.linked else self._compiled(None)

    def triggered(self, event: Event, follow: Follow | None = None) -> bool:
        """Whether the change is one to notify of (CIM 009 §5.8.6); status and time are not looked at.

        follow: finds the entities that relationships lead to; needed where the watch is `linked`.
        """
        shown = event if self.seen is None else as_seen(event, self.seen)
        if shown is None or not self._concerns(shown):
            return False
        entity = shown.entity
        if self._selects is not None and not self._selects(entity):
            return False
        # What linked entities are like is another thing at every event, so nothing of it is kept
        condition = self._compiled(follow) if self.linked else self._condition
        return condition is None or condition(entity)

    def _compiled(self, follow: Follow | None) -> Matcher | None:
        """q, geoQ and scopeQ; None if there is no condition."""
        own = conditions_of(self.subscription)
        return None if own == Query() else compile_query(own, follow=follow)

    def _concerns(self, event: Event) -> bool:
        """Whether what changed is what the subscription is triggered by, of an attribute that it watches."""
        if (self._entity_created and event.before is None) or (self._entity_deleted and event.after is None):
            return not self._watched or self._meets(event.created) or self._meets(event.deleted)
        return (
            (self._created and self._meets(event.created))
            or (self._updated and self._meets(event.updated))
            or (self._deleted and self._meets(event.deleted))
        )

    def _meets(self, names: frozenset[str]) -> bool:
        return not self._watched.isdisjoint(names) if self._watched else bool(names)


def conditions_of(subscription: Subscription) -> Query:
    """What an entity must meet beside being selected, as a query."""
    return Query(q=subscription.q, scope=subscription.scope, geo=subscription.geo)


class SubscriptionIndex:
    """The watches of one tenant, by what they can be triggered by. Those with a time interval are not in it."""

    def __init__(self) -> None:
        self._by_id: dict[_Key, dict[str, Watch]] = {}
        self._by_type: dict[_Key, dict[str, Watch]] = {}
        # Watches in the order in which they were added, with their number in it
        self._watches: dict[str, tuple[int, Watch]] = {}
        self._added = 0
        self._linked = 0

    @property
    def linked(self) -> bool:
        """Whether any of its watches is `linked`."""
        return self._linked > 0

    def __len__(self) -> int:
        return len(self._watches)

    def put(self, watch: Watch) -> None:
        """Add the watch, or put it in the place of the one with the same subscription id."""
        identifier = watch.subscription.id
        self.remove(identifier)
        if watch.subscription.interval_seconds:
            return
        self._added += 1
        self._linked += watch.linked
        self._watches[identifier] = (self._added, watch)
        for table, key in self._places(watch):
            table.setdefault(key, {})[identifier] = watch

    def remove(self, subscription_id: str) -> None:
        """Forget the watch, if there is one."""
        known = self._watches.pop(subscription_id, None)
        if known is None:
            return
        self._linked -= known[1].linked
        for table, key in self._places(known[1]):
            del table[key][subscription_id]
            if not table[key]:
                del table[key]

    def candidates(self, event: Event) -> list[Watch]:
        """The watches that the event may trigger: every one that it does trigger, and few others."""
        if not self._watches:
            return []
        types, changed = event.entity.types, (*event.created, *event.updated, *event.deleted)
        if event.before is not None and event.after is not None and event.before.types != event.after.types:
            # It may come into sight or go out of it, with all its attributes
            types = (*types, *event.before.types)
            changed = tuple([one.name for one in (*event.before.attributes, *event.after.attributes)])
        names = dict.fromkeys((None, *changed))
        found: dict[str, Watch] = {}
        for table, first in (
            (self._by_id, (event.entity.id,)),
            (self._by_type, (None, *types)),
        ):
            if table:
                for one in first:
                    for name in names:
                        there = table.get((one, name))
                        if there is not None:
                            found |= there
        return list(found.values())

    def triggered(self, event: Event, follow: Follow | None = None) -> list[Watch]:
        """The watches that the event triggers, in the order in which they were added. follow: as of `Watch`."""
        found = [watch for watch in self.candidates(event) if watch.triggered(event, follow)]
        if len(found) > 1:
            found.sort(key=lambda watch: self._watches[watch.subscription.id][0])
        return found

    def _places(self, watch: Watch) -> Iterator[tuple[dict[_Key, dict[str, Watch]], _Key]]:
        """Where the watch stands: under each id, else under one type of each alternative."""
        subscription = watch.subscription
        selectors = subscription.selectors or (Selector(None),)
        entities = sum(max(1, len(selector.ids)) for selector in selectors)
        # Under any attribute stand many entities with many attributes, and those which a change of any attribute may
        # bring into sight or take out of it: the watch itself looks closer
        many = not watch.steady or entities * len(subscription.watched) > _PLACES_MAX
        for name in (None,) if many else subscription.watched or (None,):
            for selector in selectors:
                if selector.ids:
                    for identifier in selector.ids:
                        yield self._by_id, (identifier, name)
                elif selector.types is None:
                    yield self._by_type, (None, name)
                else:
                    for alternative in selector.types.alternatives:
                        yield self._by_type, (alternative[0], name)
