"""Raw buildings: a footprint with its use and storeys, before it has a name and an address."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from shapely import Polygon

STOREY_METRES: Final = {
    "apartments": 2.85,
    "house": 3.0,
    "row-house": 2.95,
    "retail": 3.9,
    "commercial": 3.8,
    "office": 3.9,
    "industrial": 5.2,
    "warehouse": 7.5,
    "market": 4.6,
    "school": 3.9,
    "university": 4.1,
    "sports": 9.0,
    "hospital": 4.2,
    "civic": 6.0,
    "station": 6.5,
    "religious": 5.0,
}
_OTHER_STOREY_METRES: Final = 4.0


class Footprint(msgspec.Struct, frozen=True):
    """group: buildings with the same one belong together (an estate, a school). label: names one among them."""

    shape: Polygon
    usage: str
    floors: int
    year: int
    households: int = 0
    group: str = ""
    label: str = ""

    @property
    def height(self) -> float:
        """Metres, the parapet included."""
        return round(self.floors * STOREY_METRES.get(self.usage, _OTHER_STOREY_METRES) + 1.2, 1)


def year_between(random: np.random.Generator, first: int, last: int) -> int:
    """A year in the range, later ones twice as likely as early ones."""
    return int(first + (last - first + 1) * random.random() ** 0.7)
