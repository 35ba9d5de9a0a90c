"""docs/city-file.md says everything that a city file may say, and its example is right."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from madang.city.check import read_city
from madang.city.file import SCHEMA
from madang.connect.adapter import CONNECTORS, spec

DOCUMENT = Path(__file__).parents[2] / "docs" / "city-file.md"


def keys(schema: dict[str, Any]) -> set[str]:
    return {key for part in schema["$defs"].values() for key in part.get("properties", {})}


def test_every_key_is_explained() -> None:
    known = keys(SCHEMA).union(*(keys(spec(connector)) for connector in CONNECTORS)) - {
        "city",
        "source",
        "layer",
        "role",
        "policy",
        "provider",
        "trust",
        "ecosystem",
    }
    explained = set(re.findall(r"`(\w+)`", DOCUMENT.read_text(encoding="utf-8"))) | {"fields"}
    assert not known - explained


def test_every_choice_is_named() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    choices = {choice for part in SCHEMA["$defs"].values() for choice in part.get("enum", ()) if choice}
    assert {choice for choice in choices | set(CONNECTORS) if f"`{choice}`" not in text} == set()


def test_the_example_is_right(tmp_path: Path) -> None:
    example = "\n".join(re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL))
    path = tmp_path / "city.toml"
    path.write_text(example, encoding="utf-8")
    assert read_city(path, {}).mistakes == ()
