"""Archives that would be more than a city's files ever are, once they are unpacked (zip bombs), are not unpacked."""

from __future__ import annotations

import zipfile
from pathlib import Path

from madang.errors import SourceFailed
from madang.settings import LIMITS


def require_bounded(path: Path) -> None:
    """Raises SourceFailed for a zip archive, a workbook among them, that says that it holds too much. What it says binds:
    of a member no more is read than that."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise SourceFailed(f"{path} is not a zip file that can be read: {error}") from error
    if unpacked > LIMITS.source_unpacked_bytes_max:
        raise SourceFailed(
            f"{path} would be {unpacked:,} bytes unpacked; at most {LIMITS.source_unpacked_bytes_max:,} are read. "
            "Split it, or leave out what the city does not need"
        )
