"""What a city file must hold beyond its form: names that exist, templates that can be read, layers that show something.

Pure: from the data of a file whose form is right to mistakes by their place in the data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from madang import vocabulary
from madang.city import schema
from madang.city.ecosystem_rules import check_ecosystem
from madang.city.file import CityFile, CityTable, SourceTable
from madang.city.mistake import Found, Path, listed, nearest
from madang.city.model import Layer, Style
from madang.city.trust_rules import check_trust
from madang.connect.adapter import built_in, effective_mappings, spec
from madang.connect.recipes import CONNECTOR, entities_by
from madang.connect.source import AttributeMapping, EntityMapping, Form, Moment
from madang.connect.template import parse_template
from madang.errors import BadRequestData

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_UNIT: Final = re.compile(r"[A-Z0-9]{2,3}")
_EPOCHS: Final = ("unix", "unix-ms")
_MAKERS: Final = ("field", "constant", "point", "geometry", "language", "relationship")
_SAMPLE: Final = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)


def check_rules(file: CityFile) -> list[Found]:
    """All mistakes of a file whose form is right."""
    found = _city(file.city)
    found += _unique("source", [source.id for source in file.source])
    found += _unique("layer", [layer.id for layer in file.layer])
    found += _unique("role", [role.id for role in file.role])
    found += _unique("policy", [policy.id for policy in file.policy])
    found += _unique("provider", [provider.id for provider in file.provider])
    for number, source in enumerate(file.source):
        found += _source(source, ("source", number))
    for number, layer in enumerate(file.layer):
        found += _layer(layer, ("layer", number), file)
    return found + check_trust(file) + check_ecosystem(file)


def _city(city: CityTable) -> list[Found]:
    found = _time_zone(city.time_zone, ("city", "time_zone"))
    for number, tag in enumerate(city.languages):
        if not _LANGUAGE.fullmatch(tag):
            found.append(
                Found(("city", "languages", number), f'"{tag}" is no language tag such as "ko" or "en"')
            )
    west, south, east, north = city.extent
    for number, (name, degrees, limit) in enumerate(
        (("west", west, 180), ("south", south, 90), ("east", east, 180), ("north", north, 90))
    ):
        if abs(degrees) > limit:
            found.append(
                Found(
                    ("city", "extent", number),
                    f"{name} must be from -{limit} to {limit} degrees, but is {degrees}",
                )
            )
    if west >= east:
        found.append(
            Found(
                ("city", "extent"),
                f'"extent" is west, south, east, north, but west {west} is not west of east {east}',
            )
        )
    if south >= north:
        found.append(
            Found(
                ("city", "extent"),
                f'"extent" is west, south, east, north, but south {south} is not south of north {north}',
            )
        )
    return found


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _time_zone(name: str, path: Path) -> list[Found]:
    if name in _zones():
        return []
    return [Found(path, f'There is no time zone "{name}"; {nearest(name, sorted(_zones()))}')]


def _unique(table: str, identifiers: list[str]) -> list[Found]:
    first: dict[str, int] = {}
    found: list[Found] = []
    for number, identifier in enumerate(identifiers):
        if identifier in first:
            reason = f'Another [[{table}]] has the id "{identifier}" already; each needs its own'
            found.append(Found((table, number, "id"), reason))
        first.setdefault(identifier, number)
    return found


def _source(source: SourceTable, path: Path) -> list[Found]:
    found = schema.check(source.options, spec(source.connector), (*path, "options"))
    if source.recipe and source.connector != CONNECTOR:
        reason = f'Recipes are for connector = "{CONNECTOR}", but this one is "{source.connector}"'
        return [*found, Found((*path, "recipe"), reason)]
    own = {mapping.type for mapping in (*built_in(source.connector).entity, *entities_by(source.recipe, ()))}
    if not source.entity and not own:
        reason = f'Source "{source.id}" says nothing of its entities; add [[source.entity]] with type, id and attributes'
        found.append(Found(path, reason, key=True, lacks="entity"))
    for number, mapping in enumerate(source.entity):
        found += _mapping(mapping, (*path, "entity", number), own)
    return found


def _mapping(mapping: EntityMapping, path: Path, own: set[str]) -> list[Found]:
    found = _name(mapping.type, (*path, "type"))
    if mapping.type not in own and not mapping.id:
        known = f"; the connector's own types are {listed(sorted(own))}" if own else ""
        reason = f'[[source.entity]] of type "{mapping.type}" lacks "id": the key, such as "{{id}}"{known}'
        found.append(Found(path, reason, key=True, lacks="id"))
    found += _template(mapping.id, (*path, "id"))
    found += _moment(mapping.observed_at, (*path, "observed_at"))
    timed = mapping.observed_at or any(made.observed_at for made in mapping.attributes.values())
    if mapping.history and not timed:
        found.append(
            Found(
                (*path, "history"), 'With "history" the mapping needs "observed_at": when a row was observed'
            )
        )
    for name, made in mapping.attributes.items():
        at = (*path, "attributes", name)
        found += _name(name, at, key=True) + _attribute(made, at)
    return found


def _name(name: str, path: Path, *, key: bool = False) -> list[Found]:
    try:
        vocabulary.context().expand(name)
    except BadRequestData as error:
        return [Found(path, error.message, key=key)]
    return []


def _template(text: str, path: Path) -> list[Found]:
    try:
        parse_template(text)
    except BadRequestData as error:
        return [Found(path, error.message)]
    return []


def _moment(moment: Moment | None, path: Path) -> list[Found]:
    if moment is None:
        return []
    found = _template(moment.fields, (*path, "fields"))
    if not found and not parse_template(moment.fields).fields:
        found.append(Found((*path, "fields"), f'"fields" names no field; write it as "{{{moment.fields}}}"'))
    if moment.time_zone:
        found += _time_zone(moment.time_zone, (*path, "time_zone"))
    return found + _format(moment.format, (*path, "format"))


def _format(text: str, path: Path) -> list[Found]:
    """Whether strptime takes the format: it reads what it wrote."""
    if not text or text in _EPOCHS:
        return []
    try:
        datetime.strptime(_SAMPLE.strftime(text), text)  # noqa: DTZ007 -- only whether it can be read
    except ValueError:
        reason = (
            f'"{text}" is no format for dates; it is made of %Y %m %d %H %M %S, or is "unix" or "unix-ms"'
        )
        return [Found(path, reason)]
    if "%" not in text:
        return [Found(path, f'"{text}" has no part such as %Y in it, so that it fits one text only')]
    return []


def _attribute(made: AttributeMapping, path: Path) -> list[Found]:
    given = [name for name in _MAKERS if getattr(made, name) is not None]
    if len(given) != 1:
        what = "none of them" if not given else " and ".join(given)
        reason = f'An attribute is made of one of {listed(_MAKERS)}, but "{path[-1]}" has {what}'
        return [Found(path, reason, key=True)]
    found = _moment(made.observed_at, (*path, "observed_at"))
    if made.relationship is not None:
        found += _relationship(made, path)
    if made.form in (Form.GEOMETRY, Form.LANGUAGE) and made.constant is None:
        right = f"{made.form} = ..." if made.form is Form.GEOMETRY else 'language = { ko = "..." }'
        found.append(Found((*path, "as"), f'as = "{made.form}" is for constants; for fields write {right}'))
    if made.unit is not None and "{" in made.unit:
        found += _template(made.unit, (*path, "unit"))
    elif made.unit is not None and not _UNIT.fullmatch(made.unit):
        reason = f'"{made.unit}" is no UN/CEFACT code such as "CEL" or "P1"; readers will not know the unit'
        found.append(Found((*path, "unit"), reason, warning=True))
    if made.form in (Form.DATE, Form.DATETIME):
        found += _format(made.format, (*path, "format"))
    if made.time_zone:
        found += _time_zone(made.time_zone, (*path, "time_zone"))
    if made.crs and not re.fullmatch(r"EPSG:\d{4,6}", made.crs):
        found.append(Found((*path, "crs"), f'"crs" must be of the form "EPSG:5186", but is "{made.crs}"'))
    return found


def _relationship(made: AttributeMapping, path: Path) -> list[Found]:
    text = made.relationship or ""
    at = (*path, "relationship")
    found = _template(text, at)
    if not found and ":" not in text and not text.startswith("{"):
        reason = f'"relationship" is the whole URI of the target, such as "urn:ngsi-ld:Building:{{city}}:buildings:{{{text}}}"'
        found.append(Found(at, reason))
    if not found and made.separator:
        fields = [name for name in parse_template(text).fields if name not in ("city", "source")]
        if len(fields) != 1:
            found.append(
                Found(at, 'With "separator" the template must have one field, the one with several values')
            )
    return found


def _layer(layer: Layer, path: Path, file: CityFile) -> list[Found]:
    found = _name(layer.type, (*path, "type"))
    if layer.style is Style.VALUE and not layer.attribute:
        reason = 'A layer of style "value" is coloured by an attribute; add "attribute"'
        found.append(Found((*path, "style"), reason))
    if layer.attribute:
        found += _name(layer.attribute, (*path, "attribute"))
    if found:
        return found
    expand = vocabulary.context().expand
    makers = [mapping for mapping in _all_mappings(file) if expand(mapping.type) == expand(layer.type)]
    if not makers:
        types = sorted({mapping.type for mapping in _all_mappings(file)})
        reason = f'No source makes entities of type "{layer.type}", so that the layer stays empty; {nearest(layer.type, types)}'
        return [Found((*path, "type"), reason, warning=True)]
    made = {name for mapping in makers for name in mapping.attributes}
    if layer.attribute and expand(layer.attribute) not in set(map(expand, made)):
        reason = f'No source gives "{layer.type}" the attribute "{layer.attribute}"; {nearest(layer.attribute, sorted(made))}'
        return [Found((*path, "attribute"), reason, warning=True)]
    return []


def _all_mappings(file: CityFile) -> list[EntityMapping]:
    return [
        mapping
        for source in file.source
        for mapping in effective_mappings(source.connector, entities_by(source.recipe, source.entity))
    ]


def expanded(location: str, environment: Mapping[str, str], path: Path) -> tuple[str, list[Found]]:
    """The location with every ${NAME} replaced, and the names that are not set."""
    found: list[Found] = []

    def value(match: re.Match[str]) -> str:
        if match[1] not in environment:
            reason = f"${{{match[1]}}} is not set; set the environment variable {match[1]} before you start"
            found.append(Found((*path, "location"), reason))
        return environment.get(match[1], "")

    return re.sub(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", value, location), found
