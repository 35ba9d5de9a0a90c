"""Whether a chain of events is whole: every hash, every number, and that what stands beside the chain agrees with it.

A chain begins with the first event that there ever was, or behind the one up to which it was cut, which its latest event
of a cut must say too. Nothing in the file can tell of a chain that was made anew from some event on, or lacks its end:
that is told by a `Head` that was kept elsewhere, in the platform's chain or on paper.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any, Final

import apsw

from madang.store.audit import Deed, Head, Verdict
from madang.store.sqlite import audit_rows

_SLICE_ROWS: Final = 512
_ROWS: Final = f"SELECT {audit_rows.COLUMNS} FROM audit WHERE number > ? ORDER BY number LIMIT ?"  # noqa: S608 constant
_NAMES: Final = "SELECT token, salt, entity FROM audit_name WHERE token > ? ORDER BY token LIMIT ?"
_ENTITIES: Final = """SELECT token, number FROM audit_entity WHERE (token, number) > (?, ?)
    ORDER BY token, number LIMIT ?"""

Checking = Generator[None, None, Verdict]


def check(connection: apsw.Connection, known: Sequence[Head] = ()) -> Checking:
    """Reads in slices, after each of which it yields; what it returns is the verdict. The connection is its own."""
    connection.execute("BEGIN")
    behind = audit_rows.begins_behind(connection)
    verdict = yield from _chain(connection, behind, {one.number: one.hash for one in known})
    connection.execute("COMMIT")
    return verdict


def _chain(connection: apsw.Connection, behind: Head, known: dict[int, bytes]) -> Checking:
    number, last = behind.number, behind.hash
    if known.get(number, last) != last:
        return Verdict(0, behind, f"event {number} is not the one that was noted elsewhere")
    cut = ""
    # Of (token, number), by a hash whose seed is this process's secret: two sums agree only if the rows do
    mentioned = 0
    for rows in _slices(connection, _ROWS, (behind.number,)):
        for at, time, *columns, hashed in rows:
            _, deed, object_, _, told = columns
            number += 1
            if at != number:
                return _broken(
                    number - 1 - behind.number, Head(number - 1, last), f"event {number} is missing"
                )
            if audit_rows.digest(last, at, time, tuple(columns)) != hashed:
                why = f"event {at} is not what was recorded, or the one before it is not"
                return _broken(number - 1 - behind.number, Head(number - 1, last), why)
            last = hashed
            if known.get(at, last) != last:
                return _broken(
                    at - behind.number, Head(at, last), f"event {at} is not the one that was noted elsewhere"
                )
            mentioned += sum([hash((token, at)) for token in audit_rows.tokens_of(told)])
            if deed == Deed.CUT:
                cut = object_
        yield
    head, events = Head(number, last), number - behind.number
    if any(one > number for one in known):
        return _broken(
            events, head, f"the chain ends with event {number}, but event {max(known)} was noted elsewhere"
        )
    if behind.number and cut != str(behind):
        return _broken(events, head, f"the events up to {behind.number} are gone, and no cut tells of it")
    fault = yield from _beside(connection, behind.number, mentioned)
    return Verdict(events, head, fault)


def _slices(connection: apsw.Connection, statement: str, place: tuple[Any, ...]) -> Iterator[list[Any]]:
    """Some rows after the other. place: of the row before the first, the first columns of the statement."""
    rows: list[Any]
    while rows := connection.execute(statement, (*place, _SLICE_ROWS)).fetchall():
        yield rows
        place = rows[-1][: len(place)]


def _beside(connection: apsw.Connection, behind: int, mentioned: int) -> Generator[None, None, str]:
    """What is wrong with the index of things or with their names, "" if nothing is."""
    for rows in _slices(connection, _ENTITIES, (b"", 0)):
        mentioned -= sum(hash(row) for row in rows if row[1] > behind)
        yield
    if mentioned:
        return "the list of which event is of which thing is not what the events say"
    for rows in _slices(connection, _NAMES, (b"",)):
        for token, salt, entity in rows:
            if audit_rows.token_of(salt, entity) != token:
                return f"the name of a thing was changed; it is called {entity} now"
        yield
    return ""


def _broken(events: int, head: Head, fault: str) -> Verdict:
    return Verdict(events, head, fault)
