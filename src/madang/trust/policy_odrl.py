"""Policies as ODRL 2.2 in JSON-LD; `policy_odrl_in.py` reads it.

What ODRL has a word for is written with it; types, attributes, scopes, owners, conditions, roles and hours are left
operands of a profile of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from madang.ngsild.context import Context
from madang.trust.identity import Action
from madang.trust.policy import READING, Duties, Effect, Policy, What, Who

NAMESPACE: Final = "https://w3id.org/madang/ns#"
PROFILE: Final = "https://w3id.org/madang/odrl"
CONTEXT: Final = ["http://www.w3.org/ns/odrl.jsonld", {"madang": NAMESPACE}]
UID: Final = "urn:madang:policy:"

ACTIONS: Final[Mapping[Action, str]] = {
    Action.READ: "read",
    Action.WRITE: "modify",
    Action.NOTIFY: "madang:notify",
    Action.DISTRIBUTE: "distribute",
    Action.AGGREGATE: "aggregate",
    Action.ADMINISTER: "madang:administer",
}
# Lists of names: which member of our policies, and their left operand
TARGET: Final[Mapping[str, str]] = {
    "types": "madang:type",
    "scopes": "madang:scope",
    "attributes": "madang:attribute",
    "datasets": "madang:dataset",
}
PARTY: Final[Mapping[str, str]] = {
    "roles": "madang:role",
    "organisations": "madang:organisation",
    "subjects": "madang:subject",
}


def to_odrl(policy: Policy, context: Context) -> dict[str, Any]:
    """The policy as a Set of one rule. Names of types and attributes become IRIs by the context."""
    rule: dict[str, Any] = {
        "target": _target(policy.what, context),
        "action": [ACTIONS[action] for action in policy.actions or READING],
    }
    party = _refinements(policy.who, PARTY)
    if party:
        rule["assignee"] = {"@type": "PartyCollection", "refinement": party}
    constraints = _constraints(policy)
    if constraints:
        rule["constraint"] = constraints
    duties = _duties(policy.duties)
    if duties:
        rule["duty"] = duties
    kind = "permission" if policy.effect is Effect.PERMIT else "prohibition"
    named = {"madang:name": dict(policy.name)} if policy.name else {}
    return {
        "@context": CONTEXT,
        "@type": "Set",
        "uid": UID + policy.id,
        "profile": PROFILE,
        "conflict": "prohibit",
        **named,
        kind: [rule],
    }


def _target(what: What, context: Context) -> dict[str, Any]:
    names = msgspec.structs.replace(
        what, types=_expanded(what.types, context), attributes=_expanded(what.attributes, context)
    )
    found = _refinements(names, TARGET)
    if what.ids:
        found.append(operand("uid", "isAnyOf", list(what.ids)))
    if what.area is not None:
        found.append(operand("spatial", "eq", what.area))
    if what.owner:
        found.append(operand("madang:owner", "eq", what.owner))
    if what.condition:
        found.append(operand("madang:condition", "eq", what.condition))
    collection: dict[str, Any] = {"@type": "AssetCollection", "source": "urn:madang:graph"}
    return {**collection, "refinement": found} if found else collection


def _expanded(names: tuple[str, ...], context: Context) -> tuple[str, ...]:
    return tuple(name if name == "*" else context.expand(name) for name in names)


def _refinements(of: Who | What, operands: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        operand(left, "isAnyOf", list(getattr(of, member)))
        for member, left in operands.items()
        if getattr(of, member)
    ]


def operand(left: str, operator: str, right: Any) -> dict[str, Any]:
    return {"leftOperand": left, "operator": operator, "rightOperand": right}


def _constraints(policy: Policy) -> list[dict[str, Any]]:
    limits, found = policy.constraints, []
    if limits.purposes:
        found.append(operand("purpose", "isAnyOf", list(limits.purposes)))
    for operator, text in (("gteq", limits.since), ("lt", limits.until)):
        if text:
            found.append(operand("dateTime", operator, {"@value": text, "@type": "xsd:dateTime"}))
    if limits.hours:
        found.append(operand("madang:hours", "eq", list(limits.hours)))
    if limits.days:
        found.append(operand("madang:day", "isAnyOf", list(limits.days)))
    if limits.count:
        found.append({**operand("count", "lteq", limits.count), "unit": "madang:perDay"})
    if policy.tenants:
        found.append(operand("madang:tenant", "isAnyOf", list(policy.tenants)))
    return found


def _duties(duties: Duties) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if duties.attribution:
        found.append({"action": "attribute", "madang:attribution": duties.attribution})
    if duties.notify:
        found.append({"action": "inform", "informedParty": duties.notify})
    if duties.delete_after:
        number, unit = duties.delete_after[:-1].strip(), duties.delete_after[-1]
        duration = f"P{number}D" if unit == "d" else f"PT{number}H"
        limit = operand("elapsedTime", "lteq", {"@value": duration, "@type": "xsd:duration"})
        found.append({"action": "delete", "constraint": [limit]})
    return found
