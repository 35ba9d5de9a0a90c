"""Accounts, their passwords and providers, organisations and single-use links, in the platform's file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import apsw
import msgspec

from madang.errors import AlreadyExists, NotFound
from madang.store.platform import Account, Errand, Link, Organisation
from madang.store.sqlite.platform.file import PlatformFile

_ACCOUNT: Final = """SELECT number, login, name, roles, tenants,
    (SELECT json_group_array(organisation) FROM membership m WHERE m.account = a.number),
    active, created, signed_in FROM account a"""


class SqliteAccounts:
    """Implements `store.platform.Accounts`."""

    def __init__(self, file: PlatformFile) -> None:
        self._file = file

    async def add(self, account: Account) -> Account:
        return await self._file.write(lambda connection: _add(connection, account, ""))

    async def get(self, number: int) -> Account | None:
        return get(self._file.reader, number)

    async def by_login(self, login: str) -> Account | None:
        row = self._file.reader.execute(f"{_ACCOUNT} WHERE login = ?", (login,)).fetchone()
        return _account(row) if row else None

    async def page(self, after: int, limit: int) -> list[Account]:
        rows = self._file.reader.execute(
            f"{_ACCOUNT} WHERE number > ? ORDER BY number LIMIT ?", (after, limit)
        )
        return [_account(row) for row in rows]

    async def change(self, number: int, change: Callable[[Account], Account]) -> Account:
        def work(connection: apsw.Connection) -> Account:
            before = get(connection, number)
            if before is None:
                raise NotFound(f"There is no account {number}")
            after = msgspec.structs.replace(change(before), number=number)
            _refuse_taken(connection, after)
            connection.execute(
                "UPDATE account SET login = ?, name = ?, roles = ?, tenants = ?, active = ? WHERE number = ?",
                (after.login, after.name, listed(after.roles), listed(after.tenants), after.active, number),
            )
            _set_organisations(connection, after)
            return after

        return await self._file.write(work)

    async def password(self, number: int) -> str:
        return str(
            self._file.reader.execute("SELECT password FROM account WHERE number = ?", (number,)).get or ""
        )

    async def set_password(self, number: int, hashed: str) -> None:
        await self._file.write(lambda connection: _set_password(connection, number, hashed))

    async def hash_anew(self, number: int, former: str, hashed: str) -> None:
        await self._file.write(
            lambda connection: connection.execute(
                "UPDATE account SET password = ? WHERE number = ? AND password = ?", (hashed, number, former)
            )
        )

    async def provider_account(self, issuer: str, subject: str) -> int:
        found = self._file.reader.execute(
            "SELECT account FROM provided WHERE issuer = ? AND subject = ?", (issuer, subject)
        ).get
        return int(found or 0)

    async def providers(self, number: int) -> list[str]:
        rows = self._file.reader.execute(
            "SELECT issuer FROM provided WHERE account = ? ORDER BY issuer", (number,)
        )
        return [issuer for (issuer,) in rows]

    async def join_provider(self, number: int, issuer: str, subject: str) -> None:
        def work(connection: apsw.Connection) -> None:
            connection.execute("INSERT OR IGNORE INTO provided VALUES (?, ?, ?)", (issuer, subject, number))
            if not connection.changes():
                raise AlreadyExists("This person of the sign-in provider has another account here already")

        await self._file.write(work)

    async def leave_provider(self, number: int, issuer: str) -> None:
        await self._file.write(
            lambda connection: connection.execute(
                "DELETE FROM provided WHERE account = ? AND issuer = ?", (number, issuer)
            )
        )

    async def organisations(self) -> list[Organisation]:
        rows = self._file.reader.execute("SELECT id, name FROM organisation ORDER BY name, id")
        return [Organisation(*row) for row in rows]

    async def put_organisation(self, organisation: Organisation) -> None:
        values = organisation.id, organisation.name
        await self._file.write(
            lambda connection: connection.execute("INSERT OR REPLACE INTO organisation VALUES (?, ?)", values)
        )

    async def remove_organisation(self, organisation_id: str) -> None:
        def work(connection: apsw.Connection) -> None:
            connection.execute("DELETE FROM organisation WHERE id = ?", (organisation_id,))
            connection.execute("DELETE FROM membership WHERE organisation = ?", (organisation_id,))

        await self._file.write(work)


class SqliteLinks:
    """Implements `store.platform.Links`."""

    def __init__(self, file: PlatformFile) -> None:
        self._file = file

    async def add(self, digest: bytes, link: Link) -> None:
        def work(connection: apsw.Connection) -> None:
            connection.execute(
                "DELETE FROM link WHERE errand = ? AND account = ?", (link.errand.value, link.account)
            )
            values = digest, link.errand.value, link.account, link.expires
            connection.execute("INSERT INTO link VALUES (?, ?, ?, ?)", values)

        await self._file.write(work)

    async def get(self, digest: bytes) -> Link | None:
        return _link(self._file.reader, digest)

    async def redeem_first(self, digest: bytes, account: Account, hashed: str) -> Account:
        def work(connection: apsw.Connection) -> Account:
            link = _take(connection, digest)
            if (
                link.errand is not Errand.FIRST
                or connection.execute("SELECT EXISTS (SELECT 1 FROM account)").get
            ):
                raise _used()
            return _add(connection, account, hashed)

        return await self._file.write(work)

    async def redeem(self, digest: bytes, hashed: str) -> Account:
        def work(connection: apsw.Connection) -> Account:
            link = _take(connection, digest)
            account = get(connection, link.account)
            if link.errand is Errand.FIRST or account is None:
                raise _used()
            _set_password(connection, link.account, hashed)
            return account

        return await self._file.write(work)


def get(connection: apsw.Connection, number: int) -> Account | None:
    row = connection.execute(f"{_ACCOUNT} WHERE number = ?", (number,)).fetchone()
    return _account(row) if row else None


def listed(values: tuple[str, ...] | None) -> str | None:
    """As it is kept: JSON, NULL for everything."""
    return None if values is None else msgspec.json.encode(values).decode()


def unlisted(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else msgspec.json.decode(text, type=tuple[str, ...])


def _add(connection: apsw.Connection, account: Account, hashed: str) -> Account:
    _refuse_taken(connection, account)
    roles, tenants = listed(account.roles), listed(account.tenants)
    connection.execute(
        """INSERT INTO account (login, name, roles, tenants, active, created, password)
        VALUES (?, ?, ?, ?, ?, ?, ?)""",
        (account.login, account.name, roles, tenants, account.active, account.created, hashed),
    )
    added = msgspec.structs.replace(account, number=connection.last_insert_rowid())
    _set_organisations(connection, added)
    return added


def _refuse_taken(connection: apsw.Connection, account: Account) -> None:
    taken = "SELECT EXISTS (SELECT 1 FROM account WHERE login = ? AND number <> ?)"
    if connection.execute(taken, (account.login, account.number)).get:
        raise AlreadyExists(
            f"Somebody signs in as {account.login} already; choose another name", detail="taken"
        )


def _set_organisations(connection: apsw.Connection, account: Account) -> None:
    connection.execute("DELETE FROM membership WHERE account = ?", (account.number,))
    connection.executemany(
        "INSERT OR IGNORE INTO membership VALUES (?, ?)",
        [(account.number, organisation) for organisation in account.organisations],
    )


def _set_password(connection: apsw.Connection, number: int, hashed: str) -> None:
    connection.execute("UPDATE account SET password = ? WHERE number = ?", (hashed, number))
    if not connection.changes():
        raise NotFound(f"There is no account {number}")
    connection.execute("DELETE FROM session WHERE account = ?", (number,))
    connection.execute("DELETE FROM link WHERE account = ?", (number,))


def _take(connection: apsw.Connection, digest: bytes) -> Link:
    link = _link(connection, digest)
    if link is None:
        raise _used()
    connection.execute("DELETE FROM link WHERE digest = ?", (digest,))
    return link


def _used() -> NotFound:
    return NotFound("This link does not work any longer; ask for another one")


def _link(connection: apsw.Connection, digest: bytes) -> Link | None:
    row = connection.execute(
        "SELECT errand, account, expires FROM link WHERE digest = ?", (digest,)
    ).fetchone()
    return Link(Errand(row[0]), row[1], row[2]) if row else None


def _account(row: tuple[Any, ...]) -> Account:
    number, login, name, roles, tenants, organisations, active, created, signed_in = row
    return Account(
        *(number, login, name, unlisted(roles) or (), unlisted(tenants)),
        *(unlisted(organisations) or (), bool(active), created, signed_in),
    )
