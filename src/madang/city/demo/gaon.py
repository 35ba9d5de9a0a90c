"""The demonstration city whole: everything on the ground with its names, made from a seed alone."""

from __future__ import annotations

from collections import Counter
from typing import Final

import msgspec
import numpy as np
from shapely import Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import linemerge

from madang.city.demo.buildings import name_buildings
from madang.city.demo.landscape import Patch
from madang.city.demo.model import Building, Class, Green, Spot, Street, Water, Words
from madang.city.demo.shapes import largest, lines_of, union
from madang.city.demo.streetnames import Addresses, districts_of, name_streets
from madang.city.demo.town import Town, build_town
from madang.city.demo.words import named, names, stem

_PEOPLE_PER_HOUSEHOLD: Final = 2.31


class District(msgspec.Struct, frozen=True):
    key: str
    name: Words
    text: Words
    shape: BaseGeometry
    households: int
    schools: int

    @property
    def population(self) -> int:
        return round(self.households * _PEOPLE_PER_HOUSEHOLD)


class Bridge(msgspec.Struct, frozen=True):
    """street: key of the piece of street that it carries."""

    key: str
    name: Words
    shape: Polygon
    street: int
    length: float
    width: float
    year: int


class Gaon(msgspec.Struct, frozen=True):
    """Metres. streets, buildings: by key."""

    seed: int
    streets: tuple[Street, ...]
    buildings: tuple[Building, ...]
    spots: tuple[Spot, ...]
    greens: tuple[Green, ...]
    waters: tuple[Water, ...]
    districts: tuple[District, ...]
    bridges: tuple[Bridge, ...]
    square: Polygon


def build_gaon(seed: int) -> Gaon:
    town = build_town(seed)
    streets = name_streets(town.ways, districts_of([way.shape for way in town.ways], town.areas))
    addresses = Addresses(streets)
    buildings, spots = name_buildings(town.buildings, addresses, seed)
    return Gaon(
        seed=seed,
        streets=streets,
        buildings=buildings,
        spots=spots,
        greens=_greens(town),
        waters=tuple(
            Water(key, patch.shape, patch.category, named("water", patch.name))
            for key, patch in enumerate(town.waters)
        ),
        districts=_districts(town, buildings, spots),
        bridges=_bridges(streets, town.waters[0].shape),
        square=town.square,
    )


def _greens(town: Town) -> tuple[Green, ...]:
    counts: Counter[str] = Counter()
    greens = []
    for key, (patch, district) in enumerate(town.greens):
        greens.append(
            Green(key, patch.shape, patch.category, patch.tag, _green_name(patch, district, counts), district)
        )
    return tuple(greens)


def _green_name(patch: Patch, district: str, counts: Counter[str]) -> Words | None:
    """Large greens have names of their own, parks in the quarters are numbered, lawns have none."""
    if patch.name in names()["green"]:
        return named("green", patch.name)
    if patch.category != "park":
        return None
    counts[district] += 1
    place = stem(district)
    return Words(f"{place.ko}{counts[district]}근린공원", f"{place.en} Neighbourhood Park {counts[district]}")


def _districts(town: Town, buildings: tuple[Building, ...], spots: tuple[Spot, ...]) -> tuple[District, ...]:
    households: Counter[str] = Counter()
    for building in buildings:
        households[building.district] += building.households
    schools = Counter(spot.district for spot in spots if spot.category == "school")
    found = []
    for key, entry in names()["district"].items():
        shape = union([area for area, district in town.areas if district == key], 0.1)
        text = Words(entry["text_ko"], entry["text_en"])
        found.append(District(key, named("district", key), text, shape, households[key], schools[key]))
    return tuple(found)


def _bridges(streets: tuple[Street, ...], river: Polygon) -> tuple[Bridge, ...]:
    """Of every street that crosses the river: its pieces over water as one deck."""
    found: dict[str, list[Street]] = {}
    keys = {named("street", key): key for key in names()["street"]}
    for street in streets:
        if street.bridge and street.kind is not Class.CYCLEWAY and street.shape.intersects(river):
            key = keys.get(street.name, "")
            if key == "sunhwan":
                key = "sunhwan-west" if street.shape.centroid.x < 0 else "sunhwan-east"
            if key in names()["bridge"]:
                found.setdefault(key, []).append(street)
    random = np.random.default_rng(len(streets))
    return tuple(_bridge(key, found[key], int(random.integers(2008, 2018))) for key in sorted(found))


def _bridge(key: str, pieces: list[Street], year: int) -> Bridge:
    deck = max(lines_of(linemerge([piece.shape for piece in pieces])), key=lambda line: line.length)
    longest = max(pieces, key=lambda piece: piece.shape.length)
    return Bridge(
        key=key,
        name=named("bridge", key),
        shape=largest(deck.buffer(longest.width / 2, cap_style="flat")),
        street=longest.key,
        length=round(deck.length, 1),
        width=longest.width,
        year=year,
    )
