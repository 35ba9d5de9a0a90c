"""Serves one ASGI application in the running event loop, with granian, until it is told to stop.

granian's embedded server, because its supervisor leaves a worker alive when it is killed itself
(docs/decisions). uvloop, because granian wakes the loop from its own thread for every request, and that takes a
third less with it (docs/performance.md). What is served is the caller's business.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import socket
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from types import CodeType
from typing import Any, TypeVar

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server

from madang.errors import AddressInUse, SettingInvalid
from madang.meters import LOOP_LAG
from madang.settings import LIMITS

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Result = TypeVar("Result")

# A page that follows live changes keeps its request open, so it counts against granian's backpressure.
REQUESTS_OPEN_MAX = LIMITS.stream_clients_max + 1024
LAG_SECONDS = 0.25
SHUTDOWN_SECONDS_MAX = LIMITS.shutdown_ms_max / 1000
# Objects made before the youngest are looked at: a batch request makes tens of thousands that live until its commit
YOUNG_OBJECTS_MAX = 20_000


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine that serves, in the event loop that serving needs."""
    return uvloop.run(main)


def address(host: str, port: int) -> str:
    """The URL at which a browser on this machine finds the server."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - compared
    return f"http://{reachable}:{port}"


def claim(host: str, port: int) -> int:
    """The port to serve on, a free one for 0. Raises AddressInUse or SettingInvalid where that cannot be.

    granian binds with SO_REUSEPORT, which would share the port with another process in silence: so it is
    tried here first without.
    """
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise SettingInvalid(
            f"The host {host!r} is not known here ({error.strerror}); try 127.0.0.1"
        ) from error
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(place)
        except OSError as error:
            raise unusable(host, port, error) from error
        free: int = trial.getsockname()[1]
    return free


def listens(host: str, port: int) -> bool:
    """Whether a program accepts connections there."""
    with socket.socket() as trial:
        return trial.connect_ex((host, port)) == 0


def unusable(host: str, port: int, error: OSError) -> AddressInUse | SettingInvalid:
    if error.errno == errno.EADDRINUSE:
        return AddressInUse(
            f"Port {port} of {host} is in use by another program; choose another with --port, or 0 for any free one"
        )
    if error.errno == errno.EACCES:
        return SettingInvalid(
            f"Port {port} needs rights that this process lacks; choose one above 1023 with --port"
        )
    return SettingInvalid(
        f"This machine cannot listen on {host}:{port} ({error.strerror}); try --host 127.0.0.1"
    )


async def serve(application: Application, host: str, port: int, stop: asyncio.Event) -> None:
    """Serve until `stop` is set. Requests that run then have `shutdown_ms_max` to finish; streams are cut."""
    settle_memory()
    codes: set[CodeType] = set()
    server = Server(
        noted(application, codes),
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        backlog=1024,
        backpressure=REQUESTS_OPEN_MAX,
        websockets=False,
        log_enabled=False,
    )
    lag = asyncio.create_task(watch_lag())
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    server.stop()  # type: ignore[no-untyped-call] # granian leaves it without annotations
    await finished(codes)
    await serving
    lag.cancel()


async def watch_lag() -> None:
    """Measure how late the loop wakes, for ever."""
    loop = asyncio.get_running_loop()
    while True:
        asked = loop.time() + LAG_SECONDS
        await asyncio.sleep(LAG_SECONDS)
        LOOP_LAG.add(max(0.0, loop.time() - asked))


def settle_memory() -> None:
    """What is loaded by now stays: the garbage collector need not go through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS_MAX, 20, 20)


def noted(application: Application, codes: set[CodeType]) -> Application:
    """The application, with the code that all tasks of requests run in `codes`, once there has been one.

    By that they are found when the server stops. To keep a set of those that run would take another coroutine around
    each, which costs three hundredths of reading an entity.
    """

    def serve_noted(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if not codes:
            code = _code(asyncio.current_task())
            assert code is not None, "granian runs every request as a coroutine in a task of its own"
            codes.add(code)
        return application(scope, receive, send)

    return serve_noted


def _code(task: asyncio.Task[Any] | None) -> CodeType | None:
    return getattr(task.get_coro(), "cr_code", None) if task is not None else None


async def finished(codes: set[CodeType]) -> None:
    """Let the requests finish; what still runs in the end is cancelled: a stream has no end of its own."""
    requests = [task for task in asyncio.all_tasks() if _code(task) in codes]
    if requests:
        _, running = await asyncio.wait(requests, timeout=SHUTDOWN_SECONDS_MAX)
        for request in running:
            request.cancel()
