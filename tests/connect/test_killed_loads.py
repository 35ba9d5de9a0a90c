"""`kill -9` in the middle of loads, again and again: after the last start everything is there, and everything once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import orjson
from tests.connect.loading_process import open_hub, sources
from tests.serving import descendants

from madang import vocabulary
from madang.ngsild.temporal import TemporalQuery
from madang.trust.access import OPEN

ROOT = Path(__file__).parents[2]
KILLS = 4
PLACES = 4000
READINGS = 4000
SENSORS = 7


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.connect.loading_process", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
    )


def killed_after(folder: Path, lines: int) -> list[int]:
    """Start a load and kill it after some lines; which processes ended with it. None if it was done before."""
    with start(folder) as process:
        assert process.stdout is not None
        for _ in range(lines):
            if process.stdout.readline() in ("", "done\n"):
                return []
        children = descendants(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
    deadline = time.monotonic() + 5
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < deadline, "the process that reads files outlived the one that started it"
        time.sleep(0.01)
    return children


async def test_a_load_that_is_killed_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    chance = random.Random(1)
    (tmp_path / "places.csv").write_text("id,kind\n" + "".join(f"{n},kind {n}\n" for n in range(PLACES)))
    readings = "".join(f"s{n % SENSORS},{1_700_000_000 + n},{n}\n" for n in range(READINGS))
    (tmp_path / "readings.csv").write_text("id,t,pm\n" + readings)
    kills = [killed_after(tmp_path, chance.randint(2, 14)) for _ in range(KILLS)]
    assert sum(map(bool, kills)) >= 2, "the files are read in another process, which ended too"
    with start(tmp_path) as process:
        output, _ = process.communicate()
    assert output.endswith("done\n")

    hub = open_hub(tmp_path)
    store = hub.store(OPEN)
    expand = vocabulary.context().expand
    counts = await store.type_counts(OPEN)
    assert counts == {expand("PointOfInterest"): PLACES, expand("AirQualityObserved"): SENSORS}
    rows = await store.changes_since(0, 1_000_000)
    written = Counter(row.id for row in rows if expand("PointOfInterest") in row.types)
    assert set(written.values()) == {1}
    for sensor in range(SENSORS):
        urn = f"urn:ngsi-ld:AirQualityObserved:gaon:readings:s{sensor}"
        evolution = await store.evolution(urn, TemporalQuery(), OPEN)
        assert evolution is not None
        (series,) = evolution.series
        values = [orjson.loads(instance.body)["value"] for instance in series.instances]
        assert values == list(range(sensor, READINGS, SENSORS))
    statuses = await store.sources.all()
    assert [(status.source, status.complete) for status in statuses] == [("places", True), ("readings", True)]
    assert {status.source for status in statuses} == {source.id for source in sources(tmp_path)}
    await hub.close()
