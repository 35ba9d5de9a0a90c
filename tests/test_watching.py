"""What operators watch: /health, /ready, /metrics, the log, and the number by which a request is known."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import timeit
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from tests.asgi_client import Client, Reply

from madang import logs, meters, server
from madang.api import asgi, health, operations
from madang.api.traffic import Meter, Traffic
from madang.hub.hub import Hub
from madang.hub.trust.gate import OPEN_GATE

ENTITIES = "/ngsi-ld/v1/entities"
CAR = {"id": "urn:ngsi-ld:Car:1", "type": "Car", "speed": {"type": "Property", "value": 1}}


@pytest.fixture
def platform(hub: Hub, tmp_path: Path) -> Client:
    traffic = Traffic()
    pages = Starlette(routes=operations.routes(hub, OPEN_GATE, health.offered(tmp_path, traffic)))
    return Client(asgi.application(hub, OPEN_GATE, pages, traffic))


async def numbers(platform: Client) -> dict[str, float]:
    """All samples of /metrics: name with labels to value."""
    reply = await platform.get("/metrics")
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in reply.body.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


async def test_health_and_ready(platform: Client) -> None:
    assert (await platform.get("/health")).json()["status"] == "up"
    reply = await platform.get("/ready")
    assert (reply.status, reply.json()) == (200, {"status": "ready", "sequence": 0})


async def test_not_ready_without_room_on_the_disk(platform: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LIMITS", type("Full", (), {"disk_free_bytes_min": 1 << 62}))
    reply = await platform.get("/ready")
    assert reply.status == 503
    assert "make room" in reply.json()["reasons"][0]
    assert (await platform.get("/health")).status == 200


async def test_not_ready_while_a_store_cannot_be_written(platform: Client, hub: Hub, tmp_path: Path) -> None:
    """The file is made too small by a limit of SQLite itself, and grows again."""
    await platform.post(ENTITIES, CAR)
    (store,) = hub.open_stores.values()
    connection = store.place.connection  # type: ignore[attr-defined] # the SQLite store has it
    pages = connection.pragma("page_count")
    connection.pragma("max_page_count", pages)
    big = {**CAR, "id": "urn:ngsi-ld:Car:2", "name": {"type": "Property", "value": "x" * 500_000}}
    assert (await platform.post(ENTITIES, big)).status == 500
    connection.pragma("max_page_count", 1_000_000)
    assert "full" in store.trouble()
    assert (await platform.post(ENTITIES, big)).status == 201
    assert store.trouble() == ""
    assert (await platform.get("/ready")).status == 200
    assert (await numbers(platform))["madang_commit_failures_total"] == 1


async def test_not_ready_while_no_commit_comes_to_an_end(
    platform: Client, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_WRITER_SECONDS_MAX", 0.05)
    await platform.post(ENTITIES, CAR)
    (store,) = hub.open_stores.values()
    held = asyncio.Event()
    disk = store._committer._disk  # type: ignore[attr-defined]
    disk.submit(lambda: asyncio.run(asyncio.wait_for(wait(held), 10)))
    try:
        reply = await platform.get("/ready")
        assert reply.status == 503
        assert "No commit" in reply.json()["reasons"][0]
    finally:
        held.set()


async def wait(held: asyncio.Event) -> None:
    while not held.is_set():
        await asyncio.sleep(0.01)


async def test_requests_are_counted_by_route_and_never_by_path(platform: Client) -> None:
    await platform.post(ENTITIES, CAR)
    for _ in range(3):
        await platform.get(f"{ENTITIES}/{CAR['id']}")
    await platform.get(f"{ENTITIES}/urn:ngsi-ld:Car:none")
    await platform.get("/ngsi-ld/v1/nowhere")
    await platform.get("/health")
    text = (await platform.get("/metrics")).body.decode()
    assert "urn:ngsi-ld" not in text
    found = await numbers(platform)
    retrieve = 'method="GET",route="/entities/{entityId}"'
    assert found[f'madang_http_requests_total{{{retrieve},status="2xx"}}'] == 3
    assert found[f'madang_http_requests_total{{{retrieve},status="4xx"}}'] == 1
    assert found['madang_http_requests_total{method="any",route="none",status="4xx"}'] == 1
    assert found['madang_http_requests_total{method="any",route="pages",status="2xx"}'] == 2
    assert found[f"madang_http_request_duration_seconds_count{{{retrieve}}}"] == 4
    assert found[f'madang_http_request_duration_seconds_bucket{{{retrieve},le="+Inf"}}'] == 4
    assert found['madang_entities{tenant="default"}'] == 1
    assert found["madang_commits_total"] == found["madang_commit_duration_seconds_count"] >= 1
    assert found["madang_changes_total"] == 1


async def test_tenants_are_not_named(platform: Client) -> None:
    for number, tenant in enumerate(("secret", "other")):
        await platform.post(ENTITIES, {**CAR, "id": f"urn:x:{number}"}, headers={"ngsild-tenant": tenant})
    text = (await platform.get("/metrics")).body.decode()
    assert "secret" not in text
    found = await numbers(platform)
    assert found['madang_entities{tenant="others"}'] == 2
    assert found["madang_tenants_open"] == 2


async def test_the_exposition_can_be_read(platform: Client) -> None:
    """Every sample belongs to a family that is announced once; buckets grow; names and labels have their form."""
    await platform.post(ENTITIES, CAR)
    text = (await platform.get("/metrics")).body.decode()
    assert text.endswith("\n")
    kinds = dict(re.findall(r"^# TYPE (\S+) (counter|gauge|histogram)$", text, re.MULTILINE))
    assert len(kinds) == len(re.findall("^# TYPE", text, re.MULTILINE)) == len(set(kinds))
    sample = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="[^"\n]*"(?:,|(?=\})))+)\})? [0-9.e+-]+')
    buckets: dict[str, list[int]] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        found = sample.fullmatch(line)
        assert found, line
        family = re.sub(r"_(bucket|sum|count)$", "", found[1])
        assert found[1] in kinds or kinds[family] == "histogram", line
        if found[1].endswith("_bucket"):
            key = re.sub(r',?le="[^"]+"', "", line.rsplit(" ", 1)[0])
            buckets.setdefault(key, []).append(int(line.rsplit(" ", 1)[1]))
    assert buckets
    assert all(counts == sorted(counts) for counts in buckets.values())


def test_counting_a_request_costs_next_to_nothing() -> None:
    meter = Meter("GET", "/entities")
    each = min(timeit.repeat(lambda: meter.add(200, 0.0007), number=10_000, repeat=5)) / 10_000
    assert each < 5e-6, f"{each * 1e6:.2f} us"
    assert sum(meter.seconds.counts) == meter.statuses[2] == 50_000


def test_buckets() -> None:
    histogram = meters.Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.5):
        histogram.add(value)
    assert histogram.counts == [2, 1, 1]
    other = meters.Histogram((1.0, 2.0))
    other.take(histogram)
    assert (other.counts, other.total) == ([2, 1, 1], 5.5)
    text = meters.exposition([meters.one("a", "histogram", "A.", histogram)]).decode()
    assert 'a_bucket{le="1.0"} 2\na_bucket{le="2.0"} 3\na_bucket{le="+Inf"} 4\na_sum 5.5\na_count 4\n' in text


def test_labels_are_escaped() -> None:
    assert meters.label("a", 'x"\\\n') == 'a="x\\"\\\\\\n"'


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """What is logged as JSON meanwhile."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.Json())
    logging.getLogger("madang").addHandler(handler)
    yield stream
    logging.getLogger("madang").removeHandler(handler)


async def failed(platform: Client, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]) -> Reply:
    """A request that meets a bug."""

    async def broken(*_: Any) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("madang.hub.entities.create", broken)
    return await platform.post(ENTITIES, CAR, headers=headers)


async def test_a_bug_is_found_in_the_log_by_the_number_of_its_request(
    platform: Client, monkeypatch: pytest.MonkeyPatch, said: io.StringIO
) -> None:
    reply = await failed(platform, monkeypatch, {})
    number = reply.headers["x-request-id"]
    assert reply.status == 500
    assert number in reply.json()["detail"]
    assert "a bug" not in reply.body.decode()
    (line,) = [json.loads(line) for line in said.getvalue().splitlines()]
    assert (line["request"], line["method"], line["path"]) == (number, "POST", ENTITIES)
    assert (line["level"], line["logger"]) == ("error", "madang.api.asgi")
    assert "ZeroDivisionError: a bug" in line["error"]


async def test_a_client_may_name_its_request(
    platform: Client, monkeypatch: pytest.MonkeyPatch, said: io.StringIO
) -> None:
    reply = await failed(platform, monkeypatch, {"x-request-id": "ab-12:34.5_6"})
    assert reply.headers["x-request-id"] == "ab-12:34.5_6"
    assert json.loads(said.getvalue())["request"] == "ab-12:34.5_6"


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "a\x1b[31m", '"', "é"])
async def test_a_name_that_could_do_harm_is_not_taken(platform: Client, name: str) -> None:
    reply = await platform.get("/ngsi-ld/v1/nowhere", headers={"x-request-id": name})
    assert re.fullmatch("[0-9a-f]{16}", reply.headers["x-request-id"])


async def test_answers_that_are_right_carry_no_number(platform: Client) -> None:
    reply = await platform.get(f"{ENTITIES}?type=Car", headers={"x-request-id": "mine"})
    assert "x-request-id" not in reply.headers


def test_lines_name_the_request_too() -> None:
    record = logging.LogRecord("madang.x", logging.ERROR, "", 0, "said %s", ("so",), None)
    token = logs.REQUEST.set({"headers": [(b"x-request-id", b"r1")]})
    try:
        assert logs.Lines().format(record).endswith("ERROR madang.x: said so [r1]")
    finally:
        logs.REQUEST.reset(token)
    assert logs.Lines().format(record).endswith("said so")


async def test_the_lag_of_the_loop_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "LAG_SECONDS", 0.01)
    before = sum(meters.LOOP_LAG.counts)
    watching = asyncio.create_task(server.watch_lag())
    await asyncio.sleep(0.1)
    watching.cancel()
    assert sum(meters.LOOP_LAG.counts) > before
