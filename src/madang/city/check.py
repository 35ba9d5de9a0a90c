"""From a city file to a `City`, or to all of its mistakes at once.

`read_city` looks at the file alone; `check_sources` also at the files that it names, through the process that reads
files.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath

import msgspec

from madang.city import schema
from madang.city.ecosystem_rules import check_taxonomy
from madang.city.file import SCHEMA, CityFile, SourceTable
from madang.city.mistake import Found, Mistake, Path, nearest
from madang.city.model import City, Trust
from madang.city.positions import Positions
from madang.city.repair import concerns, repaired
from madang.city.rules import check_rules, expanded
from madang.city.syntax import read_toml
from madang.city.trust_rules import providers_of, roles_of
from madang.connect.adapter import Table
from madang.connect.mapping import fields_of
from madang.connect.reader import Reader
from madang.connect.recipes import entities_by, may_lack, options_by
from madang.connect.source import EntityMapping, Source, Surroundings
from madang.errors import CityFileInvalid, SourceFailed


class Checked(msgspec.Struct, frozen=True):
    """city: None if there are mistakes besides warnings. mistakes: by line."""

    city: City | None
    mistakes: tuple[Mistake, ...]

    def shown(self, file: str) -> str:
        """All mistakes, one a line."""
        return "\n".join(mistake.shown(file) for mistake in self.mistakes)


class _Draft(msgspec.Struct, frozen=True):
    """A city file as far as it could be read. legible: numbers of the sources that can be looked at. sound: numbers
    of those that have no mistake."""

    city: City
    mistakes: tuple[Mistake, ...]
    legible: tuple[int, ...]
    sound: frozenset[int]
    positions: Positions

    def checked(self, further: Sequence[Found] = ()) -> Checked:
        mistakes = {*self.mistakes, *map(self.positions.mistake, further)}
        fit = all(mistake.warning for mistake in mistakes)
        return Checked(self.city if fit else None, tuple(sorted(mistakes)))


def surroundings(city: City, source: Source) -> Surroundings:
    """What the mapping of a source needs to know of its city."""
    return Surroundings(city.id, source.id, city.time_zone, city.languages[0])


async def check(file: FilePath, environment: Mapping[str, str], reader: Reader) -> Checked:
    """Everything that is wrong with a city file and with the files that it names.

    Raises CityFileInvalid only if the file cannot be read at all."""
    draft = _draft(await asyncio.to_thread(_text, file), file, environment)
    found = [
        one
        for number in draft.legible
        for one in await _files(draft.city, number, number in draft.sound, reader)
    ]
    found += await asyncio.to_thread(check_taxonomy, draft.city.ecosystem.taxonomy, file)
    return draft.checked(found)


def read_city(file: FilePath, environment: Mapping[str, str]) -> Checked:
    """What the city file says, checked without looking at the files that it names. Raises as `check`."""
    return _draft(_text(file), file, environment).checked()


def require(checked: Checked, file: FilePath) -> City:
    """The city. Raises CityFileInvalid with all mistakes in its detail."""
    if checked.city is not None:
        return checked.city
    n = sum(not mistake.warning for mistake in checked.mistakes)
    raise CityFileInvalid(f"{file} has {n} mistake{'s' if n > 1 else ''}", detail=checked.shown(str(file)))


def _text(file: FilePath) -> str:
    try:
        return file.read_bytes().decode().removeprefix("\ufeff").replace("\r\n", "\n")
    except OSError as error:
        raise CityFileInvalid(f"The city file {file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CityFileInvalid(
            f"The city file {file} is not UTF-8 (byte {error.start}); save it as UTF-8"
        ) from error


def _draft(text: str, file: FilePath, environment: Mapping[str, str]) -> _Draft:
    data, mistakes, text = read_toml(text)
    positions = Positions(text)
    found = schema.check(data, SCHEMA)
    right_form, touched = repaired(data, found)
    parsed = msgspec.convert(right_form, CityFile)
    broken = bool(found or mistakes)
    found += [one for one in check_rules(parsed) if not (broken and concerns(one, touched))]
    if mistakes:
        # What lacks may stand in a line that could not be read
        found = [one for one in found if not one.lacks]
    sources: list[Source] = []
    for number, table in enumerate(parsed.source):
        location, unset = expanded(table.location, environment, ("source", number))
        found += [one for one in unset if not concerns(one, touched)]
        sources.append(_source(table, str(file.absolute().parent / location)))
    wrong = [path for path in [*touched, *(one.path for one in found)] if path[:1] == ("source",)]
    return _Draft(
        city=_city(parsed, tuple(sources), file),
        mistakes=(*mistakes, *map(positions.mistake, found)),
        legible=tuple(number for number in range(len(sources)) if not _unreadable(number, wrong)),
        sound=frozenset(range(len(sources))) - {path[1] for path in wrong if path[1:]},
        positions=positions,
    )


def _unreadable(number: int, wrong: list[Path]) -> bool:
    """Whether it is not even known where the source is and how to read it."""
    return any(
        path[1:2] in ((), (number,)) and path[2:3] not in (("entity",), ("schedule",), ("name",))
        for path in wrong
    )


def _source(table: SourceTable, location: str) -> Source:
    return Source(
        id=table.id,
        connector=table.connector,
        location=location,
        schedule=table.schedule,
        name=table.name,
        licence=table.licence,
        attribution=table.attribution,
        options=options_by(table.recipe, table.options),
        entities=entities_by(table.recipe, table.entity),
        recipe=table.recipe,
    )


def _city(parsed: CityFile, sources: tuple[Source, ...], file: FilePath) -> City:
    table = parsed.city
    return City(
        id=table.id,
        name=table.name,
        languages=table.languages,
        time_zone=table.time_zone,
        extent=table.extent,
        synthetic=table.synthetic,
        sources=sources,
        layers=parsed.layer,
        path=str(file.absolute()),
        trust=Trust(parsed.trust.open, parsed.trust.public, parsed.trust.protected, parsed.trust.group_min),
        roles=roles_of(parsed),
        policies=parsed.policy,
        providers=providers_of(parsed),
        ecosystem=parsed.ecosystem,
    )


async def _files(city: City, number: int, sound: bool, reader: Reader) -> list[Found]:
    """What is wrong between a source's mapping and its file. sound: nothing else is wrong with the mapping."""
    source, at = city.sources[number], ("source", number)
    try:
        tables = await reader.discover(source)
    except SourceFailed as error:
        return [Found((*at, "location"), error.message)]
    found = [
        one
        for index, mapping in enumerate(source.entities)
        for one in _fields(mapping, tables, (*at, "entity", index), source.recipe)
    ]
    if sound and not found:
        try:
            await reader.try_mapping(source, surroundings(city, source))
        except SourceFailed as error:
            return [Found((*at, "entity"), error.message, key=True)]
    return found


def _fields(mapping: EntityMapping, tables: tuple[Table, ...], at: Path, recipe: str) -> list[Found]:
    """Fields that the mapping names and the file does not have. recipe: whose spare fields it need not have."""
    fitting = [table for table in tables if mapping.table in ("", table.name)]
    if not fitting:
        names = [table.name for table in tables]
        return [
            Found(
                (*at, "table"), f'The source has no table "{mapping.table}"; {nearest(mapping.table, names)}'
            )
        ]
    if not all(table.closed for table in fitting):
        return []
    known = list(dict.fromkeys(field.name for table in fitting for field in table.fields))
    spare = may_lack(recipe)
    remedy = '; say under which name with [source.options.aliases] "{}" = ["..."]' if recipe else ""
    return [
        Found((*at, *place), f'The file has no field "{name}"; {nearest(name, known)}{remedy.format(name)}')
        for place, name in fields_of(mapping)
        if name not in known and name not in spare
    ]
