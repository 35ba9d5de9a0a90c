"""The process that analyses: `python -m madang.ecosystem.child`, started by `running.py` and by nobody else.

It is told what there is, computes, and writes nothing but its pipe and the drawings that it keeps. It ends with its parent.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import orjson

from madang import vocabulary
from madang.children import end_with, own_streams
from madang.ecosystem import kept
from madang.ecosystem.likely import merges_of
from madang.ecosystem.partners import partners_of
from madang.ecosystem.record import Record, Thing
from madang.ecosystem.reviewing import classes_of
from madang.ecosystem.suggestions import Category
from madang.ecosystem.talk import Answer, Begin, End, Entities, Failed, Likely, Made, Told, encode, read_said
from madang.ecosystem.things import known_of, things_of
from madang.ecosystem.whole import Whole
from madang.errors import MadangError
from madang.vocabulary.taxonomy import read_taxonomy

_NICENESS: Final = 10
_TELL_SECONDS: Final = 1.0


def main(parent: int) -> None:
    end_with(parent)
    said, answers = own_streams()
    os.nice(_NICENESS)
    for answer in _answers(said):
        answers.write(encode(answer))
        answers.flush()


def _answers(said: BinaryIO) -> Iterator[Answer]:
    try:
        yield from _analysed(said)
    except MadangError as error:
        yield Failed(error.message)
    except Exception as error:  # noqa: BLE001 whatever it is, the platform is told instead of waiting
        yield Failed(f"{type(error).__name__}: {error}", traceback.format_exc())


def _analysed(said: BinaryIO) -> Iterator[Answer]:
    begin, record = _read(said)
    classes = read_taxonomy(Path(begin.taxonomy)) if begin.taxonomy else None
    whole = Whole(record, begin.rules, kept.read(begin.past) if begin.past else None, classes)
    yield Made(whole.outcome(()), last=False)
    yield Likely(Category.MERGE, merges_of(record))
    yield Likely(Category.CLASS, classes_of(record, classes))
    yield Likely(Category.PARTNER, partners_of(record, whole.ties))
    drawn, told = [], time.monotonic()
    asked = whole.asked
    for trial in whole.draw(Path(begin.folder)):
        drawn.append(trial)
        if time.monotonic() - told > _TELL_SECONDS:
            told = time.monotonic()
            yield Told(len(drawn), asked)
    yield Made(whole.outcome(drawn), last=True)


def _read(said: BinaryIO) -> tuple[Begin, Record]:
    begin = read_said(said)
    if not isinstance(begin, Begin):
        sys.exit(0)
    types = vocabulary.types()
    things: list[Thing] = []
    while not isinstance(part := read_said(said), End):
        if not isinstance(part, Entities):
            sys.exit(0)
        things.extend(things_of(orjson.loads(part.body), types[part.iri]))
    record = Record(
        begin.city,
        begin.names,
        begin.read,
        begin.sequence,
        tuple(things),
        part.uses,
        known_of(things, part.seen, part.loaded),
        begin.synthetic,
    )
    return begin, record


if __name__ == "__main__":
    main(int(sys.argv[1]))
