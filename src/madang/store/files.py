"""What can be done with a tenant's store as a file: copied while it is written to, checked, examined and repaired; and
its chain of events read and checked.

Commands use this, each in a process of its own beside the one that serves. As `base.py` it names no database.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import msgspec

from madang.store.audit import Chain

# Told now and then how much is done: of all, both in the unit of whoever tells
Report = Callable[[int, int], None]


class StoreFacts(msgspec.Struct, frozen=True):
    """What a store's file holds. tables: number of its tables' version. sequence: of the last change."""

    tables: int
    entities: int
    sequence: int


class Finding(msgspec.Struct, frozen=True):
    """Something that is not as it should be. place: the file or folder. repaired: it is right again."""

    place: str
    fault: str
    remedy: str
    repaired: bool = False


class Unsealed(msgspec.Struct, frozen=True):
    """What came of opening what is personal in a backup: how many entities, and how many whose keys are gone."""

    opened: int
    lost: int


class StoreFiles(Protocol):
    def copy(self, source: Path, target: Path, report: Report) -> StoreFacts:
        """A consistent copy, checked; whoever writes to the source is not held up. Raises StoreBroken."""
        ...

    def seal(self, source: Path, copy: Path, keys: Path) -> int:
        """Seal what is personal in a copy of a store under the keys of that file; how many entities that were.

        Raises StoreBroken, and BackupUnusable where something was erased meanwhile."""
        ...

    def unseal(self, path: Path, keys: Path) -> Unsealed:
        """Put back what can be opened, in a file that nobody else uses. Raises StoreBroken."""
        ...

    def check(self, path: Path) -> StoreFacts:
        """Whether this version can use the file. Raises StoreBroken."""
        ...

    def chain(self, path: Path) -> AbstractContextManager[Chain]:
        """The chain of events in the file, a tenant's or the platform's, to read and check. Raises StoreBroken."""
        ...

    def examine(self, path: Path, *, repair: bool, report: Report) -> list[Finding]:
        """Compare everything in the file with everything that depends on it. repair: nobody else may have it open."""
        ...
