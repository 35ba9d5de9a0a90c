"""The floor under every figure: granian answering a constant of 1.2 kB, and nothing else. Argument: the port."""

from __future__ import annotations

import asyncio
import sys

from madang import server

BODY = b"0" * 1200
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"1200")],
}
END = {"type": "http.response.body", "body": BODY}


async def application(_scope: server.Scope, _receive: server.Receive, send: server.Send) -> None:
    await send(START)
    await send(END)


if __name__ == "__main__":
    server.run(server.serve(application, "127.0.0.1", int(sys.argv[1]), asyncio.Event()))
