"""Applications of partners, their secrets and tokens, in the platform's file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import apsw
import msgspec

from madang.errors import NotFound
from madang.store.platform import Client, Secret, Token
from madang.store.sqlite.platform.accounts import listed, unlisted
from madang.store.sqlite.platform.file import PlatformFile

_CLIENT: Final = """SELECT number, account, name, sandbox, organisation, roles, scopes, tenants, live, created, used,
    revoked FROM client"""
_SECRETS: Final = "SELECT number, client, live, hint, created, expires FROM client_secret"


class SqliteClients:
    """Implements `store.platform.Clients`."""

    def __init__(self, file: PlatformFile) -> None:
        self._file = file

    async def add(self, client: Client, sandbox: Callable[[int], str]) -> Client:
        def work(connection: apsw.Connection) -> Client:
            connection.execute(
                """INSERT INTO client (account, name, sandbox, organisation, roles, scopes, tenants, live, created)
                VALUES (?, ?, '', ?, ?, ?, ?, ?, ?)""",
                (client.account, client.name, *_granted(client), client.created),
            )
            number = connection.last_insert_rowid()
            added = msgspec.structs.replace(client, number=number, sandbox=sandbox(number))
            connection.execute("UPDATE client SET sandbox = ? WHERE number = ?", (added.sandbox, number))
            return added

        return await self._file.write(work)

    async def get(self, number: int) -> Client | None:
        return _get(self._file.reader, number)

    async def of(self, account: int) -> list[Client]:
        rows = self._file.reader.execute(
            f"{_CLIENT} WHERE account = ?1 OR ?1 = 0 ORDER BY revoked > 0, number DESC", (account,)
        )
        return [_client(row) for row in rows]

    async def change(self, number: int, change: Callable[[Client], Client]) -> Client:
        def work(connection: apsw.Connection) -> Client:
            before = _get(connection, number)
            if before is None:
                raise NotFound(f"There is no application {number}")
            after = change(before)
            connection.execute(
                """UPDATE client SET name = ?, organisation = ?, roles = ?, scopes = ?, tenants = ?, live = ?,
                revoked = ? WHERE number = ?""",
                (after.name, *_granted(after), after.revoked, number),
            )
            if after.revoked:
                connection.execute("DELETE FROM client_secret WHERE client = ?", (number,))
            if after.revoked or not after.live:
                connection.execute(
                    "DELETE FROM client_token WHERE client = ? AND (live OR ?)", (number, after.revoked > 0)
                )
            return after

        return await self._file.write(work)

    async def add_secret(self, digest: bytes, secret: Secret, former_until: int) -> Secret:
        def work(connection: apsw.Connection) -> Secret:
            connection.execute(
                "UPDATE client_secret SET expires = min(expires, ?) WHERE client = ? AND live = ?",
                (former_until, secret.client, secret.live),
            )
            connection.execute(
                """INSERT INTO client_secret (digest, client, live, hint, created, expires)
                VALUES (?, ?, ?, ?, ?, ?)""",
                (digest, *msgspec.structs.astuple(secret)[1:]),
            )
            return msgspec.structs.replace(secret, number=connection.last_insert_rowid())

        return await self._file.write(work)

    async def secrets(self, client: int) -> list[Secret]:
        rows = self._file.reader.execute(f"{_SECRETS} WHERE client = ? ORDER BY number DESC", (client,))
        return [_secret(row) for row in rows]

    async def secret(self, client: int, digest: bytes, moment: int) -> Secret | None:
        row = self._file.reader.execute(
            f"{_SECRETS} WHERE digest = ? AND client = ? AND expires > ?", (digest, client, moment)
        ).fetchone()
        return _secret(row) if row else None

    async def add_token(self, digest: bytes, token: Token) -> None:
        values = digest, token.client, token.live, token.expires
        await self._file.write(
            lambda connection: connection.execute("INSERT INTO client_token VALUES (?, ?, ?, ?)", values)
        )

    async def token(self, digest: bytes) -> Token | None:
        row = self._file.reader.execute(
            "SELECT client, live, expires FROM client_token WHERE digest = ?", (digest,)
        ).fetchone()
        return Token(row[0], bool(row[1]), row[2]) if row else None


def _get(connection: apsw.Connection, number: int) -> Client | None:
    row = connection.execute(f"{_CLIENT} WHERE number = ?", (number,)).fetchone()
    return _client(row) if row else None


def _granted(client: Client) -> tuple[Any, ...]:
    """organisation, roles, scopes, tenants and live, as they are kept."""
    return (
        *(client.organisation, listed(client.roles), listed(client.scopes)),
        *(listed(client.tenants), client.live),
    )


def _client(row: tuple[Any, ...]) -> Client:
    number, account, name, sandbox, organisation, roles, scopes, tenants, live, created, used, revoked = row
    return Client(
        *(number, account, name, sandbox, organisation, unlisted(roles) or (), unlisted(scopes)),
        *(unlisted(tenants) or (), bool(live), created, used, revoked),
    )


def _secret(row: tuple[Any, ...]) -> Secret:
    number, client, live, *rest = row
    return Secret(number, client, bool(live), *rest)
