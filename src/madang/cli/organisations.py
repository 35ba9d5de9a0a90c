"""Organisations for the commands of the ecosystem: out of a table, or of the platform that runs; and what is suggested of
them written there, for a person to decide."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import msgspec
import orjson
from cyclopts import Parameter

from madang import vocabulary
from madang.cli.transfer import KEY, Loaded, Where, address_of, export_lines, line_of, load_lines
from madang.clock import SystemClock
from madang.connect.adapter import Reading, adapter_named
from madang.connect.mapping import Mapped, Mapper, Refused
from madang.connect.recipes import CONNECTOR, entities_by, options_by
from madang.connect.source import Surroundings
from madang.ecosystem import suggestions
from madang.ecosystem.record import Record, Thing
from madang.ecosystem.suggestions import Status, Suggestion
from madang.ecosystem.things import things_of
from madang.ngsild.entity import Entity
from madang.ngsild.parse import parse_entity
from madang.ngsild.representation import Form, to_json

_ORGANISATION: Final = "Organization"
_AROUND: Final = Surroundings("city", "table", "UTC", "ko")


@Parameter(name="*")
@dataclass(frozen=True)
class At:
    """Which platform.

    Parameters
    ----------
    tenant
        Name of a tenant; without it the default one.
    url
        Address of the platform; without it the one that uses the home.
    home
        Folder where everything is kept (MADANG_HOME, ./.madang).
    """

    tenant: str = ""
    url: str | None = None
    home: str | None = None

    @property
    def where(self) -> Where:
        return Where(self.url or address_of(self.home), self.tenant, os.environ.get(KEY, ""))


class Register(msgspec.Struct, frozen=True):
    """record: the organisations and nothing else. decided: identifiers of suggestions on which a person has decided."""

    record: Record
    decided: frozenset[str]


def of_table(file: Path) -> tuple[list[Thing], list[Refused]]:
    """The organisations of a table as the recipe "organisations" reads it, and the rows that are none."""
    adapter, options = adapter_named(CONNECTOR), options_by("organisations", {})
    mappings = entities_by("organisations", ())
    numbered = all(
        field.name != "id"
        for table in adapter.discover(str(file.absolute()), options)
        for field in table.fields
    )
    if numbered:
        mappings = tuple([msgspec.structs.replace(one, id="{name}") for one in mappings])
    mapper = Mapper(mappings, _AROUND, vocabulary.context())
    raw: list[dict[str, Any]] = []
    refused: list[Refused] = []
    for step in adapter.read(Reading(str(file.absolute()), options), {}):
        for row in step.rows:
            for one in [row] if isinstance(row, Refused) else mapper.map(row):
                if isinstance(one, Mapped):
                    # A table without a column for it has rows by their numbers
                    identifier = (
                        f"{one.id.rpartition(':')[0]}:{one.place.rpartition(':')[2]}" if numbered else one.id
                    )
                    raw.append(_plain(Entity(identifier, one.types, one.attributes)))
                else:
                    refused.append(one)
    return list(things_of(raw, _kind(_ORGANISATION))), refused


def of_platform(where: Where) -> Register:
    """Raises PlatformUnreachable, BadRequestData."""
    organisations = asyncio.run(_entities(where, _ORGANISATION))
    known = [suggestions.from_entity(one) for one in asyncio.run(_entities(where, suggestions.TYPE))]
    things = tuple(things_of(map(_plain, organisations), _kind(_ORGANISATION)))
    city = organisations[0].id.split(":")[3] if organisations else "city"
    decided = frozenset(one.id for one in known if one is not None and one.status is not Status.PROPOSED)
    return Register(Record(city, {}, 0, 0, things), decided)


def write(where: Where, found: list[Suggestion]) -> Loaded:
    """Write suggestions into a platform. Raises PlatformUnreachable, BadRequestData."""
    now = SystemClock().now()
    return asyncio.run(load_lines(where, [line_of(suggestions.to_entity(one, now)) for one in found]))


async def _entities(where: Where, term: str) -> list[Entity]:
    lines = BytesIO()
    await export_lines(where, _kind(term).iri, lines)
    return [parse_entity(orjson.loads(line), vocabulary.context()) for line in lines.getvalue().splitlines()]


def _kind(term: str) -> vocabulary.EntityType:
    return next(one for one in vocabulary.types().values() if one.term == term)


def _plain(entity: Entity) -> dict[str, Any]:
    return to_json(entity, Form(vocabulary.context()))
