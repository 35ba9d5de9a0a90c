"""Which entities are one: those that a person has confirmed to be the same (`sameAs`). What sources said stays as it is;
whoever counts, counts them once."""

from __future__ import annotations

from collections.abc import Iterable

from madang.ecosystem.record import Record, Thing

ORGANISATION = "Organization"
_SAME = "sameAs"


def representatives(record: Record) -> dict[str, str]:
    """Every organisation's identifier to that by which it is counted, mostly its own. Of those that are one it is the entity
    that says of no other that it is the same; of several such the first in order."""
    things = {thing.id: thing for thing in record.things if thing.type == ORGANISATION}
    parents: dict[str, str] = {}
    for thing in things.values():
        for other in _same(thing):
            one, two = _root(parents, thing.id), _root(parents, other)
            if one != two:
                parents[one] = two
    groups: dict[str, list[str]] = {}
    for identifier in things:
        groups.setdefault(_root(parents, identifier), []).append(identifier)
    found: dict[str, str] = {}
    for members in groups.values():
        first = min(members, key=lambda one: (bool(_same(things[one])), one))
        found.update(dict.fromkeys(members, first))
    return found


def joined(things: Iterable[Thing], same: dict[str, str]) -> dict[str, list[Thing]]:
    """The organisations by the identifier by which they are counted, that one first. same: as `representatives` says."""
    found: dict[str, list[Thing]] = {}
    for thing in things:
        if thing.type == ORGANISATION:
            found.setdefault(same.get(thing.id, thing.id), []).append(thing)
    return {
        identifier: sorted(some, key=lambda one: (one.id != identifier, one.id))
        for identifier, some in found.items()
    }


def _same(thing: Thing) -> tuple[str, ...]:
    said = thing.links(_SAME) or ((text,) if (text := thing.text(_SAME)) else ())
    return tuple([one for one in said if one != thing.id])


def _root(parents: dict[str, str], identifier: str) -> str:
    while (parent := parents.get(identifier)) is not None:
        identifier = parent
    return identifier
