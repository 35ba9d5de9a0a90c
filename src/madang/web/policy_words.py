"""What a policy says, in words for people: whom it is for, about what, and within which limits."""

from __future__ import annotations

from collections.abc import Iterable

from madang import vocabulary
from madang.trust.access import Duty
from madang.trust.policy import EVERY, OWN, READING, Policy
from madang.trust.roles import VISITOR
from madang.web.visit import Visit


def role_label(visit: Visit, name: str) -> str:
    role = visit.site.policies.book.roles.get(name)
    if role is None:
        return name
    return role.labels.get(visit.language) or next(iter(role.labels.values()), name)


def policy_name(visit: Visit, policy: Policy) -> str:
    return policy.name.get(visit.language) or next(iter(policy.name.values()), policy.id)


def who(visit: Visit, policy: Policy, *, persons: bool = True) -> str:
    """persons: also those whom it names one by one."""
    named = policy.who
    signed_in = {name for name in visit.site.policies.book.roles if name != VISITOR}
    everyone = signed_in <= set(named.roles)
    parts = [
        visit.t("policies.every-role")
        if everyone
        else _joined(role_label(visit, name) for name in named.roles)
    ]
    parts.append(_joined(named.organisations))
    if named.subjects:
        parts.append(_joined(named.subjects) if persons else visit.t("policies.some-persons"))
    return " · ".join(filter(None, parts)) or visit.t("policies.everybody")


def what(visit: Visit, policy: Policy) -> str:
    named, context = policy.what, visit.site.hub.contexts.own

    def type_label(name: str) -> str:
        return vocabulary.type_label(context.expand(name), visit.language)

    def attribute_label(name: str) -> str:
        return vocabulary.attribute_label(context.expand(name), visit.language)

    types = _joined(map(type_label, named.types))
    if not types:
        permits = policy.effect == "permit"
        types = visit.t("policies.all-open") if permits else visit.t("policies.all")
    parts = [types]
    every = EVERY in named.attributes
    if every:
        parts.append(visit.t("policies.every-attribute"))
    for key, values in (
        ("of-attributes", [] if every else list(map(attribute_label, named.attributes))),
        ("of-ids", list(named.ids)),
        ("of-scopes", list(named.scopes)),
        ("of-datasets", list(named.datasets)),
    ):
        if values:
            parts.append(visit.t(f"policies.{key}", names=_joined(values)))
    if named.area is not None:
        shown = (
            ", ".join(map(str, named.area)) if isinstance(named.area, tuple) else named.area.get("type", "")
        )
        parts.append(visit.t("policies.of-area", area=shown))
    if named.owner:
        owner = visit.t("policies.own") if named.owner == OWN else named.owner
        parts.append(visit.t("policies.of-owner", owner=owner))
    if named.condition:
        parts.append(visit.t("policies.of-condition", condition=named.condition))
    return " · ".join(parts)


def actions(visit: Visit, policy: Policy) -> str:
    return _joined(visit.t(f"policies.action-{one.value}") for one in policy.actions or READING)


def limits(visit: Visit, policy: Policy) -> str:
    named, parts = policy.constraints, []
    if named.purposes:
        names = _joined(vocabulary.purpose_label(name, visit.language) for name in named.purposes)
        parts.append(visit.t("policies.for-purposes", names=names))
    if named.since:
        parts.append(visit.t("policies.from-moment", time=named.since))
    if named.until:
        parts.append(visit.t("policies.to-moment", time=named.until))
    if named.hours:
        parts.append(visit.t("policies.in-hours", start=named.hours[0], end=named.hours[1]))
    if named.days:
        parts.append(_joined(visit.t(f"policies.day-{day}") for day in named.days))
    if named.count:
        parts.append(visit.t("policies.up-to", count=visit.reader.number(named.count)))
    if policy.tenants:
        parts.append(visit.t("policies.in-tenants", names=_joined(policy.tenants)))
    return " · ".join(parts)


def duties(visit: Visit, told: Iterable[Duty]) -> str:
    """What those must do who get the data."""
    parts = []
    for duty in told:
        if duty.attribution:
            parts.append(visit.t("policies.duty-attribution", name=duty.attribution))
        if duty.notify:
            parts.append(visit.t("policies.duty-notify", role=role_label(visit, duty.notify)))
        hours = duty.delete_after_seconds // 3600
        if hours and hours % 24 == 0:
            parts.append(visit.t("policies.duty-delete-days", count=hours // 24))
        elif hours:
            parts.append(visit.t("policies.duty-delete-hours", count=hours))
    return " · ".join(parts)


def _joined(names: Iterable[str]) -> str:
    return ", ".join(names)
