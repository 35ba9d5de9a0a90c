"""What the analysis of the ecosystem would read of the demonstration city, out of its files, without a store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from madang import vocabulary
from madang.city.check import surroundings
from madang.city.model import City
from madang.connect.adapter import Reading, adapter_named, effective_mappings
from madang.connect.mapping import Mapped, Mapper, Refused
from madang.connect.source import Source
from madang.ecosystem.record import Record, Thing
from madang.ecosystem.things import things_of

SOURCES: Final = ("organisations", "firms", "ties", "g2b", "society")


def record_of(city: City, moment: int) -> Record:
    """Of all that is said of organisations and of what they do. Asserts that no row is refused."""
    entities: dict[tuple[str, str], dict[str, Any]] = {}
    for source in city.sources:
        if source.id in SOURCES:
            for made in _mapped(city, source):
                entity = entities.setdefault((made.types[0], made.id), {"id": made.id})
                entity |= {
                    vocabulary.context().compact(attribute.name): attribute.members()
                    for attribute in made.attributes
                }
    things: list[Thing] = []
    for (iri, _), entity in entities.items():
        things.extend(things_of([entity], vocabulary.types()[iri]))
    return Record(city.id, city.name, moment, 0, tuple(things), synthetic=True)


def _mapped(city: City, source: Source) -> Iterator[Mapped]:
    mappings = effective_mappings(source.connector, source.entities)
    mapper = Mapper(mappings, surroundings(city, source), vocabulary.context())
    tables = frozenset(mapping.table for mapping in mappings)
    reading = Reading(source.location, source.options, tables)
    for step in adapter_named(source.connector).read(reading, {}):
        for row in step.rows:
            for made in [row] if isinstance(row, Refused) else mapper.map(row):
                assert isinstance(made, Mapped), made
                yield made
