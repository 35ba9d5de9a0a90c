"""Child processes that do what must not run in the serving process: how they start, speak and end.

Parent and child exchange length-prefixed frames over the child's standard input and output. A child ends with
its parent, however that ends: by the kernel's death signal on Linux, elsewhere when its pipe closes.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import struct
import sys
from typing import BinaryIO, Final

FRAME_BYTES_MAX: Final = 256 * 1024 * 1024
_LENGTH: Final = struct.Struct("<I")
_PR_SET_PDEATHSIG: Final = 1
_BUFFER_BYTES: Final = 256 * 1024


async def start(module: str, *arguments: str) -> asyncio.subprocess.Process:
    """Start `python -m module PARENT arguments...`; its streams are pipes."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        str(os.getpid()),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_BUFFER_BYTES,
        # Ctrl+C is for the parent, which ends its children in order
        start_new_session=True,
    )


async def end(process: asyncio.subprocess.Process) -> None:
    """End a child at once, also in the middle of its work. What it had still to say is thrown away."""
    if process.returncode is None:
        process.kill()
        # asyncio learns of the end of a child only after the end of its pipe, which a full buffer holds back
        while process.stdout is not None and await process.stdout.read(_BUFFER_BYTES):
            pass
        await process.wait()


def end_with(parent: int) -> None:
    """In the child: end when the process with this number ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)  # nothing has begun yet that would have to be finished, or told of


def own_streams() -> tuple[BinaryIO, BinaryIO]:
    """In the child: (requests, answers). What a library prints goes to standard error, not between the frames."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return sys.stdin.buffer, answers


def framed(body: bytes) -> bytes:
    """The body with its length before it."""
    return _LENGTH.pack(len(body)) + body


def read_frame(stream: BinaryIO) -> bytes | None:
    """In the child: the next frame's body; None when the other side is gone."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None


async def receive_frame(stream: asyncio.StreamReader) -> bytes | None:
    """In the parent: the next frame's body; None when the other side is gone or sends too much."""
    try:
        (length,) = _LENGTH.unpack(await stream.readexactly(_LENGTH.size))
        return await stream.readexactly(length) if length <= FRAME_BYTES_MAX else None
    except asyncio.IncompleteReadError:
        return None
