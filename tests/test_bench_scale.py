"""`madang bench-scale` runs, makes its homes and goes on with them. What it finds is not asked here."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from madang.cli.bench.entities import Stock
from madang.cli.bench.measure import Load
from madang.cli.bench.scale import Asked, compare
from madang.cli.bench.scale_build import Size
from madang.wire import WIRING


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_a_small_and_a_larger_home_are_compared(tmp_path: Path) -> None:
    steps: list[str] = []
    small = Size("small", Stock(entities=500, with_history=2, values=1500))
    large = Size("large", Stock(entities=600, with_history=3, values=1500), 20_000)
    asked = Asked(Load(seconds=1, connections=2), frozenset({"retrieve", "create"}))
    found = compare(WIRING, tmp_path, (small, large), asked, steps.append)
    assert found.kept.keys() == {"retrieve", "create", "keyset"}
    assert sum(one.errors for side in (found.small, found.large) for one in side.figures) == 0
    assert min(found.large.day_ms, found.large.long_ms, found.large.memory_mb) > 0
    assert "600 of 600 stations" in steps
    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found
