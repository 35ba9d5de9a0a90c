"""Many trials in processes of their own, with progress; those that are done are kept in a file, so that a run that is
stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import msgspec

from madang.children import end_with
from madang.ecosystem.cores import Options, Subject, Trial, TrialKind
from madang.ecosystem.ties import Ties

_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Trial)
_SUBJECT: list[Subject] = []
# Another when the same seed draws something else
_METHOD: Final = b"2"


def wanted(configuration: int, even: int, bootstrap: int) -> list[tuple[TrialKind, int]]:
    """How many of each kind, as (kind, seed)."""
    counts = {
        TrialKind.CONFIGURATION: configuration,
        TrialKind.EVEN: even,
        TrialKind.BOOTSTRAP: bootstrap,
    }
    return [(kind, seed) for kind, n in counts.items() for seed in range(n)]


def run(
    ties: Ties, options: Options, asked: Iterable[tuple[TrialKind, int]], folder: Path | None = None
) -> Iterator[Trial]:
    """Each trial when it is done. folder: where done ones are kept, in a file for each subject; None to keep none.

    The processes end when the iterator is closed.
    """
    kept = _kept(ties, options, folder)
    left = []
    for kind, seed in asked:
        if (kind, seed) in kept.done:
            yield kept.done[kind, seed]
        else:
            left.append((kind, seed))
    if not left:
        return
    processes = min(len(left), len(os.sched_getaffinity(0)))
    pool = ProcessPoolExecutor(
        processes, get_context("spawn"), _prepare, (os.getpid(), _packed(ties), options)
    )
    try:
        for future in as_completed([pool.submit(_run, kind, seed) for kind, seed in left]):
            trial = future.result()
            kept.add(trial)
            yield trial
    finally:
        pool.shutdown(cancel_futures=True)


class _Kept:
    """Trials that were done, a line each."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.done: dict[tuple[TrialKind, int], Trial] = {}
        for line in path.read_bytes().splitlines() if path is not None and path.exists() else ():
            try:
                trial = _DECODER.decode(line)
            except msgspec.MsgspecError:  # cut off when it was stopped
                continue
            self.done[trial.kind, trial.seed] = trial

    def add(self, trial: Trial) -> None:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                file.write(_ENCODER.encode(trial) + b"\n")


def _kept(ties: Ties, options: Options, folder: Path | None) -> _Kept:
    """Under a name that other ties, other options and other ways to draw do not have."""
    if folder is None:
        return _Kept(None)
    said = (ties.who.tobytes(), ties.what.tobytes(), _ENCODER.encode(options), _METHOD)
    digest = hashlib.sha256(b"".join(said)).hexdigest()
    return _Kept(folder / f"trials-{digest[:16]}.jsonl")


def _packed(ties: Ties) -> tuple[object, ...]:
    return ties.organisations, ties.activities, ties.who, ties.what, ties.days, ties.kinds


def _prepare(parent: int, packed: tuple[object, ...], options: Options) -> None:
    end_with(parent)
    _SUBJECT[:] = [Subject(Ties(*packed), options)]  # type: ignore[arg-type]  # as `_packed` made it


def _run(kind: TrialKind, seed: int) -> Trial:
    return _SUBJECT[0].run(kind, seed)
