"""What the platform suggests and a person decides: that two entries are one organisation, what a firm does, who might fit
whom. Each is an entity of the type `Suggestion`; this module is its value, how it is read and written, and what a
decision changes. Who finds suggestions stands elsewhere; nothing is ever decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec
import orjson

from madang import vocabulary
from madang.errors import BadRequestData, NotFound
from madang.hub import batch, entities
from madang.hub.hub import Hub
from madang.ngsild.attribute import parse_attribute
from madang.ngsild.changes import Change, Delete, DeleteAttribute, Mode, Write
from madang.ngsild.entity import Attribute, Entity
from madang.ngsild.q import parse_q
from madang.ngsild.query import Order, Query, Window
from madang.ngsild.selection import type_is
from madang.ngsild.times import format_moment
from madang.trust.access import Access

TYPE: Final = "Suggestion"
# What a confirmed class is written to: terms of the organisation's attributes, and of the suggestion's
AXES: Final = ("serviceArea", "technologyLayer", "industryCode")
_SAME: Final = "sameAs"


class Category(StrEnum):
    MERGE = "merge"
    CLASS = "class"
    PARTNER = "partner"


class Status(StrEnum):
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """One reason for a suggestion, or against it. code: key of the texts (`ecosystem.reason.CODE`). values: what the text
    names. text: in the words of whoever suggests, where there is no such key."""

    code: str = ""
    against: bool = False
    values: dict[str, str | float] = {}
    text: str = ""


class Suggestion(msgspec.Struct, frozen=True):
    """subject: the organisation that it is about. participant: the other one, "" for a class. score: 0 to 1. classes: of
    a class, by axis (`AXES`) the code that is suggested or was confirmed. date: microseconds UTC when it was last
    suggested or decided, 0 if unknown. decided_by: subject of whoever decided, "" while nobody has.
    """

    id: str
    category: Category
    subject: str
    participant: str = ""
    score: float | None = None
    status: Status = Status.PROPOSED
    reasons: tuple[Reason, ...] = ()
    classes: dict[str, str] = {}
    date: int = 0
    decided_by: str = ""


class Found(msgspec.Struct, frozen=True):
    """A page of suggestions. total: how many there are. following: cursor of the next page, "" at the end."""

    suggestions: tuple[Suggestion, ...]
    total: int
    following: str


def identifier(city: str, category: Category, key: str) -> str:
    """key: of the suggestion among those of its category; never made of a person's data."""
    return f"urn:ngsi-ld:{TYPE}:{city}:{category}:{key}"


def to_entity(suggestion: Suggestion, now: int) -> Entity:
    """now: microseconds UTC."""
    values: dict[str, Any] = {
        "category": suggestion.category.value,
        "status": suggestion.status.value,
        "subject": {"object": suggestion.subject},
        "date": format_moment(suggestion.date or now),
        **suggestion.classes,
    }
    if suggestion.participant:
        values["participant"] = {"object": suggestion.participant}
    if suggestion.score is not None:
        values["score"] = suggestion.score
    if suggestion.decided_by:
        values["decidedBy"] = suggestion.decided_by
    if suggestion.reasons:
        values["reasons"] = {"json": msgspec.to_builtins(list(suggestion.reasons))}
    return _fragment(suggestion.id, (vocabulary.context().expand(TYPE),), values)


def from_entity(entity: Entity) -> Suggestion | None:
    """None for an entity that is none: of an unknown category, or that says not what it is about."""
    raw = {vocabulary.context().compact(one.name): one.members() for one in reversed(entity.attributes)}
    try:
        category = Category(raw.get("category", {}).get("value", ""))
        status = Status(raw.get("status", {}).get("value", Status.PROPOSED.value))
        subject = str(raw["subject"]["object"])
    except (ValueError, KeyError):
        return None
    participant = str(raw.get("participant", {}).get("object", ""))
    if not participant and category is not Category.CLASS:
        return None
    score = raw.get("score", {}).get("value")
    return Suggestion(
        id=entity.id,
        category=category,
        subject=subject,
        participant=participant,
        score=float(score) if isinstance(score, int | float) else None,
        status=status,
        reasons=_reasons(raw.get("reasons", {})),
        classes={axis: str(raw[axis]["value"]) for axis in AXES if "value" in raw.get(axis, {})},
        date=entity.modified_at,
        decided_by=str(raw.get("decidedBy", {}).get("value", "")),
    )


async def retrieve(hub: Hub, access: Access, suggestion_id: str) -> Suggestion:
    """Raises NotFound."""
    found = from_entity(await entities.retrieve(hub, access, suggestion_id))
    if found is None:
        raise NotFound(f"{suggestion_id} is no suggestion")
    return found


async def listed(
    hub: Hub, access: Access, category: Category, status: Status, window: Window | None = None
) -> Found:
    """Those of one category and status, the highest score first."""
    text = f'category=="{category.value}";status=="{status.value}"'
    query = Query(types=type_is(vocabulary.context().expand(TYPE)), q=parse_q(text, vocabulary.context()))
    order = (Order((vocabulary.context().expand("score"),), descending=True),)
    asked = msgspec.structs.replace(window or Window(limit=100), count=True, order=order)
    page = await entities.query(hub, access, query, asked)
    found = tuple([one for one in map(from_entity, page.entities) if one is not None])
    return Found(found, page.total or 0, page.next_cursor)


async def about(hub: Hub, access: Access, organisation: str, limit: int) -> tuple[Suggestion, ...]:
    """Those of which an organisation is the subject or the other one, the highest score first. At most `limit` are read."""
    text = f"subject=={organisation}|participant=={organisation}"
    query = Query(types=type_is(vocabulary.context().expand(TYPE)), q=parse_q(text, vocabulary.context()))
    page = await entities.query(hub, access, query, Window(limit=limit))
    found = [one for one in map(from_entity, page.entities) if one is not None]
    return tuple(sorted(found, key=lambda one: (-(one.score or 0.0), one.id)))


async def put(hub: Hub, access: Access, suggestions: Sequence[Suggestion], now: int) -> int:
    """Write those that are new or still proposed; what a person has decided stays decided. How many were written.

    now: microseconds UTC. Raises Denied and the like where the first of them cannot be written."""
    decided = set()
    ids = [one.id for one in suggestions]
    for begin in range(0, len(ids), _PART):
        part = tuple(ids[begin : begin + _PART])
        page = await entities.query(hub, access, Query(ids=part), Window(limit=len(part)))
        known = [one for one in map(from_entity, page.entities) if one is not None]
        decided |= {one.id for one in known if one.status is not Status.PROPOSED}
    fresh = [one for one in suggestions if one.id not in decided]
    for begin in range(0, len(fresh), _PART):
        changes = [Write(Mode.UPSERT_REPLACE, to_entity(one, now)) for one in fresh[begin : begin + _PART]]
        await _apply(hub, access, changes)
    return len(fresh)


async def proposed(hub: Hub, access: Access, category: Category) -> list[Suggestion]:
    """All of a category on which nobody has decided."""
    found: list[Suggestion] = []
    cursor = ""
    while True:
        page = await listed(hub, access, category, Status.PROPOSED, Window(limit=_PART, cursor=cursor))
        found += page.suggestions
        cursor = page.following
        if not cursor:
            return found


async def refresh(hub: Hub, access: Access, category: Category, found: Sequence[Suggestion]) -> int:
    """Write what is suggested now of a category, where that is new or another than before, and take back what no longer is
    and nobody has decided on. How many are written. Raises Denied."""
    before = {one.id: one for one in await proposed(hub, access, category)}
    gone = before.keys() - {one.id for one in found}
    for begin in range(0, len(gone), _PART):
        await _apply(hub, access, [Delete(one) for one in sorted(gone)[begin : begin + _PART]])
    news = [one for one in found if one.id not in before or not _alike(one, before[one.id])]
    return await put(hub, access, news, hub.clock.now())


async def decide(
    hub: Hub, access: Access, suggestion: Suggestion, status: Status, classes: dict[str, str] | None = None
) -> None:
    """Confirm or refuse it, or make it open again, and write what follows from that on the organisation: `sameAs` of a
    confirmed merge, the classes (those given, else as suggested) of a confirmed class, with who said so as their source.
    What sources said is never deleted; what a decision wrote goes with it. Raises Denied, NotFound, BadRequestData.
    """
    chosen = {axis: code for axis, code in (classes or suggestion.classes).items() if axis in AXES and code}
    if suggestion.category is Category.CLASS and status is Status.CONFIRMED and not chosen:
        raise BadRequestData("Choose a class before you confirm it")
    now = hub.clock.now()
    if suggestion.category is not Category.PARTNER:
        organisation = await entities.retrieve(hub, access, suggestion.subject)
        merged = suggestion.category is Category.MERGE
        follow = (
            _same(organisation, suggestion, status)
            if merged
            else _classified(organisation, suggestion, status, (access.subject, chosen))
        )
        await _apply(hub, access, follow)
    decision: dict[str, Any] = {
        "status": status.value,
        "date": format_moment(now),
        "decidedBy": access.subject,
        **(chosen if status is Status.CONFIRMED else {}),
    }
    await _apply(hub, access, [Write(Mode.APPEND, _fragment(suggestion.id, (), decision))])


_PART: Final = 500


def _alike(one: Suggestion, other: Suggestion) -> bool:
    return msgspec.structs.replace(one, date=0) == msgspec.structs.replace(other, date=0)


def _same(organisation: Entity, suggestion: Suggestion, status: Status) -> list[Change]:
    name = vocabulary.context().expand(_SAME)
    before = [target for one in organisation.instances(name) for target in _targets(one)]
    after = [one for one in before if one != suggestion.participant]
    if status is Status.CONFIRMED:
        after.append(suggestion.participant)
    if after == before:
        return []
    if not after:
        return [DeleteAttribute(organisation.id, name, every=True)]
    value = {"object": after if len(after) > 1 else after[0]}
    return [Write(Mode.APPEND, _fragment(organisation.id, (), {_SAME: value}))]


def _classified(
    organisation: Entity, suggestion: Suggestion, status: Status, said: tuple[str, dict[str, str]]
) -> list[Change]:
    """said: by whom, and the classes."""
    by, classes = said
    if status is Status.CONFIRMED:
        values = {axis: {"value": code, "source": by} for axis, code in classes.items()}
        return [Write(Mode.APPEND, _fragment(organisation.id, (), values))]
    if suggestion.status is not Status.CONFIRMED:
        return []
    source = vocabulary.context().expand("source")
    wrote = [
        vocabulary.context().expand(axis)
        for axis in suggestion.classes
        for one in organisation.instances(vocabulary.context().expand(axis))
        if one.members().get(source, {}).get("value") == suggestion.decided_by
    ]
    return [DeleteAttribute(organisation.id, name) for name in wrote]


async def _apply(hub: Hub, access: Access, changes: Sequence[Change]) -> None:
    """Raises what the first of them that failed failed with."""
    for outcome in await batch.apply(hub, access, changes) if changes else ():
        if isinstance(outcome, Exception):
            raise outcome


def _fragment(entity_id: str, types: tuple[str, ...], values: dict[str, Any]) -> Entity:
    made = tuple(
        one for term, value in values.items() for one in parse_attribute(term, value, vocabulary.context())
    )
    return Entity(entity_id, types, made)


def _targets(attribute: Attribute) -> list[str]:
    found = attribute.members().get("object", [])
    return [found] if isinstance(found, str) else list(found)


def _reasons(members: dict[str, Any]) -> tuple[Reason, ...]:
    """Liberal in what it takes: reasons as they are written here, or plain texts."""
    raw = members.get("json", members.get("value", []))
    if isinstance(raw, str) and raw.startswith("["):
        raw = orjson.loads(raw)
    found = []
    for one in raw if isinstance(raw, list) else [raw]:
        try:
            found.append(Reason(text=one) if isinstance(one, str) else msgspec.convert(one, Reason))
        except msgspec.ValidationError:
            found.append(Reason(text=orjson.dumps(one).decode()))
    return tuple(found)
