"""docs/accounts.md is true: its commands run against a closed city, and its table names every operation."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.accounts.people import administrator, person_of
from tests.documented import carry_out
from tests.serving import Platform

from madang.api import accounts, members, oauth
from madang.clock import SystemClock
from madang.home import Home
from madang.hub.accounts.accounts import Accounts
from madang.hub.accounts.keys import KeyWish, make_key
from madang.settings import LIMITS
from madang.store.sqlite.platform.store import SqlitePlatform

TEXT = (Path(__file__).parents[2] / "docs" / "accounts.md").read_text(encoding="utf-8")


async def keys_in(home: Home) -> tuple[str, str]:
    """Of an administrator and of a data officer who are in the platform's file before it serves."""
    store = SqlitePlatform(home.platform_file)
    known = Accounts(store, SystemClock())
    root, officer = await administrator(known), await person_of(known, "mina", "data-officer")
    first = await make_key(known, root, KeyWish("documents", ("members",)))
    second = await make_key(known, officer, KeyWish("documents", ("read", "write", "keys", "clients")))
    await known.close()
    await store.close()
    return first.secret, second.secret


@pytest.fixture
def served(tmp_path: Path) -> Iterator[dict[str, str]]:
    home = Home(tmp_path / "home")
    home.create()
    admin, key = asyncio.run(keys_in(home))
    platform = Platform.start(home.path)
    yield {"CITY": platform.url, "KEY": key, "ADMIN": admin, "PATH": "/usr/bin:/bin"}
    platform.stop()


def test_the_commands_of_the_document_run(served: dict[str, str], tmp_path: Path) -> None:
    assert carry_out(TEXT, served, tmp_path) >= 10


def test_every_operation_is_listed() -> None:
    rows = re.findall(r"^\| (`(?:GET|POST|PUT).*) \| `?(\w+)`? \|$", TEXT, re.MULTILINE)
    listed = {(one, permission) for row, permission in rows for one in re.findall(r"`([^`]+)`", row)}
    offered = {
        (
            f"{one.method} {re.sub(r':[a-z]+}', '}', one.path)}",
            one.permission.value if one.permission else "none",
        )
        for one in (*accounts.OFFERED, *members.OFFERED, *oauth.OFFERED)
    }
    assert listed == offered


def test_numbers_are_those_of_the_limits() -> None:
    for text in (
        f"After {LIMITS.sign_in_failures_max} wrong passwords",
        f"{LIMITS.sign_in_address_failures_max} from one address",
        f"ends after {LIMITS.session_seconds_max // 86400} days",
        f"after {LIMITS.session_idle_seconds_max // 3600} hours unused",
        f"at most {LIMITS.key_days_max} days",
    ):
        assert text in TEXT
    assert LIMITS.password_characters_min == 12
