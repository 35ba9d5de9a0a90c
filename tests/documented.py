"""Documents whose commands are carried out as they stand."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path


def commands(text: str) -> list[str]:
    """The blocks of commands (```sh) of a document."""
    return re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def carry_out(text: str, environment: Mapping[str, str], folder: Path) -> int:
    """Each block in a shell of its own, in the folder; the first that fails ends it. How many there were."""
    found = commands(text)
    for command in found:
        ran = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", command],
            env=dict(environment),
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, f"{command}\n{ran.stdout}\n{ran.stderr}"
    return len(found)
