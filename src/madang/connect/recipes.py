"""Recipes: mappings of exports that many cities have, such as contracts of 나라장터, in the form of a city file.

A recipe is data in `recipes/`. A source that names one is an ordinary source of tables: what the recipe says is put
where the city file says nothing. Of the entities it makes those that the city file names, or all of them.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from madang.connect.adapter import narrowed
from madang.connect.mapping import Place, fields_of
from madang.connect.source import EntityMapping

RECIPES: Final = ("organisations", "ties", "g2b", "ntis", "kipris", "dart", "dart-contracts")
CONNECTOR: Final = "table"
_MERGED: Final = ("aliases", "parties")


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """name: language to what it reads. options: of the connector "table"."""

    name: dict[str, str]
    entity: tuple[EntityMapping, ...]
    options: dict[str, Any] = {}


@cache
def recipe(name: str) -> Recipe:
    """name: one of `RECIPES`."""
    path = files("madang.connect").joinpath("recipes", f"{name}.toml")
    return msgspec.toml.decode(path.read_bytes(), type=Recipe)


def entities_by(name: str, given: tuple[EntityMapping, ...]) -> tuple[EntityMapping, ...]:
    """What a source makes by a recipe and by its city file. name: "" for none."""
    if not name:
        return given
    own = recipe(name).entity
    return narrowed(own, given) if given else own


def options_by(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """The options of a source by a recipe and by its city file, whose other names of columns go first."""
    if not name:
        return given
    own = recipe(name).options
    merged: dict[str, Any] = {
        key: {**own.get(key, {}), **given.get(key, {})} for key in _MERGED if key in own or key in given
    }
    for column, names in own.get("aliases", {}).items():
        more = given.get("aliases", {}).get(column, ())
        merged["aliases"][column] = [*more, *names]
    return {**own, **given, **merged}


@cache
def may_lack(name: str) -> frozenset[str]:
    """Fields of a recipe's mapping that an export need not have: exports differ. name: "" for none."""
    if not name:
        return frozenset()
    told = [
        (field, _spare(place, mapping))
        for mapping in recipe(name).entity
        for place, field in fields_of(mapping)
    ]
    return frozenset(
        {field for field, spare in told if spare} - {field for field, spare in told if not spare}
    )


def _spare(place: Place, mapping: EntityMapping) -> bool:
    if place[0] == "attributes":
        # Of a text in several languages the city's own is enough
        translation = place[2:3] == ("language",) and place[3:] != ("local",)
        return translation or not mapping.attributes[str(place[1])].required
    return place[0] in ("where", "unless")
