"""From rows of a source to entities, as the mapping of its city file says. Pure: no file, no clock, no store.

`compile_mapping` does once what is the same for every row (expands names, parses templates, chooses readers);
`Mapper.map` is then called per row, in the child process that reads the source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec
import orjson

from madang.connect.attributes import AttributeMaker, attribute_maker, moment_of
from madang.connect.source import EntityMapping, Moment, Surroundings
from madang.connect.template import bound_template, parse_template, plain_text, present
from madang.errors import BadRequestData
from madang.ngsild.context import Context
from madang.ngsild.entity import Attribute
from madang.ngsild.identifier import entity_id, escape_key, require_uri
from madang.settings import LIMITS

DIGEST_BYTES = 16

Row = Mapping[str, Any]
# Where in a mapping: keys of the city file, and numbers in its lists
Place = tuple[str | int, ...]


class Record(msgspec.Struct, frozen=True):
    """One row as an adapter read it. table: of the adapter. place: "stops.txt:12". fields: name to value (text,
    number, truth, date, GeoJSON, or None). original: the row as it came, "" where `fields` says it all.
    """

    table: str
    place: str
    fields: dict[str, Any]
    original: str = ""

    def shown(self) -> str:
        """The row as it came, for people, not too long."""
        text = self.original or orjson.dumps(self.fields, default=str).decode()
        longest = LIMITS.quarantine_original_characters_max
        return text if len(text) <= longest else text[: longest - 1] + "…"


class Mapped(msgspec.Struct, frozen=True, tag=True):
    """What one row says of one entity.

    attributes: that describe it. observations: that go to its history. newest: latest observedAt of those,
    microseconds UTC, 0 for none. digest: of all but the observations. place, original: see `Record`. mention: see
    `EntityMapping`.
    """

    id: str
    types: tuple[str, ...]
    scope: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    observations: tuple[Attribute, ...]
    newest: int
    digest: bytes
    place: str
    original: str
    mention: bool = False


class Refused(msgspec.Struct, frozen=True, tag=True):
    """A row that cannot become an entity. id: of the entity it would be, "" if not even that is known."""

    place: str
    original: str
    reason: str
    id: str = ""


class EntityMapper:
    """One entity mapping, compiled."""

    def __init__(self, mapping: EntityMapping, around: Surroundings, context: Context) -> None:
        self.table = mapping.table
        self._kind = mapping.type
        self._types = (context.expand(mapping.type),)
        self._scope = tuple("/" + scope.strip("/") for scope in mapping.scope)
        self._where = {name: frozenset(values) for name, values in mapping.where.items()}
        self._unless = {name: frozenset(values) for name, values in mapping.unless.items()}
        self._missing = frozenset(mapping.missing)
        self._around = around
        self._template = bound_template(mapping.id, around.city, around.source)
        self._whole = mapping.id.startswith("urn:")
        self._history = mapping.history
        self._mention = mapping.mention
        self._moment = moment_of(mapping.observed_at, mapping, around)
        self._makers: list[AttributeMaker] = [
            attribute_maker(context.expand(name), attribute, mapping, around)
            for name, attribute in mapping.attributes.items()
        ]

    def map(self, record: Record) -> Mapped | Refused | None:
        """None if the row is none of this mapping's."""
        row = record.fields
        if any(plain_text(row.get(name, "")) not in values for name, values in self._where.items()):
            return None
        if any(plain_text(row.get(name, "")) in values for name, values in self._unless.items()):
            return None
        identifier = ""
        try:
            identifier = self._identify(row)
            moment = self._moment(row) if self._moment is not None else None
            made = [attribute for maker in self._makers if (attribute := maker(row, moment)) is not None]
        except BadRequestData as error:
            return Refused(record.place, record.shown(), error.message, identifier)
        return self._mapped(record, identifier, made)

    def _identify(self, row: Row) -> str:
        if self._whole:
            return require_uri(
                self._template.fill(lambda name: escape_key(self._key(row, name))), "The identifier"
            )
        key = self._template.fill(lambda name: self._key(row, name))
        return entity_id(self._kind, self._around.city, self._around.source, key)

    def _key(self, row: Row, name: str) -> str:
        value = row.get(name)
        if not present(value, self._missing):
            raise BadRequestData(f"Field '{name}' is empty, and the identifier needs it")
        return plain_text(value)

    def _mapped(self, record: Record, identifier: str, made: Sequence[tuple[Attribute, int]]) -> Mapped:
        newest = 0
        if self._history:
            observations = tuple(attribute for attribute, moment in made if moment)
            attributes = tuple(attribute for attribute, moment in made if not moment)
            newest = max((moment for _, moment in made), default=0)
        else:
            observations, attributes = (), tuple(attribute for attribute, _ in made)
        return Mapped(
            id=identifier,
            types=self._types,
            scope=self._scope,
            attributes=attributes,
            observations=observations,
            newest=newest,
            digest=digest(self._types, self._scope, attributes),
            place=record.place,
            original=record.shown(),
            mention=self._mention,
        )


class Mapper:
    """All entity mappings of a source, compiled."""

    def __init__(self, mappings: Sequence[EntityMapping], around: Surroundings, context: Context) -> None:
        self._mappers = [EntityMapper(mapping, around, context) for mapping in mappings]
        self._by_table: dict[str, list[EntityMapper]] = {}

    def map(self, record: Record) -> list[Mapped | Refused]:
        """What the row becomes: nothing, one entity, or one for each mapping that takes it."""
        mappers = self._by_table.get(record.table)
        if mappers is None:
            mappers = [mapper for mapper in self._mappers if mapper.table in ("", record.table)]
            self._by_table[record.table] = mappers
        return [mapped for mapper in mappers if (mapped := mapper.map(record)) is not None]


def fields_of(mapping: EntityMapping) -> list[tuple[Place, str]]:
    """Every field that the mapping names: where in the mapping (keys of the city file), and the field.

    Templates that cannot be parsed are left out.
    """
    found: list[tuple[Place, str]] = [(("id",), name) for name in _template_fields(mapping.id)]
    found += [(("where", name), name) for name in mapping.where]
    found += [(("unless", name), name) for name in mapping.unless]
    found += _moment_fields(("observed_at",), mapping.observed_at)
    for attribute, made in mapping.attributes.items():
        at = ("attributes", attribute)
        if made.field is not None:
            found.append(((*at, "field"), made.field))
        if made.geometry is not None:
            found.append(((*at, "geometry"), made.geometry))
        found += [((*at, "point", number), name) for number, name in enumerate(made.point or ())]
        found += [((*at, "language", tag), name) for tag, name in (made.language or {}).items()]
        found += [((*at, "relationship"), name) for name in _template_fields(made.relationship or "")]
        found += [((*at, "unit"), name) for name in _template_fields(made.unit or "")]
        found += _moment_fields((*at, "observed_at"), made.observed_at)
    return found


def _moment_fields(at: Place, moment: Moment | None) -> list[tuple[Place, str]]:
    return [((*at, "fields"), name) for name in _template_fields(moment.fields if moment else "")]


def _template_fields(text: str) -> list[str]:
    try:
        return [name for name in parse_template(text).fields if name not in ("city", "source")]
    except BadRequestData:
        return []


def digest(types: tuple[str, ...], scope: tuple[str, ...], attributes: Sequence[Attribute]) -> bytes:
    """16 bytes that differ where what a source says of an entity differs."""
    whole = msgspec.msgpack.encode(
        (types, scope, [(attribute.name, attribute.body) for attribute in attributes])
    )
    return blake2b(whole, digest_size=DIGEST_BYTES).digest()
