"""The way out for the notifications of all tenants: which sender, how many at once, how long, and what was counted."""

from __future__ import annotations

import asyncio
import random
from typing import Final, Protocol
from urllib.parse import urlsplit

import msgspec

from madang.hub.delivery.sending import Result, Sender, Sent
from madang.hub.hub import Hub
from madang.ngsild.notification import Message
from madang.ngsild.subscription import Endpoint
from madang.settings import LIMITS

# An answer that takes longer makes its endpoint a slow one, which has no share in the way of the others
_SLOW_SECONDS: Final = 0.5


class Counts(msgspec.Struct):
    """Notifications since the process started: delivered, attempts that failed, given up."""

    delivered: int = 0
    failed: int = 0
    dead: int = 0


class Chance(Protocol):
    def __call__(self) -> float:
        """0 to 1."""
        ...


class Outward:
    """senders: by scheme of the endpoint's address."""

    def __init__(self, senders: dict[str, Sender], hub: Hub, chance: Chance = random.random) -> None:
        self.hub = hub
        self.clock = hub.clock
        self.chance = chance
        self.counts = Counts()
        self._senders = senders
        self._quick = asyncio.Semaphore(LIMITS.notifications_in_flight_max)
        self._slow = asyncio.Semaphore(LIMITS.slow_notifications_in_flight_max)

    async def send(self, endpoint: Endpoint, message: Message, *, slow: bool) -> tuple[Sent, bool]:
        """Try once. slow: on the way of the slow ones. Also says whether the next attempt belongs there."""
        sender = self._senders.get(urlsplit(endpoint.uri).scheme.lower())
        if sender is None:
            return Sent(
                Result.FAILED, f"Nothing can be sent to {endpoint.uri}: its scheme is not known"
            ), False
        longest = LIMITS.notification_timeout_ms_max
        seconds = min(endpoint.timeout_ms or longest, longest) / 1000
        now = asyncio.get_running_loop().time
        async with self._slow if slow else self._quick:
            started = now()
            sent = await sender.send(endpoint, message, seconds)
        delivered = sent.result is Result.DELIVERED
        if delivered:
            self.counts.delivered += 1
        else:
            self.counts.failed += 1
        return sent, not delivered or now() - started > _SLOW_SECONDS

    async def close(self) -> None:
        for sender in dict.fromkeys(self._senders.values()):
            await sender.close()
