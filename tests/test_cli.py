"""The command line as people meet it: its words, its exit codes, and the processes that it starts."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.serving import Platform
from tests.small_city_file import city_of

from madang.cli.exits import FAILED, OK, USAGE
from madang.cli.main import run
from madang.home import Home, held
from madang.wire import WIRING

CITY = city_of("benches", "PointOfInterest", '{ field = "number" }')


class Said(msgspec.Struct, frozen=True):
    code: int
    out: str
    error: str


Madang = Callable[..., Said]


@pytest.fixture
def madang(capsys: pytest.CaptureFixture[str]) -> Madang:
    """Carries out a command in this process."""

    def carry_out(*words: str) -> Said:
        code = run(words, WIRING)
        shown = capsys.readouterr()
        return Said(code, shown.out, shown.err)

    return carry_out


def test_help_names_every_command(madang: Madang) -> None:
    shown = madang("--help")
    assert shown.code == OK
    assert {"up", "check", "bench"} <= set(shown.out.split())


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (("up", "--port", "high"), "--port is 'high', but must be a whole number from 0 to 65535"),
        (("up", "--host", "no such"), "--host is 'no such', but must be a host name or address"),
        (("up", "--prot", "1"), "Did you mean --port?"),
        (("upp",), 'Did you mean "up"?'),
        (("up", "city.toml", "--demo"), "--demo brings up a city of its own"),
        (("bench", "--only", "nothing"), "must be one of retrieve"),
    ],
)
def test_wrong_words_are_one_line_with_the_remedy(
    madang: Madang, words: tuple[str, ...], remedy: str
) -> None:
    refused = madang(*words)
    assert refused.code == USAGE
    assert remedy in refused.error
    assert refused.error.startswith("madang: ")
    assert refused.error.count("\n") == 1


def test_a_wrong_variable_is_named(madang: Madang, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MADANG_EGRESS_ALLOW", "10.0.0.0/99")
    refused = madang("up")
    assert refused.code == USAGE
    assert "MADANG_EGRESS_ALLOW is '10.0.0.0/99', but must be host names" in refused.error


def test_check_says_every_mistake_with_its_line(
    madang: Madang, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "city.toml").write_text(CITY.replace("Asia/Seoul", "Asia/Soul").replace('"table"', '"tabel"'))
    (tmp_path / "benches.csv").write_text("number\n1\n")
    wrong = madang("check")
    assert wrong.code == FAILED
    assert [line.split(": ")[0] for line in wrong.out.splitlines()] == [
        "city.toml:5:13",
        "city.toml:13:13",
    ]
    (tmp_path / "city.toml").write_text(CITY)
    assert madang("check", "--json").out == "[]\n"


def test_a_city_comes_up_and_its_removed_source_goes_when_agreed(tmp_path: Path) -> None:
    city = tmp_path / "city.toml"
    city.write_text(CITY)
    (tmp_path / "benches.csv").write_text('number\n1\n2\n""\n')
    up(tmp_path, "benches: loaded: 2 rows written, 1 rows in quarantine")
    up(tmp_path, "benches: unchanged")
    city.write_text(CITY.partition("[[source]]")[0])
    up(tmp_path, "benches: it is no longer in the city file; 2 entities would go")
    up(tmp_path, "benches: removed: 2 removed", "--yes")


def up(folder: Path, said: str, *words: str) -> None:
    """Bring the city in the folder up, until this is said."""
    platform = Platform.start(folder / "home", str(folder / "city.toml"), *words)
    give_up = time.monotonic() + 30
    while said not in (log := platform.log.read_text()) and time.monotonic() < give_up:
        time.sleep(0.05)
    code = platform.stop()
    platform.log.unlink()
    assert said in log
    assert code == OK


def test_a_port_in_use_is_refused_and_the_home_let_go(madang: Madang, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        refused = madang("up", "--home", str(tmp_path), "--port", port)
    assert refused.code == USAGE
    assert f"Port {port} of 127.0.0.1 is in use" in refused.error
    with held(Home(tmp_path)):
        pass


def test_a_second_start_on_a_home_is_refused_by_name(tmp_path: Path) -> None:
    platform = Platform.start(tmp_path)
    try:
        refused = platform.start_another()
    finally:
        assert platform.stop() == OK
    assert refused.returncode == FAILED
    assert f"held by process {platform.pid}, which serves {platform.url}" in refused.stderr
    assert refused.stderr.count("\n") == 1
