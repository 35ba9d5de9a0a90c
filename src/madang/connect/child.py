"""The process that reads files: `python -m madang.connect.child`, started by `reader.py` and by nobody else.

It reads and maps, and writes nothing but its pipe. It ends with its parent (`children.py`).
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Iterator

import msgspec

from madang import vocabulary
from madang.children import end_with, own_streams
from madang.connect.adapter import Reading, Step, adapter_named, effective_mappings
from madang.connect.files import files_at, take_fingerprint
from madang.connect.frames import (
    Answer,
    Batch,
    Discover,
    Discovered,
    Done,
    Failed,
    Read,
    Request,
    TakeFingerprint,
    Taken,
    TryMapping,
    encode,
    read_request,
)
from madang.connect.mapping import Mapped, Mapper, Refused
from madang.connect.source import EntityMapping, Source, Surroundings
from madang.errors import MadangError
from madang.settings import LIMITS


def main(parent: int) -> None:
    end_with(parent)
    requests, answers = own_streams()
    os.nice(5)
    gc.freeze()
    while (request := read_request(requests)) is not None:
        for answer in _answers(request):
            answers.write(encode(answer))
            answers.flush()


def _answers(request: Request) -> Iterator[Answer]:
    try:
        yield from _carried_out(request)
    except MadangError as error:
        yield Failed(error.message)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 -- a bug in reading one source must not take the others with it
        yield Failed(f"{type(error).__name__}: {error}", traceback.format_exc())


def _carried_out(request: Request) -> Iterator[Answer]:
    match request:
        case TakeFingerprint(location, mapping, former):
            yield Taken(take_fingerprint(former, mapping, files_at(location)))
        case TryMapping(source, surroundings):
            _mapper(source, surroundings)
        case Discover(source):
            yield Discovered(tuple(adapter_named(source.connector).discover(source.location, source.options)))
        case Read():
            yield from _read(request)
    yield Done()


def _read(request: Read) -> Iterator[Answer]:
    source = request.source
    mappings = effective_mappings(source.connector, source.entities)
    mapper = _mapper(source, request.surroundings)
    reading = Reading(
        location=source.location,
        options=source.options,
        tables=frozenset(mapping.table for mapping in mappings),
        following=source.interval_seconds is not None,
        rows_max=_rows_max(mappings),
    )
    state = msgspec.json.decode(request.state) if request.state else {}
    for step in adapter_named(source.connector).read(reading, state):
        yield _batch(step, mapper)


def _mapper(source: Source, surroundings: Surroundings) -> Mapper:
    return Mapper(effective_mappings(source.connector, source.entities), surroundings, vocabulary.context())


def _rows_max(mappings: tuple[EntityMapping, ...]) -> int:
    observed = [len(mapping.attributes) for mapping in mappings if mapping.history]
    return (
        max(1, min(LIMITS.source_step_rows_max, LIMITS.source_step_observations_max // max(observed)))
        if observed
        else LIMITS.source_step_rows_max
    )


def _batch(step: Step, mapper: Mapper) -> Batch:
    items: list[Mapped | Refused] = []
    for row in step.rows:
        if isinstance(row, Refused):
            items.append(row)
        else:
            items.extend(mapper.map(row))
    return Batch(tuple(items), len(step.rows), msgspec.json.encode(step.state), step.share, step.again)


if __name__ == "__main__":
    main(int(sys.argv[1]))
