"""How a tenant is used, in its file: a row for each day, what was done, and the role that did it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import apsw

from madang.store.base import Used

Writing = Callable[[Callable[[apsw.Connection], Any]], Awaitable[Any]]


class SqliteUsage:
    """Implements `store.base.Usage`. writing: runs a function inside a transaction of the store's writer."""

    def __init__(self, reader: apsw.Connection, writing: Writing) -> None:
        self._reader = reader
        self._writing = writing

    async def add(self, used: Sequence[Used]) -> None:
        rows = [(one.day, one.what, one.who, one.count) for one in used]
        await self._writing(
            lambda connection: connection.executemany(
                """INSERT INTO usage (day, what, who, count) VALUES (?, ?, ?, ?)
                ON CONFLICT (day, what, who) DO UPDATE SET count = count + excluded.count""",
                rows,
            )
        )

    async def all(self) -> list[Used]:
        return [Used(*row) for row in self._reader.execute("SELECT day, what, who, count FROM usage")]
