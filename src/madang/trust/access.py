"""Who is asking, and what that means for what they see: the value that every call to the hub takes.

Policies (a later part of `trust`) compile to the `filter` and the `mask` in here; this module only says what
those are. `OPEN` is the access of an open city's default tenant.
"""

from __future__ import annotations

import msgspec

from madang.ngsild.query import Query

DEFAULT_TENANT = ""


class Access(msgspec.Struct, frozen=True):
    """tenant: name of the tenant, "" for the default one. subject: who asks, for the audit.

    filter: entities outside it do not exist for this caller (None: all exist). mask: attribute IRIs that do
    not exist for this caller, in answers as little as in q, geo, orderBy, counts and triggers.
    """

    tenant: str = DEFAULT_TENANT
    subject: str = "anonymous"
    filter: Query | None = None
    mask: frozenset[str] = frozenset()


OPEN = Access()
