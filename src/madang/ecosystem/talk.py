"""What the platform and the process that analyses say to each other: length-prefixed frames (`children.py`)."""

from __future__ import annotations

import asyncio
from typing import BinaryIO, Final

import msgspec

from madang.children import framed, read_frame, receive_frame
from madang.ecosystem.outcome import Outcome
from madang.ecosystem.record import Seen, Use
from madang.ecosystem.rules import Rules
from madang.ecosystem.suggestions import Category, Suggestion


class Begin(msgspec.Struct, frozen=True, tag=True):
    """What is analysed, before the first entity of it. read: microseconds UTC. folder: where drawings are kept, so that a
    run that is stopped goes on. past: a file with the outcome with which this one is compared,
    "" for none. taxonomy: a file with the city's own, "" for the platform's."""

    city: str
    names: dict[str, str]
    synthetic: bool
    read: int
    sequence: int
    rules: Rules
    folder: str
    past: str = ""
    taxonomy: str = ""


class Entities(msgspec.Struct, frozen=True, tag=True):
    """iri: of their type. body: a JSON array of `count` entities, normalized, under the platform's own @context."""

    iri: str
    body: bytes
    count: int


class End(msgspec.Struct, frozen=True, tag=True):
    """All has been sent. loaded: by source, when it was last read as a whole, microseconds UTC."""

    uses: tuple[Use, ...]
    seen: tuple[Seen, ...]
    loaded: dict[str, int] = {}


class Told(msgspec.Struct, frozen=True, tag=True):
    """How far it is. done, of: networks drawn at random."""

    done: int
    of: int


class Made(msgspec.Struct, frozen=True, tag=True):
    """last: nothing follows; an outcome before has no drawings at random yet."""

    outcome: Outcome
    last: bool


class Likely(msgspec.Struct, frozen=True, tag=True):
    """All that is suggested now of one category, for a person to decide on."""

    category: Category
    suggestions: tuple[Suggestion, ...]


class Failed(msgspec.Struct, frozen=True, tag=True):
    """reason: for a person. trace: of a bug, "" if what was read is at fault."""

    reason: str
    trace: str = ""


Said = Begin | Entities | End
Answer = Told | Made | Likely | Failed

_said: Final[msgspec.msgpack.Decoder[Said]] = msgspec.msgpack.Decoder(Said)
_answers: Final[msgspec.msgpack.Decoder[Answer]] = msgspec.msgpack.Decoder(Answer)


def encode(frame: Said | Answer) -> bytes:
    return framed(msgspec.msgpack.encode(frame))


def read_said(stream: BinaryIO) -> Said | None:
    """The next thing that the platform says; None when it is gone."""
    body = read_frame(stream)
    return _said.decode(body) if body is not None else None


async def read_answer(stream: asyncio.StreamReader) -> Answer | None:
    """The next answer; None when the process is gone."""
    body = await receive_frame(stream)
    return _answers.decode(body) if body is not None else None
