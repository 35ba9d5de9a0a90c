"""Compiles the hashed requirements from pyproject.toml. They name no index: the reader's own is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

OPTIONS = ["--universal", "--generate-hashes", "--no-emit-index-url", "--no-header", "--quiet", "-p", "3.11"]
TARGETS = {
    "setup": ["--group", "setup"],
    "node": ["--group", "node"],
    "clients": ["--group", "clients"],
    "guards": ["--group", "guards"],
    "run": ["pyproject.toml"],
    "dev": ["pyproject.toml", "--group", "dev"],
}


def main() -> None:
    uv = Path(sys.executable).with_name("uv")
    for name, source in TARGETS.items():
        subprocess.run(
            [uv, "pip", "compile", *OPTIONS, *source, "-o", f"requirements/{name}.txt"], check=True
        )


if __name__ == "__main__":
    main()
