"""What an adapter is: it knows one kind of source, and only reads.

State, leases, quarantine, retries, schedules and limits are the runtime's. A new adapter is a folder in `adapters/`
with a module `adapter.py` that has the name `adapter`, and its name in `CONNECTORS`; the contract tests then run
against it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, cast

import msgspec

from madang.connect.mapping import Record, Refused
from madang.connect.source import EntityMapping

CONNECTORS: Final = ("table", "gtfs", "osm")
STEP_ROWS_MAX: Final = 256


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
    grow, so that its last line may not be whole yet.
    """

    location: str
    options: dict[str, Any]
    tables: frozenset[str] = frozenset(("",))
    following: bool = False


class Step(msgspec.Struct, frozen=True):
    """At most STEP_ROWS_MAX rows, and the state from which reading goes on after them (JSON).

    rows: a Refused is one that could not be read at all. share: of the whole that is now read, 0 to 1. again: the
    file was replaced by another one, so that observations in it may have been read before.
    """

    rows: tuple[Record | Refused, ...]
    state: dict[str, Any]
    share: float
    again: bool = False


class Adapter(Protocol):
    """Every method raises SourceFailed, in words for a person, where the source cannot be read."""

    def spec(self) -> dict[str, Any]:
        """JSON Schema of the options."""
        ...

    def mappings(self) -> tuple[EntityMapping, ...]:
        """The built-in mapping; empty if a city file must give one."""
        ...

    def on_request(self) -> frozenset[str]:
        """Types of the built-in mapping that are made only where a city file asks for them."""
        ...

    def discover(self, location: str, options: dict[str, Any]) -> list[Table]:
        """What is there: tables and their fields."""
        ...

    def read(self, reading: Reading, state: dict[str, Any]) -> Iterator[Step]:
        """From where `state` says ({} for the start), in the same order every time."""
        ...


class _BuiltIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    entity: tuple[EntityMapping, ...]


def read_mappings(path: Path) -> tuple[EntityMapping, ...]:
    """A built-in mapping, written as a city file writes one."""
    return msgspec.toml.decode(path.read_bytes(), type=_BuiltIn).entity


def effective_mappings(adapter: Adapter, given: Sequence[EntityMapping]) -> tuple[EntityMapping, ...]:
    """What a source makes: the built-in mapping, or of it the types that the city file names, with its changes."""
    built_in = {mapping.type: mapping for mapping in adapter.mappings()}
    if not given:
        return tuple(mapping for kind, mapping in built_in.items() if kind not in adapter.on_request())
    return tuple(
        _narrowed(built_in[mapping.type], mapping) if mapping.type in built_in else mapping
        for mapping in given
    )


def _narrowed(built_in: EntityMapping, given: EntityMapping) -> EntityMapping:
    return msgspec.structs.replace(
        built_in,
        id=given.id or built_in.id,
        where={**built_in.where, **given.where},
        scope=given.scope or built_in.scope,
        attributes={**built_in.attributes, **given.attributes},
    )


def adapter_named(connector: str) -> Adapter:
    """The adapter of this name. Loaded when asked for: its libraries are large, and a city may need one of them."""
    module = importlib.import_module(f"madang.connect.adapters.{connector}.adapter")
    return cast(Adapter, module.adapter)
