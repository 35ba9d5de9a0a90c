"""Work that is done every hour beside all else, whatever went wrong the hour before."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

_LOG: Final = logging.getLogger(__name__)
_PAUSE_SECONDS: Final = 3600.0


@asynccontextmanager
async def hourly(
    name: str, work: Callable[[], Awaitable[object]], first_seconds: float
) -> AsyncIterator[None]:
    """Do the work as long as this is open. name: what the log calls it. first_seconds: until the first time."""
    task = asyncio.create_task(_run(name, work, first_seconds), name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _run(name: str, work: Callable[[], Awaitable[object]], first_seconds: float) -> None:
    pause = first_seconds
    while True:
        await asyncio.sleep(pause)
        pause = _PAUSE_SECONDS
        try:
            await work()
        except Exception:  # noqa: BLE001 whatever it is, it must not end the work of later hours
            _LOG.exception("%s: cut short; it is tried again in an hour", name)
