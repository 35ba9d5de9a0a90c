"""Outcomes as files, one for each day: read, written and listed. A file is whole or is not there."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from madang.ecosystem.outcome import Outcome
from madang.errors import BadRequestData, NotFound
from madang.limits import LIMITS

_NAME: Final = re.compile(r"(\d{4}-\d{2}-\d{2})\.json")
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Outcome)


def read(path: str | Path) -> Outcome:
    """Raises NotFound, BadRequestData."""
    try:
        return decoded(Path(path).read_bytes(), str(path))
    except OSError as error:
        raise NotFound(f"There is no outcome at {path}") from error


def decoded(body: bytes, name: str) -> Outcome:
    """name: of what holds it, for the error. Raises BadRequestData for what is no outcome."""
    try:
        return _DECODER.decode(body)
    except msgspec.MsgspecError as error:
        raise BadRequestData(f"{name} is no outcome of an analysis: {error}") from error


def encoded(outcome: Outcome) -> bytes:
    return _ENCODER.encode(outcome)


def write(folder: Path, outcome: Outcome) -> Path:
    """Under the day (UTC) on which its data were read; a former one of the same day goes. The oldest go where there are too
    many."""
    folder.mkdir(parents=True, exist_ok=True)
    day = datetime.fromtimestamp(outcome.read / 1_000_000, UTC).date().isoformat()
    path, growing = folder / f"{day}.json", folder / f"{day}.json.new"
    with growing.open("wb") as file:
        file.write(encoded(outcome))
        file.flush()
        os.fsync(file.fileno())
    growing.replace(path)
    for old in days(folder)[LIMITS.outcomes_kept_max :]:
        (folder / f"{old}.json").unlink(missing_ok=True)
    return path


def days(folder: Path) -> list[str]:
    """Days of which an outcome is kept, the newest first."""
    if not folder.is_dir():
        return []
    found = [match[1] for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))]
    return sorted(found, reverse=True)
