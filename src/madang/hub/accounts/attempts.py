"""How often somebody has been wrong about a password: per account and address, per account, and per address.

One who guesses is stopped early; the owner of the account, at another address, is not locked out by it before very
many guesses. It is kept in memory, and counts for a quarter of an hour.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

import msgspec

from madang.errors import TooManyRequests
from madang.settings import LIMITS

WINDOW_US: Final = 15 * 60 * 1_000_000
_COUNTED_MAX: Final = 100_000


class _Count(msgspec.Struct):
    began: int
    n: int = 0


class Attempts:
    def __init__(self) -> None:
        self._counts: OrderedDict[Hashable, _Count] = OrderedDict()

    def begin(self, login: str, address: str, now: int) -> None:
        """Count an attempt before it is known whether it succeeds, so that many at one time are no way around.

        Raises TooManyRequests, whose detail says in how many seconds to try again."""
        limits = _limits(login, address)
        for what, most in limits:
            count = self._counts.get(what)
            if count is not None and count.n >= most and now - count.began < WINDOW_US:
                seconds = -(-(count.began + WINDOW_US - now) // 1_000_000)
                raise TooManyRequests(
                    f"There were too many attempts to sign in; try again in {-(-seconds // 60)} minutes",
                    detail=str(seconds),
                )
        for what, _ in limits:
            count = self._counts.get(what)
            if count is None or now - count.began >= WINDOW_US:
                self._counts[what] = count = _Count(now)
                self._counts.move_to_end(what)
            count.n += 1
        while len(self._counts) > _COUNTED_MAX:
            self._counts.popitem(last=False)

    def succeeded(self, login: str, address: str) -> None:
        """Take back what was counted; and who has the password need not fear what was wrong before."""
        self._counts.pop((login, address), None)
        for what, _ in _limits(login, address)[1:]:
            count = self._counts.get(what)
            if count is not None:
                count.n -= 1


def _limits(login: str, address: str) -> tuple[tuple[Hashable, int], ...]:
    return (
        ((login, address), LIMITS.sign_in_failures_max),
        (("account", login, ""), LIMITS.sign_in_account_failures_max),
        (("address", address, ""), LIMITS.sign_in_address_failures_max),
    )
