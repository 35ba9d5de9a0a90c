"""A file read by its adapter and mapped, as tests look at it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from madang import vocabulary
from madang.connect.adapter import Reading, adapter_named, effective_mappings
from madang.connect.mapping import Mapped, Mapper, Refused
from madang.connect.source import EntityMapping, Surroundings

Entities = dict[str, dict[str, Any]]


def around(source: str) -> Surroundings:
    return Surroundings("gaon", source, "Asia/Seoul", "ko")


def loaded(connector: str, path: Path, given: tuple[EntityMapping, ...]) -> tuple[Entities, list[Refused]]:
    """Entities by the end of their id, each as attribute to value; and the refused."""
    mappings = effective_mappings(connector, given)
    mapper = Mapper(mappings, around(connector), vocabulary.context())
    reading = Reading(str(path), {}, frozenset(mapping.table for mapping in mappings))
    entities: Entities = {}
    refused: list[Refused] = []
    for step in adapter_named(connector).read(reading, {}):
        for row in step.rows:
            for made in [row] if isinstance(row, Refused) else mapper.map(row):
                if isinstance(made, Mapped):
                    kind, key = made.id.split(":")[2], made.id.split(":")[5]
                    entities[f"{kind}:{key}"] = {
                        vocabulary.context().compact(attribute.name): attribute.members()[
                            attribute.kind.value_member
                        ]
                        for attribute in made.attributes
                    }
                else:
                    refused.append(made)
    return entities, refused
