"""From an entity's JSON to a `Thing`: every attribute as a plain value. Of entities about persons no more is taken than
whoever may see such entities sees without the person's consent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape

from madang import vocabulary
from madang.ecosystem.record import Seen, Thing, Value
from madang.errors import BadRequestData
from madang.ngsild.temporal import DAY
from madang.ngsild.times import parse_moment
from madang.vocabulary import EntityType, ValueKind

# When something began or happened: the first of these that it has
_BEGINNINGS: Final = ("startDate", "date", "opens", "issued", "dateInstalled")
_PROVIDERS: Final = ("source", "dataProvider")
_OWN: Final = frozenset(("id", "type", "scope", "@context"))
# Names and texts in no language
NO_LANGUAGE: Final = "@none"


def things_of(entities: Iterable[dict[str, Any]], type_: EntityType) -> Iterator[Thing]:
    """entities: normalized, under the platform's own @context, all of the type."""
    known = vocabulary.attributes()
    seen = None
    if type_.protected:
        seen = frozenset(known[iri].term for iri in type_.unmasked)
    times = {term.term for term in known.values() if term.kind is ValueKind.TIME}
    usual = {term.term: term.unit for term in known.values()}
    for entity in entities:
        values: dict[str, Value] = {}
        named: dict[str, dict[str, str]] = {}
        units: dict[str, str] = {}
        place, observed = None, ""
        for term, body in entity.items():
            if term in _OWN or (seen is not None and term not in seen):
                continue
            instance = body[0] if isinstance(body, list) else body
            if not isinstance(instance, dict):
                continue
            observed = max(observed, str(instance.get("observedAt", "")))
            if (unit := str(instance.get("unitCode", ""))) and unit != usual.get(term):
                units[term] = unit
            if term in ("name", "description"):
                named[term] = _texts(instance)
            elif term == "location":
                place = _place(instance.get("value"))
            elif (value := _value(instance, time=term in times)) is not None:
                values[term] = value
        yield Thing(
            entity["id"],
            type_.term,
            named.get("name", {}),
            named.get("description", {}),
            values,
            place,
            _day(values),
            next((str(values[term]) for term in _PROVIDERS if term in values), ""),
            int(_moment(observed) or 0),
            units,
        )


def known_of(things: Sequence[Thing], seen: Iterable[Seen], loaded: Mapping[str, int]) -> tuple[Seen, ...]:
    """What was seen of each type, with how many of its things have each attribute, and how new the newest is: when it was
    last observed, or when the source was last read from which its identifier comes (loaded: microseconds UTC)."""
    known: dict[str, Counter[str]] = defaultdict(Counter)
    newest: dict[str, int] = defaultdict(int)
    for thing in things:
        known[thing.type].update(thing.values.keys())
        apart = (("name", thing.names), ("description", thing.texts), ("location", thing.place))
        known[thing.type].update(term for term, there in apart if there)
        newest[thing.type] = max(newest[thing.type], thing.observed, loaded.get(_source(thing.id), 0))
    return tuple(
        msgspec.structs.replace(
            one, newest=max(one.newest, newest[one.type]), known=one.known or dict(known[one.type])
        )
        for one in seen
    )


def _source(identifier: str) -> str:
    """Of "urn:ngsi-ld:Type:city:source:key"; "" of what has another form."""
    parts = identifier.split(":", 5)
    return parts[4] if len(parts) == 6 else ""


def _texts(instance: dict[str, Any]) -> dict[str, str]:
    found = instance.get("languageMap")
    if isinstance(found, dict):
        return {
            language: text if isinstance(text, str) else " ".join(text) for language, text in found.items()
        }
    text = instance.get("value")
    return {NO_LANGUAGE: text} if isinstance(text, str) else {}


def _value(instance: dict[str, Any], *, time: bool) -> Value | None:
    """None for what is no plain value."""
    for member in ("object", "objectList", "valueList"):
        if member in instance:
            return _listed(instance[member])
    if "languageMap" in instance:
        return next(iter(_texts(instance).values()), None)
    found = instance.get("value", instance.get("vocab"))
    if isinstance(found, dict):
        found = found.get("@value")
    if isinstance(found, list):
        return _listed(found)
    if isinstance(found, str):
        return (_moment(found) if time else None) or found
    return found if isinstance(found, bool | int | float) else None


def _listed(found: Any) -> tuple[str, ...]:
    """Identifiers, or texts: what else stands in a list is left out."""
    some = found if isinstance(found, list) else [found]
    plain = [one.get("object") if isinstance(one, dict) else one for one in some]
    return tuple([one for one in plain if isinstance(one, str)])


def _moment(text: str) -> float | None:
    """Microseconds UTC of a time or of a date, None for what is neither."""
    try:
        return parse_moment(text if "T" in text else f"{text}T00:00:00Z")
    except BadRequestData:
        return None


def _place(geometry: Any) -> tuple[float, float] | None:
    try:
        point = shape(geometry).representative_point()
    except (ShapelyError, AttributeError, TypeError, ValueError, KeyError, IndexError):
        return None
    return None if shapely.is_empty(point) else (round(point.x, 6), round(point.y, 6))


def _day(values: dict[str, Value]) -> int | None:
    """Days since 1970."""
    for term in _BEGINNINGS:
        moment = values.get(term)
        if isinstance(moment, int | float) and not isinstance(moment, bool):
            return int(moment // DAY)
    return None
