"""/api/policies, /api/roles and /api/why: who may do what, and why somebody sees a thing or does not.

Not a part of NGSI-LD. `docs/policies.md` shows how it is used.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import orjson

from madang.api.operations import Asking, Offer
from madang.errors import BadRequestData, Denied, InvalidRequest, TooLarge
from madang.hub.trust.explaining import Question, why
from madang.hub.trust.policies import Listed
from madang.ngsild.context import Context
from madang.ngsild.times import format_moment
from madang.settings import LIMITS
from madang.trust.identity import Action, Identity, Kind, Permission
from madang.trust.policy import Policy
from madang.trust.policy_check import Problem, problems
from madang.trust.policy_odrl import to_odrl
from madang.trust.policy_odrl_in import from_odrl, is_odrl
from madang.trust.why import Explanation, Judged, Obstacle

BASE: Final = "/api/policies"
_ONE: Final = BASE + "/{id}"
_OF_ANOTHER: Final = ("role", "organisation", "subject")
_PARAMETERS: Final = ("entity", "type", "attribute", "action", "purpose", *_OF_ANOTHER)
_ASSUMED_MAX: Final = 50


async def listed(asking: Asking) -> tuple[int, Any]:
    """?format=odrl: all policies in force, the city's own first."""
    found = asking.policies.listed()
    if _wants_odrl(asking):
        return 200, [to_odrl(one.policy, asking.hub.contexts.own) for one in found]
    return 200, {"policies": [_listed(one) for one in found]}


async def one(asking: Asking) -> tuple[int, Any]:
    """?format=odrl"""
    found = asking.policies.get(asking.request.path_params["id"])
    return 200, to_odrl(found.policy, asking.hub.contexts.own) if _wants_odrl(asking) else _listed(found)


async def put(asking: Asking) -> tuple[int, Any]:
    """The policy in the body, in its own form or as ODRL, in the place of the one with this id."""
    policy = await _policy(asking)
    if policy.id != asking.request.path_params["id"]:
        raise BadRequestData(f"The policy in the body has the id {policy.id}, not the one in the address")
    warnings = await asking.policies.write(policy, asking.identity.subject)
    return 200, {**_listed(asking.policies.get(policy.id)), "warnings": [_problem(one) for one in warnings]}


async def check(asking: Asking) -> tuple[int, Any]:
    """What is wrong with the policy in the body; it is not put in force."""
    policy = await _policy(asking)
    return 200, {"problems": [_problem(one) for one in problems(policy, asking.policies.book.known)]}


async def remove(asking: Asking) -> tuple[int, Any]:
    await asking.policies.remove(asking.request.path_params["id"], asking.identity.subject)
    return 204, None


async def roles(asking: Asking) -> tuple[int, Any]:
    found = [
        {
            "id": role.name,
            "name": dict(role.labels),
            "permissions": sorted(role.permissions),
            "ordinary": role.ordinary,
        }
        for role in asking.policies.book.roles.values()
    ]
    return 200, {"roles": found}


async def explained(asking: Asking) -> tuple[int, Any]:
    """?entity=ID&type=TYPE&attribute=NAME&action=read&purpose=P: of the caller; with role, organisation or subject (for
    whom may see policies) of somebody who has these."""
    query = asking.request.query_params
    for name in query:
        if name not in _PARAMETERS:
            raise BadRequestData(f"There is no parameter {name}; there are {', '.join(_PARAMETERS)}")
    if not query.get("entity"):
        raise BadRequestData("Name the thing: ?entity=ID")
    identity = _identity(asking)
    question = Question(
        identity,
        asking.access.tenant,
        query["entity"],
        tuple(query.getlist("type")),
        query.get("attribute", ""),
        _action(query.get("action", Action.READ.value)),
        query.get("purpose", asking.access.purpose),
        own=identity is asking.identity,
    )
    found = await why(asking.hub, asking.access, asking.policies, question)
    return 200, _explanation(found, asking.hub.contexts.own)


def _identity(asking: Asking) -> Identity:
    query = asking.request.query_params
    if not any(name in query for name in _OF_ANOTHER):
        return asking.identity
    if not asking.gate.permits(asking.identity, Permission.POLICIES):
        raise Denied("You may ask this of yourself only")
    named = [query.getlist(name) for name in _OF_ANOTHER]
    if sum(map(len, named)) > _ASSUMED_MAX:
        raise BadRequestData(f"Name at most {_ASSUMED_MAX} roles, organisations and subjects")
    of_roles, organisations, subjects = map(tuple, named)
    return Identity(subjects[0] if subjects else "somebody", Kind.PERSON, None, of_roles, organisations)


def _action(text: str) -> Action:
    try:
        return Action(text)
    except ValueError as error:
        raise BadRequestData(f"Parameter action must be one of {', '.join(Action)}") from error


def _wants_odrl(asking: Asking) -> bool:
    wanted = asking.request.query_params.get("format", "")
    if wanted not in ("", "odrl"):
        raise BadRequestData("Parameter format may be odrl")
    return wanted == "odrl"


async def _policy(asking: Asking) -> Policy:
    body = b""
    async for part in asking.request.stream():
        body += part
        if len(body) > LIMITS.policy_bytes_max:
            raise TooLarge(f"A policy may have at most {LIMITS.policy_bytes_max} bytes")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"The body is not JSON: {error}") from error
    if is_odrl(document):
        found = from_odrl(document)
        if len(found) > 1:
            raise BadRequestData("The document has several rules; send each as a policy of its own")
        return found[0]
    try:
        return msgspec.convert(document, Policy)
    except msgspec.ValidationError as error:
        raise BadRequestData(f"The policy cannot be read: {error}") from error


def _listed(one: Listed) -> dict[str, Any]:
    return {
        "policy": msgspec.to_builtins(one.policy),
        "origin": one.origin.value,
        "replaces": one.replaces.value if one.replaces else None,
        "changed": format_moment(one.changed) if one.changed else None,
        "changedBy": one.changed_by or None,
        **({"notInForce": one.idle} if one.idle else {}),
    }


def _problem(one: Problem) -> dict[str, Any]:
    return {"path": list(one.path), "message": one.message, "warning": one.warning}


def _explanation(found: Explanation, context: Context) -> dict[str, Any]:
    return {
        "seen": found.seen,
        "known": found.known,
        "consented": found.consented,
        "granting": [_judged(one, context) for one in found.granting],
        "denying": [_judged(one, context) for one in found.denying],
        "lacking": [_judged(one, context) for one in found.lacking if Obstacle.DATA not in one.obstacles],
    }


def _judged(one: Judged, context: Context) -> dict[str, Any]:
    """Of a policy what whoever asks may know: not whom it names in person."""
    attributes = None if one.shows is None else sorted(map(context.compact, one.shows))
    return {
        "policy": one.policy.id,
        "name": dict(one.policy.name),
        "effect": one.policy.effect.value,
        "obstacles": [obstacle.value for obstacle in one.obstacles],
        "roles": list(one.policy.who.roles),
        "purposes": list(one.policy.constraints.purposes),
        **({} if Obstacle.PROTECTED in one.obstacles else {"attributes": attributes}),
    }


OFFERED: Final = (
    Offer("GET", BASE, listed, Permission.POLICIES),
    Offer("POST", BASE + "/check", check, Permission.POLICIES),
    Offer("GET", _ONE, one, Permission.POLICIES),
    Offer("PUT", _ONE, put, Permission.POLICIES),
    Offer("DELETE", _ONE, remove, Permission.POLICIES),
    Offer("GET", "/api/roles", roles, Permission.READ),
    Offer("GET", "/api/why", explained, Permission.READ),
)
