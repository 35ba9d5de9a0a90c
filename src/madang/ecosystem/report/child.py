"""The process that makes a report: `python -m madang.ecosystem.report.child PARENT`, started by the pages and by nobody else."""

from __future__ import annotations

import os
import sys

import msgspec

from madang.children import end_with, framed, own_streams, read_frame
from madang.ecosystem.report.making import make
from madang.ecosystem.report.order import Order

_NICENESS = 5


def main(parent: int) -> None:
    end_with(parent)
    os.nice(_NICENESS)
    orders, answers = own_streams()
    body = read_frame(orders)
    if body is not None:
        answers.write(framed(make(msgspec.msgpack.decode(body, type=Order))))
        answers.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
