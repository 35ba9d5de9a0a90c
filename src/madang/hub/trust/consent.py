"""Consents: given and taken back by the person, and what they let others see from the next read on.

A consent is for one purpose, to some roles or organisations, of some attributes, for a time. Whoever says that purpose
and has one of those roles sees these attributes of this person beside what policies show them. A person always sees what
is theirs, for the purpose `RIGHTS`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from madang import vocabulary
from madang.errors import BadRequestData, Denied, NoTenant, NotFound
from madang.hub.hub import Hub
from madang.hub.trust.audit import record
from madang.ngsild.comparison import TEXT
from madang.ngsild.expression import Comparison, Expression, Literal, Operator, Or, Path
from madang.ngsild.query import Query
from madang.ngsild.selection import TypeExpression
from madang.ngsild.temporal import DAY
from madang.store.audit import About, Deed
from madang.store.persons import Consent, Standing
from madang.trust.access import Access
from madang.trust.identity import Identity, Kind
from madang.trust.view import Rule

PERSON: Final = "https://schema.org/Person"
RIGHTS: Final = "rights"
"""The purpose for which persons read what is theirs, and officers answer them."""
_RULES_MAX: Final = 512


class Consents:
    """What persons of all tenants have consented to, as rules for who reads (`policies.Consents`)."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        # By tenant what was last asked, and the rules that were made of it
        self._made: dict[str, tuple[int, dict[tuple[object, ...], tuple[Rule, ...]]]] = {}

    def grants(self, identity: Identity, tenant: str, purpose: str) -> tuple[Rule, ...]:
        """What the caller sees for this purpose because persons have consented, at this moment."""
        if purpose == RIGHTS:
            return own_rules(self.own(identity, tenant))
        try:
            persons = self._hub.store(Access(tenant=tenant)).persons
        except NoTenant:
            return ()
        standing = persons.standing(self._hub.clock.now())
        if not standing.consents:
            return ()
        version, rules = self._made.get(tenant, (0, {}))
        if version != standing.version or len(rules) > _RULES_MAX:
            version, rules = self._made[tenant] = (standing.version, {})
        key = (purpose, identity.roles, identity.organisations)
        if key not in rules:
            rules[key] = consent_rules(standing, purpose, (identity.roles, identity.organisations))
        return rules[key]

    def own(self, identity: Identity, tenant: str) -> str:
        """Id of the person's entity; "" where that is not known, or the caller is none."""
        if identity.kind not in (Kind.PERSON, Kind.KEY):
            return ""
        try:
            persons = self._hub.store(Access(tenant=tenant)).persons
        except NoTenant:
            return ""
        return persons.person_of(identity.owner or identity.subject)


def consent_rules(
    standing: Standing, purpose: str, readers: tuple[Sequence[str], Sequence[str]]
) -> tuple[Rule, ...]:
    """What the consents grant to readers (their roles, their organisations) who say this purpose."""
    roles, organisations = map(set, readers)
    persons: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for consent in standing.consents:
        if consent.purpose == purpose and (
            not roles.isdisjoint(consent.roles) or not organisations.isdisjoint(consent.organisations)
        ):
            persons[consent.attributes].append(consent.person)
    return tuple(
        [
            Rule(_of_types([PERSON], ids), attributes=frozenset(attributes))
            for attributes, ids in persons.items()
        ]
    )


def own_rules(person: str) -> tuple[Rule, ...]:
    """All that is of a person: their entity, and those of protected types that a personal link ties to them."""
    if not person:
        return ()
    about = Query(types=_types(sorted(vocabulary.protected())), q=links_to(person))
    return (Rule(_of_types([PERSON], [person])), Rule(about))


def links_to(person: str) -> Expression:
    """One of the personal links leads to this person."""
    target = (Literal(TEXT + person, person),)
    links = sorted(vocabulary.personal())
    return Or(tuple([Comparison(Path((link,)), Operator.EQUAL, target) for link in links]))


def _of_types(types: Iterable[str], ids: Iterable[str]) -> Query:
    return Query(types=_types(types), ids=tuple(ids))


def _types(types: Iterable[str]) -> TypeExpression:
    return TypeExpression(tuple([(iri,) for iri in types]))


async def give(hub: Hub, access: Access, identity: Identity, purpose: str, language: str) -> Consent:
    """The person consents to what is read for a purpose, as the vocabulary says it, for as long as that says.

    Raises BadRequestData for a purpose to which nobody is asked to consent, Denied for who is nobody's person."""
    asked = vocabulary.purpose(purpose)
    if asked is None or not asked.roles:
        raise BadRequestData(f"Nobody is asked to consent to '{purpose}'")
    person = require_person(hub, access, identity)
    now = hub.clock.now()
    consent = await hub.store(access).persons.give(
        Consent(
            *(person, purpose, asked.attributes, asked.roles, now, now + asked.days * DAY),
            by=identity.subject,
            notice=asked.notices[language],
        )
    )
    await record(hub, _for(access, purpose), Deed.CONSENT, _about(consent))
    return consent


async def revoke(hub: Hub, access: Access, identity: Identity, number: int) -> Consent:
    """The person takes a consent back; it counts from the next read. Raises NotFound, Denied."""
    person = require_person(hub, access, identity)
    consent = await hub.store(access).persons.revoke(person, number, hub.clock.now())
    await record(hub, _for(access, consent.purpose), Deed.WITHDRAW, _about(consent))
    return consent


def require_person(hub: Hub, access: Access, identity: Identity) -> str:
    """Id of the caller's own entity. Raises Denied where none is known."""
    person = Consents(hub).own(identity, access.tenant)
    if not person:
        raise Denied("No record of yours is known here; ask the privacy officer to link your account to it")
    return person


async def link(hub: Hub, access: Access, subject: str, person: str) -> None:
    """Say which entity is about the holder of an account. person: "" for none any more. Raises NotFound for an entity
    that does not exist or is no person's."""
    persons = hub.store(access).persons
    about = About(object=subject, entities=(person or persons.person_of(subject),), types=(PERSON,))
    if person:
        entity = await hub.store(access).retrieve(person, Access(tenant=access.tenant))
        if entity is None or PERSON not in entity.types:
            raise NotFound(f"There is no person {person}")
    await persons.link(subject, person)
    await record(hub, _for(access, RIGHTS), Deed.ACCOUNT, about)


def _about(consent: Consent) -> About:
    return About(object=f"consent:{consent.number}", entities=(consent.person,), types=(PERSON,))


def _for(access: Access, purpose: str) -> Access:
    return msgspec.structs.replace(access, purpose=purpose)
