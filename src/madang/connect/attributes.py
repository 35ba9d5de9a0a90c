"""One attribute of one row: the compiled form of an `AttributeMapping`.

A maker takes a row (and when the row was observed) and gives the attribute and its moment of observation
(microseconds UTC, 0 for none), or None where the row has no value. It raises BadRequestData that names the field,
its value and what would be right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from madang.connect.convert import boolean_reader, geometry_reader, json_value, number_reader, point_reader
from madang.connect.moments import moment_reader, read_date
from madang.connect.source import AttributeMapping, EntityMapping, Form, Moment, Surroundings
from madang.connect.template import bound_template, plain_text, present
from madang.errors import BadRequestData
from madang.ngsild.attribute import geo_property, language_property, property_, relationship
from madang.ngsild.entity import Attribute
from madang.ngsild.identifier import escape_key
from madang.ngsild.times import format_moment

Row = Mapping[str, Any]
AttributeMaker = Callable[[Row, int | None], tuple[Attribute, int] | None]
# What an attribute is made of: the row's value (None for none), and the attribute with that value at a moment
_Read = Callable[[Row], Any]
_Make = Callable[[Any, str | None], Attribute]


def attribute_maker(
    name: str, attribute: AttributeMapping, entity: EntityMapping, around: Surroundings
) -> AttributeMaker:
    """name: IRI. entity: whose `missing` and `observed_at` hold where the attribute says nothing."""
    read, make = _parts(name, attribute, entity, around)
    own_moment = moment_of(attribute.observed_at, entity, around)
    shares_moment = attribute.field is not None
    required = attribute.required
    # A constant is the same in every row: made once
    constant = make(attribute.constant, None) if attribute.constant is not None else None

    def maker(row: Row, moment: int | None) -> tuple[Attribute, int] | None:
        if constant is not None:
            return constant, 0
        value = read(row)
        if value is None:
            if required:
                raise BadRequestData(f"The attribute {name} is required, and the row has no value for it")
            return None
        if own_moment is not None:
            moment = own_moment(row)
        elif not shares_moment:
            moment = None
        if moment is None:
            return make(value, None), 0
        return make(value, format_moment(moment)), moment

    return maker


def moment_of(
    moment: Moment | None, entity: EntityMapping, around: Surroundings
) -> Callable[[Row], int | None] | None:
    """A function from a row to when it was observed, microseconds UTC; None where the mapping says nothing of it. Of a
    moment that is optional it gives None for a row that says nothing."""
    if moment is None:
        return None
    read = moment_reader(moment.format, moment.time_zone or around.time_zone)
    missing = frozenset(entity.missing)
    template = bound_template(moment.fields, around.city, around.source)
    single = template.fields[0] if len(template.parts) == 1 and template.fields else None

    def of(row: Row) -> int | None:
        for name in template.fields:
            if not present(row.get(name), missing):
                if moment.optional:
                    return None
                raise BadRequestData(f"Field '{name}' is empty, and the time of observation needs it")
        value = row[single] if single else template.fill(lambda name: plain_text(row[name]))
        observed: int = _named(f"Time of observation {template.text}", read, value)
        return observed

    return of


def _named(what: str, read: Callable[..., Any], *values: Any) -> Any:
    """What `read` makes of the values; its complaint gets the name of the field."""
    try:
        return read(*values)
    except BadRequestData as error:
        raise BadRequestData(f"{what}: {error.message}") from error


def _parts(
    name: str, attribute: AttributeMapping, entity: EntityMapping, around: Surroundings
) -> tuple[_Read, _Make]:
    missing = frozenset(entity.missing if attribute.missing is None else attribute.missing)
    dataset, unit = attribute.dataset, attribute.unit
    if attribute.constant is not None:
        return (lambda _row: attribute.constant), _constant(name, attribute, around)
    if attribute.relationship is not None:
        return _targets(attribute, missing, around), lambda value, at: relationship(
            name, value, observed_at=at, dataset_id=dataset
        )
    if attribute.language is not None:
        return _texts(attribute.language, missing, around.language), lambda value, at: language_property(
            name, value, observed_at=at, dataset_id=dataset
        )
    if attribute.point is not None or attribute.geometry is not None:
        return _place(attribute, missing), lambda value, at: geo_property(
            name, value, observed_at=at, dataset_id=dataset
        )
    value_of = _value(attribute, missing, around)
    if unit is not None and "{" in unit:
        return _with_unit(value_of, unit, missing, around), lambda pair, at: property_(
            name, pair[0], observed_at=at, unit_code=pair[1], dataset_id=dataset
        )
    return value_of, lambda value, at: property_(
        name, value, observed_at=at, unit_code=unit, dataset_id=dataset
    )


def _with_unit(value_of: _Read, unit: str, missing: frozenset[str], around: Surroundings) -> _Read:
    """The value and the unit that the row gives it, None where the row says none."""
    template = bound_template(unit, around.city, around.source)

    def read(row: Row) -> tuple[Any, str | None] | None:
        value = value_of(row)
        if value is None:
            return None
        said = all(present(row.get(name), missing) for name in template.fields)
        return value, template.fill(lambda name: plain_text(row[name])) if said else None

    return read


def _constant(name: str, attribute: AttributeMapping, around: Surroundings) -> _Make:
    dataset = attribute.dataset
    if attribute.form is Form.GEOMETRY:
        read = geometry_reader(attribute.crs)
        return lambda value, at: geo_property(name, read(value), observed_at=at, dataset_id=dataset)
    if attribute.form is Form.LANGUAGE:
        return lambda value, at: language_property(name, value, observed_at=at, dataset_id=dataset)
    convert = _converter(attribute, around)
    return lambda value, at: property_(
        name, convert(value), observed_at=at, unit_code=attribute.unit, dataset_id=dataset
    )


def _value(attribute: AttributeMapping, missing: frozenset[str], around: Surroundings) -> _Read:
    field, separator = attribute.field or "", attribute.separator
    convert = _converter(attribute, around)

    def read(row: Row) -> Any:
        value = row.get(field)
        if not present(value, missing):
            return None
        if separator:
            return [_named(f"Field '{field}'", convert, part) for part in _split(value, separator)] or None
        return _named(f"Field '{field}'", convert, value)

    return read


def _split(value: Any, separator: str) -> list[str]:
    return [part.strip() for part in plain_text(value).split(separator) if part.strip()]


def _converter(attribute: AttributeMapping, around: Surroundings) -> Callable[[Any], Any]:
    """From a field's value to the value of a Property."""
    form = attribute.form
    if form in (Form.NUMBER, Form.INTEGER):
        number = number_reader(attribute.decimal, attribute.thousands, form is Form.INTEGER)
        factor = attribute.factor
        return number if factor == 1 else lambda value: number(value) * factor
    if form is Form.BOOLEAN:
        return boolean_reader(attribute.true, attribute.false)
    if form is Form.DATE:
        return lambda value: {"@type": "Date", "@value": read_date(value, attribute.format)}
    if form is Form.DATETIME:
        read = moment_reader(attribute.format, attribute.time_zone or around.time_zone)
        return lambda value: {"@type": "DateTime", "@value": format_moment(read(value))}
    if form is Form.JSON:
        return json_value
    if form is Form.TEXT:
        return plain_text
    return lambda value: value if isinstance(value, (int, float, list, dict)) else plain_text(value)


def _targets(attribute: AttributeMapping, missing: frozenset[str], around: Surroundings) -> _Read:
    template = bound_template(attribute.relationship or "", around.city, around.source)
    names, separator = template.fields, attribute.separator

    def read(row: Row) -> str | list[str] | None:
        if not all(present(row.get(name), missing) for name in names):
            return None
        if not separator:
            return template.fill(lambda name: escape_key(plain_text(row[name])))
        parts = _split(row[names[0]], separator)
        targets = [template.fill(lambda _name, part=part: escape_key(part)) for part in parts]  # type: ignore[misc]  # a default argument binds the loop's value
        return targets[0] if len(targets) == 1 else targets or None

    return read


def _texts(fields: Mapping[str, str], missing: frozenset[str], own_language: str) -> _Read:
    tags = [(tag, field) for tag, field in fields.items() if tag != "local"]
    local = fields.get("local")

    def read(row: Row) -> dict[str, str] | None:
        texts = {tag: plain_text(row[field]) for tag, field in tags if present(row.get(field), missing)}
        if local is not None and own_language not in texts and present(row.get(local), missing):
            texts = {own_language: plain_text(row[local]), **texts}
        return texts or None

    return read


def _place(attribute: AttributeMapping, missing: frozenset[str]) -> _Read:
    if attribute.point is not None:
        east, north = attribute.point
        read_point = point_reader(attribute.decimal, attribute.thousands, attribute.crs)
        what = f"Fields '{east}' and '{north}'"

        def read(row: Row) -> dict[str, Any] | None:
            if not (present(row.get(east), missing) and present(row.get(north), missing)):
                return None
            point: dict[str, Any] = _named(what, read_point, row[east], row[north])
            return point

        return read
    field = attribute.geometry or ""
    read_geometry = geometry_reader(attribute.crs)

    def read_field(row: Row) -> dict[str, Any] | None:
        if not present(row.get(field), missing):
            return None
        geometry: dict[str, Any] = _named(f"Field '{field}'", read_geometry, row[field])
        return geometry

    return read_field
