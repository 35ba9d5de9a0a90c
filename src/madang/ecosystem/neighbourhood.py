"""One organisation and those with whom it did something: read from the hub as it is now, for its page.

What counts as taking part is what the analysis takes for it (`participation.py`). Everything is read with the reader's own
access, so nobody learns of a tie that they do not see.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

import msgspec

from madang import vocabulary
from madang.ecosystem.joined import ORGANISATION, representatives
from madang.ecosystem.participation import BETWEEN_TWO, CITY, MEMBER, PUBLIC, TAKING_PART
from madang.ecosystem.record import Record, Thing
from madang.hub import entities
from madang.hub.hub import Hub
from madang.limits import LIMITS
from madang.ngsild.entity import Entity
from madang.ngsild.query import Query, Window
from madang.trust.access import Access

_SAME, _BUYER = "sameAs", "buyer"
FROM_OTHER: Final = "object"
"""Role of the organisation in a link that another one says."""
# Whichever of the two says so
_MUTUAL: Final = "partnerOf"
# When something began or happened: the first of these that it has
_BEGINNINGS: Final = ("startDate", "date", "opens")
_ENTITIES_PART: Final = 1000


class Tie(msgspec.Struct, frozen=True):
    """Something that the organisation took part in. id: of the activity, "" for a link from one to the other. kind: its type
    or the link, as terms. names: language to text, "" as the language of one that says none. day: ISO date, "" if unknown.
    roles: by which links the organisation takes part, as terms. others: identifiers of its partners in it. besides: of
    those who have to do with it and are no partners, as public bodies that buy.
    """

    id: str
    kind: str
    names: dict[str, str]
    day: str
    roles: tuple[str, ...]
    others: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()
    buyers: tuple[str, ...] = ()
    amount: float | None = None
    currency: str = ""

    @property
    def year(self) -> int | None:
        return int(self.day[:4]) if self.day else None


class Neighbour(msgspec.Struct, frozen=True):
    """Another organisation. together: in how many activities. strength: each activity of n gives 1/(n - 1). kinds: of the
    activities, with how many of each. first, last: years, None if no activity has a date."""

    id: str
    names: dict[str, str]
    together: int
    strength: float
    kinds: tuple[tuple[str, int], ...]
    first: int | None = None
    last: int | None = None


class Neighbourhood(msgspec.Struct, frozen=True):
    """ids: entities that are the organisation, itself first. ties: the latest first, those without a date last. neighbours:
    the strongest first. links: pairs of identifiers of neighbours that did something with each other in what is known here.
    cut: there is more than was read.
    """

    ids: tuple[str, ...]
    ties: tuple[Tie, ...]
    neighbours: tuple[Neighbour, ...]
    links: tuple[tuple[str, str], ...] = ()
    cut: bool = False


async def neighbourhood(hub: Hub, access: Access, entity: Entity) -> Neighbourhood:
    """entity: the organisation. At most LIMITS.neighbourhood_entities_max entities that point at it are read."""
    itself, incoming, cut = await _pointing(hub, access, entity)
    ids = tuple(itself)
    found = [tie for name, one in incoming for tie in _ties_of(ids, name, one)]
    found += [tie for one in itself.values() for tie in _links_of(ids, one)]
    found += await _memberships(hub, access, ids, list(itself.values()))
    ties = _once(found)
    known = await _organisations(hub, access, {one for tie in ties for one in (*tie.others, *tie.buyers)})
    same = representatives(_as_record(known.values()))
    category = _categories(known, same)
    own = next((said for one in itself.values() if (said := _value(one, "category"))), None)
    # Once more, as two that are linked may turn out to be one
    ties = _once(_counted(tie, same, category, own) for tie in ties)
    ties.sort(key=lambda tie: (tie.day, tie.id), reverse=True)
    return Neighbourhood(ids, tuple(ties), tuple(_neighbours(ties, known)), tuple(_links(ties)), cut)


async def _pointing(
    hub: Hub, access: Access, entity: Entity
) -> tuple[dict[str, Entity], list[tuple[str, Entity]], bool]:
    """(the organisation's entities, (term of the link, entity) of those that point at one of them, whether there are more)."""
    limit = LIMITS.neighbourhood_entities_max
    same = vocabulary.context().expand(_SAME)
    itself = {entity.id: entity}
    waiting = [entity]
    found: list[tuple[str, Entity]] = []
    cut = False
    while waiting:
        one = waiting.pop()
        some = await entities.incoming(hub, access, one.id, limit - len(found) + 1)
        cut = cut or len(some) > limit - len(found)
        some = some[: limit - len(found)]
        found += [(vocabulary.context().compact(name), other) for name, other in some]
        told = await _known(hub, access, set(_links_to(one, _SAME)) - itself.keys())
        for other in [*told, *(other for name, other in some if name == same)]:
            if other.id not in itself and _is_organisation(other):
                itself[other.id] = other
                waiting.append(other)
    return itself, found, cut


async def _organisations(hub: Hub, access: Access, ids: Iterable[str]) -> dict[str, Entity]:
    """Those of these entities that are organisations, and those of which they say that they are the same."""
    found: dict[str, Entity] = {}
    wanted = set(ids)
    while wanted:
        some = [one for one in await _known(hub, access, wanted) if _is_organisation(one)]
        found.update({one.id: one for one in some})
        wanted = {target for one in some for target in _links_to(one, _SAME)} - found.keys()
    return found


def _as_record(organisations: Iterable[Entity]) -> Record:
    """As much of them as tells which are the same."""
    things = [Thing(one.id, ORGANISATION, values={_SAME: _links_to(one, _SAME)}) for one in organisations]
    return Record("", {}, 0, 0, tuple(things))


def _categories(known: dict[str, Entity], same: dict[str, str]) -> dict[str, object]:
    """By the identifier by which an organisation is counted: its own category, else what the others say that are it."""
    found: dict[str, object] = {}
    for one in sorted(known, key=lambda one: (one != same[one], one)):
        category = _value(known[one], "category")
        if category and not found.get(same[one]):
            found[same[one]] = category
    return found


def _ties_of(ids: Sequence[str], name: str, one: Entity) -> Iterable[Tie]:
    """What an entity that points at the organisation by a link says that it takes part in."""
    kind = next((term for iri in one.types if (term := vocabulary.context().compact(iri)) in TAKING_PART), "")
    if kind and name in TAKING_PART[kind]:
        links = [link for link in TAKING_PART[kind] if link != _BUYER]
        others = [other for link in links for other in _links_to(one, link)]
        buyers = _links_to(one, _BUYER) if _BUYER in TAKING_PART[kind] else ()
        amount = _value(one, "amount")
        yield Tie(
            id=one.id,
            kind=kind,
            names=_names(one),
            day=_day(one),
            roles=(name,),
            others=tuple(dict.fromkeys(other for other in others if other not in ids)),
            buyers=tuple(other for other in buyers if other not in ids),
            amount=float(amount) if isinstance(amount, int | float) else None,
            currency=str(_value(one, "currency") or ""),
        )
    elif name in BETWEEN_TWO and _is_organisation(one) and one.id not in ids:
        yield Tie("", name, {}, "", (name if name == _MUTUAL else FROM_OTHER,), (one.id,))


def _links_of(ids: Sequence[str], itself: Entity) -> Iterable[Tie]:
    """What the organisation says of its own ties to others."""
    for name in BETWEEN_TWO:
        for other in _links_to(itself, name):
            if other not in ids:
                yield Tie("", name, {}, "", (name,), (other,))


async def _memberships(hub: Hub, access: Access, ids: Sequence[str], itself: Sequence[Entity]) -> list[Tie]:
    """What the organisation is a member of, with the other members; and who is a member of it."""
    member = vocabulary.context().expand(MEMBER)
    joined = [target for one in itself for target in _links_to(one, MEMBER)]
    found = []
    for target in dict.fromkeys([*joined, *ids]):
        some = await entities.incoming(hub, access, target, LIMITS.neighbourhood_members_entities_max)
        members = [one.id for name, one in some if name == member and _is_organisation(one)]
        (there,) = await _known(hub, access, (target,)) or (None,)
        if there is not None and _is_organisation(there):
            members.append(target)
        others = tuple(dict.fromkeys(one for one in members if one not in ids))
        if others or target in joined:
            found.append(Tie(target, MEMBER, _names(there) if there else {}, "", (MEMBER,), others))
    return found


def _is_organisation(entity: Entity) -> bool:
    return vocabulary.context().expand(ORGANISATION) in entity.types


def _once(found: Iterable[Tie]) -> list[Tie]:
    """An activity in which the organisation takes part by several links is one; so are partners that both say so."""
    ties: dict[tuple[str, tuple[str, ...]], Tie] = {}
    for tie in found:
        key = (tie.id, ()) if tie.id else (tie.kind, (*tie.roles, *tie.others, *tie.besides))
        known = ties.get(key)
        roles = (*known.roles, *tie.roles) if known is not None else tie.roles
        ties[key] = msgspec.structs.replace(known or tie, roles=tuple(dict.fromkeys(roles)))
    return list(ties.values())


def _counted(tie: Tie, same: dict[str, str], category: dict[str, object], own: object) -> Tie:
    """The tie with those others that count as partners: not the city's departments, not public bodies that only buy."""
    counts = own != CITY and not (own in PUBLIC and tie.roles == (_BUYER,))
    taking = dict.fromkeys(same[one] for one in tie.others if one in same)
    buying = dict.fromkeys(same[one] for one in tie.buyers if one in same and same[one] not in taking)
    partners = [one for one in taking if counts and category.get(one) != CITY]
    partners += [one for one in buying if counts and category.get(one) not in PUBLIC]
    besides = [one for one in (*taking, *buying) if one not in partners]
    return msgspec.structs.replace(tie, others=tuple(partners), besides=tuple(besides), buyers=())


def _neighbours(ties: Sequence[Tie], known: dict[str, Entity]) -> list[Neighbour]:
    by_other: dict[str, list[Tie]] = {}
    for tie in ties:
        for other in tie.others:
            by_other.setdefault(other, []).append(tie)
    found = []
    for other, some in by_other.items():
        kinds: dict[str, int] = {}
        for tie in some:
            kinds[tie.kind] = kinds.get(tie.kind, 0) + 1
        years = [tie.year for tie in some if tie.year is not None]
        found.append(
            Neighbour(
                id=other,
                names=_names(known[other]) if other in known else {},
                together=len(some),
                strength=sum(1 / len(tie.others) for tie in some),
                kinds=tuple(sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))),
                first=min(years, default=None),
                last=max(years, default=None),
            )
        )
    return sorted(found, key=lambda one: (-one.strength, -one.together, one.id))


def _links(ties: Sequence[Tie]) -> Iterable[tuple[str, str]]:
    """Pairs of neighbours that took part in the same activity of the organisation."""
    found: dict[tuple[str, str], None] = {}
    for tie in ties:
        if len(tie.others) > LIMITS.neighbourhood_members_entities_max:
            continue
        ordered = sorted(tie.others)
        for place, one in enumerate(ordered):
            found.update(dict.fromkeys((one, two) for two in ordered[place + 1 :]))
    return found


async def _known(hub: Hub, access: Access, ids: Iterable[str]) -> list[Entity]:
    """Those of these entities that are there."""
    wanted = sorted(ids)
    found: list[Entity] = []
    for begin in range(0, len(wanted), _ENTITIES_PART):
        part = tuple(wanted[begin : begin + _ENTITIES_PART])
        page = await entities.query(hub, access, Query(ids=part), Window(limit=len(part)))
        found += page.entities
    return found


def _links_to(entity: Entity, term: str) -> tuple[str, ...]:
    found: list[str] = []
    for attribute in entity.instances(vocabulary.context().expand(term)):
        target: Any = attribute.members().get("object", ())
        found += [target] if isinstance(target, str) else [one for one in target if isinstance(one, str)]
    return tuple(found)


def _value(entity: Entity, term: str) -> object:
    for attribute in entity.instances(vocabulary.context().expand(term)):
        value: object = attribute.members().get("value")
        if isinstance(value, dict):
            return value.get("@value")
        return value
    return None


def _names(entity: Entity) -> dict[str, str]:
    for attribute in entity.instances(vocabulary.NAME):
        members = attribute.members()
        if "languageMap" in members:
            return {
                tag: text if isinstance(text, str) else ", ".join(text)
                for tag, text in members["languageMap"].items()
            }
        if isinstance(members.get("value"), str):
            return {"": members["value"]}
    return {}


def _day(entity: Entity) -> str:
    for term in _BEGINNINGS:
        said = _value(entity, term)
        if isinstance(said, str):
            try:
                return date.fromisoformat(said[:10]).isoformat()
            except ValueError:
                continue
    return ""
