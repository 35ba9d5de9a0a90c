"""Keys by which what is personal in a backup can be opened. Without its key it is gone, wherever copies of it lie.

Every protected entity has a key of its own, and the tenant one for what may be anybody's (`COMMON`): notifications on
their way, rejected rows. Keys are never part of a backup. Erasing a person destroys their keys and renews the common one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import msgspec

COMMON: Final = ""


class Key(msgspec.Struct, frozen=True):
    """handle: its name in a backup, random. secret: 256 bits."""

    handle: bytes
    secret: bytes


class Keys(Protocol):
    def take(self, tenant: str, names: Sequence[str]) -> dict[str, Key]:
        """The keys of these entities (ids) or of `COMMON`; those that they lack are made."""
        ...

    def find(self, handles: Iterable[bytes]) -> dict[bytes, Key]:
        """By handle, those that there still are."""
        ...

    def destroy(self, tenant: str, names: Sequence[str]) -> int:
        """Those of these entities, and the common one. How many there were."""
        ...
