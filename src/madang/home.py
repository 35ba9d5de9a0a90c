"""The home folder: what lies where, and the lock that lets one process at a time use it.

The lock is the kernel's (flock), so it goes with the process that holds it, however that process ends. What
the files hold is the business of whoever opens them.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from madang.errors import HomeLocked, SettingInvalid


class Home(msgspec.Struct, frozen=True):
    """Paths below one home folder. `create` makes the folders."""

    path: Path

    @property
    def lock_file(self) -> Path:
        return self.path / "lock"

    @property
    def platform_file(self) -> Path:
        return self.path / "platform.sqlite3"

    @property
    def keys_file(self) -> Path:
        """What opens the personal data in backups; itself never part of one."""
        return self.path / "keys.sqlite3"

    @property
    def tenants(self) -> Path:
        return self.path / "tenants"

    @property
    def quarantine(self) -> Path:
        return self.path / "quarantine"

    @property
    def tables(self) -> Path:
        return self.path / "tables"

    @property
    def files(self) -> Path:
        return self.path / "files"

    @property
    def outcomes(self) -> Path:
        """Outcomes of the analyses of the ecosystem, a folder for each tenant."""
        return self.files / "ecosystem"

    def create(self) -> None:
        """Make the folders that are missing. Raises SettingInvalid if that cannot be."""
        try:
            for folder in (self.path, self.tenants, self.quarantine, self.tables, self.files):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingInvalid(
                f"The home folder {self.path} cannot be made ({error.strerror}); choose another with --home"
            ) from error


class Holder(msgspec.Struct, frozen=True):
    """Who holds a home, as its lock file says: for the message of the one that is refused."""

    pid: int
    address: str


@contextmanager
def held(home: Home) -> Iterator[Callable[[str], None]]:
    """Hold the home for as long as the block runs; the block may announce the address where it serves.

    Raises HomeLocked, naming the process that holds it and its address."""
    home.create()
    descriptor = os.open(home.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeLocked(refusal(home, os.pread(descriptor, 4096, 0))) from None

        def announce(address: str) -> None:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, msgspec.json.encode(Holder(os.getpid(), address)), 0)

        announce("")
        yield announce
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def refusal(home: Home, written: bytes) -> str:
    """The message for a home that is held; `written` is what the lock file says."""
    try:
        holder = msgspec.json.decode(written, type=Holder)
    except msgspec.DecodeError:
        # The holder has the lock but has not written its name yet.
        return f"Another process is using the home folder {home.path}; stop it, or choose another with --home"
    serving = f", which serves {holder.address}" if holder.address else ""
    return (
        f"The home folder {home.path} is held by process {holder.pid}{serving}; "
        f"stop it with `kill {holder.pid}`, or choose another folder with --home"
    )


def serving(home: Home) -> str:
    """The address that the platform which uses the home serves; "" if none does."""
    try:
        with home.lock_file.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return msgspec.json.decode(file.read(), type=Holder).address
    except (OSError, msgspec.DecodeError):
        pass
    return ""
