"""Where flows are missing, fall, stop or fall behind: the cells held against what a city cannot do without, its own years, its
targets, and another city.

What could be chance is no gap: few are told from many by the Poisson distribution. And what nothing in the record could
tell of is not called missing but unknown.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from madang.ecosystem.outcome import FlowCell, FlowFacts, Gap
from madang.errors import BadRequestData
from madang.vocabulary import Component, Flow, Needed

Between = tuple[str, str, str]
"""(source, target, flow)"""

# Fewer than what was usual by chance in less than one of twenty years, and by a quarter at least
_CHANCE: Final = 0.05
_LESS: Final = 0.75
_YEARS: Final = 3
# Of what comes in at least so much must go on where it is needed elsewhere
_STUCK_IN: Final = 10.0
_STUCK_PART: Final = 0.1
# A city half as lively as another one in some flow is behind
_BEHIND: Final = 0.5
_BEHIND_COUNT: Final = 3.0
# Beyond it the normal distribution is as good
_EXACT: Final = 500.0
_KINDS: Final = ("missing", "short", "stuck", "falling", "behind", "unknown")


class Known(msgspec.Struct, frozen=True):
    """Of which kinds of flow the record tells anything, and whether it knows how the platform is used."""

    flows: frozenset[str]
    uses: bool


def between(text: str) -> Between:
    """What a target names: "economic>human:capital". Raises BadRequestData."""
    ends, _, flow = text.partition(":")
    source, _, target = ends.partition(">")
    found = source.strip(), target.strip(), flow.strip()
    components = {component.value for component in Component}
    if (
        found[0] not in components
        or found[1] not in components
        or found[2] not in {one.value for one in Flow}
    ):
        raise BadRequestData(
            f'"{text[:80]}" names no flow; write source>target:flow, such as economic>human:capital, with'
            f" components {', '.join(components_in_order())} and flows {', '.join(one.value for one in Flow)}"
        )
    return found


def components_in_order() -> list[str]:
    return [component.value for component in Component]


def gaps(
    cells: Iterable[FlowCell],
    needed: Iterable[Needed],
    known: Known,
    targets: Mapping[str, float],
    year: int,
) -> tuple[Gap, ...]:
    """year: the last one that is over. Raises BadRequestData for a target that names no flow."""
    cells = tuple(cells)
    wanted = {between(text): number for text, number in targets.items()}
    everything, years = _totals(cells), _by_year(cells)
    found = [*_short(wanted, years.get(year, {}), year)]
    found += _missing(needed, everything, known, wanted)
    found += _falling(years, year)
    found += _stuck(everything, needed)
    return _ordered(found)


def gone(now: FlowFacts, then: FlowFacts, when: str) -> tuple[Gap, ...]:
    """What of the ties that stand without a date was there when an earlier outcome was made, and is so no more."""
    today = _totals(cell for cell in now.cells if cell.year is None)
    before = _totals(cell for cell in then.cells if cell.year is None)
    return _ordered(
        Gap("falling", *key, today[key], expected, when)
        for key, expected in before.items()
        if today[key] < _LESS * expected and _by_chance(today[key], expected) < _CHANCE
    )


def behind(ours: FlowFacts, theirs: FlowFacts, city: str) -> tuple[Gap, ...]:
    """In which flows we are behind another city, by their part of all that flows: cities are of different size."""
    here, there = _totals(ours.cells), _totals(theirs.cells)
    total = sum(there.values())
    scale = sum(here.values()) / total if total else 0.0
    return _ordered(
        Gap("behind", *key, here[key], count * scale, city)
        for key, count in there.items()
        if count * scale >= _BEHIND_COUNT and here[key] < _BEHIND * count * scale
    )


def _totals(cells: Iterable[FlowCell]) -> defaultdict[Between, float]:
    found: defaultdict[Between, float] = defaultdict(float)
    for cell in cells:
        found[cell.source, cell.target, cell.flow] += cell.count
    return found


def _by_year(cells: Iterable[FlowCell]) -> dict[int, defaultdict[Between, float]]:
    years: defaultdict[int, list[FlowCell]] = defaultdict(list)
    for cell in cells:
        if cell.year is not None:
            years[cell.year].append(cell)
    return {year: _totals(some) for year, some in years.items()}


def _short(wanted: Mapping[Between, float], last: Mapping[Between, float], year: int) -> list[Gap]:
    return [
        Gap("short", *key, last.get(key, 0.0), expected, "target")
        for key, expected in wanted.items()
        if last.get(key, 0.0) < expected
    ]


def _missing(
    needed: Iterable[Needed],
    everything: Mapping[Between, float],
    known: Known,
    wanted: Mapping[Between, float],
) -> list[Gap]:
    found = []
    for one in needed:
        key = (one.source.value, one.target.value, one.flow.value)
        if everything.get(key, 0.0) or key in wanted:
            continue
        of_use = one.flow is Flow.DATA and Component.PLATFORM in (one.source, one.target)
        told = known.uses if of_use else one.flow.value in known.flows
        found.append(Gap("missing" if told else "unknown", *key, 0.0, 1.0, "need"))
    return found


def _falling(years: Mapping[int, Mapping[Between, float]], last: int) -> list[Gap]:
    """Against the mean of the years before, of those of which anything is known."""
    before = [year for year in range(last - _YEARS, last) if year in years]
    if not before or last not in years:
        return []
    found = []
    for key in {key for year in before for key in years[year]}:
        usual = sum(years[year].get(key, 0.0) for year in before) / len(before)
        count = years[last].get(key, 0.0)
        if count < _LESS * usual and _by_chance(count, usual) < _CHANCE:
            found.append(Gap("falling", *key, count, usual, f"{before[0]}-{before[-1]}"))
    return found


def _stuck(everything: Mapping[Between, float], needed: Iterable[Needed]) -> list[Gap]:
    """Components that should pass something on, get much of it, and pass on next to nothing."""
    found = []
    for component, flow in sorted({(one.source.value, one.flow.value) for one in needed}):
        comes = sum(
            count
            for (source, target, kind), count in everything.items()
            if kind == flow and target == component != source
        )
        goes = sum(
            count
            for (source, target, kind), count in everything.items()
            if kind == flow and source == component != target
        )
        if comes >= _STUCK_IN and goes < _STUCK_PART * comes:
            found.append(Gap("stuck", component, "", flow, goes, comes, "inflow"))
    return found


def _by_chance(count: float, mean: float) -> float:
    """How probable it is to see no more than `count` where `mean` is usual (Poisson)."""
    term = total = math.exp(-mean) if mean < _EXACT else 0.0
    if not total:  # many: the normal distribution does
        return 0.5 * math.erfc((mean - count) / math.sqrt(2 * mean))
    for number in range(1, math.floor(count) + 1):
        term *= mean / number
        total += term
    return total


def _ordered(found: Iterable[Gap]) -> tuple[Gap, ...]:
    """By kind, the largest lack first."""
    return tuple(
        sorted(
            found,
            key=lambda gap: (
                _KINDS.index(gap.kind),
                gap.count - gap.expected,
                gap.source,
                gap.target,
                gap.flow,
            ),
        )
    )
