"""Who is asking: a person, a program, a visitor, or whoever runs commands on the machine itself."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Permission(StrEnum):
    """What a role may be allowed to do with the platform. What of the graph is seen and changed is a policy's matter."""

    READ = "read"
    """Ask the information API and see the city's pages."""
    WRITE = "write"
    SUBSCRIBE = "subscribe"
    EXPORT = "export"
    """Take data away in files."""
    CONTEXTS = "contexts"
    """Host @contexts."""
    SOURCES = "sources"
    """See what sources say, rejected rows among it."""
    DELIVERIES = "deliveries"
    """See, send again and drop notifications that could not be delivered."""
    KEYS = "keys"
    """Have keys of one's own for programs."""
    CLIENTS = "clients"
    """Register partner applications."""
    MEMBERS = "members"
    """Invite people, give them roles, take them away."""
    POLICIES = "policies"
    AUDIT = "audit"
    PRIVACY = "privacy"
    """See consents, hand out and erase the data of a person who asks for it."""
    OPERATE = "operate"
    """See how the platform itself runs."""


class Action(StrEnum):
    """What is done with data, in the words of a policy."""

    READ = "read"
    WRITE = "write"
    NOTIFY = "notify"
    DISTRIBUTE = "distribute"
    AGGREGATE = "aggregate"
    ADMINISTER = "administer"


class Kind(StrEnum):
    VISITOR = "visitor"
    PERSON = "person"
    KEY = "key"
    CLIENT = "client"
    OPERATOR = "operator"
    """A command on the machine itself, and the platform's own work."""


class Identity(msgspec.Struct, frozen=True):
    """Who asks, verified.

    subject: for the audit, "visitor", "person:7", "key:3", "client:2", "operator"; never a name or an address.
    tenants: those it may ask, None for all. roles: names; what they allow is in `roles.py`. organisations: identifiers
    (URNs) of those that it is a member of. scopes: what a key or client is limited to, None for all that its roles
    allow. owner: subject of whom a key or client belongs to, "" for others; what is forbidden to them is forbidden to it.
    """

    subject: str
    kind: Kind
    tenants: frozenset[str] | None = frozenset()
    roles: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    scopes: frozenset[Permission] | None = None
    owner: str = ""


VISITOR = Identity("visitor", Kind.VISITOR, frozenset({""}), ("visitor",))
OPERATOR = Identity("operator", Kind.OPERATOR, None, ("platform-operator",))
