"""docs/trust.md is true: its commands run against a closed city."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.accounts.people import person_of
from tests.documented import carry_out
from tests.serving import Platform
from tests.small_city_file import CITY

from madang.clock import SystemClock
from madang.home import Home
from madang.hub.accounts.accounts import Accounts
from madang.hub.accounts.keys import KeyWish, make_key
from madang.store.sqlite.platform.store import SqlitePlatform
from madang.trust.identity import Permission

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
CLOSED = re.sub(r"\n\[trust\]\nopen = true\n", "\n", CITY)


async def key_of_researcher(home: Home) -> str:
    store = SqlitePlatform(home.platform_file)
    accounts = Accounts(store, SystemClock())
    somebody = await person_of(accounts, "mina", "researcher")
    made = await make_key(accounts, somebody, KeyWish("documents", (Permission.READ.value,)))
    await accounts.close()
    await store.close()
    return made.secret


@pytest.fixture
def served(tmp_path: Path) -> Iterator[dict[str, str]]:
    home = Home(tmp_path / "home")
    home.create()
    key = asyncio.run(key_of_researcher(home))
    city = tmp_path / "city.toml"
    city.write_text(CLOSED, encoding="utf-8")
    platform = Platform.start(home.path, str(city))
    yield {"CITY": platform.url, "KEY": key, "PATH": "/usr/bin:/bin"}
    platform.stop()


def test_the_commands_of_the_document_run(served: dict[str, str], tmp_path: Path) -> None:
    assert carry_out(TEXT, served, tmp_path) >= 5


def test_an_open_city_is_served_on_this_machine_only(tmp_path: Path) -> None:
    city = tmp_path / "city.toml"
    city.write_text(CITY, encoding="utf-8")
    words = ["-m", "madang.wire", "up", str(city), "--home", str(tmp_path / "home"), "--host", "0.0.0.0"]
    ran = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode != 0
    assert "open = true" in ran.stderr
    assert "127.0.0.1" in ran.stderr


def test_who_exports_a_closed_city_needs_a_key(served: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "madang.wire", "export", "--url", served["CITY"]]
    without = subprocess.run(command, capture_output=True, text=True, check=False, env={})
    assert without.returncode != 0
    assert "sign in, or send a key" in without.stderr
    key = {"MADANG_KEY": served["KEY"]}
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=key)
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr
