"""Buildings get names and addresses, and the places people look for get theirs: schools, the market, city hall."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import numpy as np
from shapely import Point

from madang.city.demo.footprints import Footprint
from madang.city.demo.model import Building, Spot, Words
from madang.city.demo.streetnames import Addresses
from madang.city.demo.words import listed, named, names, stem

_SCHOOL_KINDS: Final = (
    ("초등학교", "Elementary School"),
    ("중학교", "Middle School"),
    ("초등학교", "Elementary School"),
    ("고등학교", "High School"),
    ("초등학교", "Elementary School"),
)
_SHOPS: Final = (
    ("pharmacy", "약국", "Pharmacy", 16),
    ("clinic", "의원", "Clinic", 16),
    ("cafe", "커피", "Coffee", 18),
    ("restaurant", "밥상", "Kitchen", 18),
    ("bakery", "제과", "Bakery", 8),
    ("bank", "은행", "Bank", 6),
    ("bookshop", "책방", "Books", 6),
)
_TOWER_FLOORS_MIN: Final = 11

Named = tuple[Footprint, str]


class _Namer:
    """Names buildings in their order. Counts what is numbered."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        self._counts: Counter[str] = Counter()
        self._groups: dict[str, Words] = {}
        self.spots: list[Spot] = []

    def building(self, key: int, footprint: Footprint, district: str) -> Building:
        address = self._addresses.give(footprint.shape)
        kind = footprint.group.partition("-")[0]
        rule = _RULES.get(kind, _Namer.other)
        name = rule(self, key, footprint, district, address)
        city = names()["city"]
        dong = named("district", district)
        return Building(
            key=key,
            shape=footprint.shape,
            usage=footprint.usage,
            floors=footprint.floors,
            height=footprint.height,
            year=footprint.year,
            name=name,
            address=Words(f"{city['ko']} {address.ko} ({dong.ko})", f"{address.en}, {dong.en}, {city['en']}"),
            district=district,
            households=footprint.households,
        )

    def estate(self, key: int, footprint: Footprint, district: str, address: Words) -> Words:
        del key, address
        place = stem(district)
        if footprint.group not in self._groups:
            self._counts[f"estate {district}"] += 1
            number = self._counts[f"estate {district}"]
            self._groups[footprint.group] = Words(
                f"{place.ko}마을 {number}단지", f"{place.en} Village {number}"
            )
        estate = self._groups[footprint.group]
        match footprint.label:
            case "community":
                return Words(f"{estate.ko} 주민공동시설", f"{estate.en} Community House")
            case "nursery":
                return Words(f"{estate.ko} 어린이집", f"{estate.en} Nursery")
            case "shops":
                return Words(f"{estate.ko} 상가", f"{estate.en} Shops")
            case house:
                return Words(f"{estate.ko} {house}동", f"{estate.en}, Building {house}")

    def school(self, key: int, footprint: Footprint, district: str, address: Words) -> Words:
        del address
        if footprint.group not in self._groups:
            number = self._counts[f"school {district}"]
            self._counts[f"school {district}"] += 1
            place = stem(district) if number < 2 else listed("schools", self._counts["further school"])
            self._counts["further school"] += number >= 2
            kind = _SCHOOL_KINDS[number % len(_SCHOOL_KINDS)]
            self._groups[footprint.group] = Words(f"{place.ko}{kind[0]}", f"{place.en} {kind[1]}")
        school = self._groups[footprint.group]
        if footprint.label == "main":
            self._spot("school", school, footprint, district, key)
            return school
        return Words(f"{school.ko} 체육관", f"{school.en} Gymnasium")

    def market(self, key: int, footprint: Footprint, district: str, address: Words) -> Words:
        del address
        market = Words("새터시장", "Saeteo Market")
        if footprint.label == "1":
            self._spot("marketplace", market, footprint, district, key)
        return Words(f"{market.ko} {footprint.label}동", f"{market.en} Hall {footprint.label}")

    def campus(self, key: int, footprint: Footprint, district: str, address: Words) -> Words:
        del address
        first = self._groups.setdefault("campus", Words(footprint.group, "")).ko == footprint.group
        if not first:
            institute = Words("가온과학기술연구원", "Gaon Institute of Science and Technology")
            if footprint.label == "1":
                self._spot("research-institute", institute, footprint, district, key)
            return Words(f"{institute.ko} {footprint.label}동", f"{institute.en}, Building {footprint.label}")
        university, hall = (
            Words("가온대학교", "Gaon University"),
            listed("faculties", int(footprint.label) - 1),
        )
        if footprint.label == "1":
            self._spot("university", university, footprint, district, key)
        return Words(f"{university.ko} {hall.ko}", f"{university.en} {hall.en}")

    def hospital(self, key: int, footprint: Footprint, district: str, address: Words) -> Words:
        del address
        hospital = Words("가온의료원", "Gaon Medical Centre")
        if footprint.label == "ward":
            self._spot("hospital", hospital, footprint, district, key)
        wing = {
            "ward": ("병동", "Ward House"),
            "clinic": ("외래진료동", "Outpatient House"),
            "hall": ("장례식장", "Funeral Hall"),
        }
        korean, english = wing[footprint.label]
        return Words(f"{hospital.ko} {korean}", f"{hospital.en} {english}")

    def station(self, key: int, footprint: Footprint, district: str, address: Words) -> Words:
        del address
        if footprint.label != "hall":
            return Words("가온역 주차동", "Gaon Station Car Park")
        station = Words("가온역 환승센터", "Gaon Station")
        self._spot("station", station, footprint, district, key)
        return station

    def civic(self, key: int, footprint: Footprint, district: str, address: Words) -> Words:
        del address
        name = named("civic", footprint.label)
        self._spot(names()["civic"][footprint.label]["category"], name, footprint, district, key)
        return name

    def towers(self, key: int, footprint: Footprint, district: str, address: Words) -> Words:
        if footprint.floors < _TOWER_FLOORS_MIN:
            return self.other(key, footprint, district, address)
        number = self._counts["tower"]
        self._counts["tower"] += 1
        name, turn = listed("towers", number), number // len(names()["lists"]["towers"])
        return name if not turn else Words(f"{name.ko} {turn + 1}차", f"{name.en} {'I' * (turn + 1)}")

    def industry(self, key: int, footprint: Footprint, district: str, address: Words) -> Words:
        if footprint.floors < 5:
            return self.other(key, footprint, district, address)
        self._counts["knowledge"] += 1
        number = self._counts["knowledge"]
        return Words(f"두레지식산업센터 {number}동", f"Dure Knowledge Centre {number}")

    def other(self, key: int, footprint: Footprint, district: str, address: Words) -> Words:
        if footprint.usage != "religious":
            return address
        kind = listed("religious", self._counts["religious"])
        self._counts["religious"] += 1
        place = (
            stem(district)
            if not self._counts[f"{district} {kind.ko}"]
            else listed("schools", self._counts["religious"])
        )
        self._counts[f"{district} {kind.ko}"] += 1
        name = Words(f"{place.ko}{kind.ko}", f"{place.en} {kind.en}")
        self._spot("place-of-worship", name, footprint, district, key)
        return name

    def _spot(self, category: str, name: Words, footprint: Footprint, district: str, key: int) -> None:
        place = footprint.shape.representative_point()
        self._counts[category] += 1
        number = self._counts[category]
        self.spots.append(
            Spot(f"{category}-{number}" if number > 1 else category, category, name, place, district, key)
        )


_RULES: Final[dict[str, Callable[[_Namer, int, Footprint, str, Words], Words]]] = {
    "estate": _Namer.estate,
    "school": _Namer.school,
    "market": _Namer.market,
    "campus": _Namer.campus,
    "hospital": _Namer.hospital,
    "station": _Namer.station,
    "civic": _Namer.civic,
    "towers": _Namer.towers,
    "industry": _Namer.industry,
}


def name_buildings(
    built: Sequence[Named], addresses: Addresses, seed: int
) -> tuple[tuple[Building, ...], tuple[Spot, ...]]:
    """Buildings by key, and the places that people look for."""
    namer = _Namer(addresses)
    buildings = [namer.building(key, footprint, district) for key, (footprint, district) in enumerate(built)]
    _add_offices(buildings, namer.spots)
    _add_shops(buildings, namer.spots, seed)
    return tuple(buildings), tuple(namer.spots)


def _add_offices(buildings: list[Building], spots: list[Spot]) -> None:
    """Every district's office takes the house of shops nearest to the district's middle."""
    for district in names()["district"]:
        own = [building for building in buildings if building.district == district]
        middle = Point(
            float(np.mean([building.shape.centroid.x for building in own])),
            float(np.mean([building.shape.centroid.y for building in own])),
        )
        fit = [
            building for building in own if building.usage in ("retail", "office", "commercial", "industrial")
        ]
        office = min(fit or own, key=lambda building: building.shape.distance(middle))
        words = named("district", district)
        name = Words(f"{words.ko} 행정복지센터", f"{words.en} Community Service Centre")
        buildings[office.key] = msgspec.structs.replace(office, usage="public", name=name)
        place = office.shape.representative_point()
        spots.append(Spot(f"office-{district}", "community-centre", name, place, district, office.key))


def _add_shops(buildings: Sequence[Building], spots: list[Spot], seed: int) -> None:
    """Some of the shops that stand in houses of shops."""
    random = np.random.default_rng([seed, 5])
    free = [building for building in buildings if building.usage in ("retail", "commercial")]
    chosen = random.permutation(len(free))
    used: Counter[tuple[str, str]] = Counter()
    at = 0
    for category, korean, english, count in _SHOPS:
        for number in range(count):
            building = free[int(chosen[at])]
            at += 1
            place = stem(building.district) if number % 2 else listed("schools", number // 2)
            used[place.ko, category] += 1
            times = used[place.ko, category]
            more = f" {times}호점" if times > 1 else ""
            name = Words(
                f"{place.ko}{korean}{more}", f"{place.en} {english}{f' {times}' if times > 1 else ''}"
            )
            point = building.shape.representative_point()
            spots.append(
                Spot(f"{category}-{number + 1}", category, name, point, building.district, building.key)
            )
