"""Answers of the map's data that are kept, compressed, until what they were made from changes."""

from __future__ import annotations

import msgspec

from madang.trust.view import View

KEPT_BYTES_MAX = 24 * 1024**2


class Seer(msgspec.Struct, frozen=True):
    """Those to whom the same is shown: of one tenant, seeing the same of it."""

    tenant: str
    view: View | None


class Kept:
    """By who sees them and by address, each with the tag that says what it was made from. The oldest goes when there
    are too many."""

    def __init__(self) -> None:
        self._answers: dict[tuple[Seer, str], tuple[str, bytes]] = {}

    def find(self, seer: Seer, address: str, tag: str) -> bytes | None:
        kept = self._answers.get((seer, address))
        return kept[1] if kept is not None and kept[0] == tag else None

    def keep(self, seer: Seer, address: str, tag: str, content: bytes) -> None:
        self._answers.pop((seer, address), None)
        self._answers[seer, address] = (tag, content)
        while sum(len(kept) for _, kept in self._answers.values()) > KEPT_BYTES_MAX:
            del self._answers[next(iter(self._answers))]
