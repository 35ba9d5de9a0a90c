"""One person's data: all of it found, handed out to them, erased for good.

What is a person's: their entity, and every entity of a protected type that a personal link ties to them. What is tied to
others as well (a meeting) stays when one of them is erased, without its link to them. Words about a person in what is not
protected are told to whoever erases (`Remains.mentions`): whether they go is for a human to judge.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from madang import vocabulary
from madang.errors import Busy, NotFound
from madang.hub import subscriptions
from madang.hub.accounts import members
from madang.hub.accounts.accounts import Accounts
from madang.hub.hub import Hub
from madang.hub.trust.audit import record
from madang.hub.trust.consent import PERSON, RIGHTS
from madang.ngsild.context import Context
from madang.ngsild.entity import Entity, Kind
from madang.ngsild.evolution_forms import EvolutionForm
from madang.ngsild.evolution_forms import render as render_evolution
from madang.ngsild.representation import Form, to_json
from madang.ngsild.temporal import TemporalQuery
from madang.ngsild.times import format_moment
from madang.ngsild.unlinking import without_links
from madang.settings import LIMITS
from madang.store.audit import About, Deed, Wanted
from madang.store.keys import Keys
from madang.store.persons import Cause, Consent, Destruction, Request
from madang.trust.access import Access
from madang.trust.identity import OPERATOR

# By which a person is found in what is no entity of theirs
_KNOWN_BY: Final = ("name", "alternateName", "email", "telephone", "address")
_TEXT_CHARACTERS_MIN: Final = 2
_KEY_CHARACTERS_MIN: Final = 5
_COMPACT_TRIES: Final = 5
_COMPACT_PAUSE_SECONDS: Final = 2.0


class Custody(msgspec.Struct, frozen=True):
    """Who looks after persons' data. keys: of the backups, None where none are made. accounts: None where there are none.
    protected: types (IRIs) whose entities are about persons."""

    hub: Hub
    keys: Keys | None = None
    accounts: Accounts | None = None
    protected: frozenset[str] = vocabulary.protected()


class Belongings(msgspec.Struct, frozen=True):
    """own: ids and entities of nobody else, that of the person first. shared: tied to others as well."""

    own: tuple[Entity, ...]
    shared: tuple[Entity, ...]


class Reading(msgspec.Struct, frozen=True):
    """That somebody read the person's data. by: `Identity.subject`. deed, purpose: as in the audit."""

    time: str
    by: str
    deed: str
    purpose: str


class Handout(msgspec.Struct, frozen=True):
    """What a person gets of theirs: JSON by `msgspec.json`, words by `handout.readable`.

    entities: NGSI-LD, normalized, with the platform's default @context. histories: the temporal representation of those.
    made: when, as a DateTime.
    """

    person: str
    made: str
    entities: tuple[dict[str, Any], ...]
    histories: tuple[msgspec.Raw, ...]
    consents: tuple[Consent, ...]
    requests: tuple[Request, ...]
    read: tuple[Reading, ...]


class Erased(msgspec.Struct, frozen=True):
    """destruction: its record. mentions: as in `Remains`. pending: its bytes are not gone from the disk yet."""

    destruction: Destruction
    mentions: tuple[str, ...]
    pending: bool


async def belongings(custody: Custody, tenant: str, person: str) -> Belongings:
    """Raises NotFound for what is no person, or was erased."""
    access = Access(tenant=tenant)
    store = custody.hub.store(access)
    entity = await store.retrieve(person, access)
    if entity is None:
        if not await store.has_history(person):
            raise NotFound(f"There is no person {person}")
        entity = Entity(person, (PERSON,))
    if PERSON not in entity.types:
        raise NotFound(f"There is no person {person}")
    own: dict[str, Entity] = {person: entity}
    shared: dict[str, Entity] = {}
    for name, other in await store.incoming(person, LIMITS.person_entities_max, access):
        if name in vocabulary.personal() and not custody.protected.isdisjoint(other.types):
            into = shared if _has_others(other, person) else own
            into[other.id] = other
    return Belongings(tuple(own.values()), tuple(shared.values()))


def _has_others(entity: Entity, person: str) -> bool:
    """Whether it is tied to other persons too, or is one."""
    if PERSON in entity.types:
        return True
    rest = without_links(entity, frozenset((person,)))
    return any(one.name in vocabulary.personal() for one in rest.attributes)


async def hand_out(custody: Custody, access: Access, person: str, reason: str) -> Handout:
    """All that is known of a person, for the person. It is recorded as handed out. Raises NotFound."""
    hub = custody.hub
    found = await belongings(custody, access.tenant, person)
    store, context = hub.store(access), hub.contexts.own
    everything = Access(tenant=access.tenant)
    entities = (*found.own, *found.shared)
    histories = []
    for entity in entities:
        evolution = await store.evolution(entity.id, TemporalQuery(), everything)
        if evolution is not None:
            form = EvolutionForm(context, system=True)
            histories.append(msgspec.Raw(render_evolution(evolution, TemporalQuery(), form)))
    events = await store.audit.page(Wanted(entity=person), LIMITS.person_readings_max)
    persons = store.persons
    of_person = [one for subject in persons.subjects_of(person) for one in persons.requests(subject)]
    await _recorded(hub, access, Deed.HAND_OUT, _about(entities, reason))
    return Handout(
        *(person, format_moment(hub.clock.now())),
        tuple([to_json(entity, Form(context, system=True)) for entity in entities]),
        tuple(histories),
        tuple(persons.consents_of(person)),
        tuple(of_person),
        tuple(
            [
                Reading(
                    *(format_moment(one.time), one.event.subject, one.event.deed.value, one.event.purpose)
                )
                for one in events
            ]
        ),
    )


async def erase(custody: Custody, access: Access, person: str, reason: str) -> Erased:
    """Erase all that is the person's, for good: in the graph, its history, indexes, notifications, rejected rows, the audit,
    backups, and their account. Raises NotFound."""
    found = await belongings(custody, access.tenant, person)
    persons = custody.hub.store(access).persons
    texts = texts_of(found.own[0], custody.hub.contexts.own)
    subjects = persons.subjects_of(person)
    for request in [one for subject in subjects for one in persons.requests(subject) if not one.done]:
        await persons.answer(request.number, custody.hub.clock.now(), "")
    erased = await destroy(
        custody, access, [entity.id for entity in found.own], (Cause.ERASURE, reason), texts
    )
    for subject in subjects:
        await _close_account(custody, subject)
    pending = not await finish(custody.hub, access.tenant)
    return msgspec.structs.replace(erased, pending=pending)


async def destroy(
    custody: Custody, access: Access, ids: list[str], why: tuple[Cause, str], texts: tuple[str, ...] = ()
) -> Erased:
    """Take entities away for good, and record that, without saying whose they were. `finish` takes their bytes."""
    hub = custody.hub
    store = hub.store(access)
    now = hub.clock.now()
    cause, reason = why
    record_ = await store.persons.record(Destruction(cause, access.subject, reason, {}, {}, now))
    # Before, because nobody could say afterwards what it was; the names go with the rest below
    deed = Deed.ERASE if cause is Cause.ERASURE else Deed.DESTROY
    about = About(object=f"destruction:{record_.number}", entities=tuple(ids), reason=reason)
    await _recorded(hub, access, deed, about)
    await _unsubscribe(hub, access.tenant, frozenset(ids))

    async def silence() -> None:
        if hub.delivery is not None:
            await hub.delivery.forget(access.tenant, frozenset(ids))

    await silence()
    # Once more when they are deleted: somebody may have written at the very moment
    remains = await store.persons.erase(ids, texts, silence)
    await store.audit.forget(ids)
    if custody.keys is not None:
        gone = await asyncio.to_thread(custody.keys.destroy, access.tenant, ids)
        if gone:
            remains = msgspec.structs.replace(remains, other={**remains.other, "keys of backups": gone})
    await store.persons.settle(record_.number, remains)
    destruction = msgspec.structs.replace(record_, types=remains.types, other=remains.other)
    return Erased(destruction, remains.mentions, pending=True)


async def finish(hub: Hub, tenant: str) -> bool:
    """Take the bytes of what was destroyed from the disk; False where the file was read all the while."""
    persons = hub.store(Access(tenant=tenant)).persons
    unfinished = [one.number for one in persons.destructions(LIMITS.slice_entities_max) if not one.ended]
    for attempt in range(_COMPACT_TRIES if unfinished else 0):
        try:
            await persons.compact()
        except Busy:
            await asyncio.sleep(_COMPACT_PAUSE_SECONDS * (attempt + 1))
        else:
            for number in unfinished:
                await persons.end(number, hub.clock.now())
            return True
    return not unfinished


def texts_of(person: Entity, context: Context) -> tuple[str, ...]:
    """Names and addresses of a person, and what their id ends with: by these they are found in rejected rows."""
    found = {
        text
        for term in _KNOWN_BY
        for one in person.instances(context.expand(term))
        if one.kind in (Kind.PROPERTY, Kind.LANGUAGE_PROPERTY)
        for text in _strings(one.members().get(one.kind.value_member))
        if len(text) >= _TEXT_CHARACTERS_MIN
    }
    key = person.id.rpartition(":")[2]
    if len(key) >= _KEY_CHARACTERS_MIN:
        found.add(key)
    return tuple(sorted(found))


def _strings(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)


def _about(entities: Iterable[Entity], reason: str) -> About:
    types = sorted({name for entity in entities for name in entity.types})
    return About(entities=tuple([entity.id for entity in entities]), types=tuple(types), reason=reason)


async def _recorded(hub: Hub, access: Access, deed: Deed, about: About) -> None:
    await record(hub, msgspec.structs.replace(access, purpose=access.purpose or RIGHTS), deed, about)


async def _unsubscribe(hub: Hub, tenant: str, ids: frozenset[str]) -> None:
    """Remove subscriptions to nothing but these entities: nothing will ever happen to them."""
    access = Access(tenant=tenant)
    store, offset = hub.store(access), 0
    while page := (await store.subscriptions.page(LIMITS.slice_entities_max, offset))[0]:
        gone = [
            one.subscription.id
            for one in page
            if one.subscription.selectors
            and all(selector.ids and ids.issuperset(selector.ids) for selector in one.subscription.selectors)
        ]
        for identifier in gone:
            await subscriptions.delete(hub, access, identifier)
        offset += len(page) - len(gone)


async def _close_account(custody: Custody, subject: str) -> None:
    """Nobody signs in with it any more, and it does not say whose it was."""
    kind, _, number = subject.partition(":")
    if custody.accounts is None or kind != "person" or not number.isdigit():
        return
    if await custody.accounts.platform.accounts.get(int(number)) is not None:
        await members.close_account(custody.accounts, OPERATOR, int(number))
        await custody.accounts.platform.compact()
