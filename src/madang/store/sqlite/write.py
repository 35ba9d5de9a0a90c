"""One commit being made: load the entities that the changes are on, decide in memory, write what differs.

The decision is `ngsild.patch.apply`; here is only what it costs in rows. Statements are batched over the
whole commit. Everything runs inside the transaction that `store.py` opened.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import apsw
import msgspec

from madang.errors import MadangError
from madang.ngsild.changes import Change, DeleteHistory, Expire, Outcome, PatchInstance
from madang.ngsild.context import Context
from madang.ngsild.entity import Attribute, Entity
from madang.ngsild.expiry import MARK
from madang.ngsild.patch import apply
from madang.ngsild.representation import render_whole
from madang.store.base import ChangeRow
from madang.store.sqlite import codec, history_edit, history_scope, indexes
from madang.store.sqlite.codec import CREATED, DELETED, UPDATED, Terms
from madang.store.sqlite.combinations import Combinations
from madang.store.sqlite.expiry import Expiry
from madang.store.sqlite.indexes import ValueIndexes
from madang.store.sqlite.outbox import Made, Outbox
from madang.store.sqlite.presence import Presence
from madang.store.sqlite.values import is_plain
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


class Counters:
    """The numbers that only grow, of rows and of changes; and how many entities have which types."""

    __slots__ = ("combinations", "row", "sequence")

    def __init__(self, connection: apsw.Connection) -> None:
        self.combinations = Combinations(connection)
        self.reload(connection)

    def reload(self, connection: apsw.Connection) -> None:
        """Read them from the file: at the start, and after a rollback."""
        self.combinations.reload(connection)
        highest = (
            "SELECT max(coalesce((SELECT max(row) FROM entity), 0), coalesce((SELECT max(row) FROM past), 0))"
        )
        self.row = int(connection.execute(highest).get)
        self.sequence = int(connection.execute("SELECT coalesce(max(sequence), 0) FROM change").get)


class Place(msgspec.Struct, frozen=True):
    """What a batch writes into: the connection with what the store remembers of the file."""

    connection: apsw.Connection
    terms: Terms
    registry: ValueIndexes
    counters: Counters
    context: Context
    name_attributes: frozenset[str]
    outbox: Outbox
    expiry: Expiry


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


class IndexDifference:
    """Index rows to remove and to add over a whole commit, statement by statement."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._rows: dict[str, list[tuple[Any, ...]]] = {}
        self._counts: Counter[int] = Counter()
        self._presence = Presence()

    def _run(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        if rows:
            self._rows.setdefault(statement, []).extend(rows)

    def add(self, row: int, before: Entity | None, after: Entity | None) -> None:
        """Compare an entity before and after; attributes that are the same object are not looked at."""
        terms = self._place.terms
        old_types = [terms.number(iri) for iri in before.types] if before else []
        new_types = [terms.number(iri) for iri in after.types] if after else []
        if old_types != new_types:
            self._add_types(row, old_types, new_types)
        if (before.scope if before else ()) != (after.scope if after else ()):
            self._run(
                "DELETE FROM entity_scope WHERE scope = ? AND row = ?",
                [(s, row) for s in (before.scope if before else ())],
            )
            self._run(
                "INSERT OR IGNORE INTO entity_scope VALUES (?, ?)",
                [(s, row) for s in (after.scope if after else ())],
            )
        old, new = _changed_attributes(before, after)
        if not old and not new and old_types == new_types:
            return
        touched = (*old, *new)
        # The 10th byte of a canonical body is the first letter of its type
        letters = {attribute.body[9] for attribute in touched}
        if not letters.isdisjoint(indexes.RELATION_LETTERS):
            self._add_relations(row, indexes.relations(old, terms), indexes.relations(new, terms))
        if indexes.GEOMETRY_LETTER in letters:
            self._add_places(indexes.places(before, row, terms), indexes.places(after, row, terms))
        if not self._place.name_attributes.isdisjoint([attribute.name for attribute in touched]):
            self._add_name(row, before, after)
        if old_types != new_types:
            old, new = list(before.attributes if before else ()), list(after.attributes if after else ())
        self._presence.add((old_types, old), (new_types, new))
        self._add_values(row, (old_types, old), (new_types, new))

    def _add_types(self, row: int, old: list[int], new: list[int]) -> None:
        gone, come = set(old) - set(new), set(new) - set(old)
        self._run("DELETE FROM entity_type WHERE type = ? AND row = ?", [(type_, row) for type_ in gone])
        self._run("INSERT INTO entity_type VALUES (?, ?)", [(type_, row) for type_ in come])
        self._counts.update(come)
        self._counts.subtract(gone)

    def _add_relations(self, row: int, old: set[tuple[str, int]], new: set[tuple[str, int]]) -> None:
        if old == new:
            return
        delete = "DELETE FROM relation WHERE target = ? AND term = ? AND row = ?"
        self._run(delete, [(target, term, row) for target, term in old - new])
        self._run(
            "INSERT OR IGNORE INTO relation VALUES (?, ?, ?)",
            [(target, term, row) for target, term in new - old],
        )

    def _add_places(self, old: list[indexes.Place], new: list[indexes.Place]) -> None:
        if old == new:
            return
        self._run("DELETE FROM place WHERE slot = ?", [(place[0],) for place in old])
        self._run(
            "INSERT INTO place (slot, west, east, south, north, term, shape) VALUES (?, ?, ?, ?, ?, ?, ?)",
            list(new),
        )

    def _add_name(self, row: int, before: Entity | None, after: Entity | None) -> None:
        known = self._place.name_attributes
        old = indexes.names(before, known) if before else ""
        new = indexes.names(after, known) if after else ""
        if old == new:
            return
        if new:
            self._run("INSERT OR REPLACE INTO entity_name VALUES (?, ?)", [(row, new)])
        else:
            self._run("DELETE FROM entity_name WHERE row = ?", [(row,)])

    def _add_values(
        self, row: int, old: tuple[list[int], list[Attribute]], new: tuple[list[int], list[Attribute]]
    ) -> None:
        place = self._place
        if not place.registry.attributes:
            return
        before = indexes.values(*old, place.terms, place.registry)
        after = indexes.values(*new, place.terms, place.registry)
        for number in before.keys() | after.keys():
            gone, come = set(before.get(number, ())), set(after.get(number, ()))
            self._add_index_rows(
                "DELETE FROM {} WHERE index_number = ? AND value = ? AND row = ?", number, gone - come, row
            )
            self._add_index_rows("INSERT OR IGNORE INTO {} VALUES (?, ?, ?)", number, come - gone, row)
            if not is_plain(after.get(number, ())):
                place.registry.note_mixed(number)

    def _add_index_rows(self, statement: str, number: int, found: set[float | str], row: int) -> None:
        for value in found:
            table = "text_value" if isinstance(value, str) else "number_value"
            self._run(statement.format(table), [(number, value, row)])

    def write(self) -> None:
        """Run each statement once over all its rows: removals first, as they were added first."""
        for statement, rows in sorted(self._rows.items(), key=lambda item: not item[0].startswith("DELETE")):
            self._place.connection.executemany(statement, rows)
        changes = [(type_, n) for type_, n in self._counts.items() if n]
        if changes:
            statement = (
                "INSERT INTO type_count VALUES (?, ?) ON CONFLICT (type) DO UPDATE SET n = n + excluded.n"
            )
            self._place.connection.executemany(statement, changes)
        place = self._place
        self._presence.write(place.connection, place.terms, place.counters.combinations)


def _changed_attributes(
    before: Entity | None, after: Entity | None
) -> tuple[list[Attribute], list[Attribute]]:
    """The instances before and after of every attribute of which an instance has another body.

    All instances of such an attribute: two of them may share a value, and its index row stays with the other.
    """
    if before is None or after is None:
        return list(before.attributes if before else ()), list(after.attributes if after else ())
    names = _changed_names(before.attributes, after.attributes)
    if not names:
        return [], []
    return (
        [attribute for attribute in before.attributes if attribute.name in names],
        [attribute for attribute in after.attributes if attribute.name in names],
    )


def _changed_names(before: tuple[Attribute, ...], after: tuple[Attribute, ...]) -> set[str]:
    """The attributes of which an instance has another body now, or came, or went."""
    names: set[str] = set()
    for old, new in zip(before, after, strict=False):
        if old is not new and (old.name != new.name or old.body != new.body):
            names.add(old.name)
            names.add(new.name)
    shorter = min(len(before), len(after))
    names.update(attribute.name for attribute in (*before[shorter:], *after[shorter:]))
    return names
