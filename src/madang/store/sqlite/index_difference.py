"""The index rows that a commit changes: what follows from entities before and after, compared and written together."""

from __future__ import annotations

from collections import Counter
from typing import Any

from madang.ngsild.entity import Attribute, Entity
from madang.store.sqlite import indexes
from madang.store.sqlite.place import Place
from madang.store.sqlite.presence import Presence
from madang.store.sqlite.values import is_plain


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
