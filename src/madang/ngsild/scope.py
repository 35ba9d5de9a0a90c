"""Selection of entities by their scopes (CIM 009 §4.19): `/a/b`, `/a/+/c`, `/a/#`, `/#`, joined by `;` `|` `,`."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from madang.errors import BadRequestData
from madang.ngsild.alternatives import parse_alternatives

LEVELS_MAX: Final = 32
_LEVEL = re.compile(r"\+|[^\W\d_]\w*")


class ScopePattern(msgspec.Struct, frozen=True):
    """One scope or several. levels: names, or "+" for any one name. below: also all scopes beneath ("#").

    No level and `below` is "/#": every scope.
    """

    levels: tuple[str, ...]
    below: bool = False

    @property
    def exact(self) -> str | None:
        """The one scope that it selects; None if there may be several."""
        return None if self.below or "+" in self.levels else "/" + "/".join(self.levels)

    def matches(self, scope: str) -> bool:
        """scope: begins with "/"."""
        levels = scope[1:].split("/")
        if len(levels) < len(self.levels) or (len(levels) > len(self.levels) and not self.below):
            return False
        return all(wanted in ("+", level) for wanted, level in zip(self.levels, levels, strict=False))


class ScopeExpression(msgspec.Struct, frozen=True):
    """alternatives: an entity that has, for every pattern of one of them, a scope that matches is selected."""

    alternatives: tuple[tuple[ScopePattern, ...], ...]

    def matches(self, scopes: tuple[str, ...]) -> bool:
        return any(
            all(any(pattern.matches(scope) for scope in scopes) for pattern in conjunction)
            for conjunction in self.alternatives
        )


def parse_scope_query(text: str) -> ScopeExpression:
    """The selection that `text` says. Raises BadRequestData."""
    return ScopeExpression(parse_alternatives(text, "scopeQ", _pattern))


def _pattern(text: str) -> ScopePattern:
    levels = text.removeprefix("/").split("/")
    below = levels[-1] == "#"
    if below:
        levels.pop()
    if len(levels) > LEVELS_MAX or not (levels or below) or not all(map(_LEVEL.fullmatch, levels)):
        raise BadRequestData(
            f"scopeQ has '{text:.60}', which is no scope; write /Madrid/Gardens, /Madrid/+/Gardens, "
            f"/Madrid/# or /#, of at most {LEVELS_MAX} levels that begin with a letter"
        )
    return ScopePattern(tuple(levels), below)
