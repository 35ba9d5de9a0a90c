"""`madang account`: an operator adds people, resets them and keeps them out, while the platform may run."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from tests.accounts.people import BROWSER, PASSWORD, person_of

from madang.cli import main as commands
from madang.clock import SystemClock
from madang.home import Home
from madang.hub.accounts import links
from madang.hub.accounts.accounts import Accounts
from madang.hub.accounts.keys import KeyWish, make_key
from madang.hub.accounts.links import Arrival
from madang.hub.accounts.signing_in import sign_in
from madang.store.sqlite.platform.store import SqlitePlatform
from madang.wire import WIRING


def run(home: Path, *words: str) -> int:
    return commands.run(["account", *words, "--home", str(home)], WIRING)


def test_an_operator_adds_resets_and_suspends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "first") == 0
    assert "/welcome/" in capsys.readouterr().out
    assert run(tmp_path, "add", "Mina", "박민아", "--role", "platform-operator", "--tenant", "*") == 0
    told = capsys.readouterr()
    path = told.out.strip()
    assert path.startswith(("/en/welcome/", "/ko/welcome/"))
    assert "MADANG_URL" in told.err

    async def arrive() -> None:
        store = SqlitePlatform(Home(tmp_path).platform_file)
        accounts = Accounts(store, SystemClock())
        await links.arrive(accounts, path.rpartition("/")[2], Arrival(PASSWORD), BROWSER)
        await sign_in(accounts, "mina", PASSWORD, BROWSER)
        await accounts.close()
        await store.close()

    asyncio.run(arrive())
    assert run(tmp_path, "first") == 1
    assert run(tmp_path, "reset", "mina") == 0
    assert run(tmp_path, "change", "mina", "--role", "auditor", "--role", "of-the-city-file") == 0
    assert "none of the built-in roles" in capsys.readouterr().err
    assert run(tmp_path, "suspend", "MINA") == 0
    assert run(tmp_path, "list") == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        "person:1  mina  박민아  auditor,of-the-city-file  *  suspended"
    )
    assert run(tmp_path, "open", "mina") == 0
    assert run(tmp_path, "reset", "nobody") == 1
    assert "Nobody signs in as nobody" in capsys.readouterr().err
    assert run(tmp_path, "add", "mina", "Another", "--role", "citizen") == 1


async def test_what_a_command_changes_counts_in_the_running_platform_at_once(tmp_path: Path) -> None:
    store = SqlitePlatform(Home(tmp_path).platform_file)
    accounts = Accounts(store, SystemClock())
    mina = await person_of(accounts, "mina", "data-user")
    made = await make_key(accounts, mina, KeyWish("k", ("read",)))
    assert await accounts.identity_of_key(made.secret) is not None
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "madang.wire", "account", "suspend", "mina", "--home", str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    assert out.decode().strip().endswith("suspended")
    await asyncio.sleep(0.1)
    assert await accounts.identity_of_key(made.secret) is None
    await accounts.close()
    await store.close()
