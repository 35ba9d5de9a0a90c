"""What somebody changed of things whose reading is recorded too, recorded in the very transaction of the change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from madang.errors import MadangError
from madang.ngsild.changes import Change, DeleteHistory, Outcome, PatchInstance
from madang.store.audit import About, Deed, Event, event_of
from madang.store.base import ChangeRow
from madang.store.sqlite import audit_rows, codec
from madang.store.sqlite.place import Place
from madang.trust.access import Access

_TYPES: Final = "SELECT types FROM entity WHERE id = ?1 UNION ALL SELECT types FROM past WHERE id = ?1"
_HISTORY: Final = "history"
_DEEDS: Final = (Deed.WRITE, Deed.DELETE)


class Author(msgspec.Struct, frozen=True):
    """Who makes changes. event: one of theirs, still without the things. recorded: types (IRIs) to be recorded."""

    event: Event
    recorded: frozenset[str]


def author_of(access: Access | None) -> Author | None:
    """Who makes changes with this access, in the request that is being served; None if none of them is recorded."""
    if access is None or not access.recorded:
        return None
    return Author(event_of(access, Deed.WRITE, About()), access.recorded)


class Made(msgspec.Struct, frozen=True):
    """What came of a caller's changes: an outcome each, and the change rows of those that changed something."""

    changes: Sequence[Change]
    outcomes: Sequence[Outcome | MadangError]
    rows: Sequence[ChangeRow]


def write(place: Place, time: int, author: Author, made: Made) -> None:
    """Record what was made, inside of its transaction."""
    of = {
        deed: [row for row in made.rows if (row.kind == "deleted") == (deed is Deed.DELETE)]
        for deed in _DEEDS
    }
    found = [(deed, "", [(row.id, row.types) for row in rows]) for deed, rows in of.items()]
    found.append((Deed.WRITE, _HISTORY, _corrected(place, made)))
    for deed, object_, things in found:
        recorded = [(identifier, author.recorded.intersection(types)) for identifier, types in things]
        entities = tuple([identifier for identifier, types in recorded if types])
        types = tuple(sorted({name for _, names in recorded for name in names}))
        if entities:
            event = msgspec.structs.replace(
                author.event, deed=deed, object=object_, entities=entities, types=types
            )
            audit_rows.write(place.connection, time, (event,))


def _corrected(place: Place, made: Made) -> list[tuple[str, tuple[str, ...]]]:
    """(id, types) of the things whose history was corrected, of which no change row tells."""
    found = []
    for change, outcome in zip(made.changes, made.outcomes, strict=True):
        if isinstance(change, DeleteHistory | PatchInstance) and isinstance(outcome, Outcome):
            types: Any = place.connection.execute(_TYPES, (change.id,)).get
            found.append((change.id, codec.decode_types(types, place.terms) if types is not None else ()))
    return found
