"""`madang backup`, `madang restore` and `madang doctor`: what keeps a home safe and sound, beside a running platform."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter

from madang.cli.exits import FAILED, OK, PARTIAL
from madang.cli.wiring import Wiring
from madang.clock import SystemClock
from madang.errors import BackupUnusable, HomeLocked
from madang.home import Home, held
from madang.settings import read
from madang.store import backups
from madang.store.backups import Manifest
from madang.store.files import Finding

_NICENESS: Final = 10
_TELL_SECONDS: Final = 1.0
_Flag = Annotated[bool, Parameter(negative=())]


class Telling:
    """Says on standard error, at most every second, how far a long piece of work is; nothing where JSON is asked for."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._next = time.monotonic() + _TELL_SECONDS

    def __call__(self, what: str, done: int, of: int) -> None:
        now = time.monotonic()
        if not self._quiet and now >= self._next:
            self._next = now + _TELL_SECONDS
            sys.stderr.write(f"{what}: {100 * done // max(of, 1)} %\n")


def backup_command(wiring: Wiring) -> Callable[..., int]:
    def backup(destination: Path, /, *, home: str | None = None, json: _Flag = False) -> int:
        """Copy everything that the platform keeps into a new folder, also while it runs.

        Parameters
        ----------
        destination
            The folder to make. It is there only when the backup is whole.
        home
            Folder where everything is kept (MADANG_HOME, ./.madang).
        json
            Print the outcome as JSON.
        """
        os.nice(_NICENESS)
        manifest = backups.back_up(
            _home(home), destination.absolute(), wiring.files, SystemClock(), Telling(quiet=json)
        )
        _show(manifest, f"backed up {_amount(manifest)} into {destination}", as_json=json)
        if manifest.sealed:
            sys.stderr.write(
                f"{manifest.sealed:,} entities about persons are sealed in it; only {_home(home).keys_file} opens them: "
                "keep a copy of that apart, and replace it when somebody was erased\n"
            )
        return OK

    return backup


def restore_command(wiring: Wiring) -> Callable[..., int]:
    def restore(source: Path, /, *, home: str | None = None, yes: _Flag = False, json: _Flag = False) -> int:
        """Put a backup in the place of what the home holds; what was there before is kept beside it.

        While a platform uses the home, the backup is checked and laid ready, and takes its place at the next start.

        Parameters
        ----------
        source
            The folder that `madang backup` made.
        home
            Folder where everything is kept (MADANG_HOME, ./.madang).
        yes
            Agree that what the home holds is replaced.
        json
            Print the outcome as JSON.
        """
        place = _home(home)
        if not yes and backups.holds_something(place):
            raise BackupUnusable(
                f"{place.path} holds a platform's data; say --yes to have it replaced (it is kept beside), "
                "or choose an empty folder with --home"
            )
        manifest = backups.stage(place, source.absolute(), wiring.files, Telling(quiet=json))
        try:
            with held(place):
                kept = backups.swap_in(place)
        except HomeLocked as busy:
            _show(
                manifest,
                f"{_amount(manifest)} lie ready and take their place at the next start",
                as_json=json,
            )
            sys.stderr.write(f"{busy.message.partition('; ')[0]}; stop it and start it again\n")
            return PARTIAL
        _show(manifest, f"restored {_amount(manifest)} into {place.path}{_kept(kept)}", as_json=json)
        if manifest.lost:
            sys.stderr.write(
                f"{manifest.lost:,} things about persons could not be opened: their keys are not in {place.keys_file}, "
                "because they were erased or it is of another home\n"
            )
            return PARTIAL
        return OK

    return restore


def doctor_command(wiring: Wiring) -> Callable[..., int]:
    def doctor(*, home: str | None = None, repair: _Flag = False, json: _Flag = False) -> int:
        """Compare everything that the platform keeps with everything that depends on it, and say what is wrong.

        Ends with 0 if all is right, with 3 if all is right again, with 1 if something stays wrong.

        Parameters
        ----------
        home
            Folder where everything is kept (MADANG_HOME, ./.madang).
        repair
            Write anew what can be derived: indexes, counters, rendered forms. The platform must not run.
        json
            Print the findings as JSON.
        """
        place = _home(home)
        if not backups.holds_something(place):
            raise BackupUnusable(f"There is no store in {place.path}; choose the home folder with --home")
        if repair:
            with held(place):
                findings = _examine(wiring, place, repair=True, quiet=json)
        else:
            os.nice(_NICENESS)
            findings = _examine(wiring, place, repair=False, quiet=json)
        if json:
            sys.stdout.write(msgspec.json.encode(findings).decode() + "\n")
        else:
            sys.stdout.write("".join(_line(finding) for finding in findings) or "all is right\n")
        if all(finding.repaired for finding in findings):
            return PARTIAL if findings else OK
        return FAILED

    return doctor


def restore_staged(home: Home) -> str:
    """Put a backup that was laid ready in its place, at the start of a platform; what to say of it, "" if none was."""
    if not backups.staged(home):
        return ""
    manifest = backups.read_manifest(home.path / backups.STAGED)
    kept = backups.swap_in(home)
    return f"restored {_amount(manifest)}{_kept(kept)}"


def _examine(wiring: Wiring, home: Home, *, repair: bool, quiet: bool) -> list[Finding]:
    telling = Telling(quiet=quiet)
    findings: list[Finding] = []
    for path in sorted(home.tenants.glob("*.sqlite3")):
        report = partial(telling, path.stem)
        findings += wiring.files.examine(path, repair=repair, report=report)
    return findings + backups.strays(home, repair=repair)


def _home(stated: str | None) -> Home:
    return Home(read(os.environ, {"home": stated}).home)


def _line(finding: Finding) -> str:
    outcome = "repaired" if finding.repaired else finding.remedy
    return f"{finding.place}: {finding.fault}\n  {outcome}\n"


def _amount(manifest: Manifest) -> str:
    moment = datetime.fromtimestamp(manifest.began / 1_000_000, UTC)
    entities, tenants = sum(manifest.entities.values()), len(manifest.entities)
    return (
        f"{entities:,} entities of {tenants} {'tenant' if tenants == 1 else 'tenants'} "
        f"as of {moment:%Y-%m-%d %H:%M:%S} UTC ({manifest.bytes / 1024**2:,.1f} MiB)"
    )


def _kept(kept: Path | None) -> str:
    return f"; what was there before is in {kept}, delete it when nobody needs it" if kept is not None else ""


def _show(manifest: Manifest, text: str, *, as_json: bool) -> None:
    sys.stdout.write((msgspec.json.encode(manifest).decode() if as_json else text) + "\n")
