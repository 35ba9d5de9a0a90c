"""How notifications are doing, and those that could not be delivered: read, tried again, dropped by a person.

A dead letter is shown as it was to be sent to who may see all that it tells, and without its body to all others; it
is sent again if who subscribed may see that by now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from madang.errors import ContextUnavailable, NotFound, NotSupported
from madang.hub import telling
from madang.hub.delivery.notifier import Notifier
from madang.hub.delivery.sending import Result, Sent
from madang.hub.hub import Hub
from madang.hub.trust import audit
from madang.ngsild.subscription import DeliveryState, Status, Subscription
from madang.store.audit import About, Deed
from madang.store.deliveries import DeadLetter, Failing
from madang.trust.access import Access

_TRIES_SECONDS_MAX: Final = 10.0
_PAGE: Final = 50
HIDDEN: Final = b'{"hidden":"You may not see all that this tells"}'


class Progressing(msgspec.Struct, frozen=True):
    """How a subscription's notifications are doing. waiting: changes in memory; behind: more wait on disk.

    letters: its dead letters. skipped: changes up to this moment were given up without being kept, 0 if none
    were (microseconds UTC).
    """

    subscription: Subscription
    status: Status
    state: DeliveryState
    failing: Failing | None
    waiting: int
    behind: bool
    letters: int
    skipped: int


class Overview(msgspec.Struct, frozen=True):
    """subscriptions: some of them, those in trouble first. total: how many there are. letters: dead letters of all."""

    subscriptions: tuple[Progressing, ...]
    total: int
    letters: int


class Retried(msgspec.Struct, frozen=True):
    """What came of trying dead letters again. left: that were not tried, or failed. reason: why the last one failed."""

    delivered: int
    left: int
    reason: str = ""


async def overview(hub: Hub, access: Access, limit: int) -> Overview:
    """The tenant's subscriptions, those that fail or have dead letters first."""
    lines = _notifier(hub, access).lines(access.tenant)
    now = hub.clock.now()
    lines.sort(key=lambda line: (line.failing is None, -line.letters, line.subscription.id))
    found = [
        Progressing(
            line.subscription,
            line.subscription.status(now),
            line.state,
            line.failing,
            line.waiting,
            line.behind,
            line.letters,
            line.skipped,
        )
        for line in lines[:limit]
    ]
    return Overview(tuple(found), len(lines), sum(line.letters for line in lines))


async def letters(
    hub: Hub, access: Access, subscription_id: str, limit: int, after: int = 0
) -> list[DeadLetter]:
    """Dead letters, oldest first; their bodies are HIDDEN where something of them is hidden from the caller.

    subscription_id: "" for those of all. after: the number of the last one seen."""
    notifier = _notifier(hub, access)
    await notifier.keep(access.tenant)
    found = await hub.store(access).deliveries.letters(subscription_id, limit, after)
    return [await _shown(hub, access, one) for one in found]


async def letter(hub: Hub, access: Access, number: int) -> DeadLetter:
    """As one of `letters`. Raises NotFound."""
    return await _shown(hub, access, await _found(hub, access, number))


async def _shown(hub: Hub, access: Access, letter: DeadLetter) -> DeadLetter:
    if access.view is None:
        return letter
    line = _notifier(hub, access).line(access.tenant, letter.subscription)
    try:
        if line is not None and await telling.is_shown(hub, access, line.subscription, letter.body):
            if access.recorded:
                await _record(hub, access, [letter], "read")
            return letter
    except ContextUnavailable:
        pass
    return msgspec.structs.replace(letter, headers=(), body=HIDDEN)


async def _found(hub: Hub, access: Access, number: int) -> DeadLetter:
    _notifier(hub, access)
    found = await hub.store(access).deliveries.letter(number)
    if found is None:
        raise NotFound(f"There is no dead letter {number}; it may have been sent or dropped meanwhile")
    return found


async def retry(hub: Hub, access: Access, number: int) -> Sent:
    """Send one again, to its subscription's present endpoint; if it arrives it is a dead letter no longer.

    Raises NotFound."""
    return await _retry(hub, access, await _found(hub, access, number))


async def retry_all(hub: Hub, access: Access, subscription_id: str) -> Retried:
    """Send those of a subscription again, oldest first, until one fails or some seconds have passed."""
    await _notifier(hub, access).keep(access.tenant)
    deliveries = hub.store(access).deliveries
    delivered, reason = 0, ""
    loop = asyncio.get_running_loop()
    until = loop.time() + _TRIES_SECONDS_MAX
    while not reason and loop.time() < until:
        found = await deliveries.letters(subscription_id, _PAGE)
        if not found:
            break
        for one in found:
            sent = await _retry(hub, access, one)
            if sent.result is not Result.DELIVERED or loop.time() > until:
                reason = sent.reason
                break
            delivered += 1
    left = (await deliveries.letter_counts()).get(subscription_id, 0)
    return Retried(delivered, left, reason)


async def drop(hub: Hub, access: Access, number: int) -> None:
    """Raises NotFound."""
    found = await _found(hub, access, number)
    await _record(hub, access, [found], "dropped")
    await _forget(hub, access, found)


async def drop_all(hub: Hub, access: Access, subscription_id: str) -> int:
    """Drop those of a subscription; how many there were."""
    dropped = 0
    await _notifier(hub, access).keep(access.tenant)
    deliveries = hub.store(access).deliveries
    while found := await deliveries.letters(subscription_id, _PAGE):
        await _record(hub, access, found, "dropped")
        removed = await deliveries.drop([one.number for one in found])
        _notifier(hub, access).dropped(access.tenant, subscription_id, removed)
        dropped += removed
    return dropped


async def _record(hub: Hub, access: Access, letters: Sequence[DeadLetter], done: str) -> None:
    """That the caller did this with letters of one subscription, which may be of protected things. In an open city
    nobody is known."""
    if access.view is not None:
        numbers = " ".join(str(letter.number) for letter in letters)
        about = About(letters[0].subscription, reason=f"{done}: {numbers}")
        await audit.record(hub, access, Deed.DELIVERY, about)


async def _retry(hub: Hub, access: Access, found: DeadLetter) -> Sent:
    await _record(hub, access, [found], "sent again")
    sent = await _notifier(hub, access).send_again(access.tenant, found)
    if sent.result is Result.DELIVERED:
        await _forget(hub, access, found)
    return sent


async def _forget(hub: Hub, access: Access, found: DeadLetter) -> None:
    removed = await hub.store(access).deliveries.drop([found.number])
    _notifier(hub, access).dropped(access.tenant, found.subscription, removed)


def _notifier(hub: Hub, access: Access) -> Notifier:
    """Who delivers. Raises NoTenant, NotSupported where nothing is sent."""
    hub.store(access)
    if not isinstance(hub.delivery, Notifier):
        raise NotSupported("This process sends no notifications")
    return hub.delivery
