"""Who is suggested to others, and how often, beside how many they are: so that suggestions that favour the large, the old or one
district are seen. Groups are of firms; of people nothing is known here, and nothing is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from madang.ecosystem.outcome import Standing
from madang.ecosystem.suggestions import Suggestion

UNKNOWN: Final = ""
_SIZES: Final = ((10, "1-9"), (50, "10-49"), (300, "50-299"))
_LARGE: Final = "300-"
_AGES: Final = ((5, "0-4"), (10, "5-9"))
_OLD: Final = "10-"


class Share(msgspec.Struct, frozen=True):
    """kind: "size", "age", "district" or "founders". group: of organisations, "" of whom it is not known. organisations: how
    many there are. part: of all. shown: how often they are suggested; exposure: their part of that, 0.0 if nothing is."""

    kind: str
    group: str
    organisations: int
    part: float
    shown: int
    exposure: float


def listed(suggestions: Iterable[Suggestion]) -> Counter[str]:
    """How often each organisation is suggested: a partner is shown to both."""
    found: Counter[str] = Counter()
    for one in suggestions:
        found.update((one.subject, one.participant))
    return found


def concentration(shown: Mapping[str, int]) -> float | None:
    """Herfindahl index of who is suggested, 0 to 10,000; None where nothing is."""
    total = sum(shown.values())
    return 10_000 * sum((count / total) ** 2 for count in shown.values()) if total else None


def parity(standings: Sequence[Standing], shown: Mapping[str, int], year: int) -> tuple[Share, ...]:
    """Each group with its part of the organisations and of what is suggested. year: in which ages are counted."""
    kinds: tuple[tuple[str, Callable[[Standing], str]], ...] = (
        ("size", lambda one: _band(one.employees, _SIZES, _LARGE)),
        ("age", lambda one: _band(None if one.founded is None else year - one.founded, _AGES, _OLD)),
        ("district", lambda one: one.district),
        (
            "founders",
            lambda one: UNKNOWN if one.first_time is None else "first" if one.first_time else "again",
        ),
    )
    total = sum(shown.get(one.id, 0) for one in standings)
    found = []
    for kind, group_of in kinds:
        groups: dict[str, list[Standing]] = {}
        for one in standings:
            groups.setdefault(group_of(one), []).append(one)
        for group, members in sorted(groups.items(), key=lambda pair: _order(pair[0])):
            count = sum(shown.get(one.id, 0) for one in members)
            part = len(members) / len(standings)
            found.append(Share(kind, group, len(members), part, count, count / total if total else 0.0))
    return tuple(found)


def _band(value: int | None, bands: Sequence[tuple[int, str]], last: str) -> str:
    if value is None:
        return UNKNOWN
    return next((name for end, name in bands if value < end), last)


def _order(group: str) -> tuple[bool, int, str]:
    """By the number with which a band begins; what is not known stands last."""
    begin = group.partition("-")[0]
    return group == UNKNOWN, int(begin) if begin.isdigit() else 0, group
