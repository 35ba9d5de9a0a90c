"""The documents are true: the reference is what the code says, links lead somewhere, both READMEs say the same."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from madang.city.check import read_city

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path for folder in (ROOT, ROOT / "docs", ROOT / "docs" / "decisions") for path in folder.glob("*.md")
)
READMES = (ROOT / "README.md", ROOT / "README.ko.md")


def fenced(page: Path, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


def test_the_reference_is_what_the_code_says() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "reference.py"), "--print"]
    written = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    stored = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert stored == written, "docs/reference.md is old: run `make reference` and commit it"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing, f"{page.relative_to(ROOT)} links to {missing}, which do not exist"


def test_the_architecture_names_every_room() -> None:
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = [path.parent.name for path in (ROOT / "src" / "madang").glob("*/__init__.py")]
    unnamed = [room for room in rooms if f"  {room}/" not in text]
    assert not unnamed, f"docs/ARCHITECTURE.md does not say what lives in {unnamed}"
    named = re.findall(r"^  (\w+)/ ", text, re.MULTILINE)
    empty = [room for room in named if room not in rooms]
    assert not empty, f"docs/ARCHITECTURE.md names {empty}, which are not there"


def test_every_decision_says_what_and_why() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    for number, page in enumerate(pages, 1):
        text = page.read_text(encoding="utf-8")
        assert page.name.startswith(f"{number:04}-"), f"{page.name} should be number {number}"
        assert text.startswith(f"# {number}. "), f"{page.name} should open with its number"
        assert "**Decision.**" in text, f"{page.name} does not say what is decided"
        assert "**Why.**" in text, f"{page.name} does not say why"


def test_both_readmes_show_the_same_commands_and_the_same_city_file() -> None:
    english, korean = ([re.sub(r"#.*|<.*?>", "", block) for block in fenced(page, "sh")] for page in READMES)
    assert [block.split() for block in english] == [block.split() for block in korean]
    shapes = [tomllib.loads(fenced(page, "toml")[0]) for page in READMES]
    assert [sorted(shape) for shape in shapes] == [["city", "layer", "source", "trust"]] * 2


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.name)
def test_the_city_file_of_the_readme_is_right(page: Path, tmp_path: Path) -> None:
    file = tmp_path / "city.toml"
    file.write_text(fenced(page, "toml")[0], encoding="utf-8")
    checked = read_city(file, {})
    assert not checked.mistakes, checked.shown(page.name)


def test_the_readmes_name_only_commands_of_make_that_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"`?\bmake ([a-z]+)\b`", page.read_text(encoding="utf-8")))
        assert named <= targets, f"{page.name} names {named - targets}, which the Makefile does not have"
