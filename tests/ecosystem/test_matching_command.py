"""`madang ecosystem evaluate-matching`, as a researcher uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.ecosystem.test_matching import market

from madang.cli.exits import FAILED, OK
from madang.cli.main import run
from madang.ecosystem.ties import Ties
from madang.wire import WIRING


def tables(folder: Path) -> tuple[Path, Path]:
    """The planted market as two files; days as years, 2000 to 2009."""
    ties, fields = market(1, actors=200, fields=6, activities=400)
    edges, nodes = folder / "edges.csv", folder / "nodes.csv"
    edges.write_text("organisation,activity,began\n" + "".join(rows(ties)), encoding="utf-8")
    said = [
        f"{name},{field},{'small' if place % 3 else 'large'},1961-05-04\n"
        for place, (name, field) in enumerate(zip(ties.organisations, fields, strict=True))
    ]
    nodes.write_text("organisation,text,size,birthDate\n" + "".join(said), encoding="utf-8")
    return edges, nodes


def rows(ties: Ties) -> list[str]:
    return [
        f"{ties.organisations[who]},{ties.activities[what]},{2000 + int(ties.days[what]) // 100}\n"
        for who, what in zip(ties.who.tolist(), ties.what.tolist(), strict=True)
    ]


def test_it_compares_with_the_most_active_and_tells_parity(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edges, nodes = tables(tmp_path)
    words = ["ecosystem", "evaluate-matching", "--edges", str(edges), "--nodes", str(nodes), "--cut", "2007"]
    assert run([*words, "--json"], WIRING) == OK
    (found,) = json.loads(capsys.readouterr().out)
    assert found["quality"]["suggested"]["mrr"] > found["quality"]["most active"]["mrr"]
    (large, small) = sorted(found["parity"]["size"], key=lambda one: one["group"])
    assert (large["group"], small["group"]) == ("large", "small")
    assert large["exposure"] + small["exposure"] == pytest.approx(1.0)
    assert "birthDate" not in json.dumps(found)
    assert run(words, WIRING) == OK
    text = capsys.readouterr().out
    assert "most active" in text
    assert "small" in text


def test_what_cannot_be_told_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edges, _ = tables(tmp_path)
    words = ["ecosystem", "evaluate-matching", "--edges", str(edges), "--cut"]
    assert run([*words, "soon"], WIRING) == FAILED
    assert "is no day" in capsys.readouterr().err
    assert run([*words, "2050"], WIRING) == FAILED
    assert "earlier --cut" in capsys.readouterr().err
