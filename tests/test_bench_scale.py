"""`madang bench-scale` runs, makes its homes and goes on with them. What it finds is not asked here."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from madang.cli.bench.entities import Stock
from madang.cli.bench.measure import Load
from madang.cli.bench.scale import compare
from madang.cli.bench.scale_build import Size
from madang.wire import WIRING


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_a_small_and_a_larger_home_are_compared(tmp_path: Path) -> None:
    steps: list[str] = []
    small = Size("small", Stock(entities=5000, with_history=2, values=1500))
    large = Size("large", Stock(entities=6000, with_history=3, values=1500), 20_000)
    found = compare(WIRING, tmp_path, Load(seconds=1, connections=2), (small, large), steps.append)
    assert "keyset" in found.kept
    assert len(found.kept) == len(found.large.figures) + 1
    assert sum(one.errors for side in (found.small, found.large) for one in side.figures) == 0
    assert min(found.large.day_ms, found.large.long_ms, found.large.memory_mb) > 0
    assert "6,000 of 6,000 stations" in steps
    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found
