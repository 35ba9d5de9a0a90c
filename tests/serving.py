"""A real server process for tests: `madang up` on a free port, and what it is made of."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from madang import server
from madang.cli.bench.processes import OPEN_CITY

HOST = "127.0.0.1"
# Of which the demonstration city takes most, to be made
START_SECONDS_MAX = 90.0


def descendants(pid: int) -> list[int]:
    """Process numbers of the children of a process, and theirs; without the one that Python keeps for pools of processes,
    which stays when these are gone."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if b"resource_tracker" in stat.with_name("cmdline").read_bytes():
                continue
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if fields[0] != "Z":
            parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    children = parents.get(pid, [])
    return [*children, *(other for child in children for other in descendants(child))]


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def open_city(folder: Path) -> Path:
    """A city file without sources that lets everybody in."""
    folder.mkdir(exist_ok=True)
    path = folder / "open.toml"
    path.write_text(OPEN_CITY)
    return path


class Platform(msgspec.Struct, frozen=True):
    """A server that answers. log: what it said."""

    process: subprocess.Popen[bytes]
    home: Path
    url: str
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @classmethod
    def start(cls, home: Path, *arguments: str) -> Platform:
        """Without a city file, of an open city that has no sources."""
        if not any(word == "--demo" or word.endswith(".toml") for word in arguments):
            arguments = (str(open_city(home)), *arguments)
        port = server.claim(HOST, 0)
        log = home / "log"
        home.mkdir(exist_ok=True)
        with log.open("ab") as output:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "madang.wire",
                    "up",
                    *arguments,
                    *("--home", home, "--port", str(port)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=home,
            )
        platform = cls(process, home, server.address(HOST, port), log)
        give_up = time.monotonic() + START_SECONDS_MAX
        while not server.listens(HOST, port):
            if process.poll() is not None or time.monotonic() > give_up:
                process.kill()
                raise AssertionError(f"the server did not start: {log.read_text()[-3000:]}")
            time.sleep(0.02)
        return platform

    def start_another(self) -> subprocess.CompletedProcess[str]:
        """A second start on the same home."""
        command = [sys.executable, "-m", "madang.wire", "up", "--home", str(self.home), "--port", "0"]
        return subprocess.run(command, capture_output=True, text=True, timeout=START_SECONDS_MAX, check=False)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=15)
