"""The policy language: who may do what with which data, within which limits, and with which duties. ODRL-shaped.

Everything is forbidden that no policy permits, and a prohibition goes before every permission. Names of types and
attributes stand in a policy as they were written; `policy_compile.py` makes views of policies, `policy_check.py` refuses
those that cannot be enforced, `policy_odrl.py` reads and writes them as ODRL.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec

from madang.trust.identity import Action

EVERY: Final = "*"
"""Among the attributes of a policy: all of them, what is personal in a protected type as well."""
OWN: Final = "own"
"""As the owner: an organisation that the caller is a member of."""
READING: Final = (Action.READ, Action.NOTIFY, Action.DISTRIBUTE, Action.AGGREGATE)
"""What a policy is about that names no action: everything that shows data."""
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_Names = tuple[str, ...]
_Box = tuple[float, float, float, float]


class Effect(StrEnum):
    PERMIT = "permit"
    PROHIBIT = "prohibit"


class Who(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Each kind that is named must fit, with one of its names; nothing named is everybody, visitors among them.

    organisations: URNs. subjects: of people and programs ("person:7", "key:3", "client:2"); a key counts for its owner.
    """

    roles: _Names = ()
    organisations: _Names = ()
    subjects: _Names = ()


class What(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Each kind that is named must fit, with one of its names; nothing named is everything that is not protected.

    types: terms or IRIs; protected ones must be named. ids: of entities. scopes: as in scopeQ. attributes: terms or IRIs
    of those that it is about, none for all. datasets: ids of the city's sources. area: west, south, east, north in
    degrees, or a GeoJSON geometry, in which the entity's location lies. owner: URN of whom it belongs to, or "own".
    condition: in the language of q.
    """

    types: _Names = ()
    ids: _Names = ()
    scopes: _Names = ()
    attributes: _Names = ()
    datasets: _Names = ()
    area: _Box | dict[str, Any] | None = None
    owner: str = ""
    condition: str = ""


class Constraints(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When it holds; nothing named is always.

    purposes: the caller must say one of them. since, until: moments as in NGSI-LD, "" for no end. hours: from and to, such as
    "09:00" and "18:00" in the city's time zone; over midnight if the first is the later. days: of the week. count: so
    many requests of one caller in a day, 0 for any number.
    """

    purposes: _Names = ()
    since: str = ""
    until: str = ""
    hours: tuple[str, str] | None = None
    days: tuple[
        Annotated[str, msgspec.Meta(pattern="^(mon|tue|wed|thu|fri|sat|sun)$", examples=["mon"])], ...
    ] = ()
    count: Annotated[int, msgspec.Meta(ge=0, le=10**9)] = 0


class Duties(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What whoever gets the data must do. attribution: the source to name. notify: the role that reads of every use in the
    audit. delete_after: "30 d", how long they may keep what they got."""

    attribution: str = ""
    notify: str = ""
    delete_after: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^(|[1-9]\d{0,4} ?(h|d))$",
            description="a number with h or d: how long data may be kept",
            examples=["30 d"],
        ),
    ] = ""


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """id: lower-case letters, digits, hyphens. name: language to text. actions: none for all that show data. tenants: in
    which it holds, none for all."""

    id: Annotated[
        str,
        msgspec.Meta(
            pattern="^[a-z0-9][a-z0-9-]{0,62}$",
            description="lower-case letters, digits and hyphens",
            examples=["air-for-researchers"],
        ),
    ]
    effect: Effect
    name: dict[str, str] = {}
    who: Who = Who()
    what: What = What()
    actions: tuple[Action, ...] = ()
    constraints: Constraints = Constraints()
    duties: Duties = Duties()
    tenants: _Names = ()

    def concerns(self, action: Action) -> bool:
        """Whether it is about this action. Who may not read may not be told, given or sent sums of it either."""
        actions = self.actions or READING
        if action in actions:
            return True
        return self.effect is Effect.PROHIBIT and Action.READ in actions and action in READING
