"""`madang export` and `madang load`: what was exported is the same after it was loaded somewhere else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.serving import Platform

from madang.cli.exits import FAILED, OK, PARTIAL
from madang.cli.main import run
from madang.wire import WIRING

ENTITIES = "/ngsi-ld/v1/entities"


def building(n: int) -> dict[str, Any]:
    return {
        "id": f"urn:ngsi-ld:Building:{n}",
        "type": "Building",
        "scope": ["/gaon"],
        "unheardOf": {"type": "VocabProperty", "vocab": "something"},
        "name": {"type": "LanguageProperty", "languageMap": {"ko": "마당", "en": "Yard"}},
        "height": [
            {"type": "Property", "value": n, "unitCode": "MTR", "observedAt": "2026-01-01T00:00:00Z"},
            {"type": "Property", "value": 2, "datasetId": "urn:x:other"},
        ],
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [127, 37]}},
        "near": {
            "type": "Relationship",
            "object": "urn:x:1",
            "since": {"type": "Property", "value": [1, {}]},
        },
    }


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    started = Platform.start(tmp_path / "home")
    yield started
    if started.process.poll() is None:
        started.kill()


async def entities(platform: Platform, tenant: str = "") -> Any:
    headers = {"ngsild-tenant": tenant} if tenant else {}
    async with aiohttp.ClientSession(platform.url, headers=headers) as client:
        reply = await client.get(f"{ENTITIES}?local=true&limit=1000")
        return await reply.json()


async def madang(*words: str | Path) -> int:
    return await asyncio.to_thread(run, [str(word) for word in words], WIRING)


async def test_there_and_back(platform: Platform, tmp_path: Path) -> None:
    """More than a page, with everything that an entity can hold, into a new tenant of the same platform."""
    file = tmp_path / "city.jsonl"
    file.write_text("".join(json.dumps(building(n)) + "\n" for n in range(1100)), encoding="utf-8")
    assert await madang("load", file, "--home", platform.home) == OK
    before = await entities(platform)
    assert before[0]["height"][0]["unitCode"] == "MTR"
    assert await madang("export", tmp_path / "out.jsonl", "--home", platform.home) == OK
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1100
    first = json.loads(lines[0])
    assert "https://schema.org/height" in first
    assert "ngsi-ld:default-context/unheardOf" in first, "the prefix is one of the core @context"
    assert "@context" not in first
    assert await madang("load", tmp_path / "out.jsonl", "--url", platform.url, "--tenant", "copy") == OK
    assert await entities(platform, "copy") == before
    assert await madang("load", tmp_path / "out.jsonl", "--url", platform.url) == OK
    assert await entities(platform) == before


async def test_some_types_only(
    platform: Platform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mixed.jsonl"
    mixed = [building(1), {"id": "urn:x:1", "type": "Car"}, {"id": "urn:x:2", "type": "urn:b:Boat"}]
    file.write_text("\n".join(json.dumps(one) for one in mixed), encoding="utf-8")
    assert await madang("load", file, "--home", platform.home) == OK
    out = tmp_path / "out.jsonl"
    assert await madang("export", out, "--type", "urn:b:Boat", "--home", platform.home) == OK
    assert [json.loads(line)["id"] for line in out.read_text(encoding="utf-8").splitlines()] == ["urn:x:2"]
    assert "1 entities exported" in capsys.readouterr().err


async def test_lines_that_cannot_be_loaded_are_told(
    platform: Platform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "broken.jsonl"
    lines = [
        json.dumps(building(1)),
        "no json",
        "[]",
        "",
        json.dumps({"id": "urn:x:5"}),
        json.dumps(building(2)),
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    assert await madang("load", file, "--home", platform.home, "--json") == PARTIAL
    told = json.loads(capsys.readouterr().out)
    assert told["lines"] == 5
    assert sorted(line for line, _ in told["refused"]) == [2, 3, 5]
    assert len(await entities(platform)) == 2


async def test_where_nobody_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").touch()
    assert await madang("export", "--home", tmp_path / "none") == FAILED
    assert "madang up" in capsys.readouterr().err
    (tmp_path / "one").write_text(json.dumps(building(1)), encoding="utf-8")
    assert await madang("load", tmp_path / "one", "--url", "http://127.0.0.1:9") == FAILED
    assert "cannot be reached" in capsys.readouterr().err
