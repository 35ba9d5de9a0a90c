"""What is counted of how the platform is used, until it is written down (`usage.py`).

Counting stands on the way of every request: it is a look into a dictionary and no more.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

from madang.errors import MadangError
from madang.ngsild.changes import Change, Outcome, Write

_URN_TYPE: Final = 2


class Uses:
    """What happened since it was last written down. reads, downloads: by tenant and roles of the caller. told: by tenant and
    subject of who subscribed. written: by tenant and type of the entity, an IRI or the term in its identifier. waiting:
    by tenant what is summed up and not in the store yet, by what was done and who did it."""

    __slots__ = ("downloads", "reads", "told", "waiting", "written")

    def __init__(self) -> None:
        self.reads: defaultdict[tuple[str, tuple[str, ...]], int] = defaultdict(int)
        self.downloads: defaultdict[tuple[str, tuple[str, ...]], int] = defaultdict(int)
        self.told: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.written: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.waiting: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)

    def wrote(
        self, tenant: str, changes: Sequence[Change], outcomes: Sequence[Outcome | MadangError]
    ) -> None:
        """Count those that were applied."""
        written = self.written
        for change, outcome in zip(changes, outcomes, strict=True):
            if isinstance(outcome, MadangError):
                continue
            types = change.fragment.types if isinstance(change, Write) else ()
            written[tenant, types[0] if types else _type_in(change.id)] += 1


def _type_in(identifier: str) -> str:
    """The term of the type that an identifier names, "" for one that names none."""
    parts = identifier.split(":", _URN_TYPE + 1)
    return parts[_URN_TYPE] if len(parts) > _URN_TYPE + 1 else ""
