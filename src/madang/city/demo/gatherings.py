"""Gatherings and meetings of the demonstration city, and which ties came of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final

from madang.city.demo.draw import Draw, references
from madang.city.demo.firms import Actor
from madang.city.demo.identifiers import CITY
from madang.city.demo.society import Row
from madang.city.demo.words import read

SOURCE: Final = "ties"
_GUESTS_MAX: Final = 7
_LIVE_DAYS: Final = 410
_ONLINE, _OFFLINE = 0.06, 0.1
_DAYS_BEFORE: Final = (20, 120)
_TALK_DAYS: Final = 300
_LINKS: Final = ("participant", "ownedBy", "proposedBy", "supplier", "buyer", "investedIn", "investor")


class Gatherings:
    """rows: gatherings so far; meetings: likewise. Guests are added as ties come of them."""

    def __init__(self, draw: Draw, data: dict[str, Any], today: date) -> None:
        self._draw = draw
        self._data = data
        self._today = today
        self._later = frozenset(read("firms")["other"])
        self.rows = list(self._all())
        self.meetings: list[Row] = []

    def _all(self) -> Iterator[Row]:
        """Those of `ties.toml`, year after year."""
        for key, entry in self._data["gathering"].items():
            for back in range(entry["since"] + 1):
                year = self._today.year - back
                day = date(year, entry["month"], int(self._draw.random.integers(3, 27)))
                if day < self._today:
                    guests = self._draw.guests(day, entry["guests"])
                    yield self._gathering(key, entry, day, guests)

    def _gathering(self, key: str, entry: dict[str, Any], day: date, guests: list[Actor]) -> Row:
        own = "firms" if entry["organizer"] in self._later else "organisations"
        return {
            "type": "Event",
            "key": f"{key}-{day.year}",
            "name_ko": f"{day.year} {entry['ko']}",
            "name_en": f"{entry['en']} {day.year}",
            "startDate": day.isoformat(),
            "endDate": day.isoformat(),
            "category": entry["category"],
            "organizer": f"Organization:{CITY}:{own}:{entry['organizer']}",
            "places": entry["places"],
            "attendance": int(entry["places"] * self._draw.random.uniform(0.45, 0.95)),
            "participant": references(guests),
            "status": "completed",
            "channel": "offline" if (self._today - day).days < _LIVE_DAYS else "outside",
        }

    def tell(self, row: Row) -> None:
        """Adds through which channel a tie came about, and from what; of the years before the platform it was outside."""
        day = date.fromisoformat(row.get("date") or row["startDate"])
        chance = self._draw.random.random()
        who = list(dict.fromkeys(one for link in _LINKS for one in listed(row.get(link))))
        if (self._today - day).days > _LIVE_DAYS - _DAYS_BEFORE[1]:
            row["channel"] = "outside"
        elif chance < _ONLINE and len(who) > 1:
            row["channel"] = "online"
            row["arisenFrom"] = self._meeting(day, who)
        elif chance < _ONLINE + _OFFLINE and (event := self._gathering_before(day)):
            row["channel"] = "offline"
            row["arisenFrom"] = f"Event:{CITY}:{SOURCE}:{event['key']}"
            if who[0] not in event["participant"]:
                event["participant"].append(who[0])
        else:
            row["channel"] = "outside"

    def _meeting(self, day: date, who: Sequence[str]) -> str:
        before = day - timedelta(days=int(self._draw.random.integers(*_DAYS_BEFORE)))
        key = f"meeting-{len(self.meetings) + 1:03}"
        self.meetings.append(
            {
                "type": "Meeting",
                "key": key,
                "name_ko": "사업 상담",
                "name_en": "Talk about working together",
                "startDate": before.isoformat(),
                "participant": list(who),
                "channel": "online",
                "status": "completed",
            }
        )
        return f"Meeting:{CITY}:{SOURCE}:{key}"

    def talks(self) -> None:
        """Meetings of which nothing came."""
        for _ in range(self._data["count"]["Talk"]):
            day = self._today - timedelta(days=int(self._draw.random.integers(1, _TALK_DAYS)))
            first = self._draw.firm(day)
            if first is not None and (others := self._draw.others(first, day, 1)):
                self._meeting(day, references((first, *others)))

    def _gathering_before(self, day: date) -> Row | None:
        latest = (day - timedelta(days=_DAYS_BEFORE[1])).isoformat()
        near = [
            row
            for row in self.rows
            if latest <= row["startDate"] < day.isoformat() and len(row["participant"]) < _GUESTS_MAX
        ]
        return near[int(self._draw.random.integers(len(near)))] if near else None


def listed(value: Any) -> list[str]:
    """The links of a cell."""
    return value if isinstance(value, list) else [value] if value else []
