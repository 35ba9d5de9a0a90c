"""How a measure of a strategy stands: whether it runs, is done, or is late, out of its status, its days and its progress."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from madang.ecosystem.record import Thing

_DAY: Final = 86_400_000_000
# How far progress may lag behind the time that has passed, before a measure is late
_SLACK: Final = 0.25


class State(StrEnum):
    """LATE: it should have ended, or begun, or be further. ABSENT: there is no such measure, but it would fit."""

    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    LATE = "late"
    ABSENT = "absent"


def progress_of(measure: Thing) -> float | None:
    """Part of it that is done."""
    said = measure.number("progress")
    return None if said is None else min(1.0, max(0.0, said / 100))


def state_of(measure: Thing, today: int) -> State | None:
    """None where neither its status nor its days nor its progress tell. today: days since 1970."""
    status, progress = measure.text("status"), progress_of(measure)
    begin, end = _day(measure, "startDate"), _day(measure, "endDate")
    if status in ("completed", "closed") or progress == 1.0:
        return State.DONE
    if end is not None and end < today:
        return State.LATE
    if begin is not None and begin > today:
        return State.PLANNED
    if status == "planned":
        return State.PLANNED if begin is None else State.LATE
    if begin is not None and end is not None and progress is not None and end > begin:
        return State.LATE if (today - begin) / (end - begin) - progress > _SLACK else State.RUNNING
    return State.RUNNING if status or begin is not None or progress is not None else None


def _day(measure: Thing, attribute: str) -> int | None:
    moment = measure.number(attribute)
    return None if moment is None else int(moment // _DAY)
