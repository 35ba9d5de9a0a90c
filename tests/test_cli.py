"""The command line as people meet it: real processes, their words and their exit codes."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.serving import Platform

from madang.cli.exits import FAILED, OK, USAGE


def madang(*words: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "madang.wire", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_help_names_every_command() -> None:
    shown = madang("--help")
    assert shown.returncode == OK
    assert {"up", "bench"} <= set(shown.stdout.split())


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (("up", "--port", "high"), "--port is 'high', but must be a whole number from 0 to 65535"),
        (("up", "--host", "no such"), "--host is 'no such', but must be a host name or address"),
        (("up", "--prot", "1"), "Did you mean --port?"),
        (("upp",), 'Did you mean "up"?'),
        (("bench", "--only", "nothing"), "must be one of retrieve"),
    ],
)
def test_wrong_words_are_one_line_with_the_remedy(words: tuple[str, ...], remedy: str) -> None:
    refused = madang(*words)
    assert refused.returncode == USAGE
    assert remedy in refused.stderr
    assert refused.stderr.startswith("madang: ")
    assert refused.stderr.count("\n") == 1


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MADANG_EGRESS_ALLOW", "10.0.0.0/99")
    refused = madang("up")
    assert refused.returncode == USAGE
    assert "MADANG_EGRESS_ALLOW is '10.0.0.0/99', but must be host names" in refused.stderr


def test_a_port_in_use_is_refused_and_the_home_let_go(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        refused = madang("up", "--home", str(tmp_path), "--port", port)
    assert refused.returncode == USAGE
    assert f"Port {port} of 127.0.0.1 is in use" in refused.stderr
    Platform.start(tmp_path).stop()


def test_a_second_start_on_a_home_is_refused_by_name(tmp_path: Path) -> None:
    platform = Platform.start(tmp_path)
    try:
        refused = platform.start_another()
    finally:
        assert platform.stop() == OK
    assert refused.returncode == FAILED
    assert f"held by process {platform.pid}, which serves {platform.url}" in refused.stderr
    assert refused.stderr.count("\n") == 1
