"""Cedar decides 10,000 random (policies, request) pairs as our policies do, after a translation of its own."""

from __future__ import annotations

import random
from typing import Any

import cedarpy
import msgspec
import orjson

from madang.clock import FixedClock
from madang.hub.trust.policies import Policies
from madang.hub.trust.rulebook import Beginning, rulebook
from madang.ngsild.context import Context
from madang.ngsild.core_terms import NGSI_LD
from madang.ngsild.entity import Attribute, Entity
from madang.ngsild.times import format_moment
from madang.trust.identity import Action, Identity, Kind
from madang.trust.policy import READING, Constraints, Effect, Policy, What, Who
from madang.trust.policy_check import Known
from madang.trust.policy_compile import OWNER, Ground
from madang.trust.roles import BUILT_IN
from madang.trust.view import View, compile_view

SETS, REQUESTS = 500, 20
BASE = "https://example.org/"
TYPES = ["Lamp", "Road", "Tree", "Patient", "Letter"]
PROTECTED = {"Patient", "Letter"}
HARMLESS = {"Patient": {"ward"}, "Letter": {"level"}}
ATTRIBUTES = ["level", "note", "ward"]
ROLES = ["citizen", "researcher", "moderator"]
ORGANISATIONS = ["urn:org:1", "urn:org:2"]
SUBJECTS = ["person:1", "person:2", "key:1"]
SCOPES = ["/a", "/a/b", "/c"]
SOURCES = ["lamps", "roads"]
PURPOSES = ["safety", "research"]
TENANTS = ["", "north"]
HOUR = 3600 * 1_000_000
NOW = 1_800_000_000_000_000

CONTEXT = Context.from_terms({name: BASE + name for name in (*TYPES, *ATTRIBUTES)})
GROUND = Ground(
    CONTEXT,
    frozenset(BASE + name for name in PROTECTED),
    {BASE + name: frozenset(BASE + one for one in shown) for name, shown in HARMLESS.items()},
    "gaon",
)


def some(source: random.Random, names: list[str], chance: float = 0.25) -> tuple[str, ...]:
    """Nothing mostly, else one or two of the names."""
    return tuple(source.sample(names, source.randint(1, 2))) if source.random() < chance else ()


def random_policy(source: random.Random, number: int) -> Policy:
    west, south = source.randint(0, 8), source.randint(0, 8)
    since = source.choice([-2, -1, 1]) * HOUR + NOW if source.random() < 0.2 else 0
    until = source.choice([-1, 1, 2]) * HOUR + NOW if source.random() < 0.2 else 0
    return Policy(
        f"policy-{number}",
        Effect.PERMIT if source.random() < 0.8 else Effect.PROHIBIT,
        who=Who(some(source, ROLES), some(source, ORGANISATIONS, 0.1), some(source, SUBJECTS, 0.1)),
        what=What(
            types=some(source, TYPES, 0.45),
            ids=some(source, [f"urn:ngsi-ld:Lamp:gaon:lamps:{n}" for n in range(3)], 0.05),
            scopes=some(source, [*SCOPES, "/a/#"], 0.1),
            attributes=some(source, [*ATTRIBUTES, "*"], 0.3),
            datasets=some(source, SOURCES, 0.15),
            area=(float(west), float(south), west + 6.0, south + 6.0) if source.random() < 0.1 else None,
            owner=source.choice(["own", *ORGANISATIONS]) if source.random() < 0.1 else "",
            condition=f"level>{source.randint(0, 9)}" if source.random() < 0.1 else "",
        ),
        actions=tuple(source.sample(list(Action), source.randint(1, 3))) if source.random() < 0.5 else (),
        constraints=Constraints(
            purposes=some(source, PURPOSES, 0.2),
            since=format_moment(since) if since else "",
            until=format_moment(until) if until else "",
        ),
        tenants=some(source, TENANTS, 0.1),
    )


class Request(msgspec.Struct, frozen=True):
    """attribute: term, "" where it is asked whether the entity exists."""

    identity: Identity
    tenant: str
    action: Action
    purpose: str
    types: tuple[str, ...]
    id: str
    scopes: tuple[str, ...]
    owner: str
    level: int
    place: tuple[int, int] | None
    attribute: str


def random_request(source: random.Random) -> Request:
    key = source.random() < 0.2
    identity = Identity(
        "key:1" if key else source.choice(["person:1", "person:2", "person:3"]),
        Kind.KEY if key else Kind.PERSON,
        None,
        tuple(source.sample(ROLES, source.randint(0, 2))),
        tuple(source.sample(ORGANISATIONS, source.randint(0, 2))),
        owner="person:2" if key else "",
    )
    types = tuple(source.sample(TYPES, source.choice([1, 1, 1, 2])))
    return Request(
        identity,
        source.choice(TENANTS),
        source.choice(list(Action)),
        source.choice(["", *PURPOSES, "another"]),
        types,
        f"urn:ngsi-ld:{types[0]}:gaon:{source.choice(SOURCES)}:{source.randint(0, 4)}",
        tuple(source.sample(SCOPES, source.randint(0, 2))),
        source.choice(["", *ORGANISATIONS]),
        source.randint(0, 9),
        (source.randint(0, 13), source.randint(0, 13)) if source.random() < 0.7 else None,
        source.choice(["", *ATTRIBUTES]),
    )


# --- ours ---


def decide(policies: Policies, request: Request) -> bool:
    access = policies.access(request.identity, request.tenant, request.action, request.purpose)
    changing = request.action in (Action.WRITE, Action.ADMINISTER)
    view = access.writable if changing else access.view
    assert isinstance(view, View)
    sight = compile_view(view)
    entity = entity_of(request)
    if not request.attribute:
        return sight.exists(entity)
    return sight.exists(entity) and not sight.hides(entity, BASE + request.attribute)


def entity_of(request: Request) -> Entity:
    attributes = [attribute(BASE + "level", "Property", "value", request.level)]
    if request.owner:
        attributes.append(attribute(OWNER, "Relationship", "object", request.owner))
    if request.place is not None:
        point = {"type": "Point", "coordinates": [one + 0.5 for one in request.place]}
        attributes.append(attribute(NGSI_LD + "location", "GeoProperty", "value", point))
    return Entity(
        request.id,
        tuple(BASE + name for name in request.types),
        scope=request.scopes,
        attributes=tuple(attributes),
    )


def attribute(name: str, kind: str, member: str, value: object) -> Attribute:
    return Attribute(name, orjson.dumps({"type": kind, member: value}))


# --- Cedar's ---


def listed(names: Any) -> str:
    return "[" + ", ".join(orjson.dumps(name).decode() for name in sorted(names)) + "]"


def in_cedar(policy: Policy) -> str:
    who, what, limits = policy.who, policy.what, policy.constraints
    permits = policy.effect is Effect.PERMIT
    actions = set(policy.actions or READING)
    if not permits and Action.READ in actions:
        actions |= set(READING)
    names = ", ".join(f'Action::"{action.value}"' for action in sorted(actions))
    when = []
    if who.roles:
        when.append(f"principal.roles.containsAny({listed(who.roles)})")
    if who.organisations:
        when.append(f"principal.organisations.containsAny({listed(who.organisations)})")
    if who.subjects:
        when.append(f"principal.names.containsAny({listed(who.subjects)})")
    if policy.tenants:
        when.append(f"{listed(policy.tenants)}.contains(context.tenant)")
    if limits.purposes:
        silent = set() if permits else {""}
        when.append(f"{listed({*limits.purposes, *silent})}.contains(context.purpose)")
    if limits.since:
        when.append(f"context.now >= {moment(limits.since)}")
    if limits.until:
        when.append(f"context.now < {moment(limits.until)}")
    if what.ids:
        when.append(f"{listed(what.ids)}.contains(resource.name)")
    if what.datasets:
        when.append(f"{listed(what.datasets)}.contains(resource.source)")
    if what.scopes:
        exact = {scope for scope in what.scopes if not scope.endswith("#")}
        below = {scope.removesuffix("/#") for scope in what.scopes if scope.endswith("#")}
        when.append(
            f"(resource.scopes.containsAny({listed(exact)}) || resource.within.containsAny({listed(below)}))"
        )
    if isinstance(what.area, tuple):
        west, south, east, north = (int(one * 10) for one in what.area)
        box = f"resource.x > {west} && resource.x < {east} && resource.y > {south} && resource.y < {north}"
        when.append(f"(resource has x && {box})")
    if what.owner:
        owners = "principal.organisations" if what.owner == "own" else listed([what.owner])
        when.append(f"{owners}.contains(resource.owner)")
    if what.condition:
        when.append(f"resource.level > {what.condition.removeprefix('level>')}")
    when.append(permitted_things(what) if permits else prohibited_things(what))
    return f"{'permit' if permits else 'forbid'} (principal, action in [{names}], resource) when {{ {' && '.join(when)} }};"


def prohibited_things(what: What) -> str:
    types = f"resource.types.containsAny({listed(what.types)})" if what.types else "true"
    if not what.attributes or "*" in what.attributes:
        return types
    return f"{types} && {listed(what.attributes)}.contains(resource.attribute)"


def permitted_things(what: What) -> str:
    named = PROTECTED & set(what.types)
    plain = set(what.types) - PROTECTED
    any_attribute = not what.attributes or "*" in what.attributes
    asked = "true" if any_attribute else f"{listed({'', *what.attributes})}.contains(resource.attribute)"
    ways = []
    if plain or not what.types:
        types = f"resource.types.containsAny({listed(plain)})" if plain else "true"
        ways.append(f"({types} && !resource.types.containsAny({listed(PROTECTED)}) && {asked})")
    if named and what.attributes:
        others = f"!resource.types.containsAny({listed(PROTECTED - named)})"
        ways.append(f"(resource.types.containsAny({listed(named)}) && {others} && {asked})")
    elif named:
        ways += [
            f"(resource.types.contains({orjson.dumps(name).decode()}) && "
            f"!resource.types.containsAny({listed(PROTECTED - {name})}) && "
            f"{listed({'', *HARMLESS[name]})}.contains(resource.attribute))"
            for name in sorted(named)
        ]
    return "(" + " || ".join(ways) + ")"


def moment(text: str) -> int:
    offsets = {format_moment(NOW + hours * HOUR): hours for hours in range(-2, 3)}
    return offsets[text]


def cedar_request(number: int, request: Request) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    identity = request.identity
    within = {scope[:end] for scope in request.scopes for end in range(2, len(scope) + 1)}
    principal = {
        "roles": list(identity.roles),
        "organisations": list(identity.organisations),
        "names": [identity.subject, *([identity.owner] if identity.owner else [])],
    }
    resource: dict[str, Any] = {
        "types": list(request.types),
        "name": request.id,
        "source": request.id.split(":")[4],
        "scopes": list(request.scopes),
        "within": [scope for scope in within if not scope.endswith("/")],
        "owner": request.owner,
        "level": request.level,
        "attribute": request.attribute,
    }
    if request.place is not None:
        resource["x"], resource["y"] = (one * 10 + 5 for one in request.place)
    asked = {
        "principal": {"type": "User", "id": str(number)},
        "action": {"type": "Action", "id": request.action.value},
        "resource": {"type": "Thing", "id": str(number)},
        "context": {"tenant": request.tenant, "purpose": request.purpose, "now": 0},
    }
    entities = [
        {"uid": asked["principal"], "attrs": principal, "parents": []},
        {"uid": asked["resource"], "attrs": resource, "parents": []},
    ]
    return asked, entities


def test_cedar_decides_ten_thousand_requests_alike() -> None:
    source = random.Random(20260704)
    permitted = 0
    for _ in range(SETS):
        made = tuple(random_policy(source, number) for number in range(source.randint(1, 8)))
        book = msgspec.structs.replace(
            rulebook(Beginning()), known=Known(GROUND, BUILT_IN), built_in=(), of_city=made
        )
        policies = Policies(book, FixedClock(NOW))
        requests = [random_request(source) for _ in range(REQUESTS)]
        translated = [cedar_request(number, request) for number, request in enumerate(requests)]
        text = "\n".join(map(in_cedar, made))
        answers = cedarpy.is_authorized_batch(
            [asked for asked, _ in translated], text, [one for _, entities in translated for one in entities]
        )
        for request, answer in zip(requests, answers, strict=True):
            assert not answer.diagnostics.errors, answer.diagnostics.errors
            assert decide(policies, request) == answer.allowed, f"{request}\n{text}"
            permitted += answer.allowed
    assert SETS * REQUESTS * 0.15 < permitted < SETS * REQUESTS * 0.9
