"""What can be asked of subscriptions (CIM 009 §5.8.1 to §5.8.5).

A subscription is kept with the subject that made it: it is told what that subject may see by then, and who does not
see everything sees of the subscriptions their own. Whoever sends notifications (`hub.delivery`) hears of every
change here, and says what has become of them.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from madang.errors import Denied, NotFound
from madang.hub.hub import Hub
from madang.ngsild.subscription import DeliveryState, Subscription
from madang.settings import LIMITS
from madang.store.base import KeptSubscription
from madang.trust.access import Access


class Shown(msgspec.Struct, frozen=True):
    """A subscription with what has become of its notifications."""

    subscription: Subscription
    state: DeliveryState


class SubscriptionPage(msgspec.Struct, frozen=True):
    """subscriptions: in the order of their creation. total: how many there are in all."""

    subscriptions: tuple[Shown, ...]
    total: int


async def create(hub: Hub, access: Access, subscription: Subscription) -> None:
    """CIM 009 §5.8.1. Raises AlreadyExists, and Denied where there are too many."""
    kept = KeptSubscription(subscription, access.subject, access.purpose)
    store = hub.store(access, create=True)
    _, total = await store.subscriptions.page(0, 0)
    if total >= LIMITS.subscriptions_max:
        raise Denied(f"There are {total} subscriptions, which is the most; delete some that are not used")
    await store.subscriptions.add(kept)
    if hub.delivery is not None:
        hub.delivery.changed(access.tenant, kept)


async def retrieve(hub: Hub, access: Access, subscription_id: str) -> Shown:
    """CIM 009 §5.8.3. Raises NotFound."""
    return _shown(hub, access, await _kept(hub, access, subscription_id))


async def query(hub: Hub, access: Access, limit: int, offset: int) -> SubscriptionPage:
    """CIM 009 §5.8.4."""
    owner = access.subject if access.view is not None else None
    kept, total = await hub.store(access).subscriptions.page(limit, offset, owner)
    return SubscriptionPage(tuple([_shown(hub, access, one) for one in kept]), total)


async def update(
    hub: Hub, access: Access, subscription_id: str, change: Callable[[Subscription], Subscription]
) -> None:
    """CIM 009 §5.8.2. change: what the subscription becomes, or an error. Raises NotFound and what `change` raises."""
    await _kept(hub, access, subscription_id)
    kept = await hub.store(access).subscriptions.update(subscription_id, change)
    if hub.delivery is not None:
        hub.delivery.changed(access.tenant, kept)


async def delete(hub: Hub, access: Access, subscription_id: str) -> None:
    """CIM 009 §5.8.5. Raises NotFound."""
    await _kept(hub, access, subscription_id)
    await hub.store(access).subscriptions.remove(subscription_id)
    if hub.delivery is not None:
        hub.delivery.removed(access.tenant, subscription_id)


async def _kept(hub: Hub, access: Access, subscription_id: str) -> KeptSubscription:
    kept = await hub.store(access).subscriptions.get(subscription_id)
    if kept is None or (access.view is not None and kept.subject != access.subject):
        raise NotFound(f"Subscription {subscription_id} does not exist")
    return kept


def _shown(hub: Hub, access: Access, kept: KeptSubscription) -> Shown:
    identifier = kept.subscription.id
    state = hub.delivery.state(access.tenant, identifier) if hub.delivery is not None else DeliveryState()
    return Shown(kept.subscription, state)
