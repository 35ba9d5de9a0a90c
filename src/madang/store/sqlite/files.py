"""A tenant's SQLite file as a file: implements `store.files.StoreFiles`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from madang.store.files import Finding, Report, StoreFacts
from madang.store.sqlite.copying import check_store, copy_store
from madang.store.sqlite.examine import Judge
from madang.store.sqlite.store import Options


class SqliteFiles:
    """options: gives those with which the platform opens its stores."""

    def __init__(self, options: Callable[[], Options]) -> None:
        self._options = options

    def copy(self, source: Path, target: Path, report: Report) -> StoreFacts:
        return copy_store(source, target, report)

    def check(self, path: Path) -> StoreFacts:
        return check_store(path)

    def examine(self, path: Path, *, repair: bool, report: Report) -> list[Finding]:
        options = self._options()
        return Judge(path, options.context, options.names).examine(repair=repair, report=report)
