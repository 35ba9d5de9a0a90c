"""CSV as cities write it, in bytes: which encoding, which delimiter, where each row begins, and the row's own text.

Rows are cut at the level of bytes, so that reading can go on at an offset: in UTF-8 and in CP949 the bytes of
newline, quote and the usual delimiters never occur within another character. Shared by tables and GTFS.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator
from typing import BinaryIO, Final

import msgspec

from madang.errors import SourceFailed
from madang.settings import LIMITS

SAMPLE_BYTES: Final = 64 * 1024
_DELIMITERS: Final = (",", ";", "\t", "|")
_QUOTED: Final = re.compile(rb'"[^"]*"')
_BOM: Final = b"\xef\xbb\xbf"
_UTF16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")


class Dialect(msgspec.Struct, frozen=True):
    """encoding: Python's name. fallback: tried for a row that the encoding does not fit, "" for none.

    bom: bytes to skip at the start of the file.
    """

    encoding: str
    fallback: str
    delimiter: str
    bom: int = 0


class Row(msgspec.Struct, frozen=True):
    """cells: of one row, empty if it cannot be read; `problem` then says why. line: its first, from 1.

    end: offset of the byte after it. text: as it stands in the file.
    """

    cells: list[str]
    line: int
    end: int
    text: str
    problem: str = ""


def sniff(sample: bytes, encoding: str, delimiter: str) -> Dialect:
    """The dialect of a file that begins with the sample. encoding, delimiter: "" to find out. Raises SourceFailed."""
    if sample.startswith(_UTF16_BOMS):
        raise SourceFailed("The file is in UTF-16; save it as UTF-8 (in Excel: CSV UTF-8)")
    bom = len(_BOM) if sample.startswith(_BOM) else 0
    if encoding:
        found, fallback = encoding, ""
    elif bom or _fits(sample, "utf-8"):
        found, fallback = "utf-8", "cp949"
    elif _fits(sample, "cp949"):
        found, fallback = "cp949", ""
    else:
        found, fallback = "latin-1", ""
    return Dialect(found, fallback, delimiter or _delimiter(sample[bom:]), bom)


def _fits(sample: bytes, encoding: str) -> bool:
    # The end of the sample may cut a character in two
    for cut in range(4):
        try:
            sample[: len(sample) - cut].decode(encoding)
        except UnicodeDecodeError as error:
            if error.start < len(sample) - 8:
                return False
        else:
            return True
    return False


def _delimiter(sample: bytes) -> str:
    """The one that most of the first lines have as many of, outside quotes; of several such, the one of the first line."""
    lines = [_QUOTED.sub(b"", line) for line in sample.splitlines()[:20]]
    counts = {mark: [n for line in lines if (n := line.count(mark.encode()))] for mark in _DELIMITERS}
    alike = {mark: max(Counter(found).values(), default=0) for mark, found in counts.items()}
    first = next((line for line in lines if any(mark.encode() in line for mark in _DELIMITERS)), b"")
    return max(_DELIMITERS, key=lambda mark: (alike[mark], first.count(mark.encode()), sum(counts[mark])))


def rows(file: BinaryIO, dialect: Dialect, offset: int, line: int, *, growing: bool = False) -> Iterator[Row]:
    """Rows from a byte offset on, whose first line has the number `line`. Blank lines are left out.

    growing: a last line without its end is still being written: it is left for the next time. A quote that never
    closes costs the one line in which it opens, not the rest of the file.
    """
    at = max(offset, dialect.bom)
    file.seek(at)
    put_back: deque[bytes] = deque()
    held: list[bytes] = []
    quote_open = False
    while True:
        raw = put_back.popleft() if put_back else file.readline(LIMITS.source_row_bytes_max)
        if growing and not raw.endswith(b"\n"):
            return
        if raw:
            held.append(raw)
            quote_open ^= raw.count(b'"') % 2 == 1
            if quote_open and len(held) < LIMITS.source_row_lines_max:
                continue
        elif not held:
            return
        taken = held[:1] if quote_open else held
        put_back.extendleft(reversed(held[len(taken) :]))
        at += sum(map(len, taken))
        if any(part.strip() for part in taken):
            yield _row(b"".join(taken), dialect, line, at, quote_open)
        line += len(taken)
        held, quote_open = [], False


def _row(raw: bytes, dialect: Dialect, line: int, end: int, quote_open: bool) -> Row:
    try:
        text = _decode(raw, dialect)
    except UnicodeDecodeError:
        shown = raw.decode("latin-1").rstrip("\r\n")
        return Row([], line, end, shown, f"The row is not in {dialect.encoding}; set the option `encoding`")
    text = text.rstrip("\r\n")
    if quote_open:
        return Row([], line, end, text, "A quotation mark opens in this line and never closes")
    try:
        cells = next(
            csv.reader([text], delimiter=dialect.delimiter) if "\n" not in text else _long(text, dialect)
        )
    except (csv.Error, StopIteration) as error:
        return Row([], line, end, text, f"The row is not CSV: {error}")
    return Row(cells, line, end, text)


def _long(text: str, dialect: Dialect) -> Iterator[list[str]]:
    """A row with line breaks within quotes."""
    return csv.reader(text.splitlines(keepends=True), delimiter=dialect.delimiter)


def _decode(raw: bytes, dialect: Dialect) -> str:
    try:
        return raw.decode(dialect.encoding)
    except UnicodeDecodeError:
        if not dialect.fallback:
            raise
        return raw.decode(dialect.fallback)
