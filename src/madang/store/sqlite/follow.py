"""Finding the entities that conditions on linked entities ask about, as in q=a{b}: each read when it is needed."""

from __future__ import annotations

from typing import Final

import apsw

from madang.ngsild.entity import Entity
from madang.ngsild.matcher import Follow
from madang.store.sqlite.codec import Terms, decode_entity
from madang.store.sqlite.row_sight import COLUMNS, RowSight

_BY_ID: Final = f"SELECT {COLUMNS} FROM entity e WHERE e.id = ?"  # noqa: S608 constant


def follower(connection: apsw.Connection, terms: Terms, sight: RowSight | None) -> Follow:
    """A function from an id to the entity as the caller sees it; None where there is none to see."""

    def follow(entity_id: str) -> Entity | None:
        row = connection.execute(_BY_ID, (entity_id,)).fetchone()
        if row is None:
            return None
        return decode_entity(row, terms) if sight is None else sight.seen(row)

    return follow
