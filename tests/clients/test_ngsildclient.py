"""A program written with ngsildclient, another people's library, works with the platform unchanged."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.serving import Platform

ROOT = Path(__file__).parent.parent.parent
# An environment of its own, because the library wants older versions of what we use
PYTHON = ROOT / ".make" / "clients-venv" / "bin" / "python"

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="the environment of ngsildclient is not there: `make test` makes it"
)


def test_create_query_subscribe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MADANG_EGRESS_ALLOW", "127.0.0.1")
    platform = Platform.start(tmp_path / "home")
    script = Path(__file__).with_name("with_ngsildclient.py")
    port = platform.url.rpartition(":")[2]
    done = subprocess.run([PYTHON, script, port], capture_output=True, text=True, timeout=60, check=False)
    assert platform.stop() == 0
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "connected": True,
        "created": True,
        "batch": True,
        "exists": [True, False],
        "same": True,
        "of type": 29,
        "by q": [f"urn:ngsi-ld:AirQualityObserved:seoul:{n}" for n in (28, 29)],
        "counted": 5,
        "types": ["AirQualityObserved"],
        "subscriptions": [True],
        "updated": True,
        "notified": [99.0],
        "unsubscribed": True,
        "history": True,
        "deleted": True,
        "left": 0,
    }
