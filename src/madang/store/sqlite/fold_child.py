"""The process that folds: `python -m madang.store.sqlite.fold_child`, started by `folder.py` alone, for one pass.

It reads which entities were written to, computes one step after the other as it is asked, and ends with None. Then come
the steps of retention: chunks, or the parts of them, that are older than their types keep.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import apsw
import msgspec

from madang import children
from madang.store.sqlite.connection import open_reader
from madang.store.sqlite.fold import Step, make_step, state
from madang.store.sqlite.retention import Cutoffs, expired, old_tails

# An entity's tail below this is read as quickly as a chunk, and its change rows are the shorter form
_TAIL_BYTES: Final = 64 * 1024
_ROW_BYTES: Final = 64
_LOOK_ROWS: Final = 100_000

_WRITTEN: Final = "SELECT DISTINCT row FROM change WHERE sequence > ? AND sequence <= ?"
_WEIGHT: Final = """SELECT count(*), total(length(data)) FROM change INDEXED BY change_by_row
    WHERE row = ? AND sequence > ?"""
_LAST: Final = "SELECT max(sequence) FROM change WHERE row = ?"


class Pass(msgspec.Struct, frozen=True):
    """What a pass is about: entities that were written to by the changes behind `looked` up to `until`.

    kept_from: the first change that live readers may ask for. cutoffs: what is older than these goes.
    """

    looked: int
    until: int
    kept_from: int
    cutoffs: Cutoffs


def main(parent: int, path: Path, asked: str) -> None:
    """Answer every frame with the next step, at last with None."""
    children.end_with(parent)
    requests, answers = children.own_streams()
    os.nice(10)
    steps = all_steps(open_reader(path), msgspec.json.decode(asked, type=Pass))
    while children.read_frame(requests) is not None:
        answers.write(children.framed(msgspec.msgpack.encode(next(steps, None))))
        answers.flush()


def all_steps(connection: apsw.Connection, asked: Pass) -> Iterator[Step]:
    """Every step of a pass. Each is computed from what the file holds when it is asked for."""
    for row in _written(connection, asked):
        if _is_heavy(connection, row):
            yield from _of_entity(connection, row, asked.kept_from)
    if asked.cutoffs:
        for row in old_tails(connection, asked.cutoffs):
            yield from _of_entity(connection, row, asked.kept_from)
        yield from expired(connection, asked.cutoffs)


def _written(connection: apsw.Connection, asked: Pass) -> list[int]:
    rows: set[int] = set()
    for first in range(asked.looked, asked.until, _LOOK_ROWS):
        last = min(asked.until, first + _LOOK_ROWS)
        found: list[Any] = connection.execute(_WRITTEN, (first, last)).fetchall()
        rows.update(row for (row,) in found)
    return sorted(rows)


def _is_heavy(connection: apsw.Connection, row: int) -> bool:
    weight: Any = connection.execute(_WEIGHT, (row, state(connection, row)[0])).fetchone()
    return bool(weight[0] * _ROW_BYTES + weight[1] > _TAIL_BYTES)


def _of_entity(connection: apsw.Connection, row: int, kept_from: int) -> Iterator[Step]:
    """Steps until the tail is folded as it is now."""
    last: Any = connection.execute(_LAST, (row,)).get
    while state(connection, row)[0] < last:
        step = make_step(connection, row, kept_from)
        if step is None:
            return
        yield step


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
