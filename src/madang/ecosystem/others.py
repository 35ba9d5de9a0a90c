"""Outcomes of other cities, which somebody brought to compare with: files beside the city's own, one for a city and a day."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

import msgspec

from madang.ecosystem import kept
from madang.ecosystem.outcome import Outcome
from madang.errors import BadRequestData, Conflict, NotFound
from madang.limits import LIMITS
from madang.ngsild.times import format_moment

_FOLDER: Final = "others"
# The year 2100, in microseconds
_READ_MAX: Final = 4_102_444_800_000_000
_CITY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.\d{4}-\d{2}-\d{2}")


class Other(msgspec.Struct, frozen=True):
    """key: names it. city: its identifier. day: on which its data were read."""

    key: str
    city: str
    day: str


def listed(folder: Path) -> list[Other]:
    """folder: of the city's own outcomes. By city, the newest first."""
    place = folder / _FOLDER
    if not place.is_dir():
        return []
    keys = [path.name.removesuffix(".json") for path in place.iterdir() if path.suffix == ".json"]
    found = [Other(key, *key.split(".")) for key in keys if _KEY.fullmatch(key)]
    found.sort(key=lambda one: one.day, reverse=True)
    return sorted(found, key=lambda one: one.city)


def read(folder: Path, key: str) -> Outcome:
    """Raises NotFound, BadRequestData."""
    return kept.read(_path(folder, key))


def add(folder: Path, body: bytes) -> Other:
    """Keep an outcome as another platform gives it; one of the same city and day goes. Raises BadRequestData, Conflict."""
    outcome = kept.decoded(body, "The file")
    if not _CITY.fullmatch(outcome.city) or not 0 < outcome.read < _READ_MAX:
        raise BadRequestData("The file is no outcome of an analysis: its city or its day cannot be read")
    day = format_moment(outcome.read)[:10]
    key = f"{outcome.city}.{day}"
    if len(listed(folder)) >= LIMITS.others_kept_max and not _path(folder, key).exists():
        raise Conflict(
            f"{LIMITS.others_kept_max} outcomes of other cities are kept, which is the most; remove one that is not used"
        )
    path = _path(folder, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    growing = path.with_suffix(".new")
    with growing.open("wb") as file:
        file.write(kept.encoded(outcome))
        file.flush()
        os.fsync(file.fileno())
    growing.replace(path)
    return Other(key, outcome.city, day)


def remove(folder: Path, key: str) -> None:
    """Raises NotFound."""
    try:
        _path(folder, key).unlink()
    except FileNotFoundError as error:
        raise NotFound(f"There is no outcome '{key}' of another city") from error


def _path(folder: Path, key: str) -> Path:
    if not _KEY.fullmatch(key):
        raise NotFound(f"There is no outcome '{key[:80]}' of another city")
    return folder / _FOLDER / f"{key}.json"
