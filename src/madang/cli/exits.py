"""What a command's exit code says."""

from __future__ import annotations

OK = 0
FAILED = 1
USAGE = 2
PARTIAL = 3  # done, but not all of it: some sources or rows failed
INTERRUPTED = 130
