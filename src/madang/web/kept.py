"""Answers of the map's data that are kept, compressed, until what they were made from changes."""

from __future__ import annotations

KEPT_BYTES_MAX = 24 * 1024**2


class Kept:
    """By address, each with the tag that says what it was made from. The oldest goes when there are too many."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[str, bytes]] = {}

    def find(self, address: str, tag: str) -> bytes | None:
        kept = self._answers.get(address)
        return kept[1] if kept is not None and kept[0] == tag else None

    def keep(self, address: str, tag: str, content: bytes) -> None:
        self._answers.pop(address, None)
        self._answers[address] = (tag, content)
        while sum(len(kept) for _, kept in self._answers.values()) > KEPT_BYTES_MAX:
            del self._answers[next(iter(self._answers))]
