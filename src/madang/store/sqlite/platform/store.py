"""The platform's store: the parts that keep something in its file, and the life of the file."""

from __future__ import annotations

from pathlib import Path

import apsw

from madang.store.audit import Chain
from madang.store.platform import Accounts, Clients, Keys, Links, Sessions, Uses
from madang.store.policies import PolicyStore
from madang.store.sqlite.audit import SqliteChain
from madang.store.sqlite.platform.accounts import SqliteAccounts, SqliteLinks
from madang.store.sqlite.platform.clients import SqliteClients
from madang.store.sqlite.platform.file import PlatformFile
from madang.store.sqlite.platform.keys import SqliteKeys
from madang.store.sqlite.platform.policies import SqlitePolicies
from madang.store.sqlite.platform.sessions import SqliteSessions


class SqlitePlatform:
    """Implements `store.platform.Platform`. Made inside a running event loop; `close` it. Raises StoreBroken."""

    def __init__(self, path: Path) -> None:
        self.file = PlatformFile(path)
        self.accounts: Accounts = SqliteAccounts(self.file)
        self.links: Links = SqliteLinks(self.file)
        self.sessions: Sessions = SqliteSessions(self.file)
        self.keys: Keys = SqliteKeys(self.file)
        self.clients: Clients = SqliteClients(self.file)
        self.policies: PolicyStore = SqlitePolicies(self.file)
        self.audit: Chain = SqliteChain(self.file.reader, self.file.write)

    @property
    def writes(self) -> int:
        return self.file.writes

    def version(self) -> int:
        return int(self.file.reader.pragma("data_version"))

    async def note(self, uses: Uses) -> None:
        def work(connection: apsw.Connection) -> None:
            for table, column, found in (
                ("session", "seen", uses.sessions),
                ("key", "used", uses.keys),
                ("client", "used", uses.clients),
            ):
                connection.executemany(
                    f"UPDATE {table} SET {column} = ?2 WHERE number = ?1",  # noqa: S608 names of ours
                    list(found.items()),
                )

        await self.file.write(work)

    async def compact(self) -> None:
        await self.file.compact()

    async def close(self) -> None:
        await self.file.close()
