"""Why somebody sees a thing, or does not: each policy about the action, and what of it does not fit.

The same is said of a thing that is hidden and of one that does not exist: a caller passes an entity in only if the one
who asks sees it, and else what the question itself says of it, an id and types.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from madang.ngsild.entity import Entity
from madang.trust.identity import Action, Identity
from madang.trust.policy import OWN, Effect, Policy
from madang.trust.policy_compile import Ground, fits, has_purpose, in_force, rules
from madang.trust.view import Rule, View, compile_view


class Obstacle(StrEnum):
    """Why a policy does not count. PROTECTED: it does not name the protected type. DATA: it is about other things."""

    ROLE = "role"
    ORGANISATION = "organisation"
    SUBJECT = "subject"
    TENANT = "tenant"
    PURPOSE = "purpose"
    TIME = "time"
    COUNT = "count"
    PROTECTED = "protected"
    DATA = "data"
    ATTRIBUTE = "attribute"


class Asked(msgspec.Struct, frozen=True):
    """What is asked: of whom, doing what. now: microseconds. used_up: ids of counted policies that are used up. attribute:
    IRI, "" for the thing itself. consented: grants of consents."""

    identity: Identity
    tenant: str = ""
    action: Action = Action.READ
    purpose: str = ""
    now: int = 0
    used_up: frozenset[str] = frozenset()
    attribute: str = ""
    consented: tuple[Rule, ...] = ()


class Thing(msgspec.Struct, frozen=True):
    """entity: as whoever asks sees it; or with nothing but what they say of it, which is then not known."""

    entity: Entity
    known: bool


class Judged(msgspec.Struct, frozen=True):
    """obstacles: none if it counts. shows: attributes (IRIs) that it is about, None for all."""

    policy: Policy
    obstacles: tuple[Obstacle, ...]
    shows: frozenset[str] | None = None


class Explanation(msgspec.Struct, frozen=True):
    """seen: whether it would be seen, if there is such a thing. known: whether that was judged on the thing itself.

    granting, denying: the policies that decide. lacking: permissions that do not count, those with the least against
    them first. consented: a person's consent is among the reasons.
    """

    seen: bool
    known: bool
    granting: tuple[Judged, ...]
    denying: tuple[Judged, ...]
    lacking: tuple[Judged, ...]
    consented: bool = False


def explain(policies: Iterable[Policy], asked: Asked, thing: Thing, ground: Ground) -> Explanation:
    """What the policies in force say of this question."""
    judged = [_judge(policy, asked, thing, ground) for policy in policies if policy.concerns(asked.action)]
    granting = [one for one in judged if not one.obstacles and one.policy.effect is Effect.PERMIT]
    denying = [one for one in judged if not one.obstacles and one.policy.effect is Effect.PROHIBIT]
    lacking = [one for one in judged if one.obstacles and one.policy.effect is Effect.PERMIT]
    consented = any(_matches(rule, thing) and _covers(rule.attributes, asked) for rule in asked.consented)
    return Explanation(
        seen=(bool(granting) or consented) and not denying,
        known=thing.known,
        granting=tuple(granting),
        denying=tuple(denying),
        lacking=tuple(sorted(lacking, key=_distance)),
        consented=consented,
    )


def _distance(judged: Judged) -> tuple[bool, int, str]:
    """Policies about other things are of little use to whoever asks."""
    return Obstacle.DATA in judged.obstacles, len(judged.obstacles), judged.policy.id


def _judge(policy: Policy, asked: Asked, thing: Thing, ground: Ground) -> Judged:
    identity, who = asked.identity, policy.who
    obstacles = []
    for kind, obstacle in (
        ("roles", Obstacle.ROLE),
        ("organisations", Obstacle.ORGANISATION),
        ("subjects", Obstacle.SUBJECT),
    ):
        if not fits(type(who)(**{kind: getattr(who, kind)}), identity):
            obstacles.append(obstacle)
    if policy.tenants and asked.tenant not in policy.tenants:
        obstacles.append(Obstacle.TENANT)
    if not has_purpose(policy, asked.purpose):
        obstacles.append(Obstacle.PURPOSE)
    if not in_force(policy.constraints, asked.now, ground.time_zone):
        obstacles.append(Obstacle.TIME)
    if policy.id in asked.used_up:
        obstacles.append(Obstacle.COUNT)
    made = rules(policy, identity.organisations, ground)
    matching = [rule for rule in made if _matches(rule, thing)]
    if not matching:
        obstacles.append(_about(policy, made, thing, ground))
    shows = _together(matching)
    if matching and not _is_about(policy, shows, asked):
        obstacles.append(Obstacle.ATTRIBUTE)
    return Judged(policy, tuple(obstacles), shows)


def _about(policy: Policy, made: list[Rule], thing: Thing, ground: Ground) -> Obstacle:
    """What keeps the thing out of what the policy is about."""
    if policy.what.owner == OWN and not made:
        return Obstacle.ORGANISATION
    protected = not ground.protected.isdisjoint(thing.entity.types)
    if protected and any(
        _matches(msgspec.structs.replace(rule, outside=frozenset()), thing) for rule in made
    ):
        return Obstacle.PROTECTED
    return Obstacle.DATA


def _matches(rule: Rule, thing: Thing) -> bool:
    rows = rule.rows
    if not thing.known:
        rows = msgspec.structs.replace(rows, q=None, scope=None, geo=None)
    return compile_view(View((msgspec.structs.replace(rule, rows=rows),))).exists(thing.entity)


def _together(matching: list[Rule]) -> frozenset[str] | None:
    if any(rule.attributes is None for rule in matching):
        return None
    return frozenset[str]().union(*(rule.attributes or () for rule in matching))


def _is_about(policy: Policy, shows: frozenset[str] | None, asked: Asked) -> bool:
    """A permission of some attributes shows that the thing is there; a prohibition of some does not hide it."""
    if shows is None or asked.attribute in shows:
        return True
    return not asked.attribute and policy.effect is Effect.PERMIT


def _covers(attributes: frozenset[str] | None, asked: Asked) -> bool:
    return attributes is None or not asked.attribute or asked.attribute in attributes
