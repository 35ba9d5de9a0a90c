"""What an adapter is: it knows one kind of source, and only reads.

State, leases, quarantine, retries, schedules and limits are the runtime's. A new adapter is a folder in `adapters/`
with its name in `CONNECTORS`: `adapter.py` has the object `adapter`, `options.py` the struct `Options`, and where
the source's form is fixed `mapping.toml` has its built-in mapping. The contract tests then run against it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol, cast

import msgspec

from madang.connect.mapping import Record, Refused
from madang.connect.source import EntityMapping
from madang.settings import LIMITS

CONNECTORS: Final = ("table", "gtfs", "osm")
_ADAPTERS: Final = Path(__file__).parent / "adapters"


class Field(msgspec.Struct, frozen=True):
    """A field of a table. form: "text", "number", "boolean", "datetime", "geometry" or "". sample: one value."""

    name: str
    form: str = ""
    sample: str = ""


class Table(msgspec.Struct, frozen=True):
    """What an adapter found. name: "" where a source has one table only. closed: it has no other fields."""

    name: str
    fields: tuple[Field, ...]
    closed: bool = True


class Reading(msgspec.Struct, frozen=True):
    """What to read. location: absolute path, perhaps with * and ?. options: valid by the adapter's `spec`.

    tables: that the mapping asks for; "" for every one. following: the source is read again and again and may
    grow, so that its last line may not be whole yet. rows_max: of a step.
    """

    location: str
    options: dict[str, Any]
    tables: frozenset[str] = frozenset(("",))
    following: bool = False
    rows_max: int = LIMITS.source_step_rows_max


class Step(msgspec.Struct, frozen=True):
    """At most `rows_max` rows, and the state from which reading goes on after them (JSON).

    rows: a Refused is one that could not be read at all. share: of the whole that is now read, 0 to 1. again: the
    file was replaced by another one, so that observations in it may have been read before.
    """

    rows: tuple[Record | Refused, ...]
    state: dict[str, Any]
    share: float
    again: bool = False


class Adapter(Protocol):
    """Every method raises SourceFailed, in words for a person, where the source cannot be read."""

    def discover(self, location: str, options: dict[str, Any]) -> list[Table]:
        """What is there: tables and their fields."""
        ...

    def read(self, reading: Reading, state: dict[str, Any]) -> Iterator[Step]:
        """From where `state` says ({} for the start), in the same order every time."""
        ...


def adapter_named(connector: str) -> Adapter:
    """The adapter of this name. Loaded when asked for: its libraries are large, and a city may need one of them."""
    module = importlib.import_module(f"madang.connect.adapters.{connector}.adapter")
    return cast(Adapter, module.adapter)


def options_type(connector: str) -> type[msgspec.Struct]:
    """The frozen struct of an adapter's options."""
    module = importlib.import_module(f"madang.connect.adapters.{connector}.options")
    return cast(type[msgspec.Struct], module.Options)


def spec(connector: str) -> dict[str, Any]:
    """JSON Schema of an adapter's options."""
    return msgspec.json.schema(options_type(connector))


class BuiltIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The mapping that comes with an adapter, in the form of a city file.

    on_request: types that are made only where a city file names them. entity: empty where every city file must give
    a mapping of its own.
    """

    on_request: tuple[str, ...] = ()
    entity: tuple[EntityMapping, ...] = ()


@cache
def built_in(connector: str) -> BuiltIn:
    path = _ADAPTERS / connector / "mapping.toml"
    return msgspec.toml.decode(path.read_bytes(), type=BuiltIn) if path.exists() else BuiltIn()


def effective_mappings(connector: str, given: Sequence[EntityMapping]) -> tuple[EntityMapping, ...]:
    """What a source makes: the built-in mapping, or of it the types that the city file names, with its changes."""
    own = built_in(connector)
    if not given:
        return tuple(mapping for mapping in own.entity if mapping.type not in own.on_request)
    return narrowed(own.entity, given)


def narrowed(own: Sequence[EntityMapping], given: Sequence[EntityMapping]) -> tuple[EntityMapping, ...]:
    """Of mappings that somebody wrote before the types that a city file names, with its changes."""
    by_type = {mapping.type: mapping for mapping in own}
    return tuple(
        _narrowed(by_type[mapping.type], mapping) if mapping.type in by_type else mapping for mapping in given
    )


def _narrowed(own: EntityMapping, given: EntityMapping) -> EntityMapping:
    return msgspec.structs.replace(
        own,
        id=given.id or own.id,
        where={**own.where, **given.where},
        unless={**own.unless, **given.unless},
        scope=given.scope or own.scope,
        attributes={**own.attributes, **given.attributes},
    )
