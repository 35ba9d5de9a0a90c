"""What the hub asks of the store of the policies that were written while the city ran, and of how often those that are
counted were used. They belong to the platform, not to a tenant.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec

from madang.trust.policy import Policy


class Written(msgspec.Struct, frozen=True):
    """changed: microseconds UTC. changed_by: subject of whoever wrote it."""

    policy: Policy
    changed: int
    changed_by: str


class Use(msgspec.Struct, frozen=True):
    """How many requests of a caller a counted policy has let through on a day. day: since 1970, in UTC."""

    policy: str
    subject: str
    day: int
    count: int


class PolicyStore(Protocol):
    """When a call that writes returns, what it wrote is on disk."""

    async def all(self) -> list[Written]:
        """By id."""
        ...

    async def put(self, written: Written) -> None:
        """In the place of the one with the same id."""
        ...

    async def remove(self, policy_id: str) -> bool:
        """Whether there was one."""
        ...

    async def uses(self, day: int) -> list[Use]:
        """Of this day."""
        ...

    async def note(self, uses: Iterable[Use]) -> None:
        """Each in the place of what was known of the same policy, caller and day; those of former days are dropped."""
        ...
