"""[ecosystem] of a city file names only indicators, stages and flows that exist, and says what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.small_city_file import CITY

from madang.city.check import read_city
from madang.city.ecosystem_rules import check_taxonomy


def mistakes(tmp_path: Path, further: str) -> list[str]:
    file = tmp_path / "city.toml"
    file.write_text(f"{CITY}\n{further}", encoding="utf-8")
    return [one.message for one in read_city(file, {}).mistakes]


def test_what_exists_is_right(tmp_path: Path) -> None:
    right = """
[ecosystem]
targets = { "economic>human:capital" = 12 }
indicators = { new-firms = [10, 40], supplier-concentration = [3000, 200] }
stages = { "moore.expansion.newcomers" = 15, "moore.leadership.significant" = 0.01 }
"""
    assert mistakes(tmp_path, right) == []


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        (
            "indicators = { new-firm = [10, 40] }",
            'There is no indicator "new-firm"; did you mean "new-firms"?',
        ),
        ("indicators = { new-firms = [10, 10] }", "must be two different numbers"),
        ("indicators = { new-firms = [10, inf] }", "must be two different numbers"),
        (
            'stages = { "moore.expansion.newcomer" = 15 }',
            'There is no condition of a stage "moore.expansion.newcomer"; did you mean "moore.expansion.newcomers"?',
        ),
        ('stages = { "moore.expansion.newcomers" = nan }', "must be a number"),
        ('targets = { "economic-human" = 1 }', 'write it as "economic>human:capital"'),
        ('targets = { "economic>people:capital" = 1 }', "is no flow between components"),
        ('targets = { "economic>human:money" = 1 }', "is no flow between components"),
        ('targets = { "economic>human:capital" = -1 }', "0 or more"),
        ('targets = { "economic>human:capital" = nan }', "must be a number"),
    ],
)
def test_what_does_not_exist_is_named_with_what_would_be_right(
    tmp_path: Path, wrong: str, remedy: str
) -> None:
    (mistake,) = mistakes(tmp_path, f"[ecosystem]\n{wrong}\n")
    assert remedy in mistake


def test_the_citys_own_taxonomy_is_read(tmp_path: Path) -> None:
    city = tmp_path / "city.toml"
    assert check_taxonomy("", city) == []
    (missing,) = check_taxonomy("own.toml", city)
    assert "There is no taxonomy file" in missing.message
    (tmp_path / "own.toml").write_text('version = "1"\n[area.categories]\ntransport = {}\n')
    (wrong,) = check_taxonomy("own.toml", city)
    assert wrong.path == ("ecosystem", "taxonomy")
    (tmp_path / "own.toml").write_text('version = "own-1"\n')
    assert check_taxonomy("own.toml", city) == []
