"""The process for wide queries: `python -m madang.store.sqlite.scan_child`, started by `scan_process.py` alone."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Generator
from pathlib import Path

import apsw
import msgspec

from madang import children
from madang.errors import MadangError
from madang.ngsild.context import CORE
from madang.store.sqlite import history_page
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.combinations import Combinations
from madang.store.sqlite.connection import open_reader
from madang.store.sqlite.cutting import Cutters
from madang.store.sqlite.indexes import ValueIndexes
from madang.store.sqlite.plan import Catalog
from madang.store.sqlite.row_sight import Kept, Sights
from madang.store.sqlite.scan import Answer, Scan, make_plan
from madang.store.sqlite.scan_process import Question, Refusal, Reply, Summing
from madang.store.sqlite.sums_frame import to_bytes


def main(parent: int, path: Path) -> None:
    """Answer until the pipe closes."""
    children.end_with(parent)
    requests, answers = children.own_streams()
    os.nice(5)
    connection = open_reader(path)
    questions: msgspec.msgpack.Decoder[Question | Summing] = msgspec.msgpack.Decoder(Question | Summing)
    while (frame := children.read_frame(requests)) is not None:
        try:
            question = questions.decode(frame)
            if isinstance(question, Summing):
                reply = Reply(evolution=_summed(connection, question))
            else:
                reply = Reply(answer=_answer(connection, question))
        except MadangError as error:
            reply = Reply(refusal=Refusal(type(error).__name__, error.message))
        answers.write(children.framed(msgspec.msgpack.encode(reply)))
        answers.flush()


def _answer(connection: apsw.Connection, question: Question) -> Answer:
    """The whole of a page, without a breath. In one transaction, so that nothing comes of which the plan knows nothing."""
    connection.execute("BEGIN")
    try:
        terms = Terms(connection)
        catalog = Catalog(terms, ValueIndexes(connection), connection)
        made, cursor = make_plan(question.query, question.window, catalog, question.access)
        ordered = bool(question.window.order)
        scan = Scan(connection, terms, made, rendered=question.rendered, ordered=ordered)
        return _to_the_end(scan.answer(question.query, question.window, cursor))
    finally:
        connection.execute("ROLLBACK")


def _to_the_end(slices: Generator[None, None, Answer]) -> Answer:
    while True:
        try:
            next(slices)
        except StopIteration as finished:
            answer: Answer = finished.value
            return answer


def _summed(connection: apsw.Connection, question: Summing) -> bytes:
    terms = Terms(connection)
    sight = Sights(Kept(terms, Combinations(connection), Cutters(CORE))).of(question.access)
    found = asyncio.run(history_page.one(connection, terms, question.entity_id, question.temporal, sight))
    return b"" if found is None else to_bytes(found)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
