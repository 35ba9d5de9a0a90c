"""The account of flows: acts and uses added up by year, components and kind, so that all cells together are as many as what
happened.

An act with several givers or receivers is divided among their pairs. Shares are added up exactly, as whole numbers over
whole numbers, so that nothing is lost on the way. Uses are counted in days: a day on which a role read anything from the
platform is one, however often it did, or one program that asks every second would drown all that people do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from typing import Final

from madang.ecosystem.flow_acts import Act
from madang.ecosystem.outcome import Activity, FlowCell
from madang.ecosystem.record import Channel, Use
from madang.vocabulary import Component, Flow

_DAY_SECONDS: Final = 86_400
_WRITE: Final = "write"
_COMPONENTS: Final = frozenset(component.value for component in Component)
_ONLINE, _OFFLINE, _OUTSIDE = Channel.ONLINE.value, Channel.OFFLINE.value, Channel.OUTSIDE.value

# Of which component those are who use the platform; who is not here is one of the public
_USERS: Final[Mapping[str, Component]] = {
    "startup": Component.ECONOMIC,
    "anchor-firm": Component.ECONOMIC,
    "investor": Component.ECONOMIC,
    "data-user": Component.ECONOMIC,
    "researcher": Component.HUMAN,
    "reviewer": Component.HUMAN,
    "data-officer": Component.INSTITUTION,
    "programme-manager": Component.INSTITUTION,
    "moderator": Component.INSTITUTION,
    "control-room-operator": Component.INSTITUTION,
    "privacy-officer": Component.INSTITUTION,
    "auditor": Component.INSTITUTION,
    "ministry-observer": Component.INSTITUTION,
    "city-administrator": Component.INSTITUTION,
    "platform-operator": Component.INSTITUTION,
}


Key = tuple[int | None, str, str, str, str]
"""(year, source, target, flow, currency) of a cell."""


class _Sum:
    """A sum of fractions whose parts are few denominators: exact, and as quick as whole numbers."""

    def __init__(self) -> None:
        self._parts: Counter[int] = Counter()

    def add(self, number: int, of: int) -> None:
        self._parts[of] += number

    def total(self) -> Fraction:
        return sum((Fraction(number, of) for of, number in self._parts.items()), Fraction())


class _Cell:
    """A cell while it is added up."""

    def __init__(self) -> None:
        self.parts = {channel.value: _Sum() for channel in Channel}
        self.amount = 0.0

    def finished(self, key: Key) -> FlowCell:
        year, source, target, flow, currency = key
        online, offline, outside = (self.parts[channel].total() for channel in (_ONLINE, _OFFLINE, _OUTSIDE))
        count = float(online + offline + outside)
        return FlowCell(
            year, source, target, flow, count, float(online), float(offline), self.amount, currency
        )


class Account:
    """Adds up acts and uses."""

    def __init__(self) -> None:
        self._cells: dict[Key, _Cell] = {}

    def add(self, act: Act) -> None:
        year = year_of(act.day)
        for source, target, number, of in act.parts:
            cell = self._cell((year, source, target, act.flow, act.currency))
            cell.parts[act.channel].add(number, of)
            if act.amount is not None:
                cell.amount += act.amount * number / of

    def use(self, uses: Iterable[Use]) -> None:
        """A day on which anything ran between two components over the platform is one."""
        for day, source, target in {(use.day, *_between(use)) for use in uses if use.count > 0}:
            self._cell((year_of(day), source, target, Flow.DATA.value, "")).parts[_ONLINE].add(1, 1)

    def _cell(self, key: Key) -> _Cell:
        found = self._cells.get(key)
        if found is None:
            found = self._cells[key] = _Cell()
        return found

    def cells(self) -> tuple[FlowCell, ...]:
        """What has no date first, then by year, components and kind."""
        order = {name: place for place, name in enumerate((*Component, *Flow))}
        keys = sorted(
            self._cells,
            key=lambda key: (key[0] or 0, order[key[1]], order[key[2]], order[key[3]], key[4]),
        )
        return tuple(self._cells[key].finished(key) for key in keys)


def activity(acts: Iterable[Act], uses: Iterable[Use]) -> tuple[Activity, ...]:
    """What happened in each month: uses as often as they were, and what was done, each thing once."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    told: set[str] = set()
    for act in acts:
        if act.day is not None and act.thing not in told:
            told.add(act.thing)
            counts.setdefault((_month(act.day), act.type), Counter())[act.channel] += 1
    for use in uses:
        counts.setdefault((_month(use.day), use.what), Counter())[_ONLINE] += use.count
    return tuple(
        Activity(month, what, found.total(), found[_ONLINE], found[_OFFLINE])
        for (month, what), found in sorted(counts.items())
    )


@cache
def year_of(day: int | None) -> int | None:
    """The year of a day since 1970."""
    return None if day is None else datetime.fromtimestamp(day * _DAY_SECONDS, UTC).year


@cache
def _month(day: int) -> str:
    return f"{datetime.fromtimestamp(day * _DAY_SECONDS, UTC):%Y-%m}"


def _between(use: Use) -> tuple[str, str]:
    """What is written comes to the platform, all else goes from there to who asked."""
    if use.what == _WRITE:
        return use.who if use.who in _COMPONENTS else Component.INSTITUTION.value, Component.PLATFORM.value
    return Component.PLATFORM.value, _USERS.get(use.who, Component.CULTURE).value
