"""Policies that were written while the city ran, and what is used of those that are counted, in the platform's file."""

from __future__ import annotations

from collections.abc import Iterable

import apsw
import msgspec

from madang.errors import StoreBroken
from madang.store.policies import Use, Written
from madang.store.sqlite.platform.file import PlatformFile
from madang.trust.policy import Policy


class SqlitePolicies:
    """Implements `store.policies.PolicyStore`."""

    def __init__(self, file: PlatformFile) -> None:
        self._file = file

    async def all(self) -> list[Written]:
        rows = self._file.reader.execute("SELECT id, document, changed, changed_by FROM policy ORDER BY id")
        return [Written(_policy(name, document), changed, by) for name, document, changed, by in rows]

    async def put(self, written: Written) -> None:
        row = (
            written.policy.id,
            msgspec.json.encode(written.policy).decode(),
            written.changed,
            written.changed_by,
        )

        def work(connection: apsw.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO policy VALUES (?, ?, ?, ?)", row)

        await self._file.write(work)

    async def remove(self, policy_id: str) -> bool:
        def work(connection: apsw.Connection) -> bool:
            connection.execute("DELETE FROM policy WHERE id = ?", (policy_id,))
            return connection.changes() > 0

        return await self._file.write(work)

    async def uses(self, day: int) -> list[Use]:
        rows = self._file.reader.execute(
            "SELECT policy, subject, day, count FROM policy_use WHERE day = ?", (day,)
        )
        return [Use(*row) for row in rows]

    async def note(self, uses: Iterable[Use]) -> None:
        rows = [(use.policy, use.subject, use.day, use.count) for use in uses]
        if not rows:
            return
        newest = max(day for _, _, day, _ in rows)

        def work(connection: apsw.Connection) -> None:
            connection.execute("DELETE FROM policy_use WHERE day < ?", (newest,))
            connection.executemany("INSERT OR REPLACE INTO policy_use VALUES (?, ?, ?, ?)", rows)

        await self._file.write(work)


def _policy(name: str, document: str) -> Policy:
    try:
        return msgspec.json.decode(document, type=Policy)
    except msgspec.DecodeError as error:
        raise StoreBroken(f"The policy {name} in the platform's store cannot be read: {error}") from error
