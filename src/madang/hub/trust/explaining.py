"""Why a caller sees a thing or does not: the question of `trust/why.py`, asked of the policies in force.

What the one who asks does not see is judged by nothing but what they say of it, so that a hidden thing and one that does
not exist get the same answer.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from madang.errors import BadRequestData, NotFound
from madang.hub import entities
from madang.hub.hub import Hub
from madang.hub.trust.policies import Policies
from madang.ngsild.context import Context
from madang.ngsild.entity import Entity
from madang.trust.access import Access
from madang.trust.identity import Action, Identity
from madang.trust.why import Asked, Explanation, Thing, explain

# The type that an identifier of the usual form says
_TYPED: Final = re.compile(r"urn:ngsi-ld:([^:\s]+):.")


class Question(msgspec.Struct, frozen=True):
    """identity: of whom it is asked. own: whether these ask it of themselves; of others it is not said to what persons
    have consented, because that says that there are such persons. tenant: in which. entity: its id. types: terms or IRIs, for a thing that whoever asks
    does not see; () for what its id says. attribute: term or IRI, "" for the thing itself."""

    identity: Identity
    tenant: str
    entity: str
    types: tuple[str, ...] = ()
    attribute: str = ""
    action: Action = Action.READ
    purpose: str = ""
    own: bool = True


async def why(hub: Hub, access: Access, policies: Policies, question: Question) -> Explanation:
    """access: of the one who asks, who may be another than the one of whom it is asked. Raises BadRequestData."""
    context = hub.contexts.own
    thing = await _thing(hub, access, question, context)
    consents, identity = policies.consents, question.identity
    asked = Asked(
        identity=identity,
        tenant=question.tenant,
        action=question.action,
        purpose=question.purpose,
        now=policies.now,
        used_up=policies.used_up(identity.subject),
        attribute=context.expand(question.attribute) if question.attribute else "",
        consented=consents.grants(identity, question.tenant, question.purpose)
        if consents is not None and question.purpose and question.own
        else (),
    )
    return explain(policies.in_force(), asked, thing, policies.book.ground)


async def _thing(hub: Hub, access: Access, question: Question, context: Context) -> Thing:
    try:
        return Thing(await entities.retrieve(hub, access, question.entity), known=True)
    except NotFound:
        return Thing(Entity(question.entity, _types(question, context)), known=False)


def _types(question: Question, context: Context) -> tuple[str, ...]:
    if question.types:
        return tuple(context.expand(name) for name in question.types)
    found = _TYPED.match(question.entity)
    if found is None:
        raise BadRequestData("Say the type of the thing: its identifier does not")
    try:
        return (context.expand(found[1]),)
    except BadRequestData as error:
        raise BadRequestData("Say the type of the thing: its identifier does not") from error
