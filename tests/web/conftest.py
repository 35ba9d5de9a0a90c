"""A small city served by a real process, and Debian's Chromium to look at it. Without a browser these tests skip."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from tests.serving import Platform
from tests.web.small_city import write_city

from madang.clock import SystemClock
from madang.web.assets import BUILD

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LOAD_SECONDS_MAX = 60.0
ACTION_MS_MAX = 30_000
MAP_MS_MAX = 120_000


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """`madang up` of the small city, loaded whole."""
    folder = tmp_path_factory.mktemp("city")
    city = write_city(folder / "saem", SystemClock().now())
    running = Platform.start(folder / "home", str(city), "--yes")
    give_up = time.monotonic() + LOAD_SECONDS_MAX
    while "readings: loaded" not in running.log.read_text():
        assert time.monotonic() < give_up, running.log.read_text()[-2000:]
        time.sleep(0.1)
    yield running
    running.stop()


@pytest.fixture(scope="module")  # while it is open its event loop runs, beside which no other may
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("needs Chromium: apt-get install chromium")
    if not (BUILD / "manifest.json").exists():
        pytest.skip("needs the web build: make setup")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


class Watched:
    """A page and everything about it that would be a fault."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url
        self.faults: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(ACTION_MS_MAX)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on(
            "console",
            lambda message: (
                self.faults.append(f"{message.type}: {message.text}")
                if message.type in ("error", "warning")
                else None
            ),
        )
        self.page.on("request", lambda request: self._check(request.url))

    def _check(self, address: str) -> None:
        if not address.startswith((self.url, f"blob:{self.url}", "data:")):
            self.faults.append(f"asked another host: {address}")

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        if self.page.locator("#map").count():
            self.page.wait_for_selector('#map[data-ready="true"]', state="attached", timeout=MAP_MS_MAX)
        return self.page


@pytest.fixture
def visit(browser: Browser, platform: Platform, request: pytest.FixtureRequest) -> Iterator[Watched]:
    """A fresh reader. parametrize indirectly with (width, colour scheme); any fault of the page fails the test."""
    width, scheme = getattr(request, "param", (1440, "light"))
    theme: Literal["light", "dark"] = "dark" if scheme == "dark" else "light"
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=theme, locale="ko-KR", reduced_motion="reduce"
    )
    watched = Watched(context, platform.url)
    yield watched
    context.close()
    assert not watched.faults, "\n".join(watched.faults)
