"""The servers that are measured, each a process of its own, and how much processor time they took."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from madang import server
from madang.errors import ProgramFailed

HOST = "127.0.0.1"
OPEN_CITY = """\
[city]
id = "open"
name = { en = "Open" }
languages = ["en"]
time_zone = "UTC"
extent = [-180.0, -90.0, 180.0, 90.0]

[trust]
open = true

[[policy]]
id = "no-ozone"
name = { en = "No ozone" }
effect = "prohibit"
who = { roles = ["researcher"] }
what = { types = ["AirQualityObserved"], attributes = ["o3"] }
"""
"""Whoever asks without a role sees everything, a citizen all that is not protected, a researcher no ozone either."""
START_SECONDS_MAX = 30.0
STOP_SECONDS_MAX = 10.0


class Running(msgspec.Struct, frozen=True):
    """A server that answers. url: without a path."""

    pid: int
    url: str

    def processor_seconds(self) -> float:
        """User and system time of all its threads since it started."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def platform() -> Iterator[Running]:
    """`madang up` with an empty home of its own."""
    with TemporaryDirectory(prefix="madang-bench-") as home:
        port = server.claim(HOST, 0)
        with started(up(Path(home), port), port) as running:
            yield running


def up(home: Path, port: int) -> list[str]:
    """The words that serve a home in a city without sources, where everybody is let in."""
    city = home / "open.toml"
    city.write_text(OPEN_CITY)
    return ["-m", "madang.wire", "up", str(city), *("--home", str(home), "--host", HOST, "--port", str(port))]


@contextmanager
def constant() -> Iterator[Running]:
    """The same server program with nothing behind it: it always answers 1.2 kB."""
    port = server.claim(HOST, 0)
    with started(["-m", "madang.cli.bench.constant", str(port)], port) as running:
        yield running


@contextmanager
def started(
    arguments: Sequence[str], port: int, environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """A Python program that listens on the port, from when it answers until the block ends.

    environment: None for this process's own."""
    with TemporaryDirectory(prefix="madang-bench-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
            )
        try:
            await_answer(process, port, log)
            yield Running(process.pid, server.address(HOST, port))
        finally:
            stop(process)


def await_answer(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Return once something listens. Raises ProgramFailed with what the program said."""
    give_up = time.monotonic() + START_SECONDS_MAX
    while not server.listens(HOST, port):
        if process.poll() is not None or time.monotonic() > give_up:
            said = log.read_text(errors="replace").strip().splitlines()[-20:]
            raise ProgramFailed(
                f"The server of the bench did not start on port {port}; its last words are below",
                detail="\n".join(said),
            )
        time.sleep(0.05)


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
