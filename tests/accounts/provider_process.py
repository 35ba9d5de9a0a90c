"""A sign-in provider in a process of its own, that anybody can sign in at, and a person's browser at it."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import aiohttp

from madang import server


@contextmanager
def provider(folder: Path) -> Iterator[str]:
    """The address of a provider that runs as long as the block."""
    port = server.claim("127.0.0.1", 0)
    log = (folder / "provider.log").open("wb")
    claims = ("--user-claims", '{"sub": "mina", "name": "박민아", "email": "root@gaon.example"}')
    process = subprocess.Popen(
        [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "oidc_provider_mock",
            "-p",
            str(port),
            "-n",
            "-r",
            "false",
            *claims,
        ],
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        until = time.monotonic() + 60
        while b"running on" not in (folder / "provider.log").read_bytes():
            assert process.poll() is None, (folder / "provider.log").read_text()
            assert time.monotonic() < until, "the provider does not start"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
        log.close()


async def sign_in_there(url: str, subject: str) -> dict[str, str]:
    """What the provider sends the browser of this person back with."""
    async with (
        aiohttp.ClientSession() as browser,
        browser.post(url, data={"sub": subject}, allow_redirects=False) as response,
    ):
        assert response.status in (302, 303), re.sub(r"\s+", " ", await response.text())[:500]
        return dict(parse_qsl(urlsplit(response.headers["Location"]).query))
