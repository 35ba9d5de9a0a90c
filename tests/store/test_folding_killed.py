"""`kill -9` while history is folded, of the store and of the process that folds: nothing is lost or there twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.serving import alive, descendants
from tests.store.folding_process import SENSORS, numbers, written

from madang.clock import FixedClock
from madang.store.sqlite.connection import open_reader
from madang.store.sqlite.store import Options, SqliteStore

ROOT = Path(__file__).parent.parent.parent
KILLS = 5


def killed_after(path: Path, lines: int) -> tuple[int, int]:
    """Write and fold until so many lines were said, then kill. Returns the last value that was acknowledged, and how many
    steps of folding were."""
    command = [sys.executable, "-m", "tests.store.folding_process", str(path)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        last = steps = 0
        for _ in range(lines):
            match process.stdout.readline().split():
                case [number]:
                    last = int(number)
                case ["folded", number]:
                    steps += int(number)
                case _:
                    pytest.fail("the program ended by itself")
        children = descendants(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
        said = process.stdout.read().split("\n")
        last = max([last, *(int(line) for line in said[:-1] if line.isdigit())])
    assert not [child for child in children if alive(child) and not _ends(child)]
    return last, steps


def _ends(pid: int) -> bool:
    """Whether a process ends within 10 s."""
    for _ in range(1000):
        if not alive(pid):
            return True
        os.sched_yield()
        signal.sigtimedwait([], 0.01)
    return False


async def test_nothing_is_lost_or_doubled_by_a_kill(tmp_path: Path, clock: FixedClock) -> None:
    chance = random.Random(2)
    path = tmp_path / "t.sqlite3"
    steps = 0
    for _ in range(KILLS):
        acknowledged, folded = killed_after(path, chance.randint(40, 120))
        steps += folded
        store = SqliteStore(path, clock, Options())
        for sensor in SENSORS:
            found = await numbers(store, sensor)
            assert found == list(range(len(found)))
            assert len(found) >= acknowledged
        await store.close()
    assert steps > KILLS
    reader = open_reader(path)
    assert reader.execute("PRAGMA integrity_check").get == "ok"
    assert int(reader.execute("SELECT sum(n) FROM chunk").get) > 0
    reader.close()


async def test_a_folding_process_that_is_killed_is_no_harm(tmp_path: Path, clock: FixedClock) -> None:
    store = SqliteStore(tmp_path / "t.sqlite3", clock, Options())
    for first in range(0, 30_000, 250):
        await store.commit([written(sensor, first) for sensor in SENSORS])
    folder = store._folder
    written_step = folder._written

    async def killing(step: object) -> bool:
        done = await written_step(step)  # type: ignore[arg-type]  # a step, as the folder made it
        for child in descendants(os.getpid()):
            os.kill(child, signal.SIGKILL)
        return done

    folder._written = killing  # type: ignore[method-assign]
    with pytest.raises(EOFError):
        await store.fold()
    folder._written = written_step  # type: ignore[method-assign]
    assert await store.fold() > 0
    assert await numbers(store, SENSORS[0]) == list(range(30_000))
    reader = open_reader(tmp_path / "t.sqlite3")
    assert reader.execute("SELECT sum(n), max(n) FROM chunk").fetchone() == (90_000, 4096)
    reader.close()
    assert await store.fold() == 0
    await store.close()
