"""The home folder and its lock, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from madang.errors import HomeLocked, SettingInvalid
from madang.home import Home, held

HOLDER = """
import sys, time
from pathlib import Path
from madang.home import Home, held
with held(Home(Path(sys.argv[1]))) as announce:
    announce("http://127.0.0.1:8123")
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_holder_is_refused_by_name_until_the_first_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(HomeLocked) as refused, held(Home(tmp_path)):
            pass
        assert f"process {holder.pid}" in refused.value.message
        assert "http://127.0.0.1:8123" in refused.value.message
        assert f"`kill {holder.pid}`" in refused.value.message
        assert str(tmp_path) in refused.value.message
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with held(Home(tmp_path)):
            assert str(os.getpid()) in Home(tmp_path).lock_file.read_text()
    assert Home(tmp_path).lock_file.read_text() == ""


def test_a_holder_that_has_not_written_its_name_yet_still_refuses(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with held(home):
        home.lock_file.write_text("")
        with pytest.raises(HomeLocked, match="Another process is using"), held(home):
            pass


def test_a_home_that_cannot_be_made_names_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingInvalid, match="--home"), held(Home(tmp_path / "file" / "home")):
        pass
