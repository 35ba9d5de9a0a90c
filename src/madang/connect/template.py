"""Templates such as "{Date} {Hour}": text with the names of fields in braces. `{{` and `}}` are plain braces.

Names of fields are taken as they stand ("Rented Bike Count", "name:ko"), so this is not `str.format`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from madang.errors import BadRequestData

_PARTS = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|([^{}]+)|([{}])")


class Template(msgspec.Struct, frozen=True):
    """parts: (text, is_field) in order."""

    text: str
    parts: tuple[tuple[str, bool], ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields it needs, in order, each once."""
        return tuple(dict.fromkeys(name for name, is_field in self.parts if is_field))

    def bind(self, known: Mapping[str, str]) -> Template:
        """The template with the fields in `known` replaced by their text."""
        parts = tuple(
            (known[name], False) if is_field and name in known else (name, is_field)
            for name, is_field in self.parts
        )
        return Template(self.text, parts)

    def fill(self, value: Callable[[str], str]) -> str:
        """The text, each field replaced by what `value` says of its name."""
        return "".join(value(part) if is_field else part for part, is_field in self.parts)


def parse_template(text: str) -> Template:
    """Raises BadRequestData for a brace without its partner and for an empty name."""
    parts: list[tuple[str, bool]] = []
    for match in _PARTS.finditer(text):
        name, plain, stray = match.groups()
        if stray is not None:
            raise BadRequestData(
                f"Template '{text}' has a single '{stray}'; a field is written {{name}}, a plain brace twice"
            )
        if name == "":
            raise BadRequestData(f"Template '{text}' has {{}} without the name of a field in it")
        if name is not None:
            parts.append((name, True))
        else:
            parts.append((plain if plain is not None else match[0][0], False))
    return Template(text, tuple(parts))


def bound_template(text: str, city: str, source: str) -> Template:
    """The template with {city} and {source} filled in. Raises BadRequestData if it is malformed."""
    return parse_template(text).bind({"city": city, "source": source})


def present(value: Any, missing: frozenset[str]) -> bool:
    """Whether a field's value is one: not null, NaN or blank, none of the source's words for "no value"."""
    if value is None or value != value:  # noqa: PLR0124 -- only NaN differs from itself
        return False
    if not isinstance(value, str):
        return True
    text = value.strip()
    return bool(text) and text not in missing


def plain_text(value: Any) -> str:
    """A field's value as text: whole numbers without ".0" (spreadsheets know no integers), the rest trimmed."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value)
