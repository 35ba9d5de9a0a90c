"""What a report is made of, before it is written in any form. All texts are plain: whoever writes them escapes them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Heading(msgspec.Struct, frozen=True, tag="heading"):
    """level: 1 for a chapter, 2 for a section."""

    level: int
    text: str


class Text(msgspec.Struct, frozen=True, tag="text"):
    """A paragraph."""

    text: str


class Points(msgspec.Struct, frozen=True, tag="points"):
    items: Sequence[str]


class Figure(msgspec.Struct, frozen=True, tag="figure"):
    """svg: stands alone. number: as it is counted, such as "그림 3". source: the line below it."""

    number: str
    title: str
    svg: str
    source: str


class Listing(msgspec.Struct, frozen=True, tag="table"):
    """A table. right: whether the cells of each column stand at the right, as numbers do. note: what is left out, "" for
    nothing. source: the line below it."""

    number: str
    title: str
    heads: Sequence[str]
    right: Sequence[bool]
    rows: Sequence[Sequence[str]]
    source: str
    note: str = ""


Block = Heading | Text | Points | Figure | Listing


class Document(msgspec.Struct, frozen=True):
    """language: "ko" or "en". notice: stands on every page, "" for none. lead: the verdict in one line. contents: heading of
    the table of contents."""

    language: str
    title: str
    subtitle: str
    lead: str
    notice: str
    contents: str
    blocks: Sequence[Block]
