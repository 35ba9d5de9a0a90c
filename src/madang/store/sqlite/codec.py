"""Between entities and rows: attribute segments and rendered bytes (docs/decisions, stored form).

A segment is one attribute instance: its header fields separated by 0x1e, then its canonical body:
`{term}\\x1e{datasetId}\\x1e{flags}\\x1e{created}\\x1e{modified}\\x1e{body}`; segments are separated by 0x1f. Neither
byte can occur raw in JSON or in a URI. flags: "c" the body depends on the @context; only in change rows, with
an empty body: "d" the instance was deleted then, "e" this piece of history was erased, which keeps its place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import apsw
import orjson

from madang.ngsild.context import Context
from madang.ngsild.entity import Attribute, Entity
from madang.ngsild.patch import Key

SEGMENT_SEPARATOR: Final = b"\x1f"
FIELD_SEPARATOR: Final = b"\x1e"
CONTEXTUAL: Final = b"c"
REMOVED: Final = b"d"
ERASED: Final = b"e"
CREATED: Final = 0
UPDATED: Final = 1
DELETED: Final = 2
KINDS: Final = ("created", "updated", "deleted")


class Terms:
    """IRIs as small numbers. The numbers are kept in the file for ever; both directions are in memory.

    reloads: how often they were read anew; after a rollback a number may stand for another IRI.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._numbers: dict[str, int] = {}
        self._iris: dict[int, str] = {}
        self.reloads = 0
        self.reload()

    def reload(self) -> None:
        """Read the table anew: after a rollback, or in a reader when an unknown number turns up."""
        self.reloads += 1
        self._numbers.clear()
        self._iris.clear()
        for number, iri in self._connection.execute("SELECT number, iri FROM term"):
            self._numbers[iri] = number
            self._iris[number] = iri

    def find(self, iri: str) -> int | None:
        """The number of an IRI that was stored before, or None."""
        return self._numbers.get(iri)

    def number(self, iri: str) -> int:
        """The number of an IRI; a new one is written in the running transaction."""
        number = self._numbers.get(iri)
        if number is None:
            number = len(self._iris) + 1
            self._connection.execute("INSERT INTO term (number, iri) VALUES (?, ?)", (number, iri))
            self._numbers[iri] = number
            self._iris[number] = iri
        return number

    def iri(self, number: int) -> str:
        found = self._iris.get(number)
        if found is None:
            self.reload()
            found = self._iris[number]
        return found


def encode_segment(attribute: Attribute, terms: Terms) -> bytes:
    header = (
        f"{terms.number(attribute.name)}\x1e{attribute.dataset_id or ''}\x1e{'c' if attribute.contextual else ''}"
        f"\x1e{attribute.created_at}\x1e{attribute.modified_at}\x1e"
    )
    return header.encode() + attribute.body


def encode_segments(attributes: Iterable[Attribute], terms: Terms) -> bytes:
    return SEGMENT_SEPARATOR.join([encode_segment(attribute, terms) for attribute in attributes])


def encode_removed(keys: Iterable[Key], terms: Terms, now: int) -> bytes:
    """Segments that say in a change row which instances went."""
    parts = [
        f"{terms.number(name)}\x1e{dataset_id or ''}\x1ed\x1e{now}\x1e{now}\x1e" for name, dataset_id in keys
    ]
    return "\x1f".join(parts).encode()


def erased(term: bytes) -> bytes:
    """The segment that keeps the place of one that was erased or folded. term: number of the attribute, as text."""
    return FIELD_SEPARATOR.join((term, b"", ERASED, b"0", b"0", b""))


def decode_segments(blob: bytes, terms: Terms) -> tuple[Attribute, ...]:
    """The attribute instances of an entity row, in order."""
    if not blob:
        return ()
    attributes = []
    for segment in blob.split(SEGMENT_SEPARATOR):
        term, dataset_id, flags, created, modified, body = segment.split(FIELD_SEPARATOR, 5)
        attributes.append(
            Attribute(
                terms.iri(int(term)),
                body,
                dataset_id.decode() if dataset_id else None,
                flags == CONTEXTUAL,
                int(created),
                int(modified),
            )
        )
    return tuple(attributes)


def segment_starts(names: Iterable[str], terms: Terms) -> list[bytes]:
    """With what the segments of these attributes (IRIs) begin, of those that were ever stored."""
    numbers = [number for name in sorted(names) if (number := terms.find(name)) is not None]
    return [str(number).encode() + FIELD_SEPARATOR for number in numbers]


def pick_segments(blob: bytes, starts: list[bytes]) -> bytes:
    """The segments that begin with one of `starts`."""
    found: list[bytes] = []
    for start in starts:
        at = 0 if blob.startswith(start) else blob.find(SEGMENT_SEPARATOR + start) + 1
        if at == 0 and not blob.startswith(start):
            continue
        while True:
            end = blob.find(SEGMENT_SEPARATOR, at)
            found.append(blob[at:end] if end >= 0 else blob[at:])
            at = blob.find(SEGMENT_SEPARATOR + start, end) + 1 if end >= 0 else 0
            if at == 0:
                break
    return SEGMENT_SEPARATOR.join(found)


def encode_types(types: Iterable[str], terms: Terms) -> str:
    """Term numbers between spaces, so that " 7 " finds the type 7 by text."""
    return f" {' '.join([str(terms.number(iri)) for iri in types])} "


def join_types(numbers: Iterable[int]) -> str:
    """The same of the numbers themselves."""
    return f" {' '.join(map(str, numbers))} "


def decode_types(text: str, terms: Terms) -> tuple[str, ...]:
    return tuple([terms.iri(int(number)) for number in text.split()])


def encode_scopes(scopes: Iterable[str]) -> str:
    return "\x1f".join(scopes)


def decode_scopes(text: str) -> tuple[str, ...]:
    return tuple(text.split("\x1f")) if text else ()


def decode_entity(row: tuple[str, str, str, int, int, int | None, bytes], terms: Terms) -> Entity:
    """row: id, types, scopes, created, modified, expires, segments."""
    identifier, types, scopes, created, modified, expires, segments = row
    return Entity(
        identifier,
        decode_types(types, terms),
        decode_segments(segments, terms),
        decode_scopes(scopes),
        created,
        modified,
        expires or 0,
    )


def context_digest(context: Context) -> str:
    """By which a file knows for which @context it keeps entities rendered."""
    return hashlib.sha256(orjson.dumps(dict(context.terms), option=orjson.OPT_SORT_KEYS)).hexdigest()
