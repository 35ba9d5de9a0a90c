"""Notifies the subscribers of all tenants: implements `hub.Delivery`.

Notifications carry this process's name in a Via header. The information API refuses a request that carries it:
a subscription whose endpoint leads back to this platform fails and says so, instead of feeding on itself.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from contextlib import suppress
from typing import Final

from madang.hub import telling
from madang.hub.delivery.dispatcher import Dispatcher
from madang.hub.delivery.http_sender import HttpSender
from madang.hub.delivery.line import Line
from madang.hub.delivery.mqtt_sender import MqttSender
from madang.hub.delivery.outward import Counts, Outward
from madang.hub.delivery.sending import Result, Sender, Sent
from madang.hub.egress import GuardedResolver
from madang.hub.hub import Hub
from madang.ngsild.notification import Message
from madang.ngsild.subscription import DeliveryState
from madang.store.base import KeptSubscription, Store
from madang.store.deliveries import DeadLetter

_LOG: Final = logging.getLogger(__name__)
AFTER_BUG_SECONDS: Final = 5.0


class Notifier:
    """Made inside a running event loop; `close` it before the stores."""

    def __init__(self, hub: Hub, egress_allow: tuple[str, ...] = ()) -> None:
        self.name = f"madang-{secrets.token_hex(6)}"
        http = HttpSender(GuardedResolver(egress_allow), self.name)
        mqtt = MqttSender(GuardedResolver(egress_allow), self.name)
        senders: dict[str, Sender] = {"http": http, "https": http, "mqtt": mqtt, "mqtts": mqtt}
        self._outward = Outward(senders, hub)
        self._dispatchers: dict[str, Dispatcher] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def counts(self) -> Counts:
        return self._outward.counts

    @property
    def waiting(self) -> int:
        """Changes that wait in memory to be notified, over all tenants."""
        return sum(line.waiting for one in self._dispatchers.values() for line in one.lines.values())

    def opened(self, tenant: str, store: Store) -> None:
        """A tenant's store was opened: what waits in it goes out, and what is committed from now on."""
        self._dispatchers[tenant] = Dispatcher(tenant, store, self._outward)
        self._tasks[tenant] = asyncio.create_task(self._run(tenant, store), name=f"notify of '{tenant}'")

    def needs(self, tenant: str) -> bool:
        """Whether this tenant's store must stay open: it has subscriptions."""
        dispatcher = self._dispatchers.get(tenant)
        return dispatcher is not None and bool(dispatcher.lines)

    async def closed(self, tenant: str) -> None:
        """End a tenant's notifications, before its store is closed."""
        task = self._tasks.pop(tenant, None)
        if task is not None:
            await self._dispatchers[tenant].stop()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._dispatchers.pop(tenant, None)

    async def close(self) -> None:
        await asyncio.gather(*[self.closed(tenant) for tenant in list(self._tasks)])
        await self._outward.close()

    async def _run(self, tenant: str, store: Store) -> None:
        """Keep a dispatcher running; after a fault of ours a new one goes on from what is on disk."""
        while True:
            try:
                await self._dispatchers[tenant].run()
            except Exception:  # noqa: BLE001 a bug, which the log tells of
                _LOG.exception("The notifications of tenant '%s' were interrupted", tenant)
                self._dispatchers[tenant] = Dispatcher(tenant, store, self._outward)
                await asyncio.sleep(AFTER_BUG_SECONDS)

    def changed(self, tenant: str, kept: KeptSubscription) -> None:
        self._dispatchers[tenant].changed(kept)

    def removed(self, tenant: str, subscription_id: str) -> None:
        self._dispatchers[tenant].removed(subscription_id)

    def state(self, tenant: str, subscription_id: str) -> DeliveryState:
        return self._dispatchers[tenant].state(subscription_id)

    def line(self, tenant: str, subscription_id: str) -> Line | None:
        """How the notifications of a subscription are doing."""
        return self._dispatchers[tenant].lines.get(subscription_id)

    def lines(self, tenant: str) -> list[Line]:
        """How the notifications of every subscription of the tenant are doing."""
        return list(self._dispatchers[tenant].lines.values())

    def poke(self) -> None:
        """Look at the clock again: what waits for a moment that has come is sent."""
        for dispatcher in self._dispatchers.values():
            dispatcher.poke()

    async def forget(self, tenant: str, ids: frozenset[str]) -> None:
        """Say nothing more of what these entities were."""
        await self._dispatchers[tenant].forget(ids)

    async def keep(self, tenant: str) -> None:
        """Write how far the tenant's notifications are, now."""
        await self._dispatchers[tenant].books.keep()

    async def send_again(self, tenant: str, letter: DeadLetter) -> Sent:
        """Try a dead letter once, at the present endpoint of its subscription, if who subscribed may see it by now."""
        line = self.line(tenant, letter.subscription)
        if line is None:
            return Sent(Result.FAILED, f"Subscription {letter.subscription} does not exist any more")
        access = await self._dispatchers[tenant].look(line)
        if not await telling.is_shown(self._outward.hub, access, line.subscription, letter.body):
            return Sent(Result.FAILED, "Something that it tells is hidden from who subscribed; drop it")
        endpoint = line.subscription.notification.endpoint
        sent, _ = await self._outward.send(endpoint, Message(letter.body, letter.headers), slow=True)
        return sent

    def dropped(self, tenant: str, subscription_id: str, letters: int) -> None:
        """So many dead letters of the subscription are no more."""
        line = self.line(tenant, subscription_id)
        if line is not None:
            line.letters = max(0, line.letters - letters)
