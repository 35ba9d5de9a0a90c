"""A question in a body: the Query of CIM 009 §5.2.23, as the URL parameters that say the same.

So there is one reader of questions, whichever way they come.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from madang.errors import BadRequestData, NotSupported
from madang.ngsild.parse import require_object

_TEXTS: Final = ("q", "csf", "scopeQ", "lang", "containedBy", "collation")
_LISTS: Final = ("attrs", "pick", "omit", "datasetId", "expandValues", "jsonKeys")
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
_LATER: Final = ("join", "joinLevel", "ordering", "entityMap", "entityMapLifetime")
_KNOWN: Final = frozenset(
    ("type", "entities", "geoQ", "temporalQ", "aggrParams", "@context", *_TEXTS, *_LISTS, *_LATER)
)


def body_parameters(body: Any, given: Mapping[str, str]) -> dict[str, str]:
    """URL parameters that ask what the body asks, beside those of the URL itself.

    Raises BadRequestData for what is no Query, or is said in the body and in the URL."""
    query = require_object(body, "A query")
    if query.get("type") != "Query":
        raise BadRequestData("The body must be a Query: an object whose type is 'Query'")
    unknown = query.keys() - _KNOWN
    if unknown:
        raise BadRequestData(f"The query has the unknown member '{min(unknown)[:60]}'")
    if query.keys() & set(_LATER):
        raise NotSupported(f"{min(query.keys() & set(_LATER))} in a query is not offered by this version")
    said: dict[str, str] = {}
    for name in _TEXTS:
        if name in query:
            said[name] = _text(query[name], name)
    for name in _LISTS:
        if name in query:
            said[name] = _names(query[name], name)
    if "entities" in query:
        said |= _selectors(query["entities"])
    if "geoQ" in query:
        said |= _members(query["geoQ"], "geoQ", _GEO)
    for name in ("temporalQ", "aggrParams"):
        if name in query:
            said |= _members(query[name], name, _TEMPORAL)
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
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadRequestData(f"{name} must be a list of strings")
    return ",".join(value)


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


def _selectors(value: Any) -> dict[str, str]:
    """`entities` as type, id and idPattern: one selector, or several that differ in one of these only."""
    if not isinstance(value, list) or not value:
        raise BadRequestData("entities must be a list with at least one selector")
    selectors = [
        _members(selector, "A selector in entities", ("type", "id", "idPattern")) for selector in value
    ]
    if any("type" not in selector for selector in selectors):
        raise BadRequestData("Each selector in entities needs a type")
    types = list(dict.fromkeys(selector.pop("type") for selector in selectors))
    rest = [dict(items) for items in dict.fromkeys(tuple(sorted(selector.items())) for selector in selectors)]
    if len(rest) == 1:
        return {"type": types[0] if len(types) == 1 else "|".join(f"({type_})" for type_ in types), **rest[0]}
    if len(types) == 1 and all(selector.keys() == {"id"} for selector in rest):
        return {"type": types[0], "id": ",".join(selector["id"] for selector in rest)}
    raise NotSupported(
        "Selectors in entities that differ in more than their type or their id are not offered; ask twice"
    )
