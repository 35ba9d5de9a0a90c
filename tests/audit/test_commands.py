"""`madang audit` against a home that a platform has used."""

from __future__ import annotations

import asyncio
import csv
import re
from pathlib import Path
from typing import Any

import apsw
import orjson
import pytest

from madang.cli.main import run
from madang.clock import FixedClock
from madang.hub.trust.audit_keeping import PLATFORM, chain_name
from madang.store.audit import Deed, Event
from madang.store.sqlite.platform.store import SqlitePlatform
from madang.store.sqlite.store import Options, SqliteStore, store_path
from madang.wire import WIRING

ANNA = "urn:ngsi-ld:Person:anna"
READING = Event(
    "person:1", Deed.READ, "", (ANNA,), ("https://schema.org/Person",), "care", "=1+1 \x1b[31mcase", ("desk",)
)


@pytest.fixture
def home(tmp_path: Path, clock: FixedClock) -> Path:
    """Of two tenants, one of them called as the platform."""

    async def use() -> None:
        for tenant in ("", "platform"):
            store = SqliteStore(store_path(tmp_path / "tenants", tenant), clock, Options())
            for _ in range(3):
                clock.advance(1_000_000)
                await store.audit.append([READING], clock.now())
            heads[chain_name(tenant)] = str(await store.audit.head())
            await store.close()
        platform = SqlitePlatform(tmp_path / "platform.sqlite3")
        await platform.audit.append([Event("person:1", Deed.SIGN_IN)], clock.now())
        for name, head in heads.items():
            await platform.audit.append([Event("operator", Deed.ANCHOR, name, reason=head)], clock.now())
        await platform.close()

    heads: dict[str, str] = {}
    asyncio.run(use())
    return tmp_path


def madang(home: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = run(["audit", *words, "--home", str(home)], WIRING)
    told = capsys.readouterr()
    return code, told.out, told.err


def verified(home: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code, out, _ = madang(home, capsys, "verify", "--json", *words)
    return code, {one["chain"]: one for one in orjson.loads(out)}


def tamper(path: Path, statement: str) -> None:
    with apsw.Connection(str(path)) as connection:
        connection.execute(statement)


def test_what_is_right_is_right(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, checked = verified(home, capsys)
    assert code == 0
    assert {name: one["events"] for name, one in checked.items()} == {
        PLATFORM: 3,
        "tenant:default": 3,
        "tenant:platform": 3,
    }
    heads = [f"--head={name}={one['head']}" for name, one in checked.items()]
    assert verified(home, capsys, *heads)[0] == 0
    assert "all is right" in madang(home, capsys, "verify")[1]


def test_what_was_changed_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tamper(home / "tenants" / "default.sqlite3", "UPDATE audit SET subject = 'person:2' WHERE number = 2")
    code, checked = verified(home, capsys)
    assert code == 1
    assert "event 2" in checked["tenant:default"]["fault"]
    assert not checked["tenant:platform"]["fault"]


def test_an_end_that_is_gone_is_told_by_the_platform(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    statement = "DELETE FROM audit WHERE number = 3; DELETE FROM audit_entity WHERE number = 3"
    tamper(home / "tenants" / "platform.sqlite3", statement)
    code, checked = verified(home, capsys)
    assert code == 1
    assert "event 3 was noted" in checked["tenant:platform"]["fault"]


def test_an_end_of_the_platform_is_told_by_paper(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, checked = verified(home, capsys)
    tamper(home / "platform.sqlite3", "DELETE FROM audit WHERE number = 3")
    code, checked = verified(home, capsys, f"--head=platform={checked[PLATFORM]['head']}")
    assert code == 1
    assert "event 3 was noted" in checked[PLATFORM]["fault"]


def test_events_are_listed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = madang(home, capsys, "list", "--limit", "2")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["3", "2"]
    assert "\x1b" not in out
    _, out, _ = madang(home, capsys, "list", "--json", "--entity", ANNA, "--until", "2026-01-01T12:00:03Z")
    found = [orjson.loads(line) for line in out.splitlines()]
    assert [(one["number"], one["types"], one["entities"]) for one in found] == [
        (2, ["Person"], [ANNA]),
        (1, ["Person"], [ANNA]),
    ]
    _, out, _ = madang(home, capsys, "list", "--json", "--chain", "platform", "--deed", "sign-in")
    assert orjson.loads(out)["subject"] == "person:1"


def test_events_are_exported(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet, json = home / "audit.csv", home / "audit.jsonl"
    assert madang(home, capsys, "export", str(sheet))[0] == 0
    assert madang(home, capsys, "export", str(json))[0] == 0
    with sheet.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == ["3", "2", "1"]
    # A spreadsheet must not run what somebody wrote as a reason
    assert rows[0]["reason"] == "'" + READING.reason
    assert len(json.read_text().splitlines()) == 3


def test_the_commands_of_the_page(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    page = (Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")
    commands = re.findall(r"^madang audit (.*)$", page, re.MULTILINE)
    assert len(commands) >= 5
    _, checked = verified(home, capsys)
    for line in commands:
        words = line.replace("NUMBER:HASH", checked[PLATFORM]["head"]).split()
        code, _, err = madang(home, capsys, *words)
        assert code == 0, (line, err)


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "--head", "nonsense"),
        ("list", "--chain", "tenant:x"),
        ("list", "--deed", "x"),
        ("list", "--since", "x"),
    ],
)
def test_what_cannot_be_understood_is_one_line(
    home: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    code, _, err = madang(home, capsys, *words)
    assert code == 1
    assert err.startswith("madang: ")
    assert err.count("\n") == 1
