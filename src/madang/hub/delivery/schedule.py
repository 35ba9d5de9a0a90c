"""When a notification that failed is tried again, and when it is given up. Pure: the moment and the chance come in."""

from __future__ import annotations

from typing import Final

from madang.settings import LIMITS

_SECOND: Final = 1_000_000
_FIRST_SECONDS: Final = 1.0
_DOUBLINGS_MAX: Final = 30
# Below this many attempts in a row nothing is given up for its age: the platform itself may have been off
_ATTEMPTS_MIN: Final = 5


def pause(attempts: int, cooldown_ms: float, chance: float) -> int:
    """Microseconds to wait after so many failures in a row: doubled each time, up to the limit.

    chance: 0 to 1; it takes off up to half, so that those who failed together do not come back together.
    cooldown_ms: the least pause that the subscription asks for (CIM 009 §5.2.15).
    """
    doubled = _FIRST_SECONDS * 2.0 ** min(attempts - 1, _DOUBLINGS_MAX)
    seconds = min(doubled, LIMITS.notification_pause_seconds_max) * (1 - chance / 2)
    return int(max(seconds * _SECOND, cooldown_ms * 1000))


def is_given_up(age: int, attempts: int, refusals: int) -> bool:
    """Whether a change is not tried any more after a failure.

    age: microseconds since it was committed. attempts: in a row, of the whole subscription. refusals: how often
    the receiver has answered that it will not take this very notification.
    """
    if refusals >= LIMITS.notification_refusals_max:
        return True
    return age >= LIMITS.notification_age_seconds_max * _SECOND and attempts >= _ATTEMPTS_MIN


def oldest_kept(now: int) -> int:
    """The moment (microseconds UTC) before which a change is too old to be tried again after a failure."""
    return now - LIMITS.notification_age_seconds_max * _SECOND
