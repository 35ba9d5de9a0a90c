"""Policies, callers and things of the tests of policies."""

from __future__ import annotations

import orjson

from madang import vocabulary
from madang.clock import FixedClock
from madang.hub.trust.policies import Policies
from madang.hub.trust.rulebook import Beginning, rulebook
from madang.ngsild.entity import Attribute, Entity
from madang.ngsild.times import parse_moment
from madang.trust.access import Access
from madang.trust.identity import Action, Identity, Kind
from madang.trust.policy import Policy
from madang.trust.view import compile_view

NOON = parse_moment("2026-07-01T12:00:00+09:00")  # a Wednesday
HOUR = 3600 * 1_000_000
EXPAND = vocabulary.context().expand
BUILDING, PERSON, INCIDENT = EXPAND("Building"), EXPAND("Person"), EXPAND("Incident")


def made(*policies: Policy, clock: FixedClock | None = None, **of_city: object) -> Policies:
    beginning = Beginning("gaon", "Asia/Seoul", policies=policies, **of_city)  # type: ignore[arg-type] # checked by struct
    return Policies(rulebook(beginning), clock or FixedClock(NOON))


def person(*roles: str, number: int = 1, organisations: tuple[str, ...] = ()) -> Identity:
    return Identity(f"person:{number}", Kind.PERSON, frozenset({""}), roles, organisations)


def entity(kind: str, *names: str, owner: str = "", identifier: str = "") -> Entity:
    attributes = [Attribute(EXPAND(name), b'{"type":"Property","value":1}') for name in names]
    if owner:
        body = orjson.dumps({"type": "Relationship", "object": owner})
        attributes.append(Attribute(EXPAND("ownedBy"), body))
    return Entity(identifier or f"urn:ngsi-ld:{kind}:gaon:x:1", (EXPAND(kind),), attributes=tuple(attributes))


def names_seen(access: Access, thing: Entity) -> set[str] | None:
    assert access.view is not None
    seen = compile_view(access.view).seen(thing)
    return None if seen is None else {vocabulary.context().compact(one.name) for one in seen.attributes}


def sees(
    policies: Policies, who: Identity, thing: Entity, action: Action = Action.READ, purpose: str = ""
) -> bool:
    return names_seen(policies.access(who, "", action, purpose), thing) is not None


def may_change(policies: Policies, who: Identity, thing: Entity, purpose: str = "") -> bool:
    access = policies.access(who, "", Action.WRITE, purpose)
    assert access.writable is not None
    return compile_view(access.writable).exists(thing)
