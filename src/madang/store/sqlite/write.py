"""One commit being made: load the entities that the changes are on, decide in memory, write what differs.

The decision is `ngsild.patch.apply`; here is only what it costs in rows. Statements are batched over the
whole commit. Everything runs inside the transaction that `store.py` opened.
"""

from __future__ import annotations

from typing import Any, Final

from madang.errors import MadangError
from madang.ngsild.changes import Change, DeleteHistory, Expire, Outcome, PatchInstance
from madang.ngsild.entity import Attribute, Entity
from madang.ngsild.expiry import MARK
from madang.ngsild.patch import apply
from madang.ngsild.representation import render_whole
from madang.store.base import ChangeRow
from madang.store.sqlite import codec, history_edit, history_scope
from madang.store.sqlite.codec import CREATED, DELETED, UPDATED
from madang.store.sqlite.index_difference import IndexDifference
from madang.store.sqlite.outbox import Made
from madang.store.sqlite.place import Place
from madang.trust.access import Access
from madang.trust.writing import Past, apply_within, check_history

_LOAD: Final = "SELECT row, types, scopes, created, modified, expires, segments FROM entity WHERE id = ?"
_PAST: Final = "SELECT row FROM past WHERE id = ?"
_PAST_TYPES: Final = "SELECT types FROM past WHERE id = ?"
_INSERT_ENTITY: Final = """INSERT INTO entity (row, id, types, scopes, created, modified, segments, rendered)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_UPDATE_ENTITY: Final = """UPDATE entity SET types = ?, scopes = ?, modified = ?, segments = ?, rendered = ?
    WHERE row = ?"""
_INSERT_CHANGE: Final = "INSERT INTO change (sequence, row, time, kind, id, data) VALUES (?, ?, ?, ?, ?, ?)"


class Slot:
    """An entity in the running commit: as the file has it and as it will be.

    last: as it was when this commit deleted it, which may be a creation of this very commit. buried: the file
    remembers its row number among the deleted. written, segments: the instances of its last change, encoded.
    """

    __slots__ = ("after", "before", "buried", "last", "row", "segments", "written")

    def __init__(self, row: int, before: Entity | None, *, buried: bool = False) -> None:
        self.row = row
        self.buried = buried
        self.written: tuple[Attribute, ...] = ()
        self.segments = b""
        self.before = before
        self.after = before
        self.last = before


class Batch:
    """All changes of one commit. `apply` decides, `flush` writes; `changes` is what happened, in order."""

    def __init__(self, place: Place, now: int) -> None:
        self._place = place
        self._now = now
        self._slots: dict[str, Slot] = {}
        self._change_rows: list[tuple[int, int, int, int, str, bytes]] = []
        # Segments by the identity of their attribute, which is held so that it stays its own
        self._encoded: dict[int, tuple[Attribute, bytes]] = {}
        self.changes: list[ChangeRow] = []

    def _encode(self, attribute: Attribute) -> bytes:
        """The attribute's segment: as it was loaded, or made once for the change row and the entity row."""
        known = self._encoded.get(id(attribute))
        if known is None:
            known = self._encoded[id(attribute)] = (
                attribute,
                codec.encode_segment(attribute, self._place.terms),
            )
        return known[1]

    def apply(self, change: Change, within: Access | None = None) -> Outcome | MadangError:
        """Decide one change. A refused change yields its error and leaves no trace. within: as in `Store.commit`."""
        try:
            if isinstance(change, DeleteHistory | PatchInstance):
                self.flush()  # the history to correct may be of this very commit
                if within is not None:
                    check_history(change, self._load(change.id).after, within)
                return history_edit.apply(self._place.connection, self._place.terms, change, self._now)
            slot = self._slots.get(change.id) or self._load(change.id)
            applied = (
                apply(change, slot.after, self._now)
                if within is None
                else apply_within(change, slot.after, within, self._now, self._past(slot, change.id))
            )
        except MadangError as error:
            return error
        if applied.entity is slot.after and not applied.written:
            return applied.outcome
        kind = UPDATED
        if slot.after is None:
            kind = CREATED
        elif applied.entity is None:
            kind = DELETED
        present, before = applied.entity or slot.after, slot.after
        slot.after = applied.entity
        slot.last = present
        written, removed = applied.written, applied.removed
        if before is None or applied.entity is None or applied.entity.scope is not before.scope:
            written, removed = history_scope.remembered(before, applied, self._now)
        self._remember(slot, kind, present, written, removed)
        if self._place.outbox.watched is not None and before is not applied.entity:
            self._place.outbox.note(self.changes[-1], before, applied.entity)
        return applied.outcome

    def _past(self, slot: Slot, identifier: str) -> Past | None:
        """What there was before, if it is deleted: by this commit or an earlier one."""
        if slot.after is not None:
            return None
        if slot.last is not None:
            return Past(identifier, slot.last.types)
        if not slot.buried:
            return None
        types: Any = self._place.connection.execute(_PAST_TYPES, (identifier,)).get
        return Past(identifier, codec.decode_types(types, self._place.terms))

    def expire(self, limit: int) -> bool:
        """Remove what has expired of at most `limit` entities, and write that; whether there may be more."""
        if not self._place.expiry.is_due(self._now):
            return False
        found, more = self._place.expiry.take(self._now, limit)
        for identifier in found:
            self.apply(Expire(identifier))
        self.flush()
        return more

    def _remember(
        self,
        slot: Slot,
        kind: int,
        entity: Entity | None,
        written: tuple[Attribute, ...],
        removed: tuple[tuple[str, str | None], ...],
    ) -> None:
        """Add the change row of one decided change."""
        place = self._place
        assert entity is not None
        place.counters.sequence += 1
        data = codec.SEGMENT_SEPARATOR.join([self._encode(attribute) for attribute in written])
        slot.written, slot.segments = written, data
        if removed:
            gone = codec.encode_removed(removed, place.terms, self._now)
            data = data + codec.SEGMENT_SEPARATOR + gone if data else gone
        sequence = place.counters.sequence
        self._change_rows.append((sequence, slot.row, self._now, kind, entity.id, data))
        names = tuple(dict.fromkeys([a.name for a in written] + [name for name, _ in removed]))
        self.changes.append(ChangeRow(sequence, self._now, entity.id, codec.KINDS[kind], entity.types, names))

    def _load(self, identifier: str) -> Slot:
        place = self._place
        row: Any = place.connection.execute(_LOAD, (identifier,)).fetchone()
        if row is not None:
            number, *rest = row
            entity = codec.decode_entity((identifier, *rest), place.terms)
            slot = Slot(number, entity)
            segments = rest[-1].split(codec.SEGMENT_SEPARATOR)
            self._encoded |= {
                id(one): (one, text) for one, text in zip(entity.attributes, segments, strict=False)
            }
        else:
            past = place.connection.execute(_PAST, (identifier,)).fetchone()
            if past is None:
                place.counters.row += 1
            slot = Slot(past[0] if past is not None else place.counters.row, None, buried=past is not None)
        self._slots[identifier] = slot
        return slot

    def flush(self) -> None:
        """Write every entity that differs, its index rows, the counters and the change rows."""
        dirty = [
            slot
            for slot in self._slots.values()
            if slot.after is not slot.last or slot.after is not slot.before
        ]
        self._write_entities(dirty)
        self._write_indexes(dirty)
        if self._place.outbox.noted:
            self._place.outbox.encode(self._encode)
        self._place.connection.executemany(_INSERT_CHANGE, self._change_rows)
        self._slots.clear()
        self._encoded.clear()
        self._change_rows.clear()

    def _write_entities(self, dirty: list[Slot]) -> None:
        place = self._place
        inserts: list[tuple[Any, ...]] = []
        updates: list[tuple[Any, ...]] = []
        expiring: list[tuple[int, Entity]] = []
        for slot in dirty:
            entity = slot.after
            if entity is None:
                self._bury(slot)
                continue
            if slot.buried:
                place.connection.execute("DELETE FROM past WHERE row = ?", (slot.row,))
            types = codec.encode_types(entity.types, place.terms)
            scopes = codec.encode_scopes(entity.scope)
            segments = slot.segments
            if entity.attributes is not slot.written:
                segments = codec.SEGMENT_SEPARATOR.join([self._encode(one) for one in entity.attributes])
            if MARK in segments or entity.expires_at or (slot.before is not None and slot.before.expires_at):
                expiring.append((slot.row, entity))
            rendered = render_whole(entity, place.context)
            if place.outbox.noted:
                place.outbox.made(Made(entity, types, scopes, segments, (place.context, rendered)))
            if slot.before is None:
                times = (entity.created_at, entity.modified_at)
                inserts.append((slot.row, entity.id, types, scopes, *times, segments, rendered))
            else:
                updates.append((types, scopes, entity.modified_at, segments, rendered, slot.row))
        if inserts:
            place.connection.executemany(_INSERT_ENTITY, inserts)
        if updates:
            place.connection.executemany(_UPDATE_ENTITY, updates)
        for row, transient in expiring:
            place.expiry.note(row, transient)

    def _bury(self, slot: Slot) -> None:
        assert slot.last is not None
        types = codec.encode_types(slot.last.types, self._place.terms)
        execute = self._place.connection.execute
        execute("DELETE FROM entity WHERE row = ?", (slot.row,))
        execute(
            "INSERT OR REPLACE INTO past (id, row, types, deleted) VALUES (?, ?, ?, ?)",
            (slot.last.id, slot.row, types, self._now),
        )

    def _write_indexes(self, dirty: list[Slot]) -> None:
        difference = IndexDifference(self._place)
        for slot in dirty:
            difference.add(slot.row, slot.before, slot.after)
        difference.write()
