"""Backups: whole while others write, refused where they are not what they were, restored beside a running platform."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import apsw
import msgspec
import pytest
from tests.asgi_client import Client
from tests.serving import Platform

from madang.api.asgi import information_api
from madang.cli.exits import FAILED, INTERRUPTED, OK, PARTIAL
from madang.cli.main import run
from madang.home import Home
from madang.hub.trust.gate import OPEN_GATE
from madang.settings import read as read_settings
from madang.store import backups
from madang.wire import WIRING

ENTITIES = "/ngsi-ld/v1/entities"


class Said(msgspec.Struct, frozen=True):
    code: int
    out: str
    error: str


Madang = Callable[..., Said]


@pytest.fixture
def madang(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Madang:
    """Carries out a command in this process, which stays as busy as it was."""
    monkeypatch.setattr("os.nice", lambda _: 0)

    def carry_out(*words: str | Path) -> Said:
        code = run([str(word) for word in words], WIRING)
        shown = capsys.readouterr()
        return Said(code, shown.out, shown.err)

    return carry_out


def numbered(n: int, **more: Any) -> dict[str, Any]:
    return {"id": f"urn:x:{n}", "type": "Car", "n": {"type": "Property", "value": n}, **more}


async def write(platform: Platform, *entities: dict[str, Any], tenant: str = "") -> None:
    headers = {"ngsild-tenant": tenant} if tenant else {}
    async with aiohttp.ClientSession(platform.url, headers=headers) as client:
        for entity in entities:
            async with client.post(ENTITIES, json=entity) as reply:
                assert reply.status == 201, await reply.text()


async def read(platform: Platform, path: str, tenant: str = "") -> Any:
    headers = {"ngsild-tenant": tenant} if tenant else {}
    async with aiohttp.ClientSession(platform.url, headers=headers) as client, client.get(path) as reply:
        return await reply.json() if reply.status == 200 else reply.status


async def n_of(platform: Platform, tenant: str = "") -> int:
    found = await read(platform, f"{ENTITIES}?type=Car&limit=1000&options=keyValues", tenant)
    return len(found) if isinstance(found, list) else 0


async def carried_out(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, while this one goes on."""
    command = [sys.executable, "-m", "madang.wire", *map(str, words)]
    return await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def platform(tmp_path: Path) -> Any:
    started = Platform.start(tmp_path / "home")
    yield started
    if started.process.poll() is None:
        started.kill()


async def test_a_backup_of_a_running_platform(platform: Platform, tmp_path: Path) -> None:
    """Everything that was acknowledged before it began is in it, and each store is of one moment."""
    await write(platform, *[numbered(n) for n in range(50)])
    await write(platform, numbered(1), tenant="other")
    (platform.home / "files" / "notes").mkdir()
    (platform.home / "files" / "notes" / "a.txt").write_text("a note", encoding="utf-8")
    stop = asyncio.Event()
    written = 50

    async def keep_writing() -> None:
        nonlocal written
        while not stop.is_set():
            await write(platform, numbered(written))
            written += 1

    writing = asyncio.create_task(keep_writing())
    done = await carried_out("backup", tmp_path / "backup", "--home", platform.home, "--json")
    stop.set()
    await writing
    assert done.returncode == OK, done.stderr
    manifest = json.loads(done.stdout)
    assert manifest["entities"]["default"] >= 50
    assert manifest["entities"]["other"] == 1
    assert [entry["path"] for entry in manifest["files"] if entry["path"].startswith("files/")] == [
        "files/notes/a.txt"
    ]
    assert not (tmp_path / "backup.partial").exists()
    assert written > 50, "the platform could not write meanwhile"
    restored = await carried_out("restore", tmp_path / "backup", "--home", tmp_path / "new")
    assert restored.returncode == OK, restored.stderr
    assert not list((tmp_path / "new").glob("before-restore-*"))
    assert (tmp_path / "new" / "files" / "notes" / "a.txt").read_text(encoding="utf-8") == "a note"
    again = Platform.start(tmp_path / "new")
    try:
        assert await n_of(again) == manifest["entities"]["default"]
        assert await n_of(again, "other") == 1
        found = await read(again, "/ready")
        assert found["sequence"] == manifest["sequences"]["default"]
        await write(again, numbered(999))
    finally:
        again.kill()
    assert (await carried_out("doctor", "--home", tmp_path / "new")).stdout == "all is right\n"


async def test_restoring_beside_a_running_platform(platform: Platform, tmp_path: Path) -> None:
    """The backup is laid ready; it takes its place at the next start, and what was there is kept."""
    await write(platform, numbered(1))
    assert (await carried_out("backup", tmp_path / "backup", "--home", platform.home)).returncode == OK
    await write(platform, numbered(2))
    refused = await carried_out("restore", tmp_path / "backup", "--home", platform.home)
    assert refused.returncode == FAILED
    assert "--yes" in refused.stderr
    laid = await carried_out("restore", tmp_path / "backup", "--home", platform.home, "--yes")
    assert laid.returncode == PARTIAL
    assert f"process {platform.pid}" in laid.stderr
    assert await n_of(platform) == 2
    assert platform.stop() == 0
    again = Platform.start(platform.home)
    try:
        assert await n_of(again) == 1
        assert "restored 1 entities of 1 tenant" in again.log.read_text(encoding="utf-8")
    finally:
        again.kill()
    (kept,) = platform.home.glob("before-restore-*")
    assert apsw.Connection(str(kept / "tenants" / "default.sqlite3")).execute(
        "SELECT count(*) FROM entity"
    ).fetchall() == [(2,)]
    assert not (platform.home / "restore").exists()


async def test_a_home_that_was_killed_can_be_backed_up(
    platform: Platform, tmp_path: Path, madang: Madang
) -> None:
    """What is in the write-ahead log alone belongs to it."""
    await write(platform, *[numbered(n) for n in range(10)])
    platform.kill()
    assert (platform.home / "tenants" / "default.sqlite3-wal").stat().st_size > 0
    assert madang("backup", tmp_path / "backup", "--home", platform.home).code == OK
    assert madang("restore", tmp_path / "backup", "--home", tmp_path / "new").code == OK
    again = Platform.start(tmp_path / "new")
    try:
        assert await n_of(again) == 10
    finally:
        again.kill()


async def stored(home: Home, *entities: dict[str, Any]) -> int:
    """Write these into a home that no platform uses; how many there are then."""
    async with WIRING.open_hub(home, read_settings({"MADANG_HOME": str(home.path)})) as hub:
        api = Client(information_api(hub, OPEN_GATE))
        for entity in entities:
            assert (await api.post(ENTITIES, entity)).status == 201
        return len((await api.get(f"{ENTITIES}?local=true")).json())


@pytest.fixture
async def home(tmp_path: Path) -> Home:
    """A home with two entities that no platform uses."""
    place = Home(tmp_path / "home")
    place.create()
    place.lock_file.touch()
    await stored(place, numbered(1), numbered(2))
    return place


@pytest.fixture
def backup(home: Home, tmp_path: Path, madang: Madang) -> Path:
    assert madang("backup", tmp_path / "backup", "--home", home.path).code == OK
    return tmp_path / "backup"


async def test_what_is_no_backup_any_more_changes_nothing(
    home: Home, backup: Path, tmp_path: Path, madang: Madang
) -> None:
    store = backup / "tenants" / "default.sqlite3"
    body = bytearray(store.read_bytes())
    body[len(body) // 2] ^= 1
    store.write_bytes(bytes(body))
    before = (home.path / "tenants" / "default.sqlite3").read_bytes()
    told = madang("restore", backup, "--home", home.path, "--yes")
    assert told.code == FAILED
    assert "is not what was backed up; nothing was changed" in told.error
    assert (home.path / "tenants" / "default.sqlite3").read_bytes() == before
    assert sorted(path.name for path in home.path.iterdir()) == sorted(
        ["files", "lock", "quarantine", "tables", "tenants"]
    )
    store.unlink()
    assert madang("restore", backup, "--home", tmp_path / "new").code == FAILED
    (backup / "manifest.json").unlink()
    told = madang("restore", backup, "--home", tmp_path / "new")
    assert "is no backup" in told.error


async def test_a_manifest_cannot_lead_out_of_the_home(backup: Path, tmp_path: Path, madang: Madang) -> None:
    manifest = json.loads((backup / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"][0]["path"] = "../../escaped"
    (backup / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert "outside" in madang("restore", backup, "--home", tmp_path / "new").error
    assert not list(tmp_path.glob("**/escaped"))


@pytest.mark.parametrize("renames", range(1, 9))
async def test_a_restore_that_is_killed_is_finished_by_the_next(
    home: Home, backup: Path, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    """At whatever rename the process ends: the home is then what was restored, and what was there is whole."""
    (home.files / "new.txt").write_text("written after the backup", encoding="utf-8")
    for folder in (home.quarantine, home.tables):
        (folder / "some").touch()
    backups.stage(home, backup, WIRING.files, lambda *_: None)
    rename, left = Path.rename, renames

    def killed(self: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        backups.swap_in(home)
    monkeypatch.undo()
    home.create()  # as every start does
    kept = backups.swap_in(home) if backups.staged(home) else next(home.path.glob("before-restore-*"))
    assert kept is not None
    assert not (home.files / "new.txt").exists()
    assert (kept / "files" / "new.txt").exists()
    assert (kept / "tenants" / "default.sqlite3").exists()
    assert await stored(home) == 2


def test_where_a_backup_cannot_be_made(home: Home, tmp_path: Path, madang: Madang) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").touch()
    assert "is there already" in madang("backup", tmp_path / "full", "--home", home.path).error
    assert "no store" in madang("backup", tmp_path / "b", "--home", tmp_path / "none").error
    (tmp_path / "empty").mkdir()
    assert madang("backup", tmp_path / "empty", "--home", home.path).code == OK


async def test_a_damaged_store_is_not_backed_up(home: Home, tmp_path: Path, madang: Madang) -> None:
    await stored(home, *[numbered(n) for n in range(3, 200)])
    store = home.path / "tenants" / "default.sqlite3"
    body = bytearray(store.read_bytes())
    body[len(body) // 2 : len(body) // 2 + 4096] = b"\xff" * 4096
    store.write_bytes(bytes(body))
    told = madang("backup", tmp_path / "backup", "--home", home.path)
    assert told.code == FAILED
    assert "damaged" in told.error or "cannot be" in told.error
    assert not (tmp_path / "backup").exists()


async def test_a_backup_that_is_stopped_leaves_nothing(platform: Platform, tmp_path: Path) -> None:
    big = [numbered(n, text={"type": "Property", "value": "x" * 400_000}) for n in range(60)]
    await write(platform, *big)
    command = [
        sys.executable,
        "-m",
        "madang.wire",
        "backup",
        str(tmp_path / "b"),
        "--home",
        str(platform.home),
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    for _ in range(3_000):
        if (tmp_path / "b.partial" / "tenants").exists():
            break
        await asyncio.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    if process.returncode == INTERRUPTED:
        assert not list(tmp_path.glob("b*"))
    else:
        assert (tmp_path / "b" / "manifest.json").exists(), "it was faster than the signal"
