"""The order of the entities of an answer: what orderBy asks for (CIM 009 §4.23), and how far things are from a place.

`name`, `name;desc`, `address[city]`, `name.observedAt`, `location;dist-asc`; several with commas between. A store
puts the entities in that order.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import orjson
import shapely

from madang.collation import ROOT, sort_key
from madang.errors import BadRequestData
from madang.ngsild.context import Context
from madang.ngsild.distance import spherical_metres
from madang.ngsild.expression import ATTRIBUTE_MEMBERS
from madang.ngsild.geo import nearest, parse_reference
from madang.ngsild.query import Order
from madang.settings import LIMITS

_NAME: Final = r"[^\W\d_]\w*(?::[^\W\d_]\w*)?"
_KEY: Final = re.compile(
    rf"\s*({_NAME}(?:\.{_NAME})*)(?:\[([^\[\]]+)\])?(?:;\s*(asc|desc|dist-asc|dist-desc))?\s*"
)
_FARTHER_THAN_ANY: Final = 1e9
# Members of the entity itself
_HEAD: Final = frozenset(("id", "type", "scope", "createdAt", "modifiedAt"))


def parse_order(
    order_by: str | None,
    place: dict[str, Any] | None,
    collation: str | None,
    context: Context,
) -> tuple[Order, ...]:
    """The keys that orderBy says, names expanded; none if it says nothing. place: the geometry that distances are measured from, if one is
    given. collation: a tag, None for the root collation.

    Raises BadRequestData for what cannot be read, and for an order by distance without a place.
    """
    if collation is not None:
        sort_key(collation)
    if order_by is None:
        return ()
    texts = order_by.split(",")
    if len(order_by.encode()) > LIMITS.q_bytes_max or len(texts) > LIMITS.order_keys_max:
        raise BadRequestData(f"orderBy may have at most {LIMITS.order_keys_max} keys")
    return tuple([_key(text, place, collation or ROOT, context) for text in texts])


def parse_place(geometry: object, coordinates: object, names: tuple[str, str]) -> dict[str, Any] | None:
    """The geometry that distances are measured from; None if no coordinates are given. geometry: None for a Point.

    names: of the two parameters, for errors. Raises BadRequestData.
    """
    if coordinates is None:
        if geometry is not None:
            raise BadRequestData(f"{names[0]} needs {names[1]}")
        return None
    return parse_reference("Point" if geometry is None else geometry, coordinates, names)


def _key(text: str, place: dict[str, Any] | None, collation: str, context: Context) -> Order:
    stated = _KEY.fullmatch(text)
    if stated is None:
        raise BadRequestData(
            f"orderBy has '{text:.60}', which is no key; write name, name;desc, address[city], name.observedAt or "
            "location;dist-asc"
        )
    names, inside, direction = stated[1].split("."), stated[2], stated[3] or "asc"
    by_distance = direction.startswith("dist")
    members = tuple(inside.split(".")) if inside else ()
    if not all(members):
        raise BadRequestData(f"orderBy has '{text:.60}' with an empty name inside of its brackets")
    if by_distance and (place is None or names[0] in _HEAD):
        raise BadRequestData(
            f"orderBy '{text:.60}' is by distance: it needs orderFrom, such as [127.0,37.5], and a GeoProperty"
        )
    if names[0] in _HEAD:
        if len(names) > 1 or members:
            raise BadRequestData(f"orderBy has '{text:.60}', but {names[0]} has nothing inside of it")
        path: tuple[str, ...] = ("@" + names[0],)
    else:
        path = (
            context.expand(names[0]),
            *(name if name in ATTRIBUTE_MEMBERS else context.expand(name) for name in names[1:]),
        )
    return Order(path, direction.endswith("desc"), place if by_distance else None, members, collation)


def distance_from(place: dict[str, Any]) -> Callable[[dict[str, Any]], float]:
    """A function that says how many metres a GeoJSON geometry is from the place, on a sphere: between the two
    nearest points of both."""
    reference = shapely.from_geojson(orjson.dumps(place))
    point = tuple(place["coordinates"][:2]) if place["type"] == "Point" else None

    def distance(geometry: dict[str, Any]) -> float:
        if point is not None and geometry["type"] == "Point":
            return spherical_metres(*point, *geometry["coordinates"][:2])
        (ends,) = nearest(reference, np.asarray([shapely.from_geojson(orjson.dumps(geometry))], dtype=object))
        return spherical_metres(*ends) if ends is not None else _FARTHER_THAN_ANY

    return distance
