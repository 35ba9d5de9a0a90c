"""The review of a month: who did how much, what of it somebody should look at, and that somebody has looked.

The law asks for it every month (docs/trust.md). The numbers point to where to look; they accuse nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from madang.errors import BadRequestData
from madang.hub.hub import Hub
from madang.hub.trust import audit
from madang.hub.trust.audit_reading import Which, chain_of
from madang.store.audit import About, Deed, Recorded, Tally, Wanted
from madang.trust.access import Access

_MONTH: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
_READINGS: Final = frozenset((Deed.READ, Deed.FOLLOW, Deed.NOTIFY, Deed.DOWNLOAD, Deed.HAND_OUT))
_NIGHT_BEGINS, _NIGHT_ENDS = 22, 6
_NOTE_CHARACTERS_MAX: Final = 2000
_REVIEWS_SHOWN: Final = 20
MANY_THINGS: Final = 100
MANY_FAILURES: Final = 5


class Mark(StrEnum):
    """Why somebody should look at what somebody did."""

    NIGHT = "night"
    """Read protected things at night, from 22 to 6 o'clock."""
    MANY = "many"
    """Read more than 100 on one day."""
    DOWNLOAD = "download"
    ERASE = "erase"
    FAILURES = "failures"
    """Failed to sign in five times or more on one day."""


class Line(msgspec.Struct, frozen=True):
    """What one subject did in the month. things: that they read, one counted as often as they read it; most: on one day.
    deeds: how often they did what."""

    subject: str
    events: int
    things: int
    most: int
    deeds: dict[Deed, int]
    marks: tuple[Mark, ...]


class Review(msgspec.Struct, frozen=True):
    """month: "2026-01", in the city's time. since, until: microseconds UTC. lines: those with marks first, then by events.
    done: the events by which it was said that the month has been reviewed, the newest first."""

    month: str
    since: int
    until: int
    lines: tuple[Line, ...]
    done: tuple[Recorded, ...]


def bounds(month: str, zone: ZoneInfo) -> tuple[int, int]:
    """When a month begins and ends, microseconds UTC. Raises BadRequestData."""
    match = _MONTH.fullmatch(month)
    if match is None or match[1] == "0000":
        raise BadRequestData(f"'{month[:40]}' is no month; write it as 2026-01")
    year, number = int(match[1]), int(match[2])
    following = (year + 1, 1) if number == 12 else (year, number + 1)
    if following[0] > 9998 or year < 1970:
        raise BadRequestData(f"There is nothing of {month}")
    begin, end = (datetime(*one, 1, tzinfo=zone) for one in ((year, number), following))
    return int(begin.timestamp()) * 1_000_000, int(end.timestamp()) * 1_000_000


def month_of(moment: int, zone: ZoneInfo) -> str:
    """moment: microseconds UTC."""
    return f"{datetime.fromtimestamp(moment / 1_000_000, zone):%Y-%m}"


async def review(hub: Hub, access: Access, which: Which, month: str, zone: ZoneInfo) -> Review:
    """Raises BadRequestData, and what `chain_of` raises."""
    since, until = bounds(month, zone)
    tallies = await chain_of(hub, access, which).tallies(since, until)
    # Whichever chain is looked at: a review is of the month, and recorded where the tenant's events are
    done = await hub.store(access).audit.page(Wanted(deed=Deed.REVIEW, object=month), _REVIEWS_SHOWN)
    return Review(month, since, until, summed(tallies, zone), tuple(done))


async def reviewed(hub: Hub, access: Access, month: str, note: str, zone: ZoneInfo) -> None:
    """Record that the caller has gone through a month. note: what they found. Raises BadRequestData."""
    since, _ = bounds(month, zone)
    if since > hub.clock.now():
        raise BadRequestData(f"{month} has not begun yet")
    if not note.strip() or len(note) > _NOTE_CHARACTERS_MAX:
        raise BadRequestData(f"Say in 1 to {_NOTE_CHARACTERS_MAX} characters what the review found")
    await audit.record(hub, access, Deed.REVIEW, About(object=month, reason=note.strip()))


def summed(tallies: Iterable[Tally], zone: ZoneInfo) -> tuple[Line, ...]:
    """The lines of a review."""
    by_subject: dict[str, list[Tally]] = {}
    for tally in tallies:
        by_subject.setdefault(tally.subject, []).append(tally)
    lines = [_line(subject, found, zone) for subject, found in by_subject.items()]
    return tuple(sorted(lines, key=lambda line: (-len(line.marks), -line.events, line.subject)))


def _line(subject: str, found: list[Tally], zone: ZoneInfo) -> Line:
    deeds: dict[Deed, int] = {}
    things_by_day: dict[str, int] = {}
    failures_by_day: dict[str, int] = {}
    night = False
    for tally in found:
        deeds[tally.deed] = deeds.get(tally.deed, 0) + tally.events
        local = datetime.fromtimestamp(tally.hour / 1_000_000, zone)
        day = f"{local:%Y-%m-%d}"
        if tally.deed in _READINGS and tally.things:
            things_by_day[day] = things_by_day.get(day, 0) + tally.things
            night = night or local.hour >= _NIGHT_BEGINS or local.hour < _NIGHT_ENDS
        if tally.deed is Deed.SIGN_IN_FAILED:
            failures_by_day[day] = failures_by_day.get(day, 0) + tally.events
    most = max(things_by_day.values(), default=0)
    reasons = (
        (Mark.NIGHT, night),
        (Mark.MANY, most > MANY_THINGS),
        (Mark.DOWNLOAD, Deed.DOWNLOAD in deeds or Deed.HAND_OUT in deeds),
        (Mark.ERASE, Deed.ERASE in deeds),
        (Mark.FAILURES, max(failures_by_day.values(), default=0) >= MANY_FAILURES),
    )
    marks = tuple([mark for mark, holds in reasons if holds])
    return Line(subject, sum(deeds.values()), sum(things_by_day.values()), most, deeds, marks)
