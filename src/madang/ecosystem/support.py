"""Programmes and calls that help a measure: what they are for, whether they are open, and how well they fit a weakness."""

from __future__ import annotations

from typing import Final

import msgspec

from madang.ecosystem.record import Record, Thing

_DAY: Final = 86_400_000_000
_OVER: Final = ("completed", "closed")
_TYPES: Final = ("Programme", "Call")


class Support(msgspec.Struct, frozen=True):
    """What a programme or a call is for, or what a measure wants. categories: of programmes. open: a call that takes
    applications now."""

    id: str
    component: str
    categories: frozenset[str]
    area: str = ""
    open: bool = False

    def fit(self, wanted: Support) -> int:
        """0 where it does not fit: its category must be one that helps, or its component and its area those that are meant."""
        category = bool(self.categories & wanted.categories)
        component = bool(self.component) and self.component == wanted.component
        area = bool(self.area) and self.area == wanted.area
        if (self.area and wanted.area and not area) or not (category or component):
            return 0
        return 3 * category + 2 * component + area


def supports_of(record: Record, today: int) -> tuple[Support, ...]:
    """All programmes and calls that are not over. today: days since 1970."""
    there = {thing.id: thing for thing in record.things if thing.type in _TYPES}
    return tuple(_support(one, there, today) for one in there.values() if not _over(one, today))


def _support(thing: Thing, there: dict[str, Thing], today: int) -> Support:
    """A call is for what its programme is for, unless it says otherwise itself."""
    whole = next((there[one] for one in thing.links("isPartOf") if one in there), None)

    def said(attribute: str) -> str:
        return thing.text(attribute) or (whole.text(attribute) if whole is not None else "")

    category = said("category")
    return Support(
        thing.id,
        said("component"),
        frozenset((category,) if category else ()),
        said("serviceArea"),
        thing.type == "Call" and _open(thing, today),
    )


def _open(call: Thing, today: int) -> bool:
    opens, closes = call.number("opens"), call.number("closes")
    if opens is None or closes is None:
        return call.text("status") == "open"
    return opens // _DAY <= today <= closes // _DAY


def _over(thing: Thing, today: int) -> bool:
    end = thing.number("endDate") if thing.type == "Programme" else thing.number("closes")
    return thing.text("status") in _OVER or (end is not None and end // _DAY < today)
