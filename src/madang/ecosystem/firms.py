"""Which organisations are firms. One whose category nobody has said counts as one."""

from __future__ import annotations

from typing import Final

PUBLIC: Final = ("city-government", "public-corporation")
RESEARCH: Final = ("university", "research-institute")
_NO_FIRMS: Final = frozenset((*PUBLIC, *RESEARCH, "investor", "association"))


def is_firm(category: str) -> bool:
    """category: of an organisation, "" where it is not known."""
    return category not in _NO_FIRMS
