"""What a list shows, read from its address: conditions, order, columns, where the page begins.

    /ko/types/Building?filter=usage==office&filter=height>=30&sort=-height&columns=usage,height&text=시청

Each condition is one of NGSI-LD's query language, so that whoever knows a list's address knows the API's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
from starlette.datastructures import QueryParams

from madang import vocabulary
from madang.errors import BadRequestData
from madang.i18n import Reader
from madang.ngsild.context import Context
from madang.ngsild.expression import And, Expression
from madang.ngsild.q import parse_q
from madang.vocabulary import ValueKind

OPERATORS = ("==", "!=", ">=", "<=", "~=")
FILTERS_MAX = 12
NAME_SORT = "name"
_CONDITION = re.compile(
    r"(?P<term>[^=<>!~\[\]]+)(?:\[[^\]]*\])?(?P<operator>==|!=|>=|<=|~=)(?P<value>.*)", re.DOTALL
)
_SPECIAL = re.compile(r"([\\.+*?()\[\]{}|^$])")


class Condition(msgspec.Struct, frozen=True):
    """One condition. text: as the address has it. label, operator, value: as a reader reads it."""

    text: str
    label: str
    operator: str
    value: str


class View(msgspec.Struct, frozen=True):
    """One view of a list. sort: "height", "-height" or "". columns: terms, () for the usual ones. after: cursor."""

    conditions: tuple[Condition, ...] = ()
    text: str = ""
    sort: str = ""
    columns: tuple[str, ...] = ()
    after: str = ""
    map: bool = False

    def query(self, **changes: object) -> dict[str, object]:
        """The parameters of this view's address, with changes. A change of what is listed goes to its first page."""
        found: dict[str, object] = {
            "filter": [condition.text for condition in self.conditions],
            "text": self.text,
            "sort": self.sort,
            "columns": ",".join(self.columns),
            "map": "1" if self.map else "",
            "after": "",
        }
        found.update(changes)
        return {name: value for name, value in found.items() if value not in ("", [], None)}

    def without(self, condition: Condition) -> dict[str, object]:
        return self.query(filter=[other.text for other in self.conditions if other is not condition])


def read_view(params: QueryParams, reader: Reader, context: Context) -> View:
    """Raises BadRequestData where a condition cannot be read."""
    texts = params.getlist("filter")
    if len(texts) > FILTERS_MAX:
        raise BadRequestData(
            f"A list takes at most {FILTERS_MAX} conditions, but the address has {len(texts)}"
        )
    columns = params.getlist("columns")
    return View(
        conditions=tuple(describe(text, reader, context) for text in texts),
        text=params.get("text", "").strip(),
        sort=params.get("sort", ""),
        columns=tuple(term for part in columns for term in part.split(",") if term),
        after=params.get("after", ""),
        map=params.get("map") == "1",
    )


def expression(view: View, context: Context) -> Expression | None:
    """All conditions as one. Raises BadRequestData."""
    parts: list[Expression] = [parse_q(condition.text, context, None) for condition in view.conditions]
    return None if not parts else parts[0] if len(parts) == 1 else And(tuple(parts))


def describe(text: str, reader: Reader, context: Context) -> Condition:
    """The condition in the reader's words; one that is no simple comparison is shown as it is."""
    found = _CONDITION.fullmatch(text)
    parse_q(text, context, None)
    if found is None:
        return Condition(text, text, "", "")
    iri = context.expand(found["term"].strip())
    value = found["value"].strip().strip('"')
    if found["operator"] == "~=":
        value = re.sub(r"\\(.)", r"\1", value.replace("\\\\", "\\")).removeprefix("(?i)")
    return Condition(
        text,
        vocabulary.attribute_label(iri, reader.language),
        reader.t(f"operator.{OPERATORS.index(found['operator'])}"),
        vocabulary.value_label(iri, value, reader.language),
    )


def compose(term: str, operator: str, value: str, language: str, context: Context) -> str:
    """The condition that a form asks for. A code may be given by its label. Raises BadRequestData."""
    value = value.strip()
    if operator not in OPERATORS or not term or not value:
        raise BadRequestData("A condition needs an attribute, an operator and a value")
    known = vocabulary.attribute(context.expand(term))
    kind = known.kind if known else ValueKind.TEXT
    if known and kind is ValueKind.CODE:
        labels = {found[language]: code for code, found in known.values.items()}
        value = labels.get(value, value)
    if kind is ValueKind.NUMBER and operator != "~=":
        number = value.replace(",", "").replace("\u2212", "-")
        if not re.fullmatch(r"-?\d+(\.\d+)?", number):
            raise BadRequestData(f"'{value}' is not a number")
        return f"{term}{operator}{number}"
    path = f"{term}[*]" if kind is ValueKind.NAMES else term
    if operator == "~=":
        return f"{path}~={quoted('(?i)' + escaped(value))}"
    if kind is ValueKind.FLAG:
        return f"{path}{operator}{'true' if value in ('true', '예', 'yes', 'Yes', '1') else 'false'}"
    if kind is ValueKind.LINK or value.startswith("urn:"):
        return f"{path}{operator}{value}"
    return f"{path}{operator}{quoted(value)}"


def escaped(text: str) -> str:
    """The text as a pattern that finds just it."""
    return _SPECIAL.sub(r"\\\1", text)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def usual_columns(type_iri: str, seen: Sequence[str], columns_max: int) -> tuple[str, ...]:
    """IRIs of the columns of a list that names none: what the vocabulary gives the type, else what was seen."""
    known = vocabulary.entity_type(type_iri)
    plain = (
        ValueKind.NUMBER,
        ValueKind.CODE,
        ValueKind.FLAG,
        ValueKind.TIME,
        ValueKind.TEXT,
        ValueKind.NAMES,
    )
    if known is None:
        return tuple(seen[:columns_max])
    shared = {
        vocabulary.NAME,
        "https://smartdatamodels.org/alternateName",
        "http://purl.org/dc/terms/description",
    }
    found = []
    for name in known.attributes:
        term = vocabulary.attribute(name)
        if term is not None and term.kind in plain and name not in shared and name in seen:
            found.append(name)
    return tuple(found[:columns_max])
