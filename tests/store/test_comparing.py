"""Long series that sums do not answer: the same aggregates from columns and slices as from instances, and a limit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from madang.clock import FixedClock
from madang.errors import QueryTooWide
from madang.ngsild.attribute import property_, relationship
from madang.ngsild.changes import AppendHistory
from madang.ngsild.context import CORE
from madang.ngsild.entity import Attribute, Entity
from madang.ngsild.evolution_forms import EvolutionForm, Shape, render
from madang.ngsild.temporal import Aggregation, Method, TemporalQuery, parse_period
from madang.ngsild.times import format_moment
from madang.settings import LIMITS
from madang.store.sqlite import comparing
from madang.store.sqlite.store import Options, SqliteStore
from madang.trust.access import OPEN

ID = "urn:ngsi-ld:Car:1"
CAR, SPEED, FUEL, OWNER, ODD = (CORE.expand(name) for name in ("Car", "speed", "fuel", "owner", "odd"))
N = 700


def instances() -> list[Attribute]:
    made = []
    for number in range(N):
        at = format_moment(number * 60_000_000)
        made.append(property_(SPEED, number % 13 / 4, observed_at=at))
        made.append(property_(FUEL, f"level {number % 7}", observed_at=at))
        made.append(relationship(OWNER, f"urn:x:{number % 3}", observed_at=at))
        made.append(
            property_(ODD, number, observed_at=at)
            if number % 2
            else relationship(ODD, "urn:x:1", observed_at=at)
        )
    gone = {"type": "Property", "value": "urn:ngsi-ld:null", "observedAt": format_moment(5)}
    return [*made, Attribute(FUEL, orjson.dumps(gone)), Attribute(SPEED, orjson.dumps(gone), "urn:d:1")]


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("last_n", [0, 600])
async def test_the_same_aggregates(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, folded: bool, last_n: int
) -> None:
    store = SqliteStore(tmp_path / "t.sqlite3", clock, Options())
    await store.commit([AppendHistory(Entity(ID, (CAR,), tuple(instances())))])
    if folded:
        await store.fold()
    asked = TemporalQuery(last_n=last_n, aggregation=Aggregation(tuple(Method), parse_period("PT1H")))
    answers: list[Any] = []
    for slice_ in (100, 10 * N):
        monkeypatch.setattr(comparing, "_SLICE_INSTANCES", slice_)
        found = await store.evolution(ID, asked, OPEN)
        assert found is not None
        assert any(series.values is not None for series in found.series) == (slice_ == 100)
        answers.append(orjson.loads(render(found, asked, EvolutionForm(shape=Shape.AGGREGATED_VALUES))))
    assert answers[0] == answers[1]
    assert answers[0]["fuel"]["distinctCount"][-1][0] == 7
    assert sum(one for one, _, _ in answers[0]["owner"]["totalCount"]) == (last_n or N)
    await store.close()


async def test_too_many_texts(tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqliteStore(tmp_path / "t.sqlite3", clock, Options())
    await store.commit([AppendHistory(Entity(ID, (CAR,), tuple(instances())))])
    monkeypatch.setattr(comparing, "LIMITS", msgspec.structs.replace(LIMITS, compared_instances_max=500))
    asked = TemporalQuery(attributes=(FUEL,), aggregation=Aggregation((Method.MAX,)))
    with pytest.raises(QueryTooWide, match="701 values"):
        await store.evolution(ID, asked, OPEN)
    await store.close()
