"""Where sources are loaded: the hub, in whose name, and the process that reads files. Writing as the hub asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from madang.connect.reader import Reader
from madang.errors import Busy, MadangError
from madang.hub import batch
from madang.hub.hub import Hub
from madang.ngsild.changes import Change, Outcome
from madang.ngsild.entity import Entity
from madang.store.base import SourceMark, Sources
from madang.trust.access import Access

BUSY_SECONDS: Final = 0.05
_READS_PER_BREATH: Final = 32


class Site(msgspec.Struct, frozen=True):
    hub: Hub
    access: Access
    reader: Reader

    @property
    def sources(self) -> Sources:
        return self.hub.store(self.access, create=True).sources

    async def apply(
        self, changes: Sequence[Change], mark: SourceMark | None = None
    ) -> list[Outcome | MadangError]:
        """As `hub.batch.apply`, but patient: people's writes go first when the queue is full."""
        while True:
            try:
                return await batch.apply(self.hub, self.access, changes, mark)
            except Busy:
                await asyncio.sleep(BUSY_SECONDS)

    async def current(self, ids: Iterable[str]) -> dict[str, Entity | None]:
        """The entities as they are now; None for those that do not exist."""
        store = self.hub.store(self.access, create=True)
        found: dict[str, Entity | None] = {}
        for number, identifier in enumerate(ids):
            found[identifier] = await store.retrieve(identifier, self.access)
            if number % _READS_PER_BREATH == _READS_PER_BREATH - 1:
                await asyncio.sleep(0)
        return found
