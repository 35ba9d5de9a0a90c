"""Summed evolutions on their way out of the process for wide queries: arrays as bytes, all else as it is."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from madang.ngsild.evolution import Evolution, Instance, Series
from madang.ngsild.summary import Grid, Summary


class _Sums(msgspec.Struct, frozen=True, array_like=True):
    grid: Grid
    numbers: bytes
    counts: bytes
    totals: bytes
    squares: bytes | None
    least: bytes
    greatest: bytes
    first: int
    last: int


class _Series(msgspec.Struct, frozen=True, array_like=True):
    name: str
    dataset_id: str | None
    instances: list[Instance]
    times: bytes
    sums: _Sums | None


class _Frame(msgspec.Struct, frozen=True, array_like=True):
    id: str
    types: tuple[str, ...]
    series: list[_Series]
    scope: tuple[str, ...]
    created_at: int
    modified_at: int


_FRAMES: Final = msgspec.msgpack.Decoder(_Frame)


def to_bytes(evolution: Evolution) -> bytes:
    series = [
        _Series(
            one.name,
            one.dataset_id,
            list(one.instances),
            one.times.tobytes(),
            None if one.summary is None else _sums(one.summary),
        )
        for one in evolution.series
    ]
    head = (evolution.scope, evolution.created_at, evolution.modified_at)
    return msgspec.msgpack.encode(_Frame(evolution.id, evolution.types, series, *head))


def from_bytes(frame: bytes) -> Evolution:
    read = _FRAMES.decode(frame)
    series = [
        Series(
            one.name,
            one.dataset_id,
            one.instances,
            np.frombuffer(one.times, np.int64),
            None if one.sums is None else _summary(one.sums),
        )
        for one in read.series
    ]
    return Evolution(read.id, read.types, tuple(series), read.scope, read.created_at, read.modified_at)


def _sums(summary: Summary) -> _Sums:
    return _Sums(
        summary.grid,
        summary.numbers.tobytes(),
        summary.counts.tobytes(),
        summary.totals.tobytes(),
        None if summary.squares is None else summary.squares.tobytes(),
        summary.least.tobytes(),
        summary.greatest.tobytes(),
        summary.first,
        summary.last,
    )


def _summary(sums: _Sums) -> Summary:
    return Summary(
        sums.grid,
        np.frombuffer(sums.numbers, np.int64),
        np.frombuffer(sums.counts, np.int64),
        np.frombuffer(sums.totals, np.float64),
        None if sums.squares is None else np.frombuffer(sums.squares, np.float64),
        np.frombuffer(sums.least, np.float64),
        np.frombuffer(sums.greatest, np.float64),
        sums.first,
        sums.last,
    )
