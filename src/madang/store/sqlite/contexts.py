"""The @contexts in a tenant's file: copies of others', those hosted for clients, those that the platform made.

Few rows, written through the store's one writer. A row's document is the JSON of its "@context".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import apsw

from madang.errors import Denied
from madang.settings import LIMITS
from madang.store.base import ContextKind, ContextUse, KeptContext

_COLUMNS: Final = "id, kind, {document}, url, created, expires, etag, used, hits"
_WITH_DOCUMENT: Final = _COLUMNS.format(document="document")
_WITHOUT: Final = _COLUMNS.format(document="x''")
_FIND: Final = f"SELECT {_WITH_DOCUMENT} FROM context WHERE id = ?1 OR (url = ?1 AND url <> '')"  # noqa: S608 constants
_ALL: Final = f"SELECT {_WITHOUT} FROM context WHERE ?1 IS NULL OR kind = ?1 ORDER BY number"  # noqa: S608 constants
_SAME: Final = "SELECT id FROM context WHERE id = ?1 OR (url = ?2 AND url <> '')"
_PUT: Final = """INSERT INTO context (id, kind, document, url, created, expires, etag, used, hits)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET document = excluded.document,
    created = excluded.created, expires = excluded.expires, etag = excluded.etag"""
_MAKE_ROOM: Final = """DELETE FROM context WHERE number IN (
    SELECT number FROM context WHERE expires > 0 ORDER BY max(used, created) DESC LIMIT -1 OFFSET ?)"""

Writing = Callable[[Callable[[apsw.Connection], Any]], Awaitable[Any]]


class SqliteContexts:
    """Implements `store.base.KeptContexts`. writing: runs a function inside a transaction of the store's writer."""

    def __init__(self, reader: apsw.Connection, writing: Writing) -> None:
        self._reader = reader
        self._writing = writing

    def find(self, id_or_url: str) -> KeptContext | None:
        row = self._reader.execute(_FIND, (id_or_url,)).fetchone()
        return _kept(row) if row is not None else None

    def all(self, kind: ContextKind | None) -> list[KeptContext]:
        rows = self._reader.execute(_ALL, (kind.value if kind is not None else None,)).fetchall()
        return [_kept(row) for row in rows]

    async def put(self, context: KeptContext) -> None:
        if not context.expires and self.find(context.id) is None:
            lasting = self._reader.execute("SELECT count(*) FROM context WHERE expires = 0").get
            if int(lasting) >= LIMITS.hosted_contexts_max:
                raise Denied(
                    f"{lasting} @contexts are hosted for this tenant, the most there may be; delete some of them"
                )
        await self._writing(lambda connection: _put(connection, context))

    async def remove(self, context_id: str) -> bool:
        removed: list[int] = []

        def work(connection: apsw.Connection) -> None:
            connection.execute("DELETE FROM context WHERE id = ?", (context_id,))
            removed.append(connection.changes())

        await self._writing(work)
        return bool(removed[0])

    async def note(self, uses: Sequence[ContextUse]) -> None:
        rows = [(use.hits, use.used, use.id) for use in uses]
        await self._writing(
            lambda connection: connection.executemany(
                "UPDATE context SET hits = hits + ?, used = max(used, ?) WHERE id = ?", rows
            )
        )


def _put(connection: apsw.Connection, context: KeptContext) -> None:
    """A copy that was downloaded anew keeps the identifier under which clients know it."""
    same = connection.execute(_SAME, (context.id, context.url)).fetchone()
    identifier = same[0] if same is not None else context.id
    connection.execute(
        _PUT,
        (
            identifier,
            context.kind.value,
            context.document,
            context.url,
            context.created,
            context.expires,
            context.etag,
            context.used,
            context.hits,
        ),
    )
    connection.execute(_MAKE_ROOM, (LIMITS.kept_contexts_max,))


def _kept(row: tuple[Any, ...]) -> KeptContext:
    identifier, kind, document, url, created, expires, etag, used, hits = row
    return KeptContext(identifier, ContextKind(kind), document, url, created, expires, etag, used, hits)
