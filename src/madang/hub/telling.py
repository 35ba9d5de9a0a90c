"""What a subscriber is told, and whether, where other entities are needed for it: those that relationships lead to.

The language decides and writes (`ngsild/trigger.py`, `ngsild/notification.py`); here is fetched what it asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import msgspec
import orjson

from madang.hub.hub import Hub
from madang.hub.linking import follow
from madang.hub.trust import audit
from madang.ngsild.entity import Entity
from madang.ngsild.event import Event
from madang.ngsild.matcher import Follow
from madang.ngsild.notification import Envelope, Linked, Message, form_of, notification
from madang.ngsild.subscription import Subscription
from madang.settings import LIMITS
from madang.store.audit import Deed
from madang.store.base import Store
from madang.trust import duties
from madang.trust.access import Access
from madang.trust.view import compile_view

Answer = TypeVar("Answer")
# Members of an entity that are no attributes
_HEAD: Final = frozenset(
    ("id", "type", "scope", "@context", "createdAt", "modifiedAt", "deletedAt", "expiresAt")
)


async def asked(store: Store, access: Access, ask: Callable[[Follow], Answer]) -> Answer:
    """The answer to a question that may need entities which are known only once it is asked.

    It is asked again with those that were missing, until none is or there are too many.
    """
    known: dict[str, Entity | None] = {}
    missing: dict[str, None] = {}

    def find(identifier: str) -> Entity | None:
        if identifier not in known:
            missing[identifier] = None
        return known.get(identifier)

    answer = ask(find)
    while missing and len(known) < LIMITS.join_entities_max:
        for identifier in missing:
            known[identifier] = await store.retrieve(identifier, access)
        missing.clear()
        answer = ask(find)
    return answer


async def message(
    hub: Hub, access: Access, subscription: Subscription, events: Sequence[Event], envelope: Envelope
) -> Message:
    """The notification of these events. access: of who subscribed, as whom the events are seen.

    Raises ContextUnavailable, and TooManyResults where too many entities are linked."""
    context = await hub.contexts.resolve(subscription.context or None, access)
    join = subscription.notification.join
    linked = None
    if join is not None:
        roots = [event.after for event in events if event.after is not None]
        reached = await follow(hub, access, roots, form_of(subscription, context), join)
        linked = Linked(reached.found, reached.linked)
    made = notification(subscription, events, envelope, context, linked)
    if access.recorded:
        await audit.seen(hub, access, [event.entity for event in events], Deed.NOTIFY, subscription.id)
    if not access.duties:
        return made
    told = (duties.HEADER, duties.told(access.duties))
    return msgspec.structs.replace(made, headers=(*made.headers, told))


async def is_shown(hub: Hub, access: Access, subscription: Subscription, body: bytes) -> bool:
    """Whether the caller may see by now all that a message of this subscription tells; where that cannot be said,
    they may not. Raises ContextUnavailable."""
    if access.view is None:
        return True
    if subscription.notification.join is not None:
        return False
    context = await hub.contexts.resolve(subscription.context or None, access)
    sight = compile_view(access.view)
    everything = msgspec.structs.replace(access, view=None)
    data = orjson.loads(body)["data"]
    for element in data["features"] if isinstance(data, dict) else data:
        members = element.get("properties", element)
        types = members.get("type", ())
        iris = tuple([context.expand(one) for one in (types if isinstance(types, list) else [types])])
        whole = await hub.store(access).retrieve(element["id"], everything)
        names = [context.expand(key) for key in members if key not in _HEAD]
        if whole is None:
            shown = sight.existed_whole(element["id"], iris)
        else:
            shown = sight.exists(whole) and not any(sight.hides(whole, name) for name in names)
        if not shown:
            return False
    return True
