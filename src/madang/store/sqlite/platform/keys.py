"""Keys of programs and their secrets, in the platform's file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import apsw
import msgspec

from madang.errors import NotFound
from madang.store.platform import Key
from madang.store.sqlite.platform.accounts import listed, unlisted
from madang.store.sqlite.platform.file import PlatformFile

_KEY: Final = "SELECT number, account, name, scopes, tenants, hint, created, expires, used, revoked FROM key"


class SqliteKeys:
    """Implements `store.platform.Keys`."""

    def __init__(self, file: PlatformFile) -> None:
        self._file = file

    async def add(self, digest: bytes, key: Key) -> Key:
        def work(connection: apsw.Connection) -> Key:
            connection.execute(
                """INSERT INTO key (account, name, scopes, tenants, hint, created, expires)
                VALUES (?, ?, ?, ?, ?, ?, ?)""",
                (
                    *(key.account, key.name, listed(key.scopes), listed(key.tenants)),
                    *(key.hint, key.created, key.expires),
                ),
            )
            number = connection.last_insert_rowid()
            connection.execute("INSERT INTO key_secret VALUES (?, ?, ?)", (digest, number, key.expires))
            return msgspec.structs.replace(key, number=number)

        return await self._file.write(work)

    async def get(self, number: int) -> Key | None:
        return _get(self._file.reader, number)

    async def by_secret(self, digest: bytes, moment: int) -> tuple[Key, int] | None:
        row = self._file.reader.execute(
            "SELECT key, expires FROM key_secret WHERE digest = ? AND expires > ?", (digest, moment)
        ).fetchone()
        if row is None:
            return None
        number, until = row
        key = _get(self._file.reader, number)
        return None if key is None else (key, until)

    async def of(self, account: int) -> list[Key]:
        rows = self._file.reader.execute(
            f"{_KEY} WHERE account = ?1 OR ?1 = 0 ORDER BY revoked > 0, number DESC", (account,)
        )
        return [_key(row) for row in rows]

    async def change(self, number: int, change: Callable[[Key], Key]) -> Key:
        return await self._file.write(lambda connection: _change(connection, number, change))

    async def rotate(
        self, number: int, digest: bytes, former_until: int, change: Callable[[Key], Key]
    ) -> Key:
        def work(connection: apsw.Connection) -> Key:
            after = _change(connection, number, change)
            connection.execute(
                "UPDATE key_secret SET expires = min(expires, ?) WHERE key = ?", (former_until, number)
            )
            connection.execute("INSERT INTO key_secret VALUES (?, ?, ?)", (digest, number, after.expires))
            return after

        return await self._file.write(work)


def _get(connection: apsw.Connection, number: int) -> Key | None:
    row = connection.execute(f"{_KEY} WHERE number = ?", (number,)).fetchone()
    return _key(row) if row else None


def _change(connection: apsw.Connection, number: int, change: Callable[[Key], Key]) -> Key:
    before = _get(connection, number)
    if before is None:
        raise NotFound(f"There is no key {number}")
    after = change(before)
    connection.execute(
        """UPDATE key SET name = ?, scopes = ?, tenants = ?, hint = ?, expires = ?, revoked = ?
        WHERE number = ?""",
        (
            *(after.name, listed(after.scopes), listed(after.tenants)),
            *(after.hint, after.expires, after.revoked, number),
        ),
    )
    if after.revoked:
        connection.execute("DELETE FROM key_secret WHERE key = ?", (number,))
    return after


def _key(row: tuple[Any, ...]) -> Key:
    number, account, name, scopes, tenants, *rest = row
    return Key(number, account, name, unlisted(scopes), unlisted(tenants), *rest)
