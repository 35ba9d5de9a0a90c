"""`madang person`: what an operator hands out and erases from the machine itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import orjson
import pytest
from tests.store.a_life import KIM, LEE, person

from madang.cli.exits import FAILED, OK, PARTIAL, USAGE
from madang.cli.main import run
from madang.home import Home, held
from madang.hub import batch
from madang.ngsild.changes import Mode, Write
from madang.settings import read
from madang.trust.access import OPEN
from madang.wire import WIRING


class Said(msgspec.Struct, frozen=True):
    code: int
    out: str
    error: str


Madang = Callable[..., Said]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """In which Kim and Lee are."""
    place = Home(tmp_path / "home")
    place.create()

    async def fill() -> None:
        async with WIRING.open_custody(place, read({}, {"home": str(place.path)})) as custody:
            people = [
                person(KIM, "김새벽별", "kim@example.org", "-"),
                person(LEE, "이도윤", "lee@example.org", "-"),
            ]
            await batch.apply(custody.hub, OPEN, [Write(Mode.CREATE, one) for one in people])

    asyncio.run(fill())
    return place


@pytest.fixture
def madang(capsys: pytest.CaptureFixture[str], home: Home, monkeypatch: pytest.MonkeyPatch) -> Madang:
    """Carries out a command in this process, over the home."""
    monkeypatch.setattr("os.nice", lambda _: 0)

    def carry_out(*words: str | Path) -> Said:
        code = run([*map(str, words), "--home", str(home.path)], WIRING)
        shown = capsys.readouterr()
        return Said(code, shown.out, shown.err)

    return carry_out


def test_what_is_known_of_a_person_is_written_out(madang: Madang, tmp_path: Path) -> None:
    target = tmp_path / "data.json"
    assert madang("person", "export", KIM, target, "--reason", "asked").code == OK
    assert [one["id"] for one in orjson.loads(target.read_bytes())["entities"]] == [KIM]
    assert (target.stat().st_mode & 0o077) == 0
    assert "lee@example.org" not in target.read_text()
    assert madang("person", "export", KIM, target, "--reason", "asked", "--read-in", "ko").code == OK
    assert "- 이름: 김새벽별" in target.read_text()
    assert madang("person", "export", KIM, "--reason", "asked", "--read-in", "xx").code == FAILED
    assert madang("person", "export", KIM).code == USAGE, "a reason is needed"


def test_a_person_is_erased_and_stays_so_when_an_old_backup_comes_back(
    madang: Madang, home: Home, tmp_path: Path
) -> None:
    made = madang("backup", tmp_path / "backup")
    assert "2 entities about persons are sealed" in made.error
    refused = madang("person", "erase", KIM, "--reason", "asked")
    assert (refused.code, "say --yes" in refused.error) == (FAILED, True)
    erased = madang("person", "erase", KIM, "--reason", "asked", "--yes")
    assert (erased.code, "erased 1 entity; record 1" in erased.out) == (OK, True)
    assert left(home) == []
    again = madang("person", "erase", KIM, "--reason", "asked", "--yes")
    assert (again.code, "There is no person" in again.error) == (FAILED, True)
    restored = madang("restore", tmp_path / "backup", "--yes")
    assert (restored.code, "could not be opened" in restored.error) == (PARTIAL, True)
    assert left(home) == []
    assert madang("doctor").out == "all is right\n"
    assert "lee@example.org" in madang("person", "export", LEE, "--reason", "asked", "--read-in", "en").out


def test_beside_a_running_platform_nothing_is_erased(madang: Madang, home: Home) -> None:
    with held(home):
        assert "held by process" in madang("person", "erase", KIM, "--reason", "asked", "--yes").error
    assert left(home) != []


def left(home: Home) -> list[Path]:
    """Files in which Kim's address stands."""
    files = [path for path in home.path.rglob("*") if path.is_file()]
    return [path for path in files if b"kim@example.org" in path.read_bytes()]
