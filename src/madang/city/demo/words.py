"""The city's names from `data/names.toml`, and how names are put together."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from madang.city.demo.model import Words


@cache
def names() -> dict[str, Any]:
    return read("names")


def read(name: str) -> dict[str, Any]:
    """A data file of the demonstration city."""
    return tomllib.loads(
        files("madang.city.demo").joinpath("data", f"{name}.toml").read_text(encoding="utf-8")
    )


def named(group: str, key: str) -> Words:
    entry = names()[group][key]
    return Words(entry["ko"], entry["en"])


def stem(district: str) -> Words:
    """What the names of schools and estates in a district begin with."""
    entry = names()["district"][district]
    return Words(entry["stem"], entry["stem_en"])


def listed(name: str, number: int) -> Words:
    """The entry of a list; the list begins again where it ends."""
    entries = names()["lists"][name]
    return Words(*entries[number % len(entries)])
