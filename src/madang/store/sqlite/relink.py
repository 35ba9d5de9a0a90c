"""Changing an entity without a trace: no change row, no notification. Only for what is to be forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from madang.ngsild.entity import Entity
from madang.ngsild.representation import render_whole
from madang.store.sqlite import codec
from madang.store.sqlite.index_difference import IndexDifference
from madang.store.sqlite.place import Place

_LOAD: Final = "SELECT id, types, scopes, created, modified, expires, segments FROM entity WHERE row = ?"
_REWRITE: Final = "UPDATE entity SET segments = ?, rendered = ? WHERE row = ?"


def relink(place: Place, row: int, change: Callable[[Entity], Entity]) -> bool:
    """Put what `change` makes of an entity in its place, without telling anybody. Whether it differs."""
    found: Any = place.connection.execute(_LOAD, (row,)).fetchone()
    if found is None:
        return False
    before = codec.decode_entity(found, place.terms)
    after = change(before)
    if after is before:
        return False
    difference = IndexDifference(place)
    difference.add(row, before, after)
    difference.write()
    segments = codec.encode_segments(after.attributes, place.terms)
    place.connection.execute(_REWRITE, (segments, render_whole(after, place.context), row))
    return True
