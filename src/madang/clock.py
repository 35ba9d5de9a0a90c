"""Time as the platform sees it: integer microseconds since 1970-01-01T00:00:00Z, from one clock.

The domain never asks for the time itself: whoever calls it passes the moment in. Tests pass a `FixedClock`.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    def now(self) -> int:
        """Microseconds since the Unix epoch, UTC."""
        ...


class SystemClock:
    def now(self) -> int:
        return time.time_ns() // 1000


class FixedClock:
    """A clock that stands still until it is moved."""

    def __init__(self, moment: int) -> None:
        self.moment = moment

    def now(self) -> int:
        return self.moment

    def advance(self, microseconds: int) -> None:
        self.moment += microseconds
