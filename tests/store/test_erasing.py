"""Long histories are erased in slices; what was written after that began stays, folded or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from madang.clock import FixedClock
from madang.ngsild.attribute import property_
from madang.ngsild.changes import AppendHistory, DeleteHistory, Mode, Outcome, Write
from madang.ngsild.context import CORE
from madang.ngsild.entity import Entity
from madang.ngsild.temporal import TemporalQuery
from madang.store.sqlite import fold, history_erase
from madang.store.sqlite.connection import open_reader
from madang.store.sqlite.store import Options, SqliteStore
from madang.trust.access import OPEN

ID = "urn:ngsi-ld:Car:1"
CAR, SPEED, FUEL = (CORE.expand(name) for name in ("Car", "speed", "fuel"))
WRITES = 3 * history_erase.ROWS_MAX + 7


def car(number: int, dataset: str | None = None) -> Entity:
    return Entity(ID, (CAR,), (property_(SPEED, number, dataset_id=dataset), property_(FUEL, number)))


async def values(store: SqliteStore) -> dict[tuple[str, str | None], list[Any]]:
    found = await store.evolution(ID, TemporalQuery(), OPEN)
    if found is None:
        return {}
    return {
        (one.name, one.dataset_id): [orjson.loads(instance.body)["value"] for instance in one.instances]
        for one in found.series
    }


async def fold_once(store: SqliteStore, path: Path) -> bool:
    """One step of folding, as the folding process makes it."""
    reader = open_reader(path)
    try:
        step = fold.make_step(reader, 1, await store.last_sequence() + 1)
    finally:
        reader.close()
    if step is None:
        return False
    await store._write(lambda connection: fold.write_step(connection, step))
    return True


@pytest.mark.parametrize("folded", [0, 1, 2, 9])
@pytest.mark.parametrize(
    "change", [DeleteHistory(ID), DeleteHistory(ID, SPEED), DeleteHistory(ID, SPEED, every=True)]
)
async def test_a_long_history_is_erased(
    tmp_path: Path, clock: FixedClock, change: DeleteHistory, folded: int
) -> None:
    path = tmp_path / "t.sqlite3"
    store = SqliteStore(path, clock, Options())
    await store.commit([Write(Mode.UPSERT_UPDATE, car(number)) for number in range(WRITES)])
    await store.commit([AppendHistory(car(-1, "urn:d:1"))])
    for _ in range(folded):
        await fold_once(store, path)
    before = await values(store)
    assert before[SPEED, None] == list(range(WRITES))
    outcome, appended = await store.commit([change, AppendHistory(car(5000))])
    assert isinstance(outcome, Outcome)
    assert isinstance(appended, Outcome)
    assert outcome.rest is None
    expected: dict[tuple[str, str | None], list[int]] = {(SPEED, None): [5000], (FUEL, None): [5000]}
    if change.name is not None:
        expected[FUEL, None] = before[FUEL, None] + [5000]
        if not change.every:
            expected[SPEED, "urn:d:1"] = [-1]
    assert await values(store) == expected
    while await fold_once(store, path):
        pass
    assert await values(store) == expected
    await store.close()


async def test_a_slice_of_an_erasure_ends(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each commit sees to so many rows and chunks, and the rest is told."""
    monkeypatch.setattr(history_erase, "CHUNKS_MAX", 2)
    monkeypatch.setattr(history_erase, "ROWS_MAX", 10)
    store = SqliteStore(tmp_path / "t.sqlite3", clock, Options())
    await store.commit([Write(Mode.UPSERT_UPDATE, car(number)) for number in range(100)])
    commits: list[object] = []
    whole = store._committer.commit

    async def counted(*given: Any, **more: Any) -> Any:
        outcomes = await whole(*given, **more)
        commits.extend(outcomes)
        return outcomes

    monkeypatch.setattr(store._committer, "commit", counted)
    await store.commit([DeleteHistory(ID, SPEED, every=True)])
    assert len(commits) >= 10
    assert set(await values(store)) == {(FUEL, None)}
    await store.close()
