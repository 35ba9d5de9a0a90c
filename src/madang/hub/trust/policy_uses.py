"""How often each caller has used the policies that are counted, today. What is spent is in memory at once and on disk
soon after, so that a restart does not begin anew.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from madang.errors import MadangError
from madang.store.policies import PolicyStore, Use

_DAY: Final = 24 * 3600 * 1_000_000
_LOG: Final = logging.getLogger(__name__)


class Uses:
    """Needs a running event loop where something is spent and there is a store."""

    def __init__(self, store: PolicyStore | None) -> None:
        self._store = store
        self._day = 0
        self._counts: dict[tuple[str, str], int] = {}
        self._unwritten: set[tuple[str, str]] = set()
        self._task: asyncio.Task[None] | None = None

    async def load(self, now: int) -> None:
        self._day = now // _DAY
        if self._store is not None:
            found = await self._store.uses(self._day)
            self._counts = {(use.policy, use.subject): use.count for use in found}

    def spend(self, policy: str, subject: str, count: int, now: int) -> bool:
        """Whether the caller may use the policy once more today; then it is used. count: how often in a day."""
        if now // _DAY != self._day:
            self._day = now // _DAY
            self._counts.clear()
            self._unwritten.clear()
        key = (policy, subject)
        spent = self._counts.get(key, 0)
        if spent >= count:
            return False
        self._counts[key] = spent + 1
        if self._store is not None:
            self._unwritten.add(key)
            if self._task is None:
                self._task = asyncio.create_task(self._write(self._store), name="uses of policies")
        return True

    def left(self, policy: str, subject: str, count: int, now: int) -> int:
        """How often the caller may still use the policy today."""
        spent = self._counts.get((policy, subject), 0) if now // _DAY == self._day else 0
        return max(0, count - spent)

    async def close(self) -> None:
        if self._task is not None:
            await self._task

    async def _write(self, store: PolicyStore) -> None:
        try:
            while self._unwritten:
                keys, self._unwritten, day = self._unwritten, set(), self._day
                counts = [(key, self._counts[key]) for key in keys]
                await store.note([Use(policy, subject, day, count) for (policy, subject), count in counts])
        except MadangError as error:
            _LOG.error("What was used of counted policies could not be written: %s", error.message)
        finally:
            self._task = None
