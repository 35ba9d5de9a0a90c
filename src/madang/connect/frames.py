"""What the serving process and the process that reads files say to each other, as MessagePack.

The serving process sends one request and takes answers until `Done` or `Failed`. The pipe holds little, so a reader
that is ahead waits. How frames travel stands in `children.py`.
"""

from __future__ import annotations

import asyncio
from typing import BinaryIO, Final

import msgspec

from madang.children import framed, read_frame, receive_frame
from madang.connect.adapter import Table
from madang.connect.files import Fingerprint
from madang.connect.mapping import Mapped, Refused
from madang.connect.source import Source, Surroundings


class TakeFingerprint(msgspec.Struct, frozen=True, tag=True):
    """Answered by `Taken`. former: as it was at the last run. mapping: digest of the mapping."""

    location: str
    mapping: str
    former: Fingerprint | None


class Discover(msgspec.Struct, frozen=True, tag=True):
    """Answered by `Discovered`."""

    source: Source


class TryMapping(msgspec.Struct, frozen=True, tag=True):
    """Answered by `Done`, or by `Failed` where the mapping cannot be used."""

    source: Source
    surroundings: Surroundings


class Read(msgspec.Struct, frozen=True, tag=True):
    """Answered by any number of `Batch`, then `Done`. state: where to go on (JSON), b"" for the start."""

    source: Source
    surroundings: Surroundings
    state: bytes


class Taken(msgspec.Struct, frozen=True, tag=True):
    fingerprint: Fingerprint


class Discovered(msgspec.Struct, frozen=True, tag=True):
    tables: tuple[Table, ...]


class Batch(msgspec.Struct, frozen=True, tag=True):
    """What some rows became. items: in the order of the rows. rows: how many rows. state, share, again: see
    `adapter.Step`; state is JSON."""

    items: tuple[Mapped | Refused, ...]
    rows: int
    state: bytes
    share: float
    again: bool


class Done(msgspec.Struct, frozen=True, tag=True):
    pass


class Failed(msgspec.Struct, frozen=True, tag=True):
    """reason: for a person. trace: of a bug, "" if the source is at fault."""

    reason: str
    trace: str = ""


Request = TakeFingerprint | Discover | TryMapping | Read
Answer = Taken | Discovered | Batch | Done | Failed

_requests: Final[msgspec.msgpack.Decoder[Request]] = msgspec.msgpack.Decoder(Request)
_answers: Final[msgspec.msgpack.Decoder[Answer]] = msgspec.msgpack.Decoder(Answer)


def encode(frame: Request | Answer) -> bytes:
    return framed(msgspec.msgpack.encode(frame))


def read_request(stream: BinaryIO) -> Request | None:
    """The next request; None when the other side is gone."""
    body = read_frame(stream)
    return _requests.decode(body) if body is not None else None


async def read_answer(stream: asyncio.StreamReader) -> Answer | None:
    """The next answer; None when the other side is gone."""
    body = await receive_frame(stream)
    return _answers.decode(body) if body is not None else None
