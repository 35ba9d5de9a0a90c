"""Firms of the demonstration city and the other organisations beside those of `organisations.toml`: many young and small.

Their names are put together so that no real firm is meant; what they make is a work of `firms.toml`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import numpy as np

from madang.business_numbers import check_digit, written
from madang.city.demo.gaon import Gaon
from madang.city.demo.identifiers import CITY, Identifiers
from madang.city.demo.model import Building, Words
from madang.city.demo.plane import degrees
from madang.city.demo.society import Row
from madang.city.demo.words import read

SOURCE: Final = "firms"
FIRMS: Final = 400
FIRM_CATEGORIES: Final = ("startup", "small-firm", "anchor-firm")
_STARTUP_YEARS: Final = 7
_WORKPLACES: Final = ("office", "commercial", "industrial", "university", "retail")
_DISTRICTS: Final = {
    "dure": 0.34,
    "madang": 0.21,
    "baeum": 0.14,
    "hanbit": 0.11,
    "daon": 0.06,
    "saeteo": 0.05,
    "nuri": 0.03,
    "solsup": 0.02,
    "yunseul": 0.02,
    "garam": 0.02,
}
_AGES: Final = ((0.66, 0, 5), (0.22, 5, 10), (0.12, 10, 25))
# Parts of a name that are never put together, because such a name exists or means something else
_NAMES_TAKEN: Final = frozenset(
    ("솔비", "물결", "물소리", "달빛", "별빛", "봄비", "아라한", "참한", "참손", "참소리")
)
_FINALS: Final = {0: "", 4: "ㄴ", 8: "ㄹ", 16: "ㅁ", 21: "ㅇ"}
_NIEUN, _RIEUL, _IEUNG = 2, 5, 11
# Kinds of work whose firms make a thing; the others offer a service
_THINGS: Final = ("device", "network", "energy", "robot", "plain")
_CLASSIFIED: Final = 0.76
_CLUBS: Final = (
    "firms:ict",
    "firms:manufacturers",
    "firms:women",
    "organisations:founders",
    "organisations:founders",
    "organisations:alliance",
)
_JOINED: Final = 0.16
_FORMS: Final = (("주식회사", 0.84), ("유한회사", 0.06), ("개인사업자", 0.08), ("협동조합", 0.02))


class Actor(msgspec.Struct, frozen=True):
    """An organisation as far as it takes part in something. reference: its identifier without what all begin with. topic:
    what it works on. founded: year. number: of the business, "" for none."""

    reference: str
    name: Words
    category: str
    area: str
    layer: str
    topic: Words
    founded: int
    people: int
    number: str = ""

    @property
    def firm(self) -> bool:
        return self.category in FIRM_CATEGORIES


class Known(msgspec.Struct, frozen=True):
    """actors: all organisations, those of `organisations.toml` first. rows: of the register of firms and others."""

    actors: tuple[Actor, ...]
    rows: tuple[Row, ...]


def gather_firms(gaon: Gaon, year: int) -> Known:
    """year: the present one, from which ages count."""
    data = read("firms")
    first = _first_actors(data)
    making = _Making(gaon, year, data)
    made = [making.firm(number) for number in range(FIRMS - sum(actor.firm for actor in first))]
    others = [making.other(key, entry) for key, entry in data["other"].items()]
    return Known(
        (*first, *[actor for actor, _ in (*made, *others)]),
        tuple([row for _, row in (*made, *others)]),
    )


def _first_actors(data: dict[str, Any]) -> list[Actor]:
    return [
        Actor(
            reference=f"Organization:{CITY}:organisations:{key}",
            name=Words(entry["ko"], entry["en"]),
            category=entry["category"],
            area=entry["area"],
            layer=entry.get("layer", ""),
            topic=Words(*data["topic"].get(key, ("", ""))),
            founded=entry["year"],
            people=entry["people"],
        )
        for key, entry in read("organisations")["organisation"].items()
    ]


class _Making:
    """Makes one after the other, each with a house, a name and a number that no other has."""

    def __init__(self, gaon: Gaon, year: int, data: dict[str, Any]) -> None:
        self._random = np.random.default_rng([gaon.seed, 20])
        self._identifiers = Identifiers(gaon)
        self._year = year
        self._data = data
        self._industries = {**read("organisations")["industries"], **data["industries"]}
        self._works = list(data["work"].values())
        self._names = self._shuffled_names()
        self._houses = _houses(gaon)
        self._numbers = 0

    def _shuffled_names(self) -> Iterator[tuple[str, str]]:
        parts = self._data["parts"]
        pairs = [
            (begin[0] + end[0], begin[1] + end[1])
            for begin in parts["first"]
            for end in parts["last"]
            if fits(begin[0], end[0])
        ]
        return iter([pairs[int(place)] for place in self._random.permutation(len(pairs))])

    def firm(self, number: int) -> tuple[Actor, Row]:
        work = (
            self._works[number]
            if number < len(self._works)
            else self._works[int(self._random.integers(len(self._works)))]
        )
        age = self._age()
        people = self._people(age)
        category = "startup" if age < _STARTUP_YEARS else "small-firm"
        actor = Actor(
            reference=f"Organization:{CITY}:{SOURCE}:f{number + 1:03}",
            name=self._name(number, work["kind"]),
            category=category,
            area=work["area"],
            layer=work["layer"],
            topic=Words(*work["topic"]),
            founded=self._year - age,
            people=people,
            number=self._number() if self._random.random() < 0.85 else "",
        )
        remark = self._remark(work["kind"])
        row = self._row(actor, work["code"], self._house())
        row |= {
            "text_ko": f"{work['ko']} {remark['ko']}",
            "text_en": f"{work['en']} {remark['en']}",
            "products_ko": work["topic"][0],
            "products_en": work["topic"][1],
            "legalForm": self._one_of(_FORMS),
            "firstTimeFounders": ("yes", "no")[int(self._random.random() < 0.42)] if age < 10 else "",
        }
        if self._random.random() < _JOINED:
            row["memberOf"] = f"Organization:{CITY}:{_CLUBS[int(self._random.integers(len(_CLUBS)))]}"
        self._forget(row)
        return actor, row

    def other(self, key: str, entry: Row) -> tuple[Actor, Row]:
        actor = Actor(
            reference=f"Organization:{CITY}:{SOURCE}:{key}",
            name=Words(entry["ko"], entry["en"]),
            category=entry["category"],
            area=entry["area"],
            layer="",
            topic=Words("", ""),
            founded=entry["year"],
            people=entry["people"],
        )
        house = self._house(entry["home"]) if entry["home"] else None
        texts = {"text_ko": entry["text_ko"], "text_en": entry["text_en"]}
        return actor, {**self._row(actor, entry["code"], house), **texts, "classifiedBy": "가온시 기업지원과"}

    def _row(self, actor: Actor, code: str, house: Building | None) -> Row:
        row: Row = {
            "key": actor.reference.rpartition(":")[2],
            "name_ko": actor.name.ko,
            "name_en": actor.name.en,
            "category": actor.category,
            "industryCode": code,
            "industry_ko": self._industries[code][0],
            "industry_en": self._industries[code][1],
            "serviceArea": actor.area,
            "technologyLayer": actor.layer,
            "foundingYear": actor.founded,
            "numberOfEmployees": actor.people,
            "businessNumber": written(actor.number) if actor.number else "",
        }
        if house is not None:
            place = degrees(house.shape.representative_point())
            row |= {
                "longitude": place.x,
                "latitude": place.y,
                "address_ko": house.address.ko,
                "address_en": house.address.en,
                "locatedIn": self._identifiers.of(f"District:{house.district}"),
                "headquarteredIn": self._identifiers.of(f"Building:{house.key}"),
            }
        return row

    def _forget(self, row: Row) -> None:
        """What a register does not know of everybody."""
        chance = self._random.random(3)
        if chance[0] > _CLASSIFIED:
            row["serviceArea"] = row["technologyLayer"] = ""
        else:
            row["classifiedBy"] = "가온시 기업지원과"
        if chance[1] < 0.08:
            row["foundingYear"] = ""
        if chance[2] < 0.14:
            row["numberOfEmployees"] = ""

    def _name(self, number: int, kind: str) -> Words:
        coined = self._data["coined"]
        if number % 20 == 19 and number // 20 < len(coined):
            return Words(coined[number // 20]["ko"], coined[number // 20]["en"])
        korean, english = next(self._names)
        endings = self._data["suffixes"][kind]
        ending = endings[int(self._random.integers(len(endings)))]
        return Words(korean + ending[0], f"{english} {ending[1]}")

    def _remark(self, kind: str) -> Row:
        own = "thing" if kind in _THINGS else "service"
        fit = [remark for remark in self._data["remark"] if remark["of"] in (own, "any")]
        found: Row = fit[int(self._random.integers(len(fit)))]
        return found

    def _number(self) -> str:
        """Of an office of taxes that does not exist, so that it is nobody's."""
        self._numbers += 1
        nine = f"99{int(self._random.integers(10))}8{int(self._random.choice((1, 6, 7)))}{self._numbers:04}"
        return nine + check_digit(nine)

    def _age(self) -> int:
        rest = self._random.random()
        for share, low, high in _AGES:
            if rest < share:
                return int(self._random.integers(low, high))
            rest -= share
        return _AGES[-1][1]

    def _people(self, age: int) -> int:
        middle = 1.6 + min(age, 15) * 0.09
        return int(np.clip(round(float(np.exp(self._random.normal(middle, 0.65)))), 1, 160))

    def _house(self, district: str = "") -> Building:
        wanted = district or str(self._random.choice(list(_DISTRICTS), p=list(_DISTRICTS.values())))
        houses = self._houses[wanted]
        floors = np.array([house.floors for house in houses], dtype=float)
        return houses[int(self._random.choice(len(houses), p=floors / floors.sum()))]

    def _one_of(self, chances: tuple[tuple[str, float], ...]) -> str:
        return str(self._random.choice([name for name, _ in chances], p=[chance for _, chance in chances]))


def fits(begin: str, end: str) -> bool:
    """Whether two parts of a name sound together as each alone, so that their romanisations can be joined."""
    final = (ord(begin[-1]) - 0xAC00) % 28
    initial = (ord(end[0]) - 0xAC00) // 588
    if final not in _FINALS or begin + end in _NAMES_TAKEN or begin[-1] == end[0]:
        return False
    if final and initial in (_RIEUL, _IEUNG):
        return False
    return not (_FINALS[final] == "ㄹ" and initial == _NIEUN)


def _houses(gaon: Gaon) -> dict[str, list[Building]]:
    found: dict[str, list[Building]] = {}
    for building in gaon.buildings:
        if building.usage in _WORKPLACES:
            found.setdefault(building.district, []).append(building)
    return found
