"""`madang ecosystem analyse` over files, as a researcher runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import orjson
from tests.ecosystem.planted import brief


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "madang.wire", "ecosystem", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def files(folder: Path) -> tuple[Path, Path]:
    ties, founded = brief(3, firms=120, activities=150)
    edges, nodes = folder / "edges.csv", folder / "nodes.csv"
    parts = zip(ties.who.tolist(), ties.what.tolist(), strict=True)
    lines = [
        f"{ties.organisations[who]};{ties.activities[what]};{np.datetime64(int(ties.days[what]), 'D')}"
        for who, what in parts
    ]
    edges.write_text("\n".join(["firm;project;begin", *lines]))
    rows = [f"{name},{year:.0f}" for name, year in zip(ties.organisations, founded, strict=True)]
    nodes.write_text("\n".join(["firm,founded", *rows]))
    return edges, nodes


def test_analyse(tmp_path: Path) -> None:
    edges, nodes = files(tmp_path)
    words = ("analyse", "--edges", edges, "--nodes", nodes, "--organisation", "firm", "--activity", "project")
    few = ("--began", "begin", "--configurations", "4", "--evens", "4", "--bootstraps", "4")
    told = command(*words, *few, "--json")
    assert told.returncode == 0, told.stderr
    found = orjson.loads(told.stdout)
    assert found["counts"]["organisations"] == 120
    assert found["counts"]["activities"] == 150
    assert found["verdict"]["core"] == "none"
    assert found["verdict"]["stage"] == "nascent"
    assert found["drawn"] == {"configuration": 4, "even": 4, "bootstrap": 4}
    assert len(found["ranked"]) == 10
    text = command(*words, "--configurations", "2", "--evens", "1", "--bootstraps", "1")
    assert text.returncode == 0, text.stderr
    assert text.stdout.startswith("Core firms: none\nIndustry: nascent\n")


def test_what_is_wrong_with_a_table_is_said(tmp_path: Path) -> None:
    edges, _ = files(tmp_path)
    told = command("analyse", "--edges", edges)
    assert told.returncode == 1
    assert told.stderr == (
        "madang: There is no column organisation; there are firm, project, begin. "
        "Say which of them is the organisation\n"
    )
    assert command("analyse", "--edges", tmp_path / "none.csv").returncode == 1
