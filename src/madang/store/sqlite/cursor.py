"""Cursors: where a page ended, as an opaque text for links. Bound to the query that made it."""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error

import msgspec
import orjson

from madang.errors import BadRequestData
from madang.ngsild.query import Order, Query
from madang.store.sqlite.plan_steps import Position


class Cursor(msgspec.Struct, frozen=True):
    """driver: of the plan. step: number of the step within it. position: in that step, of the last entity."""

    driver: str
    step: int
    position: Position


def encode_cursor(cursor: Cursor, query: Query, order: tuple[Order, ...] = ()) -> str:
    content = orjson.dumps([_digest(query, order), cursor.driver, cursor.step, *cursor.position])
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def decode_cursor(text: str, query: Query, order: tuple[Order, ...] = ()) -> Cursor:
    """Raises BadRequestData if the text is no cursor of this query in this order."""
    try:
        content = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (Error, ValueError) as error:
        raise _unreadable() from error
    match content:
        case [int(digest), str(driver), int(step), *position] if (
            digest == _digest(query, order)
            and driver
            and step >= 0
            and all(type(part) in (int, float, str) for part in position)
        ):
            return Cursor(driver, step, tuple(position))
    raise _unreadable()


def _unreadable() -> BadRequestData:
    return BadRequestData("The cursor is not one of this query; follow the links of the first page unchanged")


def _digest(query: Query, order: tuple[Order, ...]) -> int:
    return zlib.crc32(msgspec.json.encode((query, order) if order else query))
