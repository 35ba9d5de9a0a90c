"""The roles that a city knows, and what each may do with the platform. What of the graph a role sees and changes is a
policy's matter (`policy_defaults.py`); a city file may add roles, or give one of these other permissions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from madang.trust.identity import Identity, Kind, Permission


class Role(msgspec.Struct, frozen=True):
    """name: lower-case words with hyphens, as in policies. labels: language to text. permissions: what it may do.
    ordinary: whether it sees what is not protected without a policy of its own.
    """

    name: str
    labels: Mapping[str, str]
    permissions: frozenset[Permission] = frozenset()
    ordinary: bool = True


VISITOR: Final = "visitor"
"""Whoever has not signed in. It may read where the city file says so."""


def _role(name: str, korean: str, english: str, *permissions: Permission) -> Role:
    labels = {"ko": korean, "en": english}
    return Role(name, labels, frozenset(permissions), ordinary=name != VISITOR)


READ, WRITE, SUBSCRIBE, EXPORT = Permission.READ, Permission.WRITE, Permission.SUBSCRIBE, Permission.EXPORT
KEYS, CLIENTS, CONTEXTS = Permission.KEYS, Permission.CLIENTS, Permission.CONTEXTS
SOURCES, DELIVERIES, OPERATE = Permission.SOURCES, Permission.DELIVERIES, Permission.OPERATE
MEMBERS, POLICIES, AUDIT, PRIVACY = (
    Permission.MEMBERS,
    Permission.POLICIES,
    Permission.AUDIT,
    Permission.PRIVACY,
)

PLATFORM_OPERATOR: Final = "platform-operator"

BUILT_IN: Final[Mapping[str, Role]] = {
    role.name: role
    for role in (
        _role(VISITOR, "방문자", "Visitor"),
        _role("citizen", "시민", "Citizen", READ, EXPORT, SUBSCRIBE, KEYS),
        _role("data-user", "데이터 이용자", "Data user", READ, EXPORT, SUBSCRIBE, KEYS, CLIENTS),
        _role("startup", "스타트업", "Start-up", READ, WRITE, EXPORT, SUBSCRIBE, KEYS, CLIENTS),
        _role("anchor-firm", "앵커 기업", "Anchor firm", READ, WRITE, EXPORT, SUBSCRIBE, KEYS, CLIENTS),
        _role("investor", "투자자", "Investor", READ, EXPORT, SUBSCRIBE, KEYS),
        _role(
            "data-officer",
            "데이터 담당자",
            "Data officer",
            *(READ, WRITE, EXPORT, SUBSCRIBE, KEYS, CLIENTS, CONTEXTS, SOURCES, DELIVERIES),
        ),
        _role(
            "programme-manager",
            "사업 관리자",
            "Programme manager",
            *(READ, WRITE, EXPORT, SUBSCRIBE, KEYS),
        ),
        _role("reviewer", "심사위원", "Reviewer", READ, WRITE),
        _role("moderator", "게시 관리자", "Moderator", READ, WRITE, SUBSCRIBE),
        _role("community-lead", "커뮤니티 리더", "Community lead", READ, WRITE, SUBSCRIBE),
        _role("control-room-operator", "관제 요원", "Control-room operator", READ, WRITE, SUBSCRIBE),
        _role("researcher", "연구자", "Researcher", READ, EXPORT, SUBSCRIBE, KEYS),
        _role("privacy-officer", "개인정보 보호책임자", "Privacy officer", READ, EXPORT, PRIVACY, AUDIT),
        _role("auditor", "감사 담당자", "Auditor", READ, AUDIT),
        _role("ministry-observer", "중앙부처 참관자", "Ministry observer", READ, EXPORT),
        _role(
            "city-administrator",
            "도시 관리자",
            "City administrator",
            *(READ, WRITE, EXPORT, SUBSCRIBE, KEYS, CLIENTS, CONTEXTS, SOURCES, DELIVERIES),
            *(MEMBERS, POLICIES, OPERATE),
        ),
        _role(
            PLATFORM_OPERATOR, "플랫폼 운영자", "Platform operator", READ, KEYS, SOURCES, DELIVERIES, OPERATE
        ),
    )
}


def allowed_to(names: Iterable[str], roles: Mapping[str, Role]) -> frozenset[Permission]:
    """All that one of these roles allows; a role that is unknown allows nothing."""
    return frozenset[Permission]().union(*(roles[name].permissions for name in names if name in roles))


def permissions_of(identity: Identity, roles: Mapping[str, Role]) -> frozenset[Permission]:
    """What the identity may do by its roles, within the scopes of its key; a command on the machine may do everything."""
    if identity.kind is Kind.OPERATOR:
        return frozenset(Permission)
    allowed = allowed_to(identity.roles, roles)
    return allowed if identity.scopes is None else allowed & identity.scopes
