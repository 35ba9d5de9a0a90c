"""docs/operations.md is true: its commands are carried out as they stand, its metrics exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import aiohttp
from tests.documented import commands
from tests.serving import Platform

from madang.cli.exits import OK, PARTIAL

PAGE = (Path(__file__).parent.parent.parent / "docs" / "operations.md").read_text(encoding="utf-8")
COMMANDS = [line for block in commands(PAGE) for line in block.splitlines()]


def carried_out(line: str, home: Path, folder: Path) -> int:
    """A line of the page; what it calls /srv is in `folder`."""
    program, *words = shlex.split(line.replace("/srv/", f"{folder}/"))
    assert program == "madang"
    environment = {**os.environ, "MADANG_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-m", "madang.wire", *words],
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    return done.returncode


async def test_the_commands_of_the_page(tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    platform = Platform.start(tmp_path / "home")
    try:
        async with aiohttp.ClientSession() as client:
            entity = {"id": "urn:x:1", "type": "Car"}
            async with client.post(f"{platform.url}/ngsi-ld/v1/entities", json=entity) as written:
                assert written.status == 201
            for line in COMMANDS:
                if line.startswith("curl "):
                    path = line.split("8080")[1]
                    async with client.get(platform.url + path) as reply:
                        assert reply.status == 200, path
        repair = "madang doctor --repair"
        outcomes = [
            carried_out(line, platform.home, tmp_path)
            for line in COMMANDS
            if line.startswith("madang") and line != repair
        ]
        assert outcomes == [OK, OK, PARTIAL, OK, OK, OK]
        assert platform.stop() == 0
        assert carried_out(repair, platform.home, tmp_path) == OK
    finally:
        if platform.process.poll() is None:
            platform.kill()


async def test_the_metrics_of_the_page_exist(tmp_path: Path) -> None:
    platform = Platform.start(tmp_path / "home")
    try:
        async with aiohttp.ClientSession() as client:
            await client.get(f"{platform.url}/ready")
            reply = await client.get(f"{platform.url}/metrics")
            text = await reply.text()
    finally:
        platform.kill()
    named = set(re.findall(r"`((?:madang|process)_\w+)`", PAGE))
    assert len(named) > 8
    missing = [name for name in named if f"# TYPE {name} " not in text]
    assert not missing
