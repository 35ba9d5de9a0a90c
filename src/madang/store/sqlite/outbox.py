"""The outbox: what each commit changed, for those who are to be notified, written in the commit's own transaction.

A row is MessagePack: of every change its sequence, its time, the entity after it and the entity before it. The
entity before names the instances that it shares with the one after by their place, so a change of one
attribute costs that attribute twice, not the entity. Without subscriptions a write costs one comparison.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import apsw
import msgspec

from madang.ngsild.entity import Attribute, Entity
from madang.ngsild.event import Rendered
from madang.store.base import ChangeRow
from madang.store.deliveries import Changed, OutboxRow, Watched
from madang.store.sqlite import codec
from madang.store.sqlite.codec import Terms

_INSERT: Final = "INSERT INTO outbox (sequence, time, changes) VALUES (?, ?, ?)"
_EVERYTHING: Final = Watched({"*": None})

# types, scopes, created, modified, expires
Header = tuple[str, str, int, int, int]
# An instance of the entity before: its place in the entity after, or its segment
Former = int | bytes


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One change as it is kept."""

    sequence: int
    time: int
    id: str
    after: tuple[Header, bytes] | None
    before: tuple[Header, list[Former]] | None


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(list[Row])

Encode = Callable[[Attribute], bytes]


class Made(msgspec.Struct, frozen=True):
    """What the commit has made of an entity already: its header's texts, its segments, its rendered bytes."""

    entity: Entity
    types: str
    scopes: str
    segments: bytes
    rendered: Rendered


class Outbox:
    """The changes of the running commit. watched: None while nobody follows, which is all that a write looks at.

    noted: changes of the running slice that somebody could care about; there is work to do only if there are any.
    """

    __slots__ = ("_changes", "_made", "_rows", "_size", "_taken", "_terms", "noted", "watched")

    def __init__(self, terms: Terms, *, open_wide: bool) -> None:
        """open_wide: keep every change until `follow` says which."""
        self._terms = terms
        self._rows: list[Row] = []
        self._changes: list[Changed] = []
        self._made: dict[int, Made] = {}
        self._size = 0
        self._taken: Callable[[OutboxRow], Any] | None = None
        self.noted: list[Changed] = []
        self.watched: Watched | None = _EVERYTHING if open_wide else None

    def follow(self, watched: Watched | None, taken: Callable[[OutboxRow], Any]) -> None:
        self.watched = watched
        self._taken = taken

    def note(self, change: ChangeRow, before: Entity | None, after: Entity | None) -> None:
        """Take a decided change if somebody could care."""
        whole = before is None or after is None
        if self.watched is not None and self.watched.wants(
            change.id, change.types, change.names, whole=whole
        ):
            self.noted.append(Changed(change.sequence, change.time, before, after))

    def made(self, made: Made) -> None:
        """Take what the commit makes of an entity, so that it is not made twice."""
        self._made[id(made.entity)] = made

    def encode(self, encode: Encode) -> None:
        """Make the rows of the noted changes. encode: gives the segment of an instance."""
        for noted in self.noted:
            changed, before, after = noted, noted.before, noted.after
            kept = former = None
            if after is not None:
                made = self._made.get(id(after))
                if made is not None:
                    kept = self._header(after, made.types, made.scopes), made.segments
                    changed = Changed(changed.sequence, changed.time, before, after, made.rendered)
                else:
                    segments = codec.SEGMENT_SEPARATOR.join([encode(one) for one in after.attributes])
                    kept = self._header(after), segments
            if before is not None:
                former = self._header(before), _formers(before, after, encode)
            entity = after or before
            assert entity is not None
            self._changes.append(changed)
            self._rows.append(Row(changed.sequence, changed.time, entity.id, kept, former))
        self.noted.clear()
        self._made.clear()

    def _header(self, entity: Entity, types: str | None = None, scopes: str | None = None) -> Header:
        return (
            types if types is not None else codec.encode_types(entity.types, self._terms),
            scopes if scopes is not None else codec.encode_scopes(entity.scope),
            entity.created_at,
            entity.modified_at,
            entity.expires_at,
        )

    def write(self, connection: apsw.Connection) -> None:
        """Write the row of the running commit, if it has one."""
        if self._rows:
            blob = _ENCODER.encode(self._rows)
            self._size = len(blob)
            connection.execute(_INSERT, (self._rows[-1].sequence, self._rows[-1].time, blob))

    def committed(self) -> None:
        """The commit is on disk: hand its changes over."""
        if self._rows:
            row = OutboxRow(self._rows[-1].sequence, self._size, tuple(self._changes))
            self.forget()
            if self._taken is not None:
                self._taken(row)

    def forget(self) -> None:
        """The commit was rolled back, or is done."""
        self._rows.clear()
        self._changes.clear()
        self.noted.clear()
        self._made.clear()


def _formers(before: Entity, after: Entity | None, encode: Encode) -> list[Former]:
    """The instances before; those that the entity after shares by their place in it."""
    if after is None:
        return [encode(one) for one in before.attributes]
    if len(after.attributes) == len(before.attributes):
        pairs = zip(before.attributes, after.attributes, strict=True)
        return [place if old is new else encode(old) for place, (old, new) in enumerate(pairs)]
    places = {id(one): place for place, one in enumerate(after.attributes)}
    return [places[id(one)] if id(one) in places else encode(one) for one in before.attributes]


def read_row(sequence: int, blob: bytes, terms: Terms) -> OutboxRow:
    return OutboxRow(sequence, len(blob), tuple([_changed(row, terms) for row in _DECODER.decode(blob)]))


def without(blob: bytes, ids: frozenset[str], needles: tuple[bytes, ...]) -> tuple[bytes, int]:
    """A row without the changes of these entities, and of those in which one of the needles stands; how many went."""
    rows = _DECODER.decode(blob)
    kept = [
        row
        for row in rows
        if row.id not in ids and not any(needle in _ENCODER.encode(row) for needle in needles)
    ]
    return _ENCODER.encode(kept), len(rows) - len(kept)


def _changed(row: Row, terms: Terms) -> Changed:
    after = before = None
    if row.after is not None:
        header, segments = row.after
        after = _entity(row.id, header, codec.decode_segments(segments, terms), terms)
    if row.before is not None:
        header, items = row.before
        shared = after.attributes if after is not None else ()
        attributes = [
            shared[item] if isinstance(item, int) else codec.decode_segments(item, terms)[0] for item in items
        ]
        before = _entity(row.id, header, tuple(attributes), terms)
    return Changed(row.sequence, row.time, before, after)


def _entity(identifier: str, header: Header, attributes: tuple[Attribute, ...], terms: Terms) -> Entity:
    types, scopes, created, modified, expires = header
    return Entity(
        identifier,
        codec.decode_types(types, terms),
        attributes,
        codec.decode_scopes(scopes),
        created_at=created,
        modified_at=modified,
        expires_at=expires,
    )
