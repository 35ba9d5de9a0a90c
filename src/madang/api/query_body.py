"""A question in a body: the Query of CIM 009 §5.2.23, as the URL parameters that say the same.

So there is one reader of questions, whichever way they come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from madang.errors import BadRequestData
from madang.ngsild.parse import require_object
from madang.ngsild.selectors import check_selectors

_TEXTS: Final = ("q", "csf", "scopeQ", "lang", "join", "entityMapLifetime")
_LISTS: Final = ("attrs", "pick", "omit", "datasetId", "containedBy", "expandValues", "jsonKeys")
_FLAGS: Final = ("entityMap", "splitEntities")
_GEO: Final = ("geometry", "coordinates", "georel", "geoproperty")
_TEMPORAL: Final = (
    "timerel",
    "timeAt",
    "endTimeAt",
    "timeproperty",
    "lastN",
    "aggrMethods",
    "aggrPeriodDuration",
)
# Members of an ordering, with the parameters that say the same
_ORDERING: Final = {
    "orderBy": "orderBy",
    "collation": "collation",
    "geometry": "orderGeometry",
    "coordinates": "orderFrom",
}


def body_parameters(body: Any, given: Mapping[str, str]) -> dict[str, str]:
    """URL parameters that ask what the body asks, beside those of the URL itself.

    Raises BadRequestData for what is no Query, or is said in the body and in the URL."""
    query = require_object(body, "A query")
    if query.get("type") != "Query":
        raise BadRequestData("The body must be a Query: an object whose type is 'Query'")
    unknown = query.keys() - _READERS.keys() - {"type", "@context"}
    if unknown:
        raise BadRequestData(f"The query has the unknown member '{min(unknown)[:60]}'")
    said: dict[str, str] = {}
    for name, value in query.items():
        if name in _READERS:
            said |= _READERS[name](value, name)
    twice = said.keys() & given.keys()
    if twice:
        raise BadRequestData(f"{min(twice)} is said in the body and in the URL")
    return {**given, **said}


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise BadRequestData(f"{name} must be a string")
    return value


def _names(value: Any, name: str) -> str:
    """A list of names as one parameter; a string is taken as it is."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise BadRequestData(f"{name} must be a list of strings, with at least one")
    return ",".join(value)


def _flag(value: Any, name: str) -> str:
    if not isinstance(value, bool):
        raise BadRequestData(f"{name} must be true or false")
    return "true" if value else "false"


def _level(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRequestData("joinLevel must be a whole number")
    return str(value)


def _ordering(value: Any, _: str) -> dict[str, str]:
    """An OrderingParams (§5.2.43) as the parameters that say the same."""
    ordering = require_object(value, "ordering")
    unknown = ordering.keys() - _ORDERING.keys()
    if unknown:
        raise BadRequestData(f"ordering has the unknown member '{min(unknown)[:60]}'")
    if "orderBy" not in ordering:
        raise BadRequestData("ordering needs orderBy")
    said = {"orderBy": _names(ordering["orderBy"], "orderBy")}
    for name in ("collation", "geometry"):
        if name in ordering:
            said[_ORDERING[name]] = _text(ordering[name], name)
    if "coordinates" in ordering:
        if not isinstance(ordering["coordinates"], list):
            raise BadRequestData("coordinates of an ordering must be an array, as in GeoJSON")
        said["orderFrom"] = orjson.dumps(ordering["coordinates"]).decode()
    return said


def _members(value: Any, where: str, known: tuple[str, ...]) -> dict[str, str]:
    """The members of an object as parameters; numbers and arrays as their JSON, lists of names with commas."""
    members = require_object(value, where)
    unknown = members.keys() - set(known)
    if unknown:
        raise BadRequestData(f"{where} has the unknown member '{min(unknown)[:60]}'")
    said = {}
    for name, item in members.items():
        if name == "aggrMethods":
            said[name] = _names(item, name)
        else:
            said[name] = item if isinstance(item, str) else orjson.dumps(item).decode()
    return said


def _selectors(value: Any, _: str) -> dict[str, str]:
    """`entities` as type, id and idPattern where these say the same, else as the parameter entities."""
    selectors = check_selectors(value)
    types = list(dict.fromkeys(selector["type"] for selector in selectors))
    rest = {orjson.dumps({**selector, "type": ""}): selector for selector in selectors}.values()
    (first, *others) = rest
    if not others:
        said = {"type": types[0] if len(types) == 1 else "|".join(f"({type_})" for type_ in types)}
        if "id" in first:
            said["id"] = ",".join(first["id"])
        return said | ({"idPattern": first["idPattern"]} if "idPattern" in first else {})
    if len(types) == 1 and all("id" in selector for selector in rest):
        return {"type": types[0], "id": ",".join(id_ for selector in rest for id_ in selector["id"])}
    return {"entities": orjson.dumps(selectors).decode()}


# Each member of a Query, as the parameters that say the same
_READERS: Final[dict[str, Callable[[Any, str], dict[str, str]]]] = {
    **dict.fromkeys(_TEXTS, lambda value, name: {name: _text(value, name)}),
    **dict.fromkeys(_LISTS, lambda value, name: {name: _names(value, name)}),
    **dict.fromkeys(_FLAGS, lambda value, name: {name: _flag(value, name)}),
    **dict.fromkeys(("temporalQ", "aggrParams"), lambda value, name: _members(value, name, _TEMPORAL)),
    "geoQ": lambda value, name: _members(value, name, _GEO),
    "joinLevel": lambda value, name: {name: _level(value)},
    "ordering": _ordering,
    "entities": _selectors,
}
