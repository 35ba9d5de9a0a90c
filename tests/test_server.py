"""Serving with granian: the port is claimed honestly, and stopping lets requests finish."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
import pytest

from madang import server
from madang.errors import AddressInUse, SettingInvalid


async def application(scope: server.Scope, receive: server.Receive, send: server.Send) -> None:
    if scope["path"] == "/slow":
        await asyncio.sleep(0.3)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"here", "more_body": scope["path"] == "/endless"})
    if scope["path"] == "/endless":
        await asyncio.sleep(600)


async def until_up(client: aiohttp.ClientSession, url: str) -> None:
    for _ in range(100):
        try:
            await client.get(url)
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.02)
        else:
            return
    pytest.fail(f"{url} did not come up within 2 s")


async def test_a_request_that_runs_is_finished_before_the_server_stops() -> None:
    port = server.claim("127.0.0.1", 0)
    url = server.address("127.0.0.1", port)
    stop = asyncio.Event()
    async with aiohttp.ClientSession() as client, asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(server.serve(application, "127.0.0.1", port, stop))
        await until_up(client, url)
        slow = tasks.create_task(client.get(f"{url}/slow"))
        await asyncio.sleep(0.1)
        stop.set()
        assert await (await slow).text() == "here"
        await serving


async def test_a_stream_without_end_does_not_hold_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SHUTDOWN_SECONDS_MAX", 0.5)
    port = server.claim("127.0.0.1", 0)
    url = server.address("127.0.0.1", port)
    stop = asyncio.Event()
    async with aiohttp.ClientSession() as client, asyncio.timeout(5):
        serving = asyncio.create_task(server.serve(application, "127.0.0.1", port, stop))
        await until_up(client, url)
        stream = await client.get(f"{url}/endless")
        assert await stream.content.read(4) == b"here"
        stop.set()
        await serving
        stream.close()


def test_a_port_in_use_is_refused_by_its_number() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(AddressInUse, match=f"Port {port} .* --port"):
            server.claim("127.0.0.1", port)


def test_a_host_of_another_machine_is_refused() -> None:
    with pytest.raises(SettingInvalid, match="--host"):
        server.claim("192.0.2.1", 0)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::", "http://[::1]:8080"),
        ("::1", "http://[::1]:8080"),
        ("city.example.org", "http://city.example.org:8080"),
    ],
)
def test_the_address_is_one_that_a_browser_can_open(host: str, url: str) -> None:
    assert server.address(host, 8080) == url
