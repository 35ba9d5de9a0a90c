"""Who is asking, and what that means for what they see: the value that every call to the hub takes.

Policies compile to the view in here; this module only says what there is. `OPEN` is the access of an open city's
default tenant.
"""

from __future__ import annotations

import msgspec

from madang.trust.view import View

DEFAULT_TENANT = ""


class Duty(msgspec.Struct, frozen=True):
    """What whoever gets data must do with it; each "" or 0 if it is not asked.

    attribution: name this source beside what is made of it. notify: a role that is told of every read, in the audit.
    delete_after_seconds: delete what was got after so long.
    """

    attribution: str = ""
    notify: str = ""
    delete_after_seconds: int = 0


class Access(msgspec.Struct, frozen=True):
    """tenant: name of the tenant, "" for the default one. subject: who asks, for the audit.

    view: what is seen, None for everything. writable: what may be changed, of what is seen; None for all of it. purpose:
    for which the caller reads, "" if not said. recorded: types (IRIs) of which every read is recorded in the audit.
    group_min: the smallest number of entities of those types that is told; fewer are told as none. rules: identifiers of
    the policies that grant what is seen, and reason: in the caller's words, both for the audit. duties: what whoever gets the data must do, told with it.
    """

    tenant: str = DEFAULT_TENANT
    subject: str = "anonymous"
    view: View | None = None
    writable: View | None = None
    purpose: str = ""
    recorded: frozenset[str] = frozenset()
    group_min: int = 0
    rules: tuple[str, ...] = ()
    reason: str = ""
    duties: tuple[Duty, ...] = ()


OPEN = Access()
