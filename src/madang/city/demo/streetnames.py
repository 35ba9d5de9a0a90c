"""Streets get their names, keys and lanes, and every place an address by the Korean rule.

House numbers count in steps of 20 metres from the western or southern end of a street, odd on its left and even on its
right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from madang.city.demo.model import Class, Street, Words
from madang.city.demo.streets import Way
from madang.city.demo.words import named, names, stem

_LANES: Final = {
    Class.PRIMARY: 6,
    Class.SECONDARY: 4,
    Class.TERTIARY: 2,
    Class.RESIDENTIAL: 2,
    Class.SERVICE: 1,
}
_SPEEDS: Final = {
    Class.PRIMARY: 60,
    Class.SECONDARY: 50,
    Class.TERTIARY: 40,
    Class.RESIDENTIAL: 30,
    Class.SERVICE: 20,
}
_NUMBER_METRES: Final = 20.0
_PATHS: Final = frozenset({Class.FOOTWAY, Class.CYCLEWAY})


def name_streets(ways: Sequence[Way], districts: Sequence[str]) -> tuple[Street, ...]:
    """districts: of each way. Keys are the ways' places in the list."""
    return tuple(
        Street(
            key=key,
            shape=way.shape,
            kind=way.kind,
            name=_name(way, district),
            district=district,
            width=way.width,
            lanes=_LANES.get(way.kind, 0),
            speed=_SPEEDS.get(way.kind, 0),
            bridge=way.bridge,
        )
        for key, (way, district) in enumerate(zip(ways, districts, strict=True))
    )


def _name(way: Way, district: str) -> Words:
    if way.street in names()["street"]:
        return named("street", way.street)
    if not way.street:
        words = stem(district)
        return Words(f"{words.ko} 보행로", f"{words.en} Footway")
    owner, _, number = way.street.rpartition("-")
    words = stem(owner)
    return Words(f"{words.ko}{number}길", f"{words.en} {number}-gil")


class Addresses:
    """Gives addresses, each once."""

    def __init__(self, streets: Sequence[Street]) -> None:
        self._streets = [street for street in streets if street.kind not in _PATHS and not street.bridge]
        self._tree = STRtree([street.shape for street in self._streets])
        self._starts = _starts(self._streets)
        self._given: dict[Words, int] = {}

    def nearest(self, place: BaseGeometry) -> Street:
        return self._streets[int(self._tree.nearest(place))]

    def give(self, place: BaseGeometry) -> Words:
        """The address of a place: street and number, as "새터3길 14" and "14 Saeteo 3-gil"."""
        street = self.nearest(place)
        start, forward = self._starts[street.key]
        along = street.shape.project(place.centroid)
        position = start + (along if forward else street.shape.length - along)
        number = 2 * int(position // _NUMBER_METRES) + (1 if _on_left(street, place, forward) else 2)
        words = Words(f"{street.name.ko} {number}", f"{number} {street.name.en}")
        times = self._given[words] = self._given.get(words, 0) + 1
        if times == 1:
            return words
        return Words(f"{street.name.ko} {number}-{times - 1}", f"{number}-{times - 1} {street.name.en}")


def _starts(streets: Sequence[Street]) -> dict[int, tuple[float, bool]]:
    """Metres from the beginning of the named street to each of its pieces, and whether the piece runs the same way."""
    pieces: dict[Words, list[Street]] = {}
    for street in streets:
        pieces.setdefault(street.name, []).append(street)
    starts: dict[int, tuple[float, bool]] = {}
    for group in pieces.values():
        middles = np.array([street.shape.interpolate(0.5, normalized=True).coords[0] for street in group])
        spread = middles.max(axis=0) - middles.min(axis=0) if len(group) > 1 else _span(group[0])
        axis = 0 if spread[0] >= spread[1] else 1
        at = 0.0
        for number in np.argsort(middles[:, axis], kind="stable"):
            street = group[int(number)]
            starts[street.key] = (at, street.shape.coords[0][axis] <= street.shape.coords[-1][axis])
            at += street.shape.length
    return starts


def _span(street: Street) -> np.ndarray:
    west, south, east, north = street.shape.bounds
    return np.array((east - west, north - south))


def _on_left(street: Street, place: BaseGeometry, forward: bool) -> bool:
    along = street.shape.project(place.centroid)
    start, end = street.shape.interpolate(max(0, along - 2)), street.shape.interpolate(along + 2)
    centre = place.centroid
    side = (end.x - start.x) * (centre.y - start.y) - (end.y - start.y) * (centre.x - start.x)
    return (side > 0) == forward


def districts_of(shapes: Sequence[BaseGeometry], areas: Sequence[tuple[BaseGeometry, str]]) -> list[str]:
    """The district in whose quarter the middle of each shape lies, or the nearest one."""
    tree = STRtree([area for area, _ in areas])
    middles = shapely.point_on_surface(np.array(shapes))
    return [areas[int(number)][1] for number in tree.nearest(middles)]
