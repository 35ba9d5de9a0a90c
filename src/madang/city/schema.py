"""Data against a JSON Schema as msgspec makes one of our structs, all mistakes at once, in words for people.

The schema is what may stand in the file: the same structs are the schema that an editor can use and the values
that the platform takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from madang.city.mistake import Found, Path, listed, nearest

Schema = dict[str, Any]
_NAMES = {
    "string": "text in quotes",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list [ ... ]",
    "object": "a table { ... }",
}


def check(value: Any, schema: Schema, path: Path = ()) -> list[Found]:
    """All mistakes of the value. schema: the whole one, with its $defs."""
    return _Checking(schema.get("$defs", {})).value(value, schema, path)


class _Checking:
    def __init__(self, definitions: dict[str, Schema]) -> None:
        self._definitions = definitions

    def value(self, value: Any, schema: Schema, path: Path) -> list[Found]:
        schema = self._resolved(schema)
        if "anyOf" in schema:
            schema = self._fitting(value, schema["anyOf"])
        if "enum" in schema:
            return self._choice(value, schema, path)
        kind = schema.get("type")
        if kind is None:
            return []
        if not _is(kind, value):
            return [Found(path, f"{_what(path)} must be {_right(schema)}, but is {_shown(value)}")]
        checks: dict[str, Callable[[Any, Schema, Path], list[Found]]] = {
            "string": self._text,
            "number": self._number,
            "integer": self._number,
            "array": self._list,
            "object": self._table,
        }
        return checks[kind](value, schema, path) if kind in checks else []

    def _resolved(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        return self._definitions[reference.removeprefix("#/$defs/")] if reference else schema

    def _fitting(self, value: Any, options: list[Schema]) -> Schema:
        """Of several forms the one of the value's type, else the first that is not null."""
        forms = [self._resolved(option) for option in options if option.get("type") != "null"]
        return next((form for form in forms if _is(form.get("type"), value)), forms[0])

    def _choice(self, value: Any, schema: Schema, path: Path) -> list[Found]:
        options = [option for option in schema["enum"] if option != ""]
        if value in schema["enum"]:
            return []
        if not isinstance(value, str):
            return [Found(path, f"{_what(path)} must be {listed(options)}, but is {_shown(value)}")]
        return [Found(path, f'{_what(path)} cannot be "{value}"; {nearest(value, options)}')]

    def _text(self, value: str, schema: Schema, path: Path) -> list[Found]:
        fits = re.search(schema.get("pattern", ""), value) is not None
        if fits and schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            return []
        return [Found(path, f'{_what(path)} must be {_right(schema)}, but is "{value}"')]

    def _number(self, value: float, schema: Schema, path: Path) -> list[Found]:
        if schema.get("minimum", value) <= value <= schema.get("maximum", value):
            return []
        return [Found(path, f"{_what(path)} must be {_right(schema)}, but is {value}")]

    def _list(self, value: list[Any], schema: Schema, path: Path) -> list[Found]:
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            return [Found(path, f"{_what(path)} must be {_right(schema)}, but has {len(value)} values")]
        items = schema.get("prefixItems") or [schema.get("items") or {}] * len(value)
        return [
            found
            for number, (item, form) in enumerate(zip(value, items, strict=False))
            for found in self.value(item, form, (*path, number))
        ]

    def _table(self, value: dict[str, Any], schema: Schema, path: Path) -> list[Found]:
        if "properties" not in schema:
            form = schema.get("additionalProperties")
            if not isinstance(form, dict):
                return []
            return [found for key, item in value.items() for found in self.value(item, form, (*path, key))]
        known: dict[str, Schema] = schema["properties"]
        mistakes: list[Found] = []
        for key, item in value.items():
            if key in known:
                mistakes += self.value(item, known[key], (*path, key))
            else:
                free = [name for name in known if name not in value]
                mistakes.append(
                    Found((*path, key), f'{_where(path)} has no key "{key}"; {nearest(key, free)}', key=True)
                )
        for key in schema.get("required", ()):
            if key not in value:
                form = self._resolved(known[key])
                reason = f'{_where(path)} lacks "{key}": {_right(form)}'
                mistakes.append(Found(path, reason, key=True, lacks=key))
        return mistakes


def _is(kind: Any, value: Any) -> bool:
    if kind == "string":
        return isinstance(value, str)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "array":
        return isinstance(value, list)
    return kind == "object" and isinstance(value, dict)


def _what(path: Path) -> str:
    """How the value at a path is called: its own key, and for one of a list that of the list."""
    names = [part for part in path if isinstance(part, str)]
    return f'"{names[-1]}"' if names else "The file"


def _where(path: Path) -> str:
    names = [part for part in path if isinstance(part, str)]
    if not names:
        return "The file"
    brackets = "[[{}]]" if isinstance(path[-1], int) else "[{}]"
    return brackets.format(".".join(names))


def _right(schema: Schema) -> str:
    """What would be right, by the schema's description and example."""
    if "enum" in schema:
        return listed([option for option in schema["enum"] if option != ""])
    # The description of a struct is its docstring, which is for programmers
    described = None if "title" in schema else schema.get("description")
    said = described or _NAMES.get(schema.get("type", ""), "given")
    examples = schema.get("examples")
    return f"{said}, such as {_shown(examples[0])}" if examples else said


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_shown(item)}" for key, item in list(value.items())[:4]) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_shown, value[:6])) + "]"
    return str(value)
