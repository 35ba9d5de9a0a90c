"""Which combinations of types the entities of a file have, and how many entities have each.

There are few of them, also where there are many entities, so what a caller may see by the types alone is decided once
for each (`row_sight.py`). A combination is the text of an entity's types, see `codec`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import apsw

_ALL: Final = "SELECT types, n FROM combination WHERE n > 0"
_ADD: Final = "INSERT INTO combination VALUES (?, ?) ON CONFLICT (types) DO UPDATE SET n = n + excluded.n"


class Combinations:
    """Those that a file has, and perhaps some that it no longer has. version: another one once there is a new one.

    A new one is known before the commit that brings it can be read."""

    __slots__ = ("_counts", "version")

    def __init__(self, connection: apsw.Connection) -> None:
        self.version = 0
        self.reload(connection)

    def reload(self, connection: apsw.Connection) -> None:
        """Read them from the file: at the start, and after a rollback."""
        self._counts: dict[str, int] = dict(connection.execute(_ALL))
        self.version += 1

    def __iter__(self) -> Iterator[str]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)

    def count(self, types: str) -> int:
        return self._counts.get(types, 0)

    def add(self, changes: Mapping[str, int], connection: apsw.Connection) -> None:
        """Count so many more, or fewer, in the running transaction."""
        changed = [(types, n) for types, n in changes.items() if n]
        if not changed:
            return
        connection.executemany(_ADD, changed)
        for types, n in changed:
            if types in self._counts:
                self._counts[types] += n
            else:
                self._counts[types] = n
                self.version += 1
