"""The industry of the city: its firms by technology layer and service area, and how many of them a person has classified."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from madang.ecosystem.firms import is_firm
from madang.ecosystem.joined import representatives
from madang.ecosystem.outcome import IndustryCell, IndustryFacts, Standing
from madang.ecosystem.record import Record
from madang.vocabulary.taxonomy import OUTSIDE, Axis, Taxonomy, taxonomy

_YOUNG_YEARS: Final = 5


def industry_facts(
    record: Record, standings: Sequence[Standing], classes: Taxonomy | None = None
) -> IndustryFacts:
    """classes: the city's own taxonomy, None for the platform's.

    A firm is classified where its area and its layer are said, or where its layer is outside: then it is in no cell.
    """
    classes = classes or taxonomy()
    year = datetime.fromtimestamp(record.read / 1_000_000, UTC).year
    firms = [one for one in standings if is_firm(one.category)]
    classified = {one.id for one in firms if one.layer == OUTSIDE or (one.layer and one.area)}
    suggested = _suggested(record) & {one.id for one in firms} - classified
    cells: defaultdict[tuple[str, str], list[Standing]] = defaultdict(list)
    for firm in firms:
        if firm.id in classified and firm.layer != OUTSIDE:
            cells[firm.layer, firm.area].append(firm)
    return IndustryFacts(
        taxonomy=classes.version,
        cells=tuple(
            IndustryCell(layer, area, len(some), _young(some, year))
            for (layer, area), some in sorted(cells.items(), key=lambda cell: (-len(cell[1]), cell[0]))
        ),
        confirmed=len(classified),
        suggested=len(suggested),
        open=len(firms) - len(classified) - len(suggested),
        outside=sum(firm.layer == OUTSIDE for firm in firms),
        industries=_industries(firms, classes),
    )


def _suggested(record: Record) -> set[str]:
    """The organisations, as they are counted, for which a class is suggested that nobody has decided."""
    same = representatives(record)
    return {
        same.get(subject, subject)
        for thing in record.things
        if thing.type == "Suggestion"
        and thing.text("category") == "class"
        and thing.text("status") == "proposed"
        for subject in thing.links("subject")
    }


def _young(firms: Sequence[Standing], year: int) -> float | None:
    ages = [year - firm.founded for firm in firms if firm.founded is not None]
    return sum(age < _YOUNG_YEARS for age in ages) / len(ages) if ages else None


def _industries(firms: Sequence[Standing], classes: Taxonomy) -> dict[str, int]:
    """Category of the industry axis to firms, the most first; codes of another revision that leads nowhere are under ""."""
    codes = [firm.industry for firm in firms if firm.industry]
    found = Counter(entry.code if (entry := classes.category(Axis.INDUSTRY, code)) else "" for code in codes)
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))
