"""The page that answers "why can I (not) see this?" with the policies that decide, in words."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from madang import vocabulary
from madang.errors import BadRequestData
from madang.hub.trust.explaining import Question, why
from madang.trust.identity import Action, Identity, Kind, Permission
from madang.trust.policy import READING
from madang.trust.why import Judged, Obstacle
from madang.web import policy_words
from madang.web.visit import Visit

PATH: Final = "/why"
# Policies that do not count are told as far as they help; those about other things are left out
_LACKING_MAX: Final = 8
_ACTIONS: Final = frozenset(one.value for one in Action)


async def why_page(visit: Visit) -> Response:
    """GET /{language}/why?entity=ID&type=TYPE&attribute=NAME&action=read&purpose=P&role=ROLE"""
    query = visit.request.query_params
    entity, role = query.get("entity", "").strip(), query.get("role", "")
    asks_for_others = visit.may(Permission.POLICIES)
    action = query.get("action", Action.READ.value)
    values: dict[str, Any] = {
        "entity": entity,
        "type": query.get("type", ""),
        "attribute": query.get("attribute", ""),
        "action": action if action in _ACTIONS else Action.READ.value,
        "purpose": query.get("purpose", visit.access.purpose),
        "role": role if asks_for_others else "",
        "actions": [(one.value, visit.t(f"policies.action-{one.value}")) for one in Action],
        "purposes": [
            (code, vocabulary.purpose_label(code, visit.language)) for code in vocabulary.purposes()
        ],
        "roles": _roles(visit) if asks_for_others else [],
        "own_roles": ", ".join(policy_words.role_label(visit, name) for name in visit.identity.roles),
        "role_name": policy_words.role_label(visit, role) if asks_for_others and role else "",
        "path": PATH,
        "answer": None,
        "wrong": "",
    }
    if not entity:
        return visit.html("why.html", values)
    try:
        values["answer"] = await _answer(visit, values)
    except BadRequestData as error:
        values["wrong"] = error.message
    return visit.html("why.html", values, 400 if values["wrong"] else 200)


async def _answer(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    identity = visit.identity
    if asked["role"]:
        identity = Identity("somebody", Kind.PERSON, None, (asked["role"],))
    if visit.access.view is None and not asked["role"]:
        # An open city, where nobody is asked anything: no policy decides
        return {"open": True, "seen": True, "known": False}
    found = await why(
        visit.site.hub,
        visit.access,
        visit.site.policies,
        Question(
            identity,
            visit.access.tenant,
            asked["entity"],
            (asked["type"],) if asked["type"] else (),
            asked["attribute"],
            Action(asked["action"]),
            asked["purpose"],
            own=identity is visit.identity,
        ),
    )
    hopeless = {Obstacle.DATA, Obstacle.PROTECTED}
    helpful = [one for one in found.lacking if hopeless.isdisjoint(one.obstacles)]
    return {
        "open": False,
        "seen": found.seen,
        "known": found.known,
        "consented": found.consented,
        "granting": [_view(visit, one) for one in found.granting],
        "denying": [_view(visit, one) for one in found.denying],
        "lacking": [_view(visit, one) for one in helpful[:_LACKING_MAX]],
        "reading": Action(asked["action"]) in READING,
    }


def _roles(visit: Visit) -> list[tuple[str, str]]:
    return [(name, policy_words.role_label(visit, name)) for name in visit.site.policies.book.roles]


def _view(visit: Visit, one: Judged) -> dict[str, Any]:
    context = visit.site.hub.contexts.own
    shows = None
    if one.shows is not None:
        shown = sorted(vocabulary.attribute_label(name, visit.language) for name in one.shows)
        shows = ", ".join(shown) or visit.t("why.nothing-of-it")
    return {
        "id": one.policy.id,
        "name": policy_words.policy_name(visit, one.policy),
        "who": policy_words.who(visit, one.policy, persons=False),
        "what": policy_words.what(visit, one.policy) if one.policy.what.types else "",
        "shows": shows,
        "obstacles": [
            visit.t(f"why.obstacle-{obstacle.value}", **_told(visit, one, obstacle))
            for obstacle in one.obstacles
        ],
        "terms": [context.compact(name) for name in sorted(one.shows or ())],
    }


def _told(visit: Visit, one: Judged, obstacle: Obstacle) -> dict[str, str]:
    """What would be right."""
    policy = one.policy
    if obstacle is Obstacle.ROLE:
        return {"names": ", ".join(policy_words.role_label(visit, name) for name in policy.who.roles)}
    if obstacle is Obstacle.PURPOSE:
        purposes = policy.constraints.purposes
        return {"names": ", ".join(vocabulary.purpose_label(name, visit.language) for name in purposes)}
    return {}
