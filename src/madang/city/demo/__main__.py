"""The process that makes the demonstration city: `python -m madang.city.demo PARENT FOLDER SEED`, started by `up`.

Another process, because it computes for seconds, and what it needs for that is not needed to serve.
"""

from __future__ import annotations

import sys
from pathlib import Path

from madang import children
from madang.city.demo.generate import generate
from madang.clock import SystemClock

if __name__ == "__main__":
    children.end_with(int(sys.argv[1]))
    generate(Path(sys.argv[2]), int(sys.argv[3]), SystemClock().now())
