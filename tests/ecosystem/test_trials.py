"""Trials depend on their seed alone, and a run that was stopped goes on where it was."""

from __future__ import annotations

from pathlib import Path

import msgspec
from tests.ecosystem.planted import brief

import madang.ecosystem as eco

WANTED = eco.wanted_trials(3, 2, 3)


def test_a_run_that_was_stopped_goes_on(tmp_path: Path) -> None:
    ties, _ = brief(1, firms=60, activities=80)
    options = eco.Options()
    running = eco.run_trials(ties, options, WANTED, tmp_path)
    some = [next(running), next(running)]
    running.close()  # type: ignore[attr-defined]  # a generator
    (kept,) = tmp_path.iterdir()
    done = len(kept.read_bytes().splitlines())
    assert 2 <= done < len(WANTED)
    with kept.open("ab") as file:
        file.write(b'{"kind":"even","se')  # it was killed in the middle of a line
    whole = list(eco.run_trials(ties, options, WANTED, tmp_path))
    assert {(one.kind, one.seed) for one in whole} == set(WANTED)
    subject = eco.Subject(ties, options)
    again = {(one.kind, one.seed): one for one in [*some, *whole]}
    for (kind, seed), trial in again.items():
        assert msgspec.to_builtins(subject.run(kind, seed)) == msgspec.to_builtins(trial)


def test_other_ties_do_not_use_what_was_kept(tmp_path: Path) -> None:
    for seed in (1, 2):
        ties, _ = brief(seed, firms=60, activities=80)
        list(eco.run_trials(ties, eco.Options(), eco.wanted_trials(1, 0, 0), tmp_path))
    assert len(list(tmp_path.iterdir())) == 2
