"""On what indicators stand: the record, sorted once, with what the analysis of network and flows has found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import msgspec

from madang.ecosystem.firms import is_firm
from madang.ecosystem.joined import representatives
from madang.ecosystem.outcome import FlowFacts, NetworkFacts, Standing
from madang.ecosystem.record import Record, Seen, Thing

YEAR_DAYS: Final = 365
THREE_YEARS_DAYS: Final = 1096
OUTSIDE: Final = "outside"
"""Technology layer of firms that are no part of the industry."""
_DAY: Final = 86_400_000_000


class Ground(msgspec.Struct, frozen=True):
    """today: days since 1970 on which the record was read. of_type: the things that were read. organisations, firms: each
    once; firms that are no part of the industry are among the organisations only. same: an organisation's identifiers to that by which it is counted. population: of the city, None where not
    known."""

    record: Record
    network: NetworkFacts
    flows: FlowFacts
    today: int
    of_type: dict[str, list[Thing]]
    seen: dict[str, Seen]
    same: dict[str, str]
    organisations: dict[str, Standing]
    firms: dict[str, Standing]
    population: float | None

    @property
    def year(self) -> int:
        return datetime.fromtimestamp(self.record.read / 1_000_000, UTC).year

    def things(self, *types: str) -> list[Thing]:
        return [thing for one in types for thing in self.of_type.get(one, ())]

    def count(self, *types: str) -> int:
        """How many entities there are, read or not."""
        return sum(
            max(self.seen[one].count if one in self.seen else 0, len(self.of_type.get(one, ())))
            for one in types
        )

    def read(self, *types: str) -> float:
        """What part of the entities was read; of types of which there are none, all."""
        there = self.count(*types)
        return len(self.things(*types)) / there if there else 1.0

    def dated(self, type_: str, days: int) -> tuple[list[Thing], float]:
        """(those that began or happened within as many days up to today, part of all of which the day is known)."""
        known = [thing for thing in self.of_type.get(type_, ()) if thing.day is not None]
        there = self.count(type_)
        within = [thing for thing in known if thing.day is not None and 0 <= self.today - thing.day <= days]
        return within, len(known) / there if there else 0.0

    def parties(self, thing: Thing, *attributes: str) -> set[str]:
        """The organisations to which these links lead, as they are counted."""
        return {self.same[one] for name in attributes for one in thing.links(name) if one in self.same}

    def newest(self, types: Iterable[str]) -> int:
        """Microseconds UTC of the latest change of any of them, 0 where it is not known."""
        return max((self.seen[one].newest for one in types if one in self.seen), default=0)

    def running(self, thing: Thing) -> bool | None:
        """Whether it has begun and not ended, by its status or its days; None where neither tells."""
        status = thing.text("status")
        if status in ("running", "live", "open"):
            return True
        if status in ("planned", "completed", "closed"):
            return False
        if thing.day is None:
            return None
        end = day_of(thing, "endDate")
        return thing.day <= self.today and (end is None or end >= self.today)


def ground_of(
    record: Record, network: NetworkFacts, flows: FlowFacts, standings: Iterable[Standing]
) -> Ground:
    of_type: dict[str, list[Thing]] = defaultdict(list)
    for thing in record.things:
        of_type[thing.type].append(thing)
    organisations = {one.id: one for one in standings}
    return Ground(
        record=record,
        network=network,
        flows=flows,
        today=record.read // _DAY,
        of_type=dict(of_type),
        seen={one.type: one for one in record.seen},
        same=representatives(record),
        organisations=organisations,
        firms={
            one.id: one for one in organisations.values() if is_firm(one.category) and one.layer != OUTSIDE
        },
        population=_population(of_type),
    )


def day_of(thing: Thing, attribute: str) -> int | None:
    """Days since 1970 of an attribute that is a time."""
    moment = thing.number(attribute)
    return None if moment is None else int(moment // _DAY)


def amount_of(thing: Thing, attribute: str) -> float | None:
    """A number of people or of won: None where it is not known or below zero."""
    said = thing.number(attribute)
    return said if said is not None and said >= 0 else None


def _population(of_type: dict[str, list[Thing]]) -> float | None:
    """Of the city itself where it is said, else of its districts together, if all of them are known."""
    for city in of_type.get("City", ()):
        if found := amount_of(city, "population"):
            return found
    districts = [amount_of(one, "population") for one in of_type.get("District", ())]
    known = [one for one in districts if one is not None]
    return sum(known) or None if len(known) == len(districts) else None
