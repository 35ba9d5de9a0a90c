"""The HTTP sender against receivers of all kinds: slow to close, talkative, secured, and not HTTP at all."""

from __future__ import annotations

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from tests.delivery.certificates import certificate
from tests.delivery.receiver import Receiver

from madang.hub.delivery.http_connection import read_answer
from madang.hub.delivery.http_sender import HttpSender
from madang.hub.delivery.sending import Result
from madang.hub.egress import GuardedResolver
from madang.ngsild.notification import Message
from madang.ngsild.subscription import Endpoint

HELLO = Message(b'{"data":[]}', (("Content-Type", "application/json"),))
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def sender() -> AsyncIterator[HttpSender]:
    made = HttpSender(GuardedResolver(("127.0.0.1",)), "madang-test")
    yield made
    await made.close()


@asynccontextmanager
async def serving(speak: Speak) -> AsyncIterator[str]:
    """A server that reads requests and answers as `speak` does."""
    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()


def answering(*answers: bytes) -> tuple[Speak, list[int]]:
    """One answer for each request, in order over all connections; b"" closes. Also the connections made."""
    left = list(answers)
    connections: list[int] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        try:
            while left:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                await reader.readexactly(length)
                answer = left.pop(0)
                writer.write(answer)
                await writer.drain()
                if not answer or b"\r\nconnection: close" in answer.lower():
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    return speak, connections


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;a=b\r\nyou\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nTrailer: x\r\n\r\n",
    ],
)
async def test_a_connection_is_used_again(sender: HttpSender, answer: bytes) -> None:
    speak, connections = answering(answer, answer, answer)
    async with serving(speak) as url:
        for _ in range(3):
            assert (await sender.send(Endpoint(url), HELLO, 5)).result is Result.DELIVERED
    assert len(connections) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10000000\r\n\r\n" + bytes(300_000),
    ],
)
async def test_a_connection_that_ends_is_not(sender: HttpSender, answer: bytes) -> None:
    speak, connections = answering(answer, answer)
    async with serving(speak) as url:
        for _ in range(2):
            assert (await sender.send(Endpoint(url), HELLO, 5)).result is Result.DELIVERED
    assert len(connections) == 2


async def test_a_connection_that_was_closed_meanwhile_is_no_failure(sender: HttpSender) -> None:
    """The receiver closes an open connection as the next request comes: it is sent over another one."""
    speak, connections = answering(OK, b"", OK)
    async with serving(speak) as url:
        for _ in range(2):
            assert (await sender.send(Endpoint(url), HELLO, 5)).result is Result.DELIVERED
    assert len(connections) == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", "the answer is no HTTP"),
        (b"", "closed before the answer came"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "the answer is no HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", "the answer is no HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + bytes([120]) * 70_000, "the answer is no HTTP"),
    ],
)
async def test_what_is_no_http_is_a_failure(sender: HttpSender, answer: bytes, reason: str) -> None:
    speak, _ = answering(answer, answer)
    async with serving(speak) as url:
        sent = await sender.send(Endpoint(url), HELLO, 5)
    assert sent.result is Result.FAILED
    assert reason in sent.reason


@pytest.mark.parametrize(
    ("status", "result"),
    [(201, Result.DELIVERED), (302, Result.FAILED), (404, Result.FAILED), (422, Result.REFUSED)],
)
async def test_the_status_tells(sender: HttpSender, status: int, result: Result) -> None:
    speak, _ = answering(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\nLocation: http://10.0.0.1/\r\n\r\n" % status)
    async with serving(speak) as url:
        assert (await sender.send(Endpoint(url), HELLO, 5)).result is result


def test_an_answer_in_pieces_is_read_when_it_is_whole() -> None:
    for whole in (OK, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"):
        for end in range(len(whole)):
            assert read_answer(bytearray(whole[:end])) is None, whole[:end]
        assert read_answer(bytearray(whole)) == (200, True)


@pytest.mark.parametrize("name", ["X-A\r\nX-B", "X\x00"])
async def test_a_header_cannot_break_out_of_its_line(
    sender: HttpSender, receiver: Receiver, name: str
) -> None:
    sent = await sender.send(Endpoint(receiver.url), Message(b"{}", ((name, "x"),)), 5)
    assert sent.result is Result.FAILED
    assert not receiver.received


async def test_the_certificate_of_a_receiver_is_checked(
    sender: HttpSender, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl: sudo apt-get install openssl")
    made = certificate(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    application = web.Application()
    application.router.add_post("/{path:.*}", receiver.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    port = runner.addresses[0][1]
    unknown = await sender.send(Endpoint(f"https://localhost:{port}/"), HELLO, 5)
    assert unknown.result is Result.FAILED
    assert "certificate" in unknown.reason
    monkeypatch.setenv("SSL_CERT_FILE", str(made.certificate))
    trusting = HttpSender(GuardedResolver(("127.0.0.1",)), "madang-test")
    other = await trusting.send(Endpoint(f"https://127.0.0.1:{port}/"), HELLO, 5)
    assert other.result is Result.FAILED
    for _ in range(2):
        assert (
            await trusting.send(Endpoint(f"https://localhost:{port}/"), HELLO, 5)
        ).result is Result.DELIVERED
    await trusting.close()
    await runner.cleanup()
    assert len(receiver.received) == 2
