"""What a command's exit code says."""

from __future__ import annotations

from typing import Final

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
PARTIAL: Final = 3
INTERRUPTED: Final = 130

MEANINGS: Final = {
    OK: "done",
    FAILED: "not done; a line on standard error says why and what to do",
    USAGE: "the command's words, a setting or an address cannot be used",
    PARTIAL: "done, but not all of it went well",
    INTERRUPTED: "stopped with Ctrl+C before it was done",
}
