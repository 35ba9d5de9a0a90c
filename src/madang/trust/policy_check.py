"""What is wrong with a policy: names that cannot be read, and what cannot be enforced, which is refused when the policy
is written and not forgotten when it is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import time
from functools import partial
from typing import Final

import msgspec

from madang.errors import BadRequestData
from madang.ngsild.expression import And, Expression, Linked, Or
from madang.ngsild.geometry import require_geometry
from madang.ngsild.identifier import is_uri
from madang.ngsild.q import parse_q
from madang.ngsild.scope import parse_scope_query
from madang.ngsild.times import parse_moment
from madang.settings import LIMITS
from madang.trust.identity import Action, Permission
from madang.trust.policy import EVERY, OWN, READING, Effect, Policy
from madang.trust.policy_compile import Ground, geometry_of, rules
from madang.trust.roles import VISITOR, Role
from madang.trust.view import View, compile_view

_SUBJECT: Final = re.compile(r"(person|key|client):[1-9]\d{0,14}")
_PURPOSE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_NOT_HIDDEN: Final = frozenset(("id", "type", "scope", "createdAt", "modifiedAt", "@id", "@type", "@context"))
_NEEDS: Final = {
    Action.WRITE: Permission.WRITE,
    Action.ADMINISTER: Permission.WRITE,
    Action.NOTIFY: Permission.SUBSCRIBE,
    Action.DISTRIBUTE: Permission.EXPORT,
}


class Problem(msgspec.Struct, frozen=True):
    """path: where in the policy. warning: it can be enforced, but hardly does what is meant."""

    path: tuple[str | int, ...]
    message: str
    warning: bool = False


class Known(msgspec.Struct, frozen=True):
    """What policies may name. sources: ids of the city's sources, None if any may be named."""

    ground: Ground
    roles: Mapping[str, Role]
    sources: frozenset[str] | None = None


def problems(policy: Policy, known: Known) -> list[Problem]:
    """Everything that is wrong with a policy whose form is right; without errors among them it can be enforced."""
    found = [
        *_who(policy, known),
        *_what(policy, known),
        *_constraints(policy),
        *_duties(policy, known),
        *_protected(policy, known),
    ]
    if not found:
        # Each part can be read, but together they may be more than a query can hold
        found = _readable(partial(_compiled, policy, known.ground), "what")
    return found + _without_effect(policy, known)


def _compiled(policy: Policy, ground: Ground) -> None:
    compile_view(View(tuple(rules(policy, ("urn:madang:somebody",), ground))))


def _readable(read: Callable[[], object], *path: str | int) -> list[Problem]:
    try:
        read()
    except BadRequestData as error:
        return [Problem(path, error.message)]
    return []


def _too_many(names: Sequence[str], *path: str) -> list[Problem]:
    if len(names) <= LIMITS.policy_names_max:
        return []
    return [Problem(path, f"A policy may name at most {LIMITS.policy_names_max} here, but has {len(names)}")]


def _who(policy: Policy, known: Known) -> Iterator[Problem]:
    who = policy.who
    for kind in ("roles", "organisations", "subjects"):
        yield from _too_many(getattr(who, kind), "who", kind)
    for number, role in enumerate(who.roles):
        if role not in known.roles:
            listed = ", ".join(sorted(known.roles))
            yield Problem(("who", "roles", number), f'There is no role "{role}"; there are {listed}')
    for number, organisation in enumerate(who.organisations):
        if not is_uri(organisation):
            reason = f'"{organisation}" is not the identifier of an organisation, such as urn:ngsi-ld:Organization:gaon:1'
            yield Problem(("who", "organisations", number), reason)
    for number, subject in enumerate(who.subjects):
        if not _SUBJECT.fullmatch(subject):
            reason = f'"{subject}" is neither a person, a key nor a client, such as "person:7", "key:3", "client:2"'
            yield Problem(("who", "subjects", number), reason)


def _what(policy: Policy, known: Known) -> Iterator[Problem]:
    what, expand = policy.what, known.ground.context.expand
    for kind in ("types", "ids", "scopes", "attributes", "datasets"):
        yield from _too_many(getattr(what, kind), "what", kind)
    for number, name in enumerate(what.types):
        yield from _readable(partial(expand, name), "what", "types", number)
    for number, text in enumerate(what.scopes):
        yield from _readable(partial(parse_scope_query, text), "what", "scopes", number)
    for number, name in enumerate(what.ids):
        if not is_uri(name):
            reason = f'"{name}" is not the id of an entity; it is an absolute URI'
            yield Problem(("what", "ids", number), reason)
    yield from _attributes(policy, known)
    yield from _datasets(policy, known)
    if what.area is not None:
        yield from _area(policy)
    if what.owner not in ("", OWN) and not is_uri(what.owner):
        yield Problem(("what", "owner"), f'"{what.owner}" is neither "own" nor the identifier of an owner')
    if what.condition:
        yield from _condition(policy, known)


def _attributes(policy: Policy, known: Known) -> Iterator[Problem]:
    for number, name in enumerate(policy.what.attributes):
        path = ("what", "attributes", number)
        if name in _NOT_HIDDEN:
            reason = f'"{name}" is a part of every entity that is seen; a policy can name attributes only'
            yield Problem(path, reason)
        elif name != EVERY:
            yield from _readable(partial(known.ground.context.expand, name), *path)


def _datasets(policy: Policy, known: Known) -> Iterator[Problem]:
    for number, source in enumerate(policy.what.datasets):
        if not _PURPOSE.fullmatch(source) or (known.sources is not None and source not in known.sources):
            listed = f"; there are {', '.join(sorted(known.sources))}" if known.sources else ""
            reason = f'"{source}" is not the id of a source of the city{listed}'
            yield Problem(("what", "datasets", number), reason)


def _area(policy: Policy) -> list[Problem]:
    if isinstance(policy.what.area, tuple):
        west, south, east, north = policy.what.area
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            return [
                Problem(("what", "area"), "An area is west, south, east and north in degrees, in this order")
            ]
    return _readable(lambda: require_geometry(geometry_of(policy.what), "area"), "what", "area")


def _condition(policy: Policy, known: Known) -> list[Problem]:
    path = ("what", "condition")
    try:
        expression = parse_q(policy.what.condition, known.ground.context)
    except BadRequestData as error:
        return [Problem(path, error.message)]
    if _has_links(expression):
        reason = (
            "A condition on linked entities cannot be enforced: they change without the entity that they decide on; "
            "put the condition on an attribute of the entity itself"
        )
        return [Problem(path, reason)]
    return []


def _has_links(expression: Expression) -> bool:
    if isinstance(expression, And | Or):
        return any(map(_has_links, expression.parts))
    return isinstance(expression, Linked)


def _constraints(policy: Policy) -> Iterator[Problem]:
    limits = policy.constraints
    for number, purpose in enumerate(limits.purposes):
        if not _PURPOSE.fullmatch(purpose):
            reason = f'"{purpose}" is no purpose; it is written in lower-case letters, digits and hyphens, such as "research"'
            yield Problem(("constraints", "purposes", number), reason)
    moments: list[int] = []
    for name, text in (("since", limits.since), ("until", limits.until)):
        if text:
            try:
                moments.append(parse_moment(text, name))
            except BadRequestData as error:
                yield Problem(("constraints", name), error.message)
    if limits.since and limits.until and len(moments) == 2 and moments[0] >= moments[1]:
        yield Problem(("constraints", "until"), "The policy ends before it begins")
    if limits.hours is not None:
        try:
            start, end = map(time.fromisoformat, limits.hours)
            wrong = start == end or start.tzinfo is not None or end.tzinfo is not None
        except ValueError:
            wrong = True
        if wrong:
            yield Problem(
                ("constraints", "hours"), 'Hours are from and to, such as ["09:00", "18:00"], not equal'
            )
    if limits.count and policy.effect is Effect.PROHIBIT:
        reason = "A prohibition cannot be counted; permit that many requests instead"
        yield Problem(("constraints", "count"), reason)


def _duties(policy: Policy, known: Known) -> Iterator[Problem]:
    duties, actions = policy.duties, policy.actions or READING
    given = [name for name in ("attribution", "notify", "delete_after") if getattr(duties, name)]
    if given and policy.effect is Effect.PROHIBIT:
        yield Problem(("duties",), "A prohibition can have no duties: nothing is handed out by it")
    elif given and set(actions).isdisjoint(READING):
        yield Problem(
            ("duties",), "Duties are for those who get data, but the policy permits no action that gives any"
        )
    if len(duties.attribution) > LIMITS.policy_text_characters_max:
        reason = f"The attribution may have at most {LIMITS.policy_text_characters_max} characters"
        yield Problem(("duties", "attribution"), reason)
    elif not duties.attribution.isprintable():
        yield Problem(("duties", "attribution"), "The attribution must be one line of text")
    if duties.notify and not policy.what.types:
        reason = "To have every use recorded, name the types; not everything that is read can be"
        yield Problem(("duties", "notify"), reason)
    elif duties.notify:
        role = known.roles.get(duties.notify)
        if role is None or Permission.AUDIT not in role.permissions:
            readers = sorted(name for name, one in known.roles.items() if Permission.AUDIT in one.permissions)
            reason = (
                f'"{duties.notify}" cannot be told: it is a role that reads the audit, {" or ".join(readers)}'
            )
            yield Problem(("duties", "notify"), reason)


def _protected(policy: Policy, known: Known) -> Iterator[Problem]:
    if policy.effect is Effect.PROHIBIT:
        return
    named = [name for name in policy.what.types if _is_protected(name, known)]
    if not named:
        return
    listed = ", ".join(named)
    if not policy.constraints.purposes:
        yield Problem(
            ("constraints",),
            f"{listed} is protected: name the purposes for which it may be seen, in constraints.purposes",
        )
    who = policy.who
    if VISITOR in who.roles or not (who.roles or who.organisations or who.subjects):
        yield Problem(
            ("who",),
            f"{listed} is protected: visitors never see it, so name roles, organisations or subjects",
        )


def _is_protected(name: str, known: Known) -> bool:
    try:
        return known.ground.context.expand(name) in known.ground.protected
    except BadRequestData:
        return False


def _without_effect(policy: Policy, known: Known) -> list[Problem]:
    """Warnings of permissions for roles none of which may ask for the action at all."""
    if policy.effect is Effect.PROHIBIT or not policy.who.roles:
        return []
    found = []
    for action in policy.actions:
        needed = _NEEDS.get(action, Permission.READ)
        lacking = [
            name
            for name in policy.who.roles
            if name in known.roles and name != VISITOR and needed not in known.roles[name].permissions
        ]
        if len(lacking) == len(policy.who.roles):
            reason = f'"{action.value}" has no effect for {", ".join(lacking)}: the permission "{needed.value}" is lacking'
            found.append(Problem(("actions",), reason, warning=True))
    return found
