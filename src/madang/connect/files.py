"""The files of a source: which they are, and a fingerprint that says whether they, or their mapping, changed."""

from __future__ import annotations

import glob
import hashlib
import os
from pathlib import Path
from typing import Any, Final

import msgspec

from madang.connect.source import Source
from madang.errors import SourceFailed
from madang.settings import LIMITS

_CHUNK_BYTES: Final = 1024 * 1024


class FileMark(msgspec.Struct, frozen=True, array_like=True):
    """One file as it was: size and digest say its content, the time of change saves reading it."""

    path: str
    size: int
    changed_ns: int
    digest: str


class Fingerprint(msgspec.Struct, frozen=True):
    """mapping: digest of all that the city file says of the source. files: in order."""

    mapping: str
    files: tuple[FileMark, ...]

    def text(self) -> str:
        return msgspec.json.encode(self).decode()

    def same_content(self, other: Fingerprint) -> bool:
        """Whether reading would give the same: times of change do not matter."""
        return self.mapping == other.mapping and [
            (mark.path, mark.size, mark.digest) for mark in self.files
        ] == [(mark.path, mark.size, mark.digest) for mark in other.files]


def parse_fingerprint(text: str) -> Fingerprint | None:
    """None for text that is none, such as that of an older version."""
    try:
        return msgspec.json.decode(text, type=Fingerprint)
    except msgspec.MsgspecError:
        return None


def files_at(location: str) -> list[Path]:
    """The files that a location names, sorted by name. Raises SourceFailed if there is none."""
    if glob.has_magic(location):
        found = sorted(Path(name) for name in glob.iglob(location, recursive=True) if Path(name).is_file())  # noqa: PTH207 -- the pattern is an absolute path as a whole
        if not found:
            raise SourceFailed(f"No file matches {location}; check the folder and the pattern")
        if len(found) > LIMITS.source_files_max:
            raise SourceFailed(
                f"{location} matches {len(found)} files, but a source may have {LIMITS.source_files_max}"
            )
        return found
    path = Path(location)
    if path.is_dir():
        raise SourceFailed(
            f"{location} is a folder; name a file in it, or a pattern such as {location}/*.csv"
        )
    if not path.is_file():
        raise SourceFailed(f"The file {location} does not exist")
    return [path]


def name_in(location: str, path: Path) -> str:
    """The path of one of the source's files, without the part that `location` fixes: it outlives a move."""
    fixed = location
    while glob.has_magic(fixed):
        fixed = os.path.dirname(fixed)  # noqa: PTH120 -- a pattern is text, not a path
    return os.path.relpath(path, fixed) if fixed != location else path.name


def mapping_digest(source: Source, surroundings: Any) -> str:
    """Changes with whatever a city file says that changes entities; not with names and licences."""
    said = (source.connector, source.options, source.entities, surroundings)
    return hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()


def looks_unchanged(former: Fingerprint, mapping: str, files: list[Path]) -> bool:
    """Whether sizes and times of change say that nothing changed. Reads no content."""
    if former.mapping != mapping or [mark.path for mark in former.files] != [str(path) for path in files]:
        return False
    return all(_unchanged(mark, path) for mark, path in zip(former.files, files, strict=True))


def take_fingerprint(former: Fingerprint | None, mapping: str, files: list[Path]) -> Fingerprint:
    """The fingerprint now. Content is read only of files whose size or time of change differ from the former one.

    If the content is the same after all, this is the former fingerprint. Raises SourceFailed.
    """
    known = {mark.path: mark for mark in former.files} if former is not None else {}
    try:
        taken = Fingerprint(mapping, tuple(_mark(path, known.get(str(path))) for path in files))
    except OSError as error:
        raise SourceFailed(f"{error.filename} cannot be read: {error.strerror}") from error
    return former if former is not None and former.same_content(taken) else taken


def _unchanged(mark: FileMark, path: Path) -> bool:
    try:
        stat = path.stat()
    except OSError:
        return False
    return stat.st_size == mark.size and stat.st_mtime_ns == mark.changed_ns


def _mark(path: Path, known: FileMark | None) -> FileMark:
    if known is not None and _unchanged(known, path):
        return known
    stat = path.stat()
    state = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            state.update(chunk)
    return FileMark(str(path), stat.st_size, stat.st_mtime_ns, state.hexdigest())
