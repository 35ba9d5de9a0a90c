"""How far notifications are, in a tenant's file: the outbox's rows, a row per subscription, and dead letters.

The outbox is written by the committer; everything here is written in transactions of the same writer, a few
times a second at most, so that a notification costs no commit of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import apsw
import msgspec

from madang.settings import LIMITS
from madang.store.deliveries import DeadLetter, Freed, Keeping, Kept, OutboxRow, Progress, Watched
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.outbox import Outbox, read_row

Writing = Callable[[Callable[[apsw.Connection], Any]], Awaitable[Any]]

_MARK: Final = "delivered"
_PROGRESS: Final = """INSERT INTO delivery (subscription, cursor, state) VALUES (?, ?, ?)
    ON CONFLICT (subscription) DO UPDATE SET cursor = excluded.cursor, state = excluded.state"""
_LETTER: Final = """INSERT INTO dead_letter (subscription, time, attempts, reason, entities, message)
    VALUES (?, ?, ?, ?, ?, ?)"""
_LETTERS: Final = "SELECT number, subscription, time, attempts, reason, entities, message FROM dead_letter"
_ROWS: Final = "SELECT sequence, changes FROM outbox WHERE sequence > ? AND sequence <= ? ORDER BY sequence"

_GOING: Final = "SELECT sequence, length(changes) FROM outbox WHERE sequence <= ? ORDER BY sequence LIMIT ?"


class _Message(msgspec.Struct, array_like=True):
    headers: tuple[tuple[str, str], ...]
    body: bytes


_ENCODER: Final = msgspec.msgpack.Encoder()
_MESSAGES: Final = msgspec.msgpack.Decoder(_Message)
_STATES: Final = msgspec.msgpack.Decoder(Progress)


class SqliteDeliveries:
    """Implements `store.deliveries.Deliveries`. writing: runs a function in a transaction of the store's writer."""

    def __init__(self, reader: apsw.Connection, writing: Writing, outbox: Outbox, terms: Terms) -> None:
        self._reader = reader
        self._writing = writing
        self._outbox = outbox
        self._terms = terms

    def follow(self, watched: Watched | None, taken: Callable[[OutboxRow], Any]) -> None:
        self._outbox.follow(watched, taken)

    async def kept(self) -> Kept:
        mark = self._reader.execute("SELECT value FROM meta WHERE key = ?", (_MARK,)).get
        rows = self._reader.execute("SELECT subscription, state FROM delivery")
        progress = {subscription: _STATES.decode(state) for subscription, state in rows}
        size = self._reader.execute("SELECT coalesce(sum(length(changes)), 0) FROM outbox").get
        return Kept(int(mark or 0), progress, int(size))

    async def rows(self, after: int, up_to: int, bytes_max: int) -> list[OutboxRow]:
        found: list[OutboxRow] = []
        size = 0
        for sequence, blob in self._reader.execute(_ROWS, (after, up_to)):
            if found and size + len(blob) > bytes_max:
                break
            found.append(read_row(sequence, blob, self._terms))
            size += len(blob)
        return found

    async def sequence_at(self, time: int) -> int:
        # Rows are in the order of their sequence, and by that of their time, so the last one is found from the end
        statement = "SELECT sequence FROM outbox WHERE time <= ? ORDER BY sequence DESC LIMIT 1"
        return int(self._reader.execute(statement, (time,)).get or 0)

    async def keep(self, keeping: Keeping) -> Freed:
        freed: list[Freed] = []
        await self._writing(lambda connection: freed.append(_keep(connection, keeping)))
        return freed[0]

    async def letters(self, subscription_id: str, limit: int, after: int = 0) -> list[DeadLetter]:
        condition = "subscription = ? AND " if subscription_id else ""
        values = (subscription_id,) if subscription_id else ()
        rows = self._reader.execute(
            f"{_LETTERS} WHERE {condition}number > ? ORDER BY number LIMIT ?", (*values, after, limit)
        )
        return [_letter(row) for row in rows]

    async def letter(self, number: int) -> DeadLetter | None:
        row = self._reader.execute(f"{_LETTERS} WHERE number = ?", (number,)).fetchone()
        return _letter(row) if row is not None else None

    async def letter_counts(self) -> dict[str, int]:
        counts = "SELECT subscription, count(*) FROM dead_letter GROUP BY subscription"
        rows: Any = self._reader.execute(counts).fetchall()
        return dict(rows)

    async def drop(self, numbers: Sequence[int]) -> int:
        dropped: list[int] = []

        def work(connection: apsw.Connection) -> None:
            before = connection.total_changes()
            connection.executemany(
                "DELETE FROM dead_letter WHERE number = ?", [(number,) for number in numbers]
            )
            dropped.append(connection.total_changes() - before)

        await self._writing(work)
        return dropped[0]


def subscribed_tenants(folder: Path) -> list[str]:
    """The tenants whose files hold a subscription: they are to be opened before anyone asks for them."""
    found = []
    for path in sorted(folder.glob("*.sqlite3")):
        with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)) as connection:
            known = "SELECT 1 FROM sqlite_schema WHERE name = 'subscription'"
            if connection.execute(known).get and connection.execute("SELECT 1 FROM subscription LIMIT 1").get:
                found.append("" if path.stem == "default" else path.stem)
    return found


def _keep(connection: apsw.Connection, keeping: Keeping) -> Freed:
    """Write what has been done. Of subscriptions that are no more nothing is kept."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_MARK, str(keeping.mark)))
    gone = [(subscription,) for subscription in keeping.gone]
    connection.executemany("DELETE FROM delivery WHERE subscription = ?", gone)
    connection.executemany("DELETE FROM dead_letter WHERE subscription = ?", gone)
    living = {
        subscription
        for subscription in {*keeping.progress, *(letter.subscription for letter in keeping.letters)}
        if connection.execute("SELECT 1 FROM subscription WHERE id = ?", (subscription,)).get
    }
    rows = [
        (subscription, progress.cursor, _ENCODER.encode(progress))
        for subscription, progress in keeping.progress.items()
        if subscription in living
    ]
    connection.executemany(_PROGRESS, rows)
    letters = [
        (
            *(letter.subscription, letter.time, letter.attempts, letter.reason, letter.entities),
            _ENCODER.encode(_Message(letter.headers, letter.body)),
        )
        for letter in keeping.letters
        if letter.subscription in living
    ]
    connection.executemany(_LETTER, letters)
    going: Any = connection.execute(_GOING, (keeping.done, LIMITS.slice_entities_max)).fetchall()
    if going:
        connection.execute("DELETE FROM outbox WHERE sequence <= ?", (going[-1][0],))
    return Freed(sum(size for _, size in going), len(going) == LIMITS.slice_entities_max)


def _letter(row: tuple[Any, ...]) -> DeadLetter:
    number, subscription, time, attempts, reason, entities, message = row
    kept = _MESSAGES.decode(message)
    return DeadLetter(number, subscription, time, attempts, reason, entities, kept.headers, kept.body)
