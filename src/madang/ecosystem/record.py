"""What is known of a city's ecosystem when it is analysed: the entities and their links, and what went on, as plain values.

`reading.py` takes it from the hub; everything else in this room computes from it and from nothing else, so that the same
record gives the same outcome, here, in a child process, or in a notebook.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

_LARGEST: Final = 10**18
Value = str | float | bool | tuple[str, ...]


class Thing(msgspec.Struct, frozen=True):
    """An entity. type: its term. names: language to text. values: by the term of the attribute; codes and texts as they
    are, times as microseconds UTC, links as identifiers, of texts in several languages the first that is there.
    texts: language to what is written of it. day: days since 1970 when it began or happened, None where that is not
    known. provider: the source (`source` or `dataProvider`) that says so. observed: microseconds UTC of the latest
    observation in it, 0 where there is none. units: of numbers by the term, where another is said than the vocabulary's.
    """

    id: str
    type: str
    names: dict[str, str] = {}
    texts: dict[str, str] = {}
    values: dict[str, Value] = {}
    place: tuple[float, float] | None = None
    day: int | None = None
    provider: str = ""
    observed: int = 0
    units: dict[str, str] = {}

    def links(self, attribute: str) -> tuple[str, ...]:
        """The identifiers to which an attribute (its term) leads; none where it is missing or is no link."""
        found = self.values.get(attribute, ())
        return found if isinstance(found, tuple) else ()

    def text(self, attribute: str) -> str:
        found = self.values.get(attribute, "")
        return found if isinstance(found, str) else ""

    def number(self, attribute: str) -> float | None:
        """None also for what is beyond anything that is counted or paid in a city."""
        found = self.values.get(attribute)
        if not isinstance(found, int | float) or isinstance(found, bool):
            return None
        return float(found) if -_LARGEST <= found <= _LARGEST else None


class Channel(StrEnum):
    """How something ran: over the platform on line, at a gathering that it made possible, or past it."""

    ONLINE = "online"
    OFFLINE = "offline"
    OUTSIDE = "outside"


class Use(msgspec.Struct, frozen=True):
    """How often something happened on the platform on one day. day: days since 1970. what: "read", "notification",
    "download", "write". who: the role of the caller, "" of nobody known; of what is written the component that it belongs to."""

    day: int
    what: str
    who: str
    count: int


class Seen(msgspec.Struct, frozen=True):
    """How much of a type is known. read: how many of `count` entities are in the record; fewer where there are too many.
    newest: microseconds UTC, when the newest of it was observed or its source was last read; 0 where neither is
    known. known: of those read, how many have each attribute (its term)."""

    type: str
    count: int
    read: int
    newest: int
    known: dict[str, int] = {}


class Record(msgspec.Struct, frozen=True):
    """city: its identifier. names: of the city. read: when, microseconds UTC. sequence: of the last change in it.
    synthetic: made up, which everything computed from it says."""

    city: str
    names: dict[str, str]
    read: int
    sequence: int
    things: tuple[Thing, ...]
    uses: tuple[Use, ...] = ()
    seen: tuple[Seen, ...] = ()
    synthetic: bool = False
