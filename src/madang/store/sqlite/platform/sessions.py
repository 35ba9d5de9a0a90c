"""Sessions of browsers, in the platform's file."""

from __future__ import annotations

from typing import Any, Final

import apsw
import msgspec

from madang.store.platform import Session
from madang.store.sqlite.platform.file import PlatformFile

_SESSION: Final = "SELECT number, account, created, seen, made, expires, browser, method FROM session"


class SqliteSessions:
    """Implements `store.platform.Sessions`."""

    def __init__(self, file: PlatformFile) -> None:
        self._file = file

    async def add(self, digest: bytes, session: Session) -> Session:
        def work(connection: apsw.Connection) -> Session:
            connection.execute(
                """INSERT INTO session (digest, account, created, seen, made, expires, browser, method)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
                (digest, *msgspec.structs.astuple(session)[1:]),
            )
            number = connection.last_insert_rowid()
            connection.execute(
                "UPDATE account SET signed_in = ? WHERE number = ?", (session.created, session.account)
            )
            return msgspec.structs.replace(session, number=number)

        return await self._file.write(work)

    async def get(self, digest: bytes, moment: int) -> Session | None:
        row = self._file.reader.execute(f"{_SESSION} WHERE digest = ?", (digest,)).fetchone()
        if row is None:
            row = self._file.reader.execute(
                f"{_SESSION} WHERE former = ? AND former_until > ?", (digest, moment)
            ).fetchone()
        return Session(*row) if row else None

    async def of(self, account: int) -> list[Session]:
        rows = self._file.reader.execute(f"{_SESSION} WHERE account = ? ORDER BY seen DESC", (account,))
        return [Session(*row) for row in rows]

    async def renew(self, former: bytes, digest: bytes, made: int, former_until: int) -> bool:
        changed = await self._run(
            "UPDATE session SET former = digest, former_until = ?, digest = ?, made = ? WHERE digest = ?",
            (former_until, digest, made, former),
        )
        return changed > 0

    async def end(self, number: int, account: int) -> bool:
        return bool(
            await self._run("DELETE FROM session WHERE number = ? AND account = ?", (number, account))
        )

    async def end_all(self, account: int) -> int:
        return await self._run("DELETE FROM session WHERE account = ?", (account,))

    async def forget(self, moment: int) -> int:
        def work(connection: apsw.Connection) -> int:
            n = 0
            for statement in (
                "DELETE FROM session WHERE expires < ?",
                "DELETE FROM client_token WHERE expires < ?",
                "DELETE FROM client_secret WHERE expires < ?",
                "DELETE FROM key_secret WHERE expires < ?",
                "DELETE FROM link WHERE expires < ?",
            ):
                connection.execute(statement, (moment,))
                n += connection.changes()
            return n

        return await self._file.write(work)

    async def _run(self, statement: str, values: tuple[Any, ...]) -> int:
        """How many rows it changed."""

        def work(connection: apsw.Connection) -> int:
            connection.execute(statement, values)
            return connection.changes()

        return await self._file.write(work)
