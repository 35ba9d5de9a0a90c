"""Subscriptions in a tenant's file: few rows, each the whole subscription as JSON, written by the one writer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import apsw
import msgspec

from madang.errors import AlreadyExists, MadangError, NotFound
from madang.ngsild.subscription import Subscription, decode_subscription, encode_subscription
from madang.store.base import KeptSubscription

Writing = Callable[[Callable[[apsw.Connection], Any]], Awaitable[Any]]


class SqliteSubscriptions:
    """Implements `store.base.Subscriptions`. writing: runs a function inside a transaction of the store's writer."""

    def __init__(self, reader: apsw.Connection, writing: Writing) -> None:
        self._reader = reader
        self._writing = writing

    async def add(self, kept: KeptSubscription) -> None:
        row = _row(kept)
        added = await self._changes(
            "INSERT OR IGNORE INTO subscription (subject, purpose, data, id) VALUES (?, ?, ?, ?)", row
        )
        if not added:
            raise AlreadyExists(f"Subscription {kept.subscription.id} exists already")

    async def get(self, subscription_id: str) -> KeptSubscription | None:
        return _read(self._reader, subscription_id)

    async def page(
        self, limit: int, offset: int, subject: str | None = None
    ) -> tuple[list[KeptSubscription], int]:
        rows = self._reader.execute(
            "SELECT subject, purpose, data FROM subscription WHERE ?1 IS NULL OR subject = ?1 ORDER BY number LIMIT ?2 OFFSET ?3",
            (subject, limit, offset),
        )
        found = [_kept(row) for row in rows]
        counted = "SELECT count(*) FROM subscription WHERE ?1 IS NULL OR subject = ?1"
        return found, int(self._reader.execute(counted, (subject,)).get)

    async def update(
        self, subscription_id: str, change: Callable[[Subscription], Subscription]
    ) -> KeptSubscription:
        done: list[KeptSubscription | MadangError] = []

        def work(connection: apsw.Connection) -> None:
            # An error must not leave the function: others write in the same transaction
            try:
                done.append(_update(connection, subscription_id, change))
            except MadangError as error:
                done.append(error)

        await self._writing(work)
        (outcome,) = done
        if isinstance(outcome, MadangError):
            raise outcome
        return outcome

    async def remove(self, subscription_id: str) -> None:
        if not await self._changes("DELETE FROM subscription WHERE id = ?", (subscription_id,)):
            raise NotFound(f"Subscription {subscription_id} does not exist")

    async def _changes(self, statement: str, values: tuple[Any, ...]) -> int:
        """Run the statement in a transaction of the writer; how many rows it changed."""
        changed: list[int] = []

        def work(connection: apsw.Connection) -> None:
            connection.execute(statement, values)
            changed.append(connection.changes())

        await self._writing(work)
        return changed[0]


def _read(connection: apsw.Connection, subscription_id: str) -> KeptSubscription | None:
    row = connection.execute(
        "SELECT subject, purpose, data FROM subscription WHERE id = ?", (subscription_id,)
    ).fetchone()
    return _kept(row) if row is not None else None


def _update(
    connection: apsw.Connection, subscription_id: str, change: Callable[[Subscription], Subscription]
) -> KeptSubscription:
    before = _read(connection, subscription_id)
    if before is None:
        raise NotFound(f"Subscription {subscription_id} does not exist")
    after = msgspec.structs.replace(before, subscription=change(before.subscription))
    connection.execute("UPDATE subscription SET subject = ?, purpose = ?, data = ? WHERE id = ?", _row(after))
    return after


def _row(kept: KeptSubscription) -> tuple[str, str, bytes, str]:
    return kept.subject, kept.purpose, encode_subscription(kept.subscription), kept.subscription.id


def _kept(row: tuple[str, str, bytes]) -> KeptSubscription:
    subject, purpose, data = row
    return KeptSubscription(decode_subscription(data), subject, purpose)
