"""The demonstration city, made once for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from madang.city.demo.gaon import Gaon, build_gaon
from madang.city.demo.generate import generate
from madang.city.demo.transit import Transit, plan_transit

SEED = 1
MOMENT = 1_764_000_000_000_000  # 2025-11-25T01:00:00+09:00


@pytest.fixture(scope="session")
def gaon() -> Gaon:
    return build_gaon(SEED)


@pytest.fixture(scope="session")
def transit(gaon: Gaon) -> Transit:
    return plan_transit(gaon)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with all files. Not to be written in."""
    folder = tmp_path_factory.mktemp("demo") / "gaon"
    generate(folder, SEED, MOMENT)
    return folder
