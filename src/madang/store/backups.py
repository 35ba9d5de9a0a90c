"""Backups of a home: a folder with a copy of every store, the files beside them, and a manifest with their digests.

A backup becomes one by a rename when all of it is on disk, and a restore takes its place in the home by renames that
can be begun anew (docs/decisions): neither is ever seen half done, however the process ends.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from madang import __version__
from madang.clock import Clock
from madang.errors import BackupUnusable, HomeLocked
from madang.home import Home
from madang.store.files import Finding, StoreFiles

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
STAGED: Final = "restore"
_STAGING: Final = "restore.partial"
_SWAPPED: Final = "restore.done"
_KEPT: Final = "before-restore-{}"
_SUFFIX: Final = ".sqlite3"
_CHUNK_BYTES: Final = 4 * 1024**2
# Folders of a home that a backup holds whole
_FOLDERS: Final = ("tenants", "quarantine", "tables", "files")

# Told what is being done, and how much of how much of it, in bytes or pages
Progress = Callable[[str, int, int], None]


class Entry(msgspec.Struct, frozen=True):
    """One file. path: below the backup, with slashes. sha256: hexadecimal."""

    path: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds. began, ended: microseconds UTC. entities, sequences: by tenant ("default" for that one).

    sealed: entities about persons, which only the keys of the home open. lost: of a restored one, those whose keys are
    gone."""

    format: int
    madang: str
    began: int
    ended: int
    entities: dict[str, int]
    sequences: dict[str, int]
    files: tuple[Entry, ...]
    sealed: int = 0
    lost: int = 0

    @property
    def bytes(self) -> int:
        return sum(entry.bytes for entry in self.files)


def back_up(home: Home, destination: Path, stores: StoreFiles, clock: Clock, tell: Progress) -> Manifest:
    """Copy the home, which may be in use, into a new folder. Raises BackupUnusable, StoreBroken."""
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise BackupUnusable(f"{destination} is there already; name a new folder for the backup")
    databases = sorted(home.tenants.glob(f"*{_SUFFIX}"))
    if not databases:
        raise BackupUnusable(f"There is no store in {home.path}; choose the home folder with --home")
    needed = sum(path.stat().st_size for path in databases)
    making = destination.with_name(destination.name + ".partial")
    with _ours(making):
        _require_room(making, needed)
        began = clock.now()
        entities, sequences = {}, {}
        (making / "tenants").mkdir()
        sealed = 0
        for path in databases:
            copy = making / "tenants" / path.name
            held = stores.copy(path, copy, partial(tell, path.stem))
            entities[path.stem], sequences[path.stem] = held.entities, held.sequence
            sealed += stores.seal(path, copy, home.keys_file)
        for folder in _FOLDERS[1:]:
            _copy_files(home.path / folder, making / folder, partial(tell, folder))
        files = tuple(_entries(making, partial(tell, "digests")))
        manifest = Manifest(FORMAT, __version__, began, clock.now(), entities, sequences, files, sealed)
        _write(making / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
        if destination.exists():
            destination.rmdir()
        making.rename(destination)
        _sync_folder(destination.parent)
    return manifest


def read_manifest(backup: Path) -> Manifest:
    """Raises BackupUnusable."""
    try:
        manifest = msgspec.json.decode((backup / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        raise BackupUnusable(
            f"{backup} is no backup: its {MANIFEST} cannot be read; name the folder that `madang backup` made"
        ) from error
    if manifest.format != FORMAT:
        raise BackupUnusable(
            f"{backup} was made by Madang {manifest.madang} in a format that this version does not know"
        )
    return manifest


def stage(home: Home, backup: Path, stores: StoreFiles, tell: Progress) -> Manifest:
    """Copy a backup into the home beside what is there, and check every byte of it. `swap_in` makes it the home's.

    Raises BackupUnusable, StoreBroken."""
    manifest = read_manifest(backup)
    home.create()
    staging = home.path / _STAGING
    with _ours(staging):
        _require_room(staging, manifest.bytes)
        for folder in _FOLDERS:
            (staging / folder).mkdir()
        done = 0
        for entry in manifest.files:
            target = (staging / entry.path).resolve()
            if not target.is_relative_to(staging.resolve()):
                raise BackupUnusable(f"{backup} names {entry.path}, which is outside of it")
            target.parent.mkdir(parents=True, exist_ok=True)
            if _digest_of_copy(backup / entry.path, target) != entry.sha256:
                raise BackupUnusable(
                    f"{backup / entry.path} is not what was backed up; nothing was changed: use another backup"
                )
            done += entry.bytes
            tell("copying", done, manifest.bytes)
        lost = 0
        for path in sorted((staging / "tenants").glob(f"*{_SUFFIX}")):
            stores.check(path)
            lost += stores.unseal(path, home.keys_file).lost
        manifest = msgspec.structs.replace(manifest, lost=lost)
        _write(staging / MANIFEST, msgspec.json.encode(manifest))
        shutil.rmtree(home.path / STAGED, ignore_errors=True)
        staging.rename(home.path / STAGED)
        _sync_folder(home.path)
    return manifest


def staged(home: Home) -> bool:
    """Whether a restored backup waits to take the place of what is in the home."""
    return (home.path / STAGED / MANIFEST).exists()


def swap_in(home: Home) -> Path | None:
    """Put what is staged in the place of what is there; the folder where that is kept, None if there was nothing.

    The caller holds the home. What a killed process left half swapped is finished by the next call."""
    staging = home.path / STAGED
    manifest = read_manifest(staging)
    kept = home.path / _KEPT.format(manifest.ended)
    for name in _FOLDERS:
        new, old = staging / name, home.path / name
        if not new.exists():
            continue
        if old.exists() and ((kept / name).exists() or not any(old.iterdir())):
            # Nothing is lost: it is empty, or was made anew after a start that was cut short
            shutil.rmtree(old)
        elif old.exists():
            kept.mkdir(exist_ok=True)
            old.rename(kept / name)
        new.rename(old)
    _sync_folder(home.path)
    shutil.rmtree(home.path / _SWAPPED, ignore_errors=True)
    staging.rename(home.path / _SWAPPED)
    shutil.rmtree(home.path / _SWAPPED, ignore_errors=True)
    return kept if kept.exists() else None


def holds_something(home: Home) -> bool:
    """Whether there is a store in the home that a restore would replace."""
    return any(home.tenants.glob(f"*{_SUFFIX}"))


def former(home: Home) -> list[Path]:
    """What was in the home before backups were restored into it: kept whole, until somebody deletes it."""
    return sorted(home.path.glob(_KEPT.format("*")))


def strays(home: Home, *, repair: bool) -> list[Finding]:
    """Files that no store owns any more: logs without their store, and what a killed backup or restore left."""
    found = [
        path
        for suffix in ("-wal", "-shm")
        for path in home.tenants.glob(f"*{_SUFFIX}{suffix}")
        if not path.with_name(path.name.removesuffix(suffix)).exists()
    ]
    left = [home.path / name for name in (_STAGING, _SWAPPED) if (home.path / name).exists()]
    findings = []
    for path in (*found, *left):
        if repair:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        findings.append(
            Finding(str(path), "belongs to nothing", "`madang doctor --repair` removes it", repaired=repair)
        )
    return findings


@contextmanager
def _ours(folder: Path) -> Iterator[None]:
    """An empty folder that no other process fills, and that is gone in the end unless it was renamed."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder.with_name(folder.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeLocked(f"Another process is filling {folder}; wait for its end") from None
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_name(folder.name + ".lock").unlink(missing_ok=True)
        os.close(lock)


def _require_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BackupUnusable(
            f"{needed // 1024**2} MiB are to be copied, but the disk of {folder.parent} has {free // 1024**2} MiB left"
        )


def _copy_files(source: Path, target: Path, report: Callable[[int, int], None]) -> None:
    """Copy a folder's files; those that vanish meanwhile were temporary."""
    target.mkdir()
    paths = [path for path in sorted(source.rglob("*")) if path.is_file() and not path.is_symlink()]
    for n, path in enumerate(paths, 1):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            _copy(path, copy)
        except FileNotFoundError:
            copy.unlink(missing_ok=True)
        report(n, len(paths))


def _entries(folder: Path, report: Callable[[int, int], None]) -> Iterator[Entry]:
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for n, path in enumerate(paths, 1):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        yield Entry(path.relative_to(folder).as_posix(), path.stat().st_size, digest)
        report(n, len(paths))


def _copy(source: Path, target: Path) -> str:
    """Copy a file onto the disk; the SHA-256 of what was read."""
    digest = hashlib.sha256()
    with source.open("rb") as reading, target.open("wb") as writing:
        while chunk := reading.read(_CHUNK_BYTES):
            digest.update(chunk)
            writing.write(chunk)
        writing.flush()
        os.fsync(writing.fileno())
    return digest.hexdigest()


def _digest_of_copy(source: Path, target: Path) -> str:
    """As `_copy`; "" where the file is missing or cannot be read."""
    try:
        return _copy(source, target)
    except OSError:
        return ""


def _write(path: Path, body: bytes) -> None:
    with path.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
