"""Ten years of work together in the demonstration city: many small firms with few ties, and more of them every year.

Who takes part is drawn by lot, likelier if larger and of the same field; nobody is made a core. A tie that came about over
the platform has a meeting before it, one that came about at a gathering has its firm among the guests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final

import msgspec
import numpy as np

from madang.city.demo.draw import LEARNED, MONEY, PUBLIC, Draw, references
from madang.city.demo.firms import Actor
from madang.city.demo.gaon import Gaon
from madang.city.demo.gatherings import Gatherings
from madang.city.demo.identifiers import CITY, Identifiers
from madang.city.demo.plane import degrees
from madang.city.demo.society import SEPARATOR, Row
from madang.city.demo.words import read

YEARS: Final = 10
_FEWER_EACH_YEAR: Final = 0.72
_TRIED_AT: Final = (
    "university",
    "marketplace",
    "library",
    "station",
    "co-working",
    "hospital",
    "community-centre",
    "sports-centre",
)
_ROUNDS: Final = ("seed", "series-a", "series-b")


class Town(msgspec.Struct, frozen=True):
    """What ties can lead to besides organisations. calls, datasets, programmes, needs: references. spots: reference,
    longitude and latitude of places where something can be tried."""

    calls: tuple[str, ...]
    datasets: tuple[str, ...]
    programmes: tuple[str, ...]
    needs: tuple[str, ...]
    spots: tuple[tuple[str, float, float], ...]


def town_of(gaon: Gaon) -> Town:
    identifiers = Identifiers(gaon)
    said = read("society")
    spots = []
    for spot in gaon.spots:
        if spot.category in _TRIED_AT:
            place = degrees(spot.place)
            spots.append((identifiers.of(f"Spot:{spot.key}"), place.x, place.y))

    def all_of(kind: str) -> tuple[str, ...]:
        return tuple([identifiers.of(f"{kind}:{key}") for key in said[kind]])

    return Town(all_of("Call"), all_of("Dataset"), all_of("Programme"), all_of("Need"), tuple(spots))


def ten_years(actors: Sequence[Actor], town: Town, today: date, seed: int) -> tuple[Row, ...]:
    """Rows by column, `type` and `key` in each; the oldest first within a type."""
    data = read("ties")
    draw = Draw(actors, data, np.random.default_rng([seed, 24]))
    return tuple([_written(row) for row in _Making(draw, data, town, today).rows()])


def _written(row: Row) -> Row:
    """Several links as one cell."""
    return {name: SEPARATOR.join(value) if isinstance(value, list) else value for name, value in row.items()}


class _Making:
    def __init__(self, draw: Draw, data: dict[str, Any], town: Town, today: date) -> None:
        self._draw = draw
        self._data = data
        self._town = town
        self._today = today
        self._gatherings = Gatherings(draw, data, today)
        self._rounds: dict[str, int] = {}

    def rows(self) -> Iterator[Row]:
        ties = list(self._all_years())
        self._gatherings.talks()
        yield from (*self._gatherings.rows, *ties, *self._gatherings.meetings)

    def _all_years(self) -> Iterator[Row]:
        makers: dict[str, Callable[[date], Row | None]] = {
            "Project": self._project,
            "Contract": self._contract,
            "Investment": self._investment,
            "Partnership": self._partnership,
            "Agreement": self._agreement,
            "Pilot": self._pilot,
            "Proposal": self._proposal,
            "Technology": self._technology,
            "Service": self._service,
        }
        for kind, make in makers.items():
            days = sorted(self._days(self._data["count"][kind]))
            rows = [row for day in days if (row := make(day)) is not None]
            for number, row in enumerate(rows, start=1):
                if kind != "Service":
                    self._gatherings.tell(row)
                yield {"type": kind, "key": f"{kind.lower()}-{number:03}", **row}
        yield from self._acquisitions()

    def _days(self, last_year: int) -> Iterator[date]:
        for back in range(YEARS):
            for _ in range(round(last_year * _FEWER_EACH_YEAR**back)):
                yield self._today - timedelta(days=365 * back + int(self._draw.random.integers(1, 366)))

    def _project(self, day: date) -> Row | None:
        lead = self._draw.firm(day)
        if lead is None:
            return None
        partners = self._draw.others(lead, day, int(self._draw.random.choice((0, 1, 1, 2, 2, 3))))
        if self._draw.random.random() < 0.16:
            partners.append(self._draw.one(LEARNED, day))
        end = day + timedelta(days=int(self._draw.random.integers(240, 1000)))
        return {
            **self._draw.named("Project", lead.topic),
            "startDate": day.isoformat(),
            "endDate": end.isoformat(),
            "status": "running" if end > self._today else "completed",
            "amount": self._draw.money(120, 1500),
            "category": self._draw.pick(("research", "research", "demonstration")),
            "serviceArea": lead.area,
            "technologyLayer": lead.layer,
            "coordinator": lead.reference,
            "participant": references((lead, *partners)),
            "fundedBy": self._draw.one(PUBLIC, day).reference,
            "uses": self._draw.pick(self._town.datasets) if self._draw.random.random() < 0.2 else "",
            "identifier": f"{day.year}-GA-{int(self._draw.random.integers(10_000, 100_000))}",
        }

    def _contract(self, day: date) -> Row | None:
        supplier = self._draw.firm(day)
        if supplier is None:
            return None
        buyers = self._draw.others(supplier, day, 1) if self._draw.random.random() < 0.55 else []
        buyer = buyers[0] if buyers else self._draw.one(PUBLIC, day)
        return {
            **self._draw.named("Contract", supplier.topic),
            "date": day.isoformat(),
            "amount": self._draw.money(15, 600),
            "buyer": buyer.reference,
            "supplier": supplier.reference,
            "category": "procurement" if buyer.category in PUBLIC else "",
            "serviceArea": supplier.area,
            "status": "completed" if (self._today - day).days > 300 else "running",
        }

    def _investment(self, day: date) -> Row | None:
        firm = self._draw.firm(day)
        if firm is None or (done := self._rounds.get(firm.reference, 0)) == len(_ROUNDS):
            return None
        self._rounds[firm.reference] = done + 1
        others = self._draw.others(firm, day, 1) if self._draw.random.random() < 0.5 else []
        said = self._data["round"][_ROUNDS[done]]
        return {
            "name_ko": f"{firm.name.ko} {said['ko']}",
            "name_en": f"{firm.name.en}, {said['en']}",
            "date": day.isoformat(),
            "amount": self._draw.money(said["low"], said["high"]),
            "round": _ROUNDS[done],
            "investor": (others[0] if others else self._draw.one(MONEY, day)).reference,
            "investedIn": firm.reference,
            "stake": round(float(self._draw.random.uniform(3, 22)), 1),
        }

    def _partnership(self, day: date) -> Row | None:
        firm = self._draw.firm(day)
        if firm is None or not (
            others := self._draw.others(firm, day, int(self._draw.random.choice((1, 1, 1, 2))))
        ):
            return None
        return {
            **self._draw.named("Partnership", firm.topic),
            "startDate": day.isoformat(),
            "endDate": (day + timedelta(days=365 * int(self._draw.random.integers(1, 4)))).isoformat(),
            "participant": references((firm, *others)),
        }

    def _agreement(self, day: date) -> Row | None:
        firm = self._draw.firm(day)
        if firm is None:
            return None
        others = self._draw.others(firm, day, int(self._draw.random.integers(1, 4)))
        if self._draw.random.random() < 0.4:
            others.append(self._draw.one(LEARNED, day))
        return {
            **self._draw.named("Agreement", firm.topic),
            "startDate": day.isoformat(),
            "endDate": (day + timedelta(days=730)).isoformat(),
            "participant": references((firm, *others)),
        }

    def _pilot(self, day: date) -> Row | None:
        firm = self._draw.firm(day)
        if firm is None:
            return None
        end = day + timedelta(days=int(self._draw.random.integers(90, 360)))
        spot, longitude, latitude = self._town.spots[int(self._draw.random.integers(len(self._town.spots)))]
        partners = self._draw.others(firm, day, int(self._draw.random.random() < 0.2))
        return {
            **self._draw.named("Pilot", firm.topic),
            "startDate": day.isoformat(),
            "endDate": end.isoformat(),
            "status": "running" if end > self._today else "completed",
            "amount": self._draw.money(10, 150),
            "serviceArea": firm.area,
            "participant": references((firm, self._draw.one(PUBLIC, day), *partners)),
            "isPartOf": self._draw.pick(self._town.programmes) if (self._today - day).days < 260 else "",
            "testedAt": spot,
            "longitude": longitude,
            "latitude": latitude,
            "answers": self._draw.pick(self._town.needs) if self._draw.random.random() < 0.3 else "",
            "uses": self._draw.pick(self._town.datasets) if self._draw.random.random() < 0.4 else "",
            "fundedBy": self._draw.one(PUBLIC, day).reference,
        }

    def _proposal(self, day: date) -> Row | None:
        firm = self._draw.firm(day)
        if firm is None:
            return None
        recent = (self._today - day).days < 200
        return {
            **self._draw.named("Proposal", firm.topic),
            "date": day.isoformat(),
            "amount": self._draw.money(10, 300),
            "status": "screening" if recent else self._draw.pick(("awarded", "declined", "declined")),
            "submittedTo": self._draw.pick(self._town.calls) if recent else "",
            "proposedBy": firm.reference,
            "answers": self._draw.pick(self._town.needs) if self._draw.random.random() < 0.25 else "",
        }

    def _technology(self, day: date) -> Row | None:
        firm = self._draw.firm(day)
        if firm is None:
            return None
        joint = self._draw.random.random()
        owners = (
            (firm, self._draw.one(LEARNED, day))
            if joint < 0.1
            else (firm, *self._draw.others(firm, day, int(joint > 0.96)))
        )
        return {
            **self._draw.named("Technology", firm.topic),
            "date": day.isoformat(),
            "status": "granted"
            if (self._today - day).days > 500 and self._draw.random.random() < 0.7
            else "applied",
            "category": "patent",
            "patentClass": self._data["patents"].get(firm.area, "G06Q 50/00"),
            "technologyLayer": firm.layer,
            "serviceArea": firm.area,
            "readinessLevel": int(self._draw.random.integers(3, 10)),
            "ownedBy": references(owners),
        }

    def _service(self, day: date) -> Row | None:
        """Services have no date: of one that was offered long ago only some are left."""
        firm = self._draw.firm(day)
        dataset = self._data["datasets"].get(firm.area) if firm is not None else None
        if firm is None or dataset is None or firm.layer not in ("service-application", "platform-data"):
            return None
        return {
            **self._draw.named("Service", firm.topic),
            "serviceArea": firm.area,
            "providedBy": firm.reference,
            "uses": f"Dataset:{CITY}:society:{dataset}" if self._draw.random.random() < 0.7 else "",
            "status": "live",
        }

    def _acquisitions(self) -> Iterator[Row]:
        large = sorted(self._draw.firms, key=lambda firm: (-firm.people, firm.reference))
        small = [firm for firm in reversed(large) if firm.founded < self._today.year - 5]
        for number in range(4):
            buyer, acquired = large[3 + 2 * number], small[5 + 3 * number]
            day = self._today - timedelta(days=150 + 420 * number)
            yield {
                "type": "Acquisition",
                "key": f"acquisition-{4 - number:03}",
                "name_ko": f"{buyer.name.ko}의 {acquired.name.ko} 인수",
                "name_en": f"{buyer.name.en} buys {acquired.name.en}",
                "date": day.isoformat(),
                "amount": self._draw.money(500, 6000),
                "buyer": buyer.reference,
                "acquired": acquired.reference,
                "channel": "outside",
            }
