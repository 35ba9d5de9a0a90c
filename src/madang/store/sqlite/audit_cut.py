"""Letting go of the events of a chain that are older than they are to be kept.

First the chain gets an event that says up to which one it is cut, and begins behind that one from then on; the rows go
afterwards, some at a time. Where that is interrupted, the next cut goes on with it.
"""

from __future__ import annotations

from typing import Any, Final

import apsw

from madang.store.audit import Deed, Event, Head
from madang.store.sqlite import audit_rows
from madang.trust.identity import OPERATOR

_SLICE_EVENTS: Final = 256
_LAST_OLD: Final = """SELECT number, hash FROM audit WHERE number =
    (SELECT coalesce(min(number), (SELECT max(number) FROM audit)) - 1 FROM audit WHERE time >= ?)"""
_LEFT: Final = "SELECT number, told FROM audit WHERE number <= ? ORDER BY number LIMIT ?"
_UNUSED: Final = (
    "DELETE FROM audit_name WHERE token = ?1 AND NOT EXISTS (SELECT 1 FROM audit_entity WHERE token = ?1)"
)


def begin(connection: apsw.Connection, before: int, now: int) -> int:
    """Let the chain begin behind its last event of before a moment; how many fewer it has. Inside of a transaction."""
    behind = audit_rows.begins_behind(connection)
    row: Any = connection.execute(_LAST_OLD, (before,)).fetchone()
    last = Head(*row) if row is not None else Head()
    if last.number <= behind.number:
        return 0
    connection.execute("INSERT OR REPLACE INTO audit_cut VALUES (1, ?, ?)", (last.number, last.hash))
    audit_rows.write(connection, now, (Event(OPERATOR.subject, Deed.CUT, str(last)),))
    return last.number - behind.number


def clear(connection: apsw.Connection) -> bool:
    """Delete some of what the chain no longer holds; whether there may be more. Inside of a transaction."""
    behind = audit_rows.begins_behind(connection)
    rows: Any = connection.execute(_LEFT, (behind.number, _SLICE_EVENTS)).fetchall()
    mentioned = [(token, number) for number, told in rows for token in audit_rows.tokens_of(told)]
    connection.executemany("DELETE FROM audit_entity WHERE token = ? AND number = ?", mentioned)
    connection.executemany(_UNUSED, [(token,) for token in {token for token, _ in mentioned}])
    connection.executemany("DELETE FROM audit WHERE number = ?", [(number,) for number, _ in rows])
    return len(rows) == _SLICE_EVENTS
