"""One load: wrk against one server, and what it did to it."""

from __future__ import annotations

import shutil
import subprocess
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from madang.cli.bench.entities import LOAD, Stock
from madang.cli.bench.processes import Running
from madang.errors import ProgramFailed


class Load(msgspec.Struct, frozen=True):
    """How hard wrk drives. seconds: of one scenario, after a warm-up. context: address of another @context."""

    seconds: float = 5.0
    connections: int = 16
    threads: int = 1
    stock: Stock = Stock()
    context: str = ""


class Report(msgspec.Struct, frozen=True):
    """What wrk says. duration, p50, p99 in microseconds; failed: answers of 400 and above; broken: no answer."""

    requests: int
    duration: int
    p50: int
    p99: int
    failed: int
    broken: int


class Measured(msgspec.Struct, frozen=True):
    """One scenario's figures. processor_ms: of the server, per request. errors: answers that were none."""

    name: str
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    processor_ms: float
    errors: int


class Answer(msgspec.Struct, frozen=True):
    status: int
    body: bytes


def require_wrk() -> str:
    """Path of wrk. Raises ProgramFailed with the remedy."""
    path = shutil.which("wrk")
    if path is None:
        raise ProgramFailed("The bench needs the program wrk; install it: sudo apt-get install wrk")
    return path


def probe(name: str, running: Running, load: Load, seed: int, seconds: float = 1.0) -> Answer:
    """Warm up with one scenario's requests; the first answer. Raises ProgramFailed if there is none."""
    with TemporaryDirectory(prefix="madang-bench-") as folder:
        kept = Path(folder) / "answer"
        drive(
            name,
            running,
            msgspec.structs.replace(load, seconds=seconds, connections=2, threads=1),
            seed,
            kept,
        )
        if not kept.exists():
            raise ProgramFailed(f"The server gave no answer to the scenario {name} within {seconds} s")
        status, _, body = kept.read_bytes().partition(b"\n")
    return Answer(int(status), body)


def measure(name: str, running: Running, load: Load, seed: int) -> Measured:
    before = running.processor_seconds()
    report = drive(name, running, load, seed)
    used = running.processor_seconds() - before
    return Measured(
        name=name,
        requests_per_second=report.requests / (report.duration / 1e6),
        p50_ms=report.p50 / 1000,
        p99_ms=report.p99 / 1000,
        processor_ms=used * 1000 / max(report.requests, 1),
        errors=report.failed + report.broken,
    )


def drive(name: str, running: Running, load: Load, seed: int, keep: Path | None = None) -> Report:
    """Run wrk once. keep: where it writes the first answer, at the cost of reading them all."""
    stock = load.stock
    with resources.as_file(LOAD) as folder:
        command = [
            *(require_wrk(), "--threads", str(load.threads), "--connections", str(load.connections)),
            *("--duration", f"{max(1, round(load.seconds))}s", "--timeout", "10s"),
            *("--script", str(folder / "requests.lua"), running.url, "--"),
            *(
                name,
                str(folder / "entity.json"),
                str(stock.entities),
                str(stock.with_history),
                str(stock.values),
            ),
            *(str(seed), str(keep or ""), load.context),
        ]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in finished.stdout.splitlines() if line.startswith("{")]
    if finished.returncode or not lines:
        said = f"{finished.stdout}\n{finished.stderr}".strip()
        raise ProgramFailed(f"wrk failed at {name}; its words are below", detail=said)
    return msgspec.json.decode(lines[-1], type=Report)
