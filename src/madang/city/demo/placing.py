"""Where the sensors stand: each at a building, a square, a street, a bridge or in the green, with a name after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec
import numpy as np
from shapely import Point

from madang.city.demo.fleet import KINDS, Fleet, Kind, Sensor
from madang.city.demo.gaon import Gaon
from madang.city.demo.model import Class, Spot, Street, Words
from madang.city.demo.streetnames import districts_of
from madang.city.demo.transit import Transit
from madang.city.demo.words import named

_SILENT_HOURS: Final = {"air": ((16, 46),), "noise": ((11, 30),), "bike": ((27, 9),)}
"""By kind: (number of the sensor, hours before generation at which it fell silent)."""
_ALWAYS: Final = {"air": 1, "crowd": 7, "parking": 6, "bike": 4, "traffic": 6, "charger": 2}
"""By kind: how many of the sites, in their order, have a sensor in any case."""
_HOME: Final = {
    "marketplace": 0.8,
    "school": 0.55,
    "library": 0.6,
    "station": 0.25,
    "townhall": 0.1,
    "university": 0.3,
}
_CROWDED: Final = [
    "marketplace",
    "station",
    "university",
    "library",
    "townhall",
    "hospital",
    "theatre",
    "co-working",
    "cafe",
]
_VISITED: Final = [
    "marketplace",
    "townhall",
    "station",
    "hospital",
    "library",
    "university",
    "museum",
    "theatre",
    "community-centre",
]
_LANES_VEHICLES: Final = 620
_NEAR_METRES: Final = 9.0


class Site(msgspec.Struct, frozen=True):
    """stands_at: (type, key) of what the sensor stands at. home: see `Sensor`."""

    name: Words
    place: Point
    stands_at: tuple[str, str]
    busy: float
    home: float
    size: int = 0


class Placed(msgspec.Struct, frozen=True):
    """A sensor and what is known of it for good."""

    sensor: Sensor
    kind: Kind
    name: Words
    place: Point
    stands_at: tuple[str, str]
    district: str


def place_sensors(gaon: Gaon, transit: Transit, moment: int) -> tuple[tuple[Placed, ...], Fleet]:
    """Every sensor with its place; and the fleet, which is all that readings need."""
    sites = _Sites(gaon, transit)
    placed: list[Placed] = []
    areas = [(district.shape, district.key) for district in gaon.districts]
    for number, kind in enumerate(KINDS):
        random = np.random.default_rng([gaon.seed, 6, number])
        chosen = _spread(sites.of(kind.key), kind.count, _ALWAYS.get(kind.key, 1))
        districts = districts_of([site.place for site in chosen], areas)
        silent = dict(_SILENT_HOURS.get(kind.key, ()))
        for at, (site, district) in enumerate(zip(chosen, districts, strict=True), start=1):
            sensor = Sensor(
                key=f"{kind.key}-{at:02}",
                kind=kind.key,
                level=round(float(random.uniform(0.85, 1.18)), 3),
                busy=round(site.busy, 3),
                size=site.size or _size(kind.key, random),
                home=round(site.home, 3),
                stops_hours=silent.get(at, 0),
            )
            name = Words(f"{site.name.ko} {kind.ko}", f"{site.name.en} {kind.en}")
            placed.append(Placed(sensor, kind, name, site.place, site.stands_at, district))
    return tuple(placed), Fleet(gaon.seed, moment, tuple(one.sensor for one in placed))


def _size(kind: str, random: np.random.Generator) -> int:
    """Spaces, docks, lamps, chargers, people or cubic metres, by kind."""
    low, high = {
        "parking": (38, 260), "bike": (12, 30), "light": (90, 260), "charger": (4, 12), "crowd": (380, 1900), "water": (14, 40),
    }.get(kind, (1, 1))  # fmt: skip
    return int(random.integers(low, high + 1))


def _spread(sites: Sequence[Site], count: int, always: int) -> list[Site]:
    """The first sites, then always the one farthest from those that are chosen; each name once.

    Raises ValueError if there are too few."""
    sites = list({site.name: site for site in reversed(sites)}.values())[::-1]
    if len(sites) < count:
        raise ValueError(f"{count} sites are wanted, but there are {len(sites)}")
    places = np.array([(site.place.x, site.place.y) for site in sites])
    taken = list(range(always))
    distance = np.min([np.hypot(*(places - places[number]).T) for number in taken], axis=0)
    while len(taken) < count:
        chosen = int(distance.argmax())
        taken.append(chosen)
        distance = np.minimum(distance, np.hypot(*(places - places[chosen]).T))
    return [sites[number] for number in taken]


class _Sites:
    """Sites that fit each kind; the first one is always chosen."""

    def __init__(self, gaon: Gaon, transit: Transit) -> None:
        self._gaon = gaon
        self._transit = transit
        self._main = [street for street in gaon.streets if street.kind in (Class.PRIMARY, Class.SECONDARY)]
        self._middle = gaon.square.centroid

    def of(self, kind: str) -> list[Site]:
        rules: dict[str, Callable[[], Iterator[Site]]] = {
            "air": self._for_air,
            "noise": self._for_noise,
            "weather": self._for_weather,
            "traffic": self._for_traffic,
            "crowd": self._for_crowd,
            "parking": self._for_parking,
            "bike": self._for_bikes,
            "water": self._for_water,
            "light": self._for_lights,
            "charger": self._for_chargers,
        }
        return list(rules[kind]())

    def _square(self) -> Site:
        return Site(named("place", "madang-square"), self._middle, ("Place", "madang-square"), 0.55, 0.35)

    def _at_spots(self, *categories: str) -> Iterator[Site]:
        for category in categories:
            for spot in self._gaon.spots:
                if spot.category == category and spot.building is not None:
                    yield self._beside(spot)

    def _beside(self, spot: Spot) -> Site:
        """In front of the building, towards the nearest main street."""
        shape = self._gaon.buildings[spot.building or 0].shape
        street = min(self._main, key=lambda street: street.shape.distance(spot.place))
        front = shape.exterior.interpolate(
            shape.exterior.project(street.shape.interpolate(street.shape.project(spot.place)))
        )
        away = np.array((front.x - shape.centroid.x, front.y - shape.centroid.y))
        away = away / max(1.0, float(np.hypot(*away))) * 3
        busy = float(np.clip(1 - street.shape.distance(spot.place) / 260, 0.08, 1))
        return Site(
            spot.name,
            Point(front.x + away[0], front.y + away[1]),
            ("Building", str(spot.building)),
            busy,
            _HOME.get(spot.category, 0.5),
        )

    def _in_parks(self) -> Iterator[Site]:
        for green in self._gaon.greens:
            if green.name is not None and green.category == "park":
                yield Site(
                    green.name, green.shape.representative_point(), ("PlantCover", str(green.key)), 0.12, 0.9
                )

    def _for_air(self) -> Iterator[Site]:
        yield self._square()
        yield from self._at_spots(
            "marketplace", "station", "school", "community-centre", "hospital", "university"
        )
        yield from self._in_parks()

    def _for_noise(self) -> Iterator[Site]:
        yield self._square()
        yield from self._at_spots("school", "marketplace", "library", "station", "police", "hospital")
        yield from (self._on_street(street, street.name) for street in self._long_pieces())

    def _for_weather(self) -> Iterator[Site]:
        yield from self._at_spots("community-centre", "fire-station", "university")

    def _for_traffic(self) -> Iterator[Site]:
        for bridge in self._gaon.bridges:
            if bridge.key != "footbridge":
                street = self._gaon.streets[bridge.street]
                yield self._on_street(street, bridge.name, ("Bridge", bridge.key))
        for stop in self._transit.stops[::2]:
            street = self._gaon.streets[stop.street]
            same = stop.name == street.name
            words = Words(f"{street.name.ko} {stop.name.ko}", f"{street.name.en}, {stop.name.en}")
            yield self._on_street(street, street.name if same else words)

    def _for_crowd(self) -> Iterator[Site]:
        yield msgspec.structs.replace(self._square(), home=0.7)
        yield from self._at_spots(*_CROWDED)
        yield from self._in_parks()

    def _for_parking(self) -> Iterator[Site]:
        yield from self._at_spots(*_VISITED)
        yield from self._in_parks()

    def _for_bikes(self) -> Iterator[Site]:
        yield self._square()
        yield from self._at_spots(
            "station", "university", "marketplace", "school", "library", "community-centre", "townhall"
        )
        yield from self._in_parks()

    def _for_water(self) -> Iterator[Site]:
        for bridge in self._gaon.bridges:
            yield Site(bridge.name, bridge.shape.centroid, ("Bridge", bridge.key), 0, 0.5)
        stream = next(water for water in self._gaon.waters if water.category == "stream")
        west, south, east, north = stream.shape.bounds
        for share, ko, en in ((0.2, "솔내 하류", "Lower Solnae"), (0.5, "솔내 중류", "Middle Solnae")):
            level = Point((west + east) / 2, south + share * (north - south))
            place = stream.shape.exterior.interpolate(stream.shape.exterior.project(level))
            yield Site(Words(ko, en), place, ("WaterBody", str(stream.key)), 0, 0.5)

    def _for_lights(self) -> Iterator[Site]:
        longest: dict[str, Street] = {}
        for street in self._main:
            if (
                not street.bridge
                and street.shape.length > getattr(longest.get(street.name.ko), "shape", Point()).length
            ):
                longest[street.name.ko] = street
        yield from (self._on_street(street, street.name) for street in longest.values())

    def _for_chargers(self) -> Iterator[Site]:
        yield from self._at_spots("station", "townhall", "community-centre", "hospital", "university")
        for building in self._gaon.buildings:
            if building.usage == "retail" and "단지" in building.name.ko:
                site = self._beside(
                    Spot(
                        "",
                        "",
                        building.name,
                        building.shape.representative_point(),
                        building.district,
                        building.key,
                    )
                )
                yield msgspec.structs.replace(site, home=1.0)

    def _long_pieces(self) -> list[Street]:
        return sorted(
            (street for street in self._main if not street.bridge), key=lambda street: -street.shape.length
        )[:60]

    def _on_street(self, street: Street, name: Words, at: tuple[str, str] | None = None) -> Site:
        middle = street.shape.interpolate(0.5, normalized=True)
        before = street.shape.interpolate(max(0.0, street.shape.length / 2 - 1))
        east, north = middle.x - before.x, middle.y - before.y
        off = min(_NEAR_METRES, street.width / 2 - 1)
        place = Point(middle.x + north * off, middle.y - east * off)
        busy = {Class.PRIMARY: 1.0, Class.SECONDARY: 0.7}.get(street.kind, 0.4)
        return Site(
            name,
            place,
            at or ("RoadSegment", str(street.key)),
            busy,
            0.5,
            street.lanes * _LANES_VEHICLES // 2,
        )
