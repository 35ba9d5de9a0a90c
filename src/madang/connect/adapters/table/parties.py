"""Organisations that a table names in passing: who buys, who supplies, who takes part.

Such a table has no row for them. Each becomes a record of its own of the table "parties", and the row gets their keys
in a field "@supplier" (by the name that the options give them), so that the mapping can link to them. A key is the
business number where it is one, else the source's own code, else made of the name as it is written but for spaces, case and
the forms of Unicode: it is the same in every run, and of two spellings there are two, which `ecosystem/resolution.py` may find to
be one. It carries no name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from hashlib import blake2b
from itertools import zip_longest
from typing import Any, Final

import msgspec

from madang.business_numbers import business_number, written
from madang.connect.adapter import Field
from madang.connect.adapters.table.options import Options, Parties
from madang.connect.adapters.table.rows import TableRow
from madang.connect.mapping import Record, Refused
from madang.connect.template import plain_text
from madang.settings import LIMITS

ROWS: Final = "rows"
PARTIES: Final = "parties"
SEPARATOR: Final = ";"
FIELDS: Final = (Field("@key"), Field("@name"), Field("@number"), Field("@as"), Field("@file"))
_KEY_BYTES: Final = 8
_NOT_SAID: Final = frozenset(("", "-", "없음", "해당없음", "미상", "합계", "합 계", "소계", "N/A", "null"))
_SURNAMES: Final = (
    "김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우구나민진지엄채원천방공현함변염여추도"
    "소석선설마길연위표명기반왕금옥육인맹제모탁국어은편용예봉경사부가복태목형피두감호빈동온좌팽승간상시갈"
)
_PERSON: Final = re.compile(f"[{_SURNAMES}][가-힣]{{1,3}}")


class _Party(msgspec.Struct, frozen=True):
    key: str
    name: str
    number: str


class Worked(msgspec.Struct, frozen=True):
    """What one row of a file, or a group of them, became; the last row says how far the file is read."""

    records: tuple[Record | Refused, ...]
    last: TableRow


def names_of(columns: list[str], options: Options) -> dict[str, str]:
    """How columns are called, by their own names: by the one of which theirs is an alias, without regard to spaces and case."""
    by_folded = {_folded(column): column for column in reversed(columns)}
    renamed: dict[str, str] = {}
    for wanted, others in options.aliases.items():
        if wanted in columns:
            continue
        found = next((by_folded[key] for key in map(_folded, (wanted, *others)) if key in by_folded), None)
        if found is not None:
            renamed.setdefault(found, wanted)
    return renamed


def header_row(head: list[tuple[int, list[Any]]], options: Options) -> int:
    """The number of the first row that has the columns `header_with`, or other names of theirs; 0 where none has."""
    wanted = [
        {_folded(name) for name in (column, *options.aliases.get(column, ()))}
        for column in options.header_with
    ]
    for number, cells in head:
        there = {_folded(plain_text(cell)) for cell in cells if cell is not None}
        if all(names & there for names in wanted):
            return number
    return 0


def worked_out(rows: Iterator[TableRow], options: Options, columns: list[str]) -> Iterator[Worked]:
    """The records that a mapping sees. columns: of the file."""
    renamed = names_of(columns, options)
    if not (renamed or options.parties or options.group):
        yield from (Worked((row.row,), row) for row in rows)
        return
    work = _Working(options, renamed)
    for row in rows:
        yield from work.take(row)
    yield from work.rest()


class _Working:
    def __init__(self, options: Options, renamed: dict[str, str]) -> None:
        self._options = options
        self._renamed = renamed
        self._group = options.group
        # The first row of the group, by role who is named in any, and the last row
        self._first: Record | None = None
        self._named: dict[str, dict[str, _Party]] = {}
        self._last: TableRow | None = None
        self._many = False

    def take(self, row: TableRow) -> Iterator[Worked]:
        record = row.row
        if isinstance(record, Refused):
            yield from self.rest()
            yield Worked((record,), row)
            return
        fields = {self._renamed.get(name, name): value for name, value in record.fields.items()}
        if self._first is None or not self._group or not self._same(fields):
            yield from self.rest()
            self._first = msgspec.structs.replace(record, fields=fields)
        for role, parties in self._options.parties.items():
            known = self._named.setdefault(role, {})
            for party in _parties(fields, parties):
                known.setdefault(party.key, party)
                if len(known) > LIMITS.row_parties_entities_max:
                    self._many = True
                    break
        self._last = row

    def rest(self) -> Iterator[Worked]:
        """The group that is being gathered, if there is one."""
        if self._first is not None and self._last is not None:
            reason = f"The row names more than {LIMITS.row_parties_entities_max} organisations; has it the right separator?"
            refused = Refused(self._first.place, self._first.shown(), reason)
            yield Worked((refused,) if self._many else tuple(self._records(self._first)), self._last)
        self._first, self._last, self._named, self._many = None, None, {}, False

    def _same(self, fields: dict[str, Any]) -> bool:
        assert self._first is not None
        value = _text(fields, self._group)
        return bool(value) and value == _text(self._first.fields, self._group)

    def _records(self, first: Record) -> Iterator[Record]:
        if not self._options.parties:
            yield first
            return
        keys = {f"@{role}": SEPARATOR.join(known) or None for role, known in self._named.items()}
        file = first.place.rpartition(":")[0]
        yield Record(ROWS, first.place, {**first.fields, **keys, "@file": file}, first.shown())
        for role, known in self._named.items():
            for number, party in enumerate(known.values(), start=1):
                place = f"{first.place} {role}" + (f" {number}" if number > 1 else "")
                said = {
                    "@key": party.key,
                    "@name": party.name,
                    "@number": party.number,
                    "@as": role,
                    "@file": file,
                }
                yield Record(PARTIES, place, said)


def _parties(fields: dict[str, Any], columns: Parties) -> Iterator[_Party]:
    cells = [
        _parts(_text(fields, name), columns.separator)
        for name in (columns.name, columns.number, columns.code)
    ]
    if columns.separator and cells[0]:
        # Numbers and codes that are not as many as the names cannot be told apart
        cells[1:] = [parts if len(parts) == len(cells[0]) else [] for parts in cells[1:]]
    for name, number, code in zip_longest(*cells, fillvalue=""):
        if columns.without_persons and _PERSON.fullmatch(name):
            continue
        known = business_number(number)
        key = known or code or (f"n{_digest(name)}" if name else "")
        if key:
            yield _Party(key, name, written(known) if known else "")


def _parts(text: str, separator: str) -> list[str]:
    parts = text.split(separator) if separator else [text]
    return [part for one in parts if (part := " ".join(one.split())) not in _NOT_SAID]


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name) if name else None
    return "" if value is None or value != value else plain_text(value)  # noqa: PLR0124 -- only NaN differs from itself


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _digest(name: str) -> str:
    return blake2b(_folded(name).encode(), digest_size=_KEY_BYTES).hexdigest()
