"""Work that is done every hour, or more often, beside all else, whatever went wrong the time before."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

_LOG: Final = logging.getLogger(__name__)
_PAUSE_SECONDS: Final = 3600.0


def hourly(
    name: str, work: Callable[[], Awaitable[object]], first_seconds: float
) -> AbstractAsyncContextManager[None]:
    """Do the work every hour as long as this is open. name: what the log calls it. first_seconds: until the first time."""
    return regularly(name, work, first_seconds, _PAUSE_SECONDS)


@asynccontextmanager
async def regularly(
    name: str, work: Callable[[], Awaitable[object]], first_seconds: float, pause_seconds: float
) -> AsyncIterator[None]:
    """As `hourly`, with another pause between one time and the next."""
    task = asyncio.create_task(_run(name, work, first_seconds, pause_seconds), name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _run(
    name: str, work: Callable[[], Awaitable[object]], first_seconds: float, pause_seconds: float
) -> None:
    pause = first_seconds
    while True:
        await asyncio.sleep(pause)
        pause = pause_seconds
        try:
            await work()
        except Exception:  # noqa: BLE001 whatever it is, it must not end the work of later times
            _LOG.exception("%s: cut short; it is tried again in %d minutes", name, round(pause / 60))
