"""How a source is doing, as values that a command line and a page can show."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum

import msgspec


class Stage(StrEnum):
    """REMOVED: with all its entities. UNCHANGED: nothing to read. STOPPED: asked to; it goes on from there next time. FAILED: `problem` says why."""

    READING = "reading"
    REMOVING = "removing"
    DONE = "done"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        return self not in (Stage.READING, Stage.REMOVING)


class Progress(msgspec.Struct, frozen=True):
    """share: of the source that is read, 0 to 1. rows: read. written, unchanged: rows that said something new, and
    rows that did not. rejected: rows in quarantine. removed: entities that went. seconds: since the start.
    """

    source: str
    stage: Stage
    share: float = 0.0
    rows: int = 0
    written: int = 0
    unchanged: int = 0
    rejected: int = 0
    removed: int = 0
    seconds: float = 0.0
    problem: str = ""


class Removal(msgspec.Struct, frozen=True):
    """Something is to go, and somebody should agree. source: of the entities. reason: in words.

    entities: how many. history: whether their history goes too.
    """

    source: str
    reason: str
    entities: int
    history: bool


Report = Callable[[Progress], None]
Consent = Callable[[Removal], Awaitable[bool]]


async def refuse(_removal: Removal) -> bool:
    """The consent of somebody who is not there."""
    return False


async def agree(_removal: Removal) -> bool:
    """The consent of somebody who has said yes to everything."""
    return True
