"""Entities as a person reads them: names, facts with unit and age, links. Pure: everything comes in as arguments.

The vocabulary says what an attribute is called and how its value reads; what it does not know is shown under the
name that the entity's author gave it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import orjson

from madang import vocabulary
from madang.city.model import City
from madang.connect.source import Source
from madang.i18n import HOUR, LANGUAGES, THIN, Reader
from madang.ngsild.context import Context
from madang.ngsild.core_terms import NGSI_LD
from madang.ngsild.entity import Attribute, Entity, Kind
from madang.ngsild.times import is_moment, parse_moment
from madang.vocabulary import AttributeTerm, ValueKind

LOCATION = NGSI_LD + "location"
NAMES = (
    vocabulary.NAME,
    "https://schema.org/name",
    "http://purl.org/dc/terms/title",
    "https://smartdatamodels.org/alternateName",
)
NOT_LISTED = frozenset((*NAMES[:2],))
STALE_INTERVALS = 3
STALE_AFTER_MIN = HOUR
TEXT_LENGTH_MAX = 400


class Fact(msgspec.Struct, frozen=True):
    """One attribute instance.

    name: IRI. term: its short form. text: the value in words. unit: symbol, "" for none. code: the raw code of a
    CODE. number: for charts and colours. observed: microseconds UTC of the value, None where it has no time of its
    own. stale: older than its source promises. targets: URIs of a link. geometry: of a place. href: of a web address.
    """

    name: str
    term: str
    label: str
    kind: ValueKind
    text: str
    unit: str = ""
    grade: str = ""
    number: float | None = None
    observed: int | None = None
    stale: bool = False
    targets: tuple[str, ...] = ()
    geometry: dict[str, Any] | None = None
    href: str = ""
    dataset: str = ""


class Shower:
    """Turns entities into facts for one reader of one city."""

    def __init__(self, city: City, context: Context, reader: Reader) -> None:
        self.city = city
        self.context = context
        self.reader = reader
        self._sources = {source.id: source for source in city.sources}
        # Who brings the readings of a type: often another source than the one that lists the things
        self._feeders = {
            (context.expand(mapping.type), context.expand(name)): source
            for source in city.sources
            if source.schedule
            for mapping in source.entities
            for name in mapping.attributes
        }

    def type_label(self, iri: str) -> str:
        return vocabulary.type_label(iri, self.reader.language)

    def label(self, iri: str) -> str:
        return vocabulary.attribute_label(iri, self.reader.language)

    def term(self, iri: str) -> AttributeTerm | None:
        return vocabulary.attribute(iri)

    def source(self, entity_id: str) -> Source | None:
        """The source that wrote the entity, as its identifier says."""
        parts = entity_id.split(":", 5)
        return self._sources.get(parts[4]) if len(parts) == 6 and parts[3] == self.city.id else None

    def feeder(self, entity: Entity, name: str) -> Source | None:
        """The source that keeps the attribute (IRI) of this entity up to date, else the one that wrote the entity."""
        for iri in entity.types:
            if (iri, name) in self._feeders:
                return self._feeders[iri, name]
        return self.source(entity.id)

    def names(self, entity: Entity) -> dict[str, str]:
        """The entity's name by language; "" as the language of a name that says none. Empty if it has no name."""
        for iri in NAMES:
            for attribute in entity.instances(iri):
                members = attribute.members()
                if attribute.kind is Kind.LANGUAGE_PROPERTY:
                    found = {tag: _one(text) for tag, text in members["languageMap"].items() if text}
                    if found:
                        return found
                elif isinstance(members.get("value"), str) and members["value"]:
                    return {"": members["value"]}
        return {}

    def name(self, entity: Entity) -> str:
        return self.pick(self.names(entity)) or self.key(entity.id)

    def other_name(self, entity: Entity) -> tuple[str, str]:
        """(language, name) in the other language, or ("", "") where there is none that differs."""
        names = self.names(entity)
        mine = self.pick(names)
        for language in (*LANGUAGES, *self.city.languages):
            if language != self.reader.language and names.get(language, mine) != mine:
                return language, names[language]
        return "", ""

    def pick(self, texts: Mapping[str, str]) -> str:
        """The text in the reader's language, else in another one that is there."""
        for language in (self.reader.language, "", *self.city.languages, *LANGUAGES):
            if texts.get(language):
                return texts[language]
        return next(iter(texts.values()), "")

    @staticmethod
    def key(entity_id: str) -> str:
        """The last part of an identifier: what the source calls the thing."""
        return entity_id.split(":", 5)[-1] if entity_id.count(":") >= 5 else entity_id.rsplit(":", 1)[-1]

    def facts(self, entity: Entity) -> list[Fact]:
        """Every attribute instance but the name, in the vocabulary's order, then in the entity's own."""
        order: dict[str, int] = {}
        for iri in entity.types:
            known = vocabulary.entity_type(iri)
            for name in known.attributes if known else ():
                order.setdefault(name, len(order))
        listed = [attribute for attribute in entity.attributes if attribute.name not in NOT_LISTED]
        listed.sort(key=lambda attribute: order.get(attribute.name, len(order)))
        return [self.fact(attribute, self.feeder(entity, attribute.name)) for attribute in listed]

    def fact(self, attribute: Attribute, source: Source | None = None) -> Fact:
        members = attribute.members()
        term = vocabulary.attribute(attribute.name)
        observed = parse_moment(members["observedAt"]) if is_moment(members.get("observedAt")) else None
        shown = self._value(attribute.kind, members, term)
        return Fact(
            name=attribute.name,
            term=self.context.compact(attribute.name),
            label=self.label(attribute.name),
            observed=observed,
            stale=observed is not None and self.stale(observed, source),
            dataset=attribute.dataset_id or "",
            **shown,
        )

    def stale(self, observed: int, source: Source | None) -> bool:
        """Older than three of the source's intervals, and than an hour. What is read once does not grow stale."""
        if source is None or source.interval_seconds is None:
            return False
        late = max(STALE_AFTER_MIN, STALE_INTERVALS * int(source.interval_seconds * 1_000_000))
        return self.reader.now - observed > late

    def _value(self, kind: Kind, members: dict[str, Any], term: AttributeTerm | None) -> dict[str, Any]:
        value: Any = members.get(kind.value_member)
        match kind:
            case Kind.RELATIONSHIP | Kind.LIST_RELATIONSHIP:
                targets = targets_of(value)
                return {"kind": ValueKind.LINK, "text": ", ".join(map(self.key, targets)), "targets": targets}
            case Kind.GEO_PROPERTY:
                return {"kind": ValueKind.PLACE, "text": self._place(value), "geometry": value}
            case Kind.LANGUAGE_PROPERTY:
                texts = {tag: _one(text) for tag, text in value.items()}
                return {"kind": ValueKind.NAMES, "text": self.pick(texts)}
            case Kind.VOCAB_PROPERTY:
                names = value if isinstance(value, list) else [value]
                return {
                    "kind": ValueKind.TEXT,
                    "text": ", ".join(self.context.compact(name) for name in names),
                }
            case Kind.JSON_PROPERTY:
                return {"kind": ValueKind.JSON, "text": _json(value)}
        return self._plain(value, members.get("unitCode"), term)

    def _plain(self, value: Any, unit_code: str | None, term: AttributeTerm | None) -> dict[str, Any]:
        """The value of a Property or of a list."""
        reader = self.reader
        if isinstance(value, dict) and set(value) <= {"@type", "@value"}:
            value = value.get("@value")
        if isinstance(value, bool):
            return {"kind": ValueKind.FLAG, "text": reader.t("value.yes" if value else "value.no")}
        if term is not None and term.kind is ValueKind.CODE and isinstance(value, (str, int)):
            return {
                "kind": ValueKind.CODE,
                "text": vocabulary.value_label(term.iri, str(value), reader.language),
            }
        if isinstance(value, (int, float)):
            return self._number(value, unit_code, term)
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list) and all(isinstance(item, (str, int, float)) for item in value):
            items = [self._plain(item, unit_code, term)["text"] for item in value]
            return {"kind": ValueKind.LIST, "text": _short(", ".join(items))}
        return {"kind": ValueKind.JSON, "text": _json(value)}

    def _number(self, value: float, unit_code: str | None, term: AttributeTerm | None) -> dict[str, Any]:
        code = unit_code if unit_code is not None else term.unit if term else ""
        decimals = term.decimals if term else None
        if isinstance(value, int):
            decimals = 0
        # A year is a number that is not grouped: the vocabulary gives it no unit, and no decimals
        year = term is not None and term.unit == "" and term.decimals == 0 and isinstance(value, int)
        text = str(value) if year else self.reader.number(value, decimals)
        grade = term.grade(value) if term else None
        unit = vocabulary.unit_symbol(code) if code else ""
        if code == "KRW":
            text, unit = (text, "원") if self.reader.language == "ko" else ("₩" + text, "")
        return {
            "kind": ValueKind.NUMBER,
            "text": text,
            "unit": unit,
            "number": float(value),
            "grade": grade.labels[self.reader.language] if grade else "",
        }

    def _text(self, value: str) -> dict[str, Any]:
        if value.startswith(("https://", "http://")) and " " not in value:
            return {"kind": ValueKind.TEXT, "text": value, "href": value}
        moment = self.time(value)
        if moment:
            return {"kind": ValueKind.TIME, "text": moment}
        return {"kind": ValueKind.TEXT, "text": _short(value)}

    def time(self, value: str) -> str:
        """A DateTime or Date in words; "" for any other text."""
        if is_moment(value):
            return self.reader.moment(parse_moment(value))
        if len(value) == 10 and value[4:8:3] == "--":
            try:
                day = date.fromisoformat(value)
            except ValueError:
                return ""
            noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo("UTC"))
            plain = msgspec.structs.replace(self.reader, zone=ZoneInfo("UTC"))
            return plain.moment(int(noon.timestamp() * 1_000_000), "day")
        return ""

    def _place(self, geometry: dict[str, Any]) -> str:
        kind, coordinates = geometry["type"], geometry.get("coordinates", [])
        if kind == "Point":
            return f"{coordinates[1]:.5f},{THIN}{coordinates[0]:.5f}".replace("-", "\u2212")
        return self.reader.t(f"geometry.{kind}", count=sum(1 for _ in vertices(geometry)))


def targets_of(value: Any) -> tuple[str, ...]:
    """The URIs of a relationship's object, or of an objectList."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list):
        return tuple(item["object"] if isinstance(item, dict) else item for item in value)
    return ()


def vertices(geometry: dict[str, Any]) -> Iterable[list[float]]:
    """All positions of a geometry, in order."""
    if geometry["type"] == "GeometryCollection":
        for part in geometry["geometries"]:
            yield from vertices(part)
        return
    waiting = [geometry["coordinates"]]
    while waiting:
        part = waiting.pop()
        if part and isinstance(part[0], (int, float)):
            yield part
        else:
            waiting.extend(reversed(part))


def middle(geometry: dict[str, Any]) -> tuple[float, float]:
    """(longitude, latitude) to point at: of a line its middle vertex, otherwise the mean of the vertices."""
    found = list(vertices(geometry))
    if geometry["type"] == "LineString":
        return found[len(found) // 2][0], found[len(found) // 2][1]
    return sum(point[0] for point in found) / len(found), sum(point[1] for point in found) / len(found)


def location(entity: Entity) -> dict[str, Any] | None:
    """The geometry of the entity's location."""
    for attribute in entity.instances(LOCATION):
        if attribute.kind is Kind.GEO_PROPERTY:
            geometry: dict[str, Any] = attribute.members()["value"]
            return geometry
    return None


def main_fact(facts: list[Fact], preferred: str = "") -> Fact | None:
    """The one figure of a thing: the preferred attribute (IRI), else the first number that has a time."""
    numbers = [fact for fact in facts if fact.number is not None]
    for fact in numbers:
        if fact.name == preferred:
            return fact
    return next((fact for fact in numbers if fact.observed is not None), None)


def _one(text: str | list[str]) -> str:
    return text if isinstance(text, str) else ", ".join(text)


def _short(text: str) -> str:
    return text if len(text) <= TEXT_LENGTH_MAX else text[:TEXT_LENGTH_MAX].rsplit(" ", 1)[0] + " …"


def _json(value: Any) -> str:
    return _short(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
