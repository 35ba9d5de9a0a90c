"""A tenant's SQLite file as a file: implements `store.files.StoreFiles`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import apsw

from madang import vocabulary
from madang.errors import StoreBroken
from madang.store.audit import Chain
from madang.store.files import Finding, Report, StoreFacts, Unsealed
from madang.store.sqlite.audit import SqliteChain
from madang.store.sqlite.copying import check_store, copy_store, open_for_reading
from madang.store.sqlite.examine import Judge
from madang.store.sqlite.keys_file import SqliteKeys
from madang.store.sqlite.sealing import Sealing, seal, unseal
from madang.store.sqlite.store import Options

_HAS_AUDIT: Final = "SELECT 1 FROM sqlite_schema WHERE name = 'audit'"


class SqliteFiles:
    """options: gives those with which the platform opens its stores."""

    def __init__(self, options: Callable[[], Options]) -> None:
        self._options = options

    def copy(self, source: Path, target: Path, report: Report) -> StoreFacts:
        return copy_store(source, target, report)

    def seal(self, source: Path, copy: Path, keys: Path) -> int:
        return seal(source, copy, SqliteKeys(keys), self._sealing(copy))

    def unseal(self, path: Path, keys: Path) -> Unsealed:
        return unseal(path, SqliteKeys(keys), self._sealing(path))

    def _sealing(self, path: Path) -> Sealing:
        options = self._options()
        tenant = "" if path.stem == "default" else path.stem
        return Sealing(tenant, options.context, options.names, vocabulary.protected())

    def check(self, path: Path) -> StoreFacts:
        return check_store(path)

    @contextmanager
    def chain(self, path: Path) -> Iterator[Chain]:
        try:
            connection = open_for_reading(path)
            try:
                if not connection.execute(_HAS_AUDIT).get:
                    raise StoreBroken(
                        f"{path} is of an earlier version, which has no audit; start the platform once"
                    )
                yield SqliteChain(connection, _refuse)
            finally:
                connection.close()
        except apsw.Error as error:
            raise StoreBroken(f"{path} cannot be read: {error}") from error

    def examine(self, path: Path, *, repair: bool, report: Report) -> list[Finding]:
        options = self._options()
        return Judge(path, options.context, options.names).examine(repair=repair, report=report)


async def _refuse(_work: Callable[[apsw.Connection], Any]) -> None:
    raise StoreBroken("The audit was opened to be read only")
