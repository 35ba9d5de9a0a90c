"""`madang ecosystem classify`: a table in, three of each axis out, nothing labelled."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import orjson
import pytest

from madang.cli import ecosystem_classify
from madang.cli.ecosystem_classify import By, classify_command
from madang.cli.exits import OK, PARTIAL
from madang.ecosystem.labelling import starting_labels
from madang.errors import BadRequestData, NotFound

FIRMS = """관리번호,기업명,주요제품
1,가온신호,교차로 신호 제어기와 버스 도착 안내기
2,다솜돌봄,독거노인 안부 확인과 방문 돌봄 앱
3,새별,
"""
SOME = starting_labels()[::4]


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ecosystem_classify, "starting_labels", lambda: SOME)


@pytest.fixture
def firms(tmp_path: Path) -> Path:
    path = tmp_path / "firms.csv"
    path.write_bytes(FIRMS.encode("cp949"))
    return path


def printed(capfd: pytest.CaptureFixture[str]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in orjson.loads(capfd.readouterr().out):
        found.setdefault((row["firm"], row["axis"]), []).append(row)
    return found


def test_three_of_each_axis_with_words(
    firms: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "classes.csv"
    assert classify_command(firms, json=True, out=out, language="ko") == OK
    found = printed(capfd)
    assert {firm for firm, _ in found} == {"1", "2"}
    area = found["1", "area"]
    assert [row["place"] for row in area] == [1, 2, 3]
    assert (area[0]["code"], area[0]["category"], area[1]["sure"]) == ("transport", "교통", None)
    assert set(area[0]["words"]) <= {"교차로", "신호", "제어기와", "버스", "도착", "안내기"}
    assert found["2", "area"][0]["code"] == "health-welfare"
    with out.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(map(len, found.values()))
    assert rows[0]["category"] == "교통"


def test_what_is_unsure_is_said(firms: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert classify_command(firms, by=By(sure=1.0)) == OK
    told = capfd.readouterr().out
    assert "?: too unsure to be chosen" in told
    assert "3 firms, 1 of which nothing is written that tells anything" in told
    assert classify_command(firms, json=True, by=By(search=True)) == OK
    assert all(row["abstains"] for rows in printed(capfd).values() for row in rows)


def test_labels_of_ones_own_teach(firms: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("text,area\n" + "독거노인 안부 확인과 방문 돌봄 앱,housing\n" * 8 + ",housing\n도구,\n")
    assert classify_command(firms, json=True, by=By(labels)) == OK
    assert printed(capfd)["2", "area"][0]["code"] == "housing"
    labels.write_text("words,area\n가,housing\n")
    with pytest.raises(BadRequestData, match="it needs a column text"):
        classify_command(firms, by=By(labels))
    with pytest.raises(NotFound, match="no taxonomy file"):
        classify_command(firms, by=By(taxonomy=tmp_path / "none.toml"))
    with pytest.raises(BadRequestData, match="from 0 to 1"):
        classify_command(firms, by=By(sure=7))


def test_rows_that_are_no_firm_are_told(firms: Path, capfd: pytest.CaptureFixture[str]) -> None:
    firms.write_text("id,name,products\n1,가온,버스 안내 앱\n2,,버스\n")
    assert classify_command(firms, by=By(search=True)) == PARTIAL
    assert "firms.csv:3" in capfd.readouterr().err
