"""How often somebody may ask: a window of a minute for each caller, in memory."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import msgspec

from madang.clock import Clock
from madang.errors import TooManyRequests
from madang.settings import LIMITS

WINDOW_SECONDS: Final = 60
_WINDOW_US: Final = WINDOW_SECONDS * 1_000_000


class Left(msgspec.Struct, frozen=True):
    """What a caller may still ask. most: requests in a window. reset: seconds until the next window."""

    most: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        """As clients are told (draft of the IETF, RateLimit header fields for HTTP), names in lower case."""
        return {
            "ratelimit-policy": f'"caller";q={self.most};w={WINDOW_SECONDS}',
            "ratelimit": f'"caller";r={self.remaining};t={self.reset}',
        }


class _Window(msgspec.Struct):
    began: int
    asked: int = 0


class Rates:
    """Counts the requests of callers. Of those who were longest not heard of while there are too many, it forgets."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def spend(self, caller: str, most: int) -> Left:
        """Count one request. Raises TooManyRequests, whose detail is in how many seconds the next one is taken."""
        now = self._clock.now()
        window = self._windows.get(caller)
        if window is None or not 0 <= now - window.began < _WINDOW_US:
            window = self._windows[caller] = _Window(now)
            if len(self._windows) > LIMITS.callers_remembered_max:
                self._windows.popitem(last=False)
        self._windows.move_to_end(caller)
        reset = max(1, -(-(window.began + _WINDOW_US - now) // 1_000_000))
        if window.asked >= most:
            raise TooManyRequests(
                f"You may ask {most:,} times a minute; ask again in {reset} seconds", detail=str(reset)
            )
        window.asked += 1
        return Left(most, most - window.asked, reset)
