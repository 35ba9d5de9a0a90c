"""`madang ecosystem resolve`: which organisations may be one, in a table or in the platform that runs.

Named by `main.py` without being imported, as all commands of the ecosystem.
"""

from __future__ import annotations

import asyncio
import csv
import os
import sys
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import orjson
from cyclopts import Parameter

from madang import vocabulary
from madang.cli.exits import OK, PARTIAL
from madang.cli.transfer import KEY, Where, address_of, export_lines, line_of, load_lines
from madang.clock import SystemClock
from madang.connect.adapter import Reading, adapter_named
from madang.connect.mapping import Mapped, Mapper, Refused
from madang.connect.recipes import CONNECTOR, entities_by, options_by
from madang.connect.source import Surroundings
from madang.ecosystem import suggestions
from madang.ecosystem.likely import merges_of
from madang.ecosystem.record import Record, Thing
from madang.ecosystem.resolution import PROPOSED, Entry, Resolution, entries_of, resolve
from madang.ecosystem.suggestions import Status
from madang.ecosystem.things import things_of
from madang.ngsild.entity import Entity
from madang.ngsild.parse import parse_entity
from madang.ngsild.representation import Form, to_json

_ORGANISATION: Final = "Organization"
_SHOWN: Final = 40
_AROUND: Final = Surroundings("city", "table", "UTC", "ko")
_Flag = Annotated[bool, Parameter(negative=())]


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


def resolve_command(
    file: Path | None = None,
    /,
    *,
    least: float = PROPOSED,
    out: Path | None = None,
    json: _Flag = False,
    at: At = At(),
) -> int:
    """Find entries that may be the same organisation, with reasons for and against. Nothing is ever merged by this.

    Parameters
    ----------
    file
        Table of organisations (CSV, Excel, Parquet), with columns as the recipe "organisations" knows them; without it
        those of the platform, where what is found waits for a person under Review.
    least
        Score, from 0 to 1, from which two are told of.
    out
        Write all pairs to this CSV file.
    json
        Print all pairs as JSON.

    In a city that is not open, a key of the platform is needed; it is taken from the variable MADANG_KEY.
    """
    if file is None:
        return _in_platform(Where(at.url or address_of(at.home), at.tenant, os.environ.get(KEY, "")), least)
    things, refused = _table(file.absolute())
    entries = entries_of(things)
    found = resolve(entries, least)
    for one in refused[:_SHOWN]:
        sys.stderr.write(f"{one.place}: {one.reason}\n")
    if out is not None:
        _write(out, entries, found)
    if json:
        sys.stdout.buffer.write(orjson.dumps([*_rows(entries, found)], option=orjson.OPT_INDENT_2) + b"\n")
    else:
        sys.stdout.write(_text(entries, found))
    return PARTIAL if refused else OK


def _table(file: Path) -> tuple[list[Thing], list[Refused]]:
    """The organisations of a table; rows that are none."""
    kind = next(one for one in vocabulary.types().values() if one.term == _ORGANISATION)
    adapter, options = adapter_named(CONNECTOR), options_by("organisations", {})
    mappings = entities_by("organisations", ())
    numbered = all(
        field.name != "id" for table in adapter.discover(str(file), options) for field in table.fields
    )
    if numbered:
        mappings = tuple([msgspec.structs.replace(one, id="{name}") for one in mappings])
    mapper = Mapper(mappings, _AROUND, vocabulary.context())
    raw: list[dict[str, Any]] = []
    refused: list[Refused] = []
    for step in adapter.read(Reading(str(file), options), {}):
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
    return list(things_of(raw, kind)), refused


def _plain(entity: Entity) -> dict[str, Any]:
    return to_json(entity, Form(vocabulary.context()))


def _in_platform(where: Where, least: float) -> int:
    """Write what is found as suggestions; what somebody has decided stays so."""
    kinds = {entry.term: entry for entry in vocabulary.types().values()}
    organisations = asyncio.run(_entities(where, kinds[_ORGANISATION].iri))
    known = [
        suggestions.from_entity(one) for one in asyncio.run(_entities(where, kinds[suggestions.TYPE].iri))
    ]
    decided = {one.id for one in known if one is not None and one.status is not Status.PROPOSED}
    things = tuple(things_of(map(_plain, organisations), kinds[_ORGANISATION]))
    city = organisations[0].id.split(":")[3] if organisations else "city"
    found = merges_of(Record(city, {}, 0, 0, things), least)
    fresh = [one for one in found if one.id not in decided]
    now = SystemClock().now()
    lines = [line_of(suggestions.to_entity(one, now)) for one in fresh]
    loaded = asyncio.run(load_lines(where, lines))
    sys.stdout.write(
        f"{len(things):,} organisations, {len(fresh):,} pairs that may be one and wait for a person"
        f" ({len(found) - len(fresh):,} more were decided before)\n"
    )
    for _, reason in loaded.refused[:_SHOWN]:
        sys.stderr.write(f"{reason}\n")
    return PARTIAL if loaded.refused else OK


async def _entities(where: Where, type_: str) -> list[Entity]:
    lines = BytesIO()
    await export_lines(where, type_, lines)
    return [parse_entity(orjson.loads(line), vocabulary.context()) for line in lines.getvalue().splitlines()]


def _rows(entries: tuple[Entry, ...], found: Resolution) -> Any:
    for match in found.matches:
        one, other = entries[match.one], entries[match.other]
        yield {
            "score": round(match.score, 4),
            "one": one.id.rpartition(":")[2],
            "one_name": " / ".join(one.names),
            "other": other.id.rpartition(":")[2],
            "other_name": " / ".join(other.names),
            "for": [ground.code for ground in match.grounds if ground.weight > 0],
            "against": [ground.code for ground in match.grounds if ground.weight < 0],
        }


def _write(path: Path, entries: tuple[Entry, ...], found: Resolution) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("score", "one", "one_name", "other", "other_name", "for", "against"))
        for row in _rows(entries, found):
            writer.writerow([" ".join(value) if isinstance(value, list) else value for value in row.values()])


def _text(entries: tuple[Entry, ...], found: Resolution) -> str:
    lines = [f"{len(entries):,} organisations, {len(found.matches):,} pairs that may be one"]
    if found.common:
        lines.append(f"{found.common:,} names or sites are so common that they brought nobody together")
    for row in [*_rows(entries, found)][:_SHOWN]:
        lines.append(
            f"{row['score']:.2f}  {row['one']} {row['one_name']}  =  {row['other']} {row['other_name']}"
        )
        against = f"; against: {', '.join(row['against'])}" if row["against"] else ""
        lines.append(f"      for: {', '.join(row['for'])}{against}")
    if len(found.matches) > _SHOWN:
        lines.append(f"and {len(found.matches) - _SHOWN:,} more; --out FILE writes all")
    return "\n".join(lines) + "\n"
