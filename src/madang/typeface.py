"""The typeface of pages and files, Pretendard, as the web build puts it into the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

from madang.errors import ProgramFailed

_FOLDER: Final = Path(str(files("madang.web") / "static" / "build" / "fonts"))


def folder() -> Path:
    """Where its files lie. Raises ProgramFailed where the web build has not been made."""
    if not _FOLDER.is_dir():
        raise ProgramFailed("The typeface of reports is not there; run `make setup`, which builds the pages")
    return _FOLDER
