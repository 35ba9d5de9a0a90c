"""A mistake in a city file: where it is, what is wrong, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import msgspec

Path = tuple[str | int, ...]


class Mistake(msgspec.Struct, frozen=True, order=True):
    """line, column: from 1. warning: the city can be brought up all the same."""

    line: int
    column: int
    message: str
    warning: bool = False

    def shown(self, file: str) -> str:
        """One line, in the form that editors turn into a link."""
        return f"{file}:{self.line}:{self.column}: {'warning' if self.warning else 'error'}: {self.message}"


class Found(msgspec.Struct, frozen=True):
    """A mistake by its place in the data; `positions.py` knows where that is in the file.

    key: it is about the key itself, not about its value. lacks: the key that is missing there.
    """

    path: Path
    message: str
    key: bool = False
    warning: bool = False
    lacks: str = ""


def nearest(word: str, known: Iterable[str]) -> str:
    """'did you mean "x"?' for the most similar known word, else the list of them."""
    words = list(known)
    close = get_close_matches(word, words, n=1, cutoff=0.6)
    if not close:
        folded = word.casefold()
        close = [
            one for one in words if one.casefold().startswith(folded) or folded.startswith(one.casefold())
        ]
    if close:
        return f'did you mean "{close[0]}"?'
    return f"it may be {listed(words)}" if words else "there are none"


def listed(words: Sequence[str]) -> str:
    """'"a", "b" or "c"', shortened where there are many."""
    quoted = [f'"{word}"' for word in words]
    if len(quoted) > 12:
        return ", ".join(quoted[:12]) + " ..."
    return " or ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1]))) if quoted else ""
