"""Regular expressions of clients, by RE2: time linear in the text, whatever the pattern."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Protocol

import re2

from madang.errors import BadRequestData
from madang.settings import LIMITS

MEMORY_BYTES_MAX: Final = 1024**2
_SPECIAL: Final = frozenset(r"\.+*?()[]{}|^$")


class Pattern(Protocol):
    def search(self, text: str) -> object | None: ...


@lru_cache(maxsize=512)
def compile_pattern(pattern: str, what: str) -> Pattern:
    """The pattern, ready to search with. what: names it in the error. Raises BadRequestData."""
    size = len(pattern.encode())
    if size > LIMITS.regex_bytes_max:
        raise BadRequestData(
            f"{what} is a pattern of {size} bytes; it may have at most {LIMITS.regex_bytes_max}"
        )
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MEMORY_BYTES_MAX
    try:
        compiled: Pattern = re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else "unreadable"
        raise BadRequestData(
            f"{what} '{pattern}' is not a regular expression that RE2 knows: {_text(reason)}"
        ) from error
    return compiled


def _text(reason: object) -> str:
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)


def literal_prefix(pattern: str) -> tuple[str, bool]:
    """The text that everything the pattern is found in must begin with ("" if there is none), and whether
    beginning with it is also enough."""
    if not pattern.startswith("^"):
        return "", False
    end = 1
    while end < len(pattern) and pattern[end] not in _SPECIAL:
        end += 1
    rest = pattern[end:]
    if "|" in rest:
        return "", False
    if rest[:1] in ("*", "?", "{"):
        end -= 1
    return pattern[1:end], rest in ("", ".*")
