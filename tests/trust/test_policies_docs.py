"""docs/policies.md is true: its commands run against a closed city, and its tables name what there is."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.accounts.people import person_of
from tests.documented import carry_out
from tests.serving import Platform

from madang.clock import SystemClock
from madang.home import Home
from madang.hub.accounts.accounts import Accounts
from madang.hub.accounts.keys import KeyWish, make_key
from madang.hub.trust.rulebook import Beginning, rulebook
from madang.store.sqlite.platform.store import SqlitePlatform
from madang.trust.identity import Action, Permission
from madang.trust.policy import Constraints, Duties, Policy, What, Who
from madang.trust.policy_odrl import PARTY, TARGET
from madang.trust.roles import BUILT_IN

TEXT = (Path(__file__).parents[2] / "docs" / "policies.md").read_text(encoding="utf-8")
CITY = """[city]
id = "gaon"
name = { ko = "가온시", en = "Gaon" }
languages = ["ko", "en"]
time_zone = "Asia/Seoul"
extent = [126.90, 37.40, 127.00, 37.50]
"""


async def key_of_administrator(home: Home) -> str:
    """Of somebody who is in the platform's file before it serves."""
    store = SqlitePlatform(home.platform_file)
    accounts = Accounts(store, SystemClock(), BUILT_IN)
    somebody = await person_of(accounts, "mina", "city-administrator")
    scopes = (Permission.READ.value, Permission.POLICIES.value)
    made = await make_key(accounts, somebody, KeyWish("documents", scopes))
    await accounts.close()
    await store.close()
    return made.secret


@pytest.fixture
def served(tmp_path: Path) -> Iterator[dict[str, str]]:
    home = Home(tmp_path / "home")
    home.create()
    key = asyncio.run(key_of_administrator(home))
    city = tmp_path / "city.toml"
    city.write_text(CITY, encoding="utf-8")
    platform = Platform.start(home.path, str(city))
    yield {"CITY": platform.url, "KEY": key, "PATH": "/usr/bin:/bin"}
    platform.stop()


def test_the_commands_of_the_document_run(served: dict[str, str], tmp_path: Path) -> None:
    assert carry_out(TEXT, served, tmp_path) >= 6
    assert "madang:attribute" in (tmp_path / "policy.jsonld").read_text(encoding="utf-8")


def test_every_built_in_policy_is_listed() -> None:
    policies = rulebook(Beginning(public=True)).built_in
    listed = re.findall(r"^\| `([a-z-]+)` \| [a-z]", TEXT, re.MULTILINE)
    assert set(listed) >= {policy.id for policy in policies}


def test_every_word_of_the_language_is_explained() -> None:
    explained = set(re.findall(r"`([\w:-]+)`", TEXT))
    names = {
        field.name
        for struct in (Policy, Who, What, Constraints, Duties)
        for field in msgspec.structs.fields(struct)
    } - {"id", "name"}
    words = names | set(Action) | set(TARGET.values()) | set(PARTY.values())
    assert not words - explained
