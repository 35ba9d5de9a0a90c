"""The bench runs: every scenario is answered as it should be. How fast is not asked here."""

from __future__ import annotations

import shutil

import msgspec
import pytest

from madang.cli.bench import notify
from madang.cli.bench.entities import Stock
from madang.cli.bench.measure import Load
from madang.cli.bench.run import run, select
from madang.cli.bench.scenarios import SCENARIOS, Scenario, verify
from madang.errors import ProgramFailed, SettingInvalid


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_every_scenario_is_answered() -> None:
    steps: list[str] = []
    load = Load(seconds=1, connections=4, stock=Stock(entities=5000, with_history=4))
    results = run([], load, steps.append)
    assert [result.figures.name for result in results.results] == [scenario.name for scenario in SCENARIOS]
    assert [result.title for result in results.results if result.figures.errors] == []
    assert all(result.figures.processor_ms > 0 for result in results.results)
    assert len(results.constants) == len(SCENARIOS) + 1
    assert steps[0] == "storing 5,000 stations"
    assert msgspec.json.decode(msgspec.json.encode(results), type=type(results)) == results


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_changes_are_notified(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    small = [msgspec.structs.replace(way, stations=min(way.stations, 500)) for way in notify.WAYS]
    monkeypatch.setattr(notify, "WAYS", small)
    single, batch = notify.run_notifications(Load(seconds=1, connections=4), steps.append)
    assert single.changes_per_second == single.notifications_per_second > 0
    assert batch.changes_per_second > batch.notifications_per_second > 0


def test_a_scenario_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(SettingInvalid, match="must be one of retrieve, type"):
        select(["retreive"])


def test_an_answer_that_is_not_what_was_asked_for_is_told() -> None:
    scenario = Scenario("type", "type", 200, least=2, most=2, unit="entities")
    verify(scenario, 200, b"[{}, {}]")
    with pytest.raises(ProgramFailed, match="holds 1 entities"):
        verify(scenario, 200, b"[{}]")
    with pytest.raises(ProgramFailed, match="is 404 and not 200") as failure:
        verify(scenario, 404, b'{"title": "gone"}')
    assert failure.value.detail == '{"title": "gone"}'
