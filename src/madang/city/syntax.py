"""City files as TOML: the data, and every place where a file is not TOML."""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

from madang.city.mistake import Mistake

SYNTAX_MISTAKES_MAX: Final = 20
_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_toml(text: str) -> tuple[dict[str, Any], list[Mistake], str]:
    """The data, what is no TOML, and the text without the lines at fault: the rest can still be checked."""
    mistakes: list[Mistake] = []
    lines = text.split("\n")
    while True:
        try:
            return tomllib.loads("\n".join(lines)), mistakes, "\n".join(lines)
        except tomllib.TOMLDecodeError as error:
            line, column, message = _told(str(error), lines)
            mistakes.append(Mistake(line, column, f"This is not TOML: {message}"))
            if len(mistakes) >= SYNTAX_MISTAKES_MAX or not lines[line - 1]:
                return {}, mistakes, ""
            lines[line - 1] = ""


def _told(message: str, lines: list[str]) -> tuple[int, int, str]:
    """Line and column of the parser's complaint, and the complaint. The end of the document is its last line with
    something on it."""
    place = _PLACE.search(message)
    said = message[: place.start()] if place else message
    said = said[:1].lower() + said[1:]
    if place and place[1]:
        line = min(int(place[1]), len(lines))
        # A line that is cut off is found at the beginning of the next one
        while line > 1 and not lines[line - 1].strip():
            line -= 1
        return line, int(place[2]), said
    last = max((number for number, line in enumerate(lines, start=1) if line.strip()), default=1)
    return last, 1, said
