"""What policies make of a caller: the view of the entities and attributes that they permit, without those that they
prohibit. A policy that is compiled wrongly would show what it hides, so there is one way through here for all of them,
and an oracle in its tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time
from functools import reduce
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import orjson

from madang.ngsild.context import Context
from madang.ngsild.core_terms import NGSI_LD
from madang.ngsild.expression import And, Expression
from madang.ngsild.geo import GeoQuery, GeoRelation
from madang.ngsild.q import parse_q
from madang.ngsild.query import Query
from madang.ngsild.scope import ScopeExpression, parse_scope_query
from madang.ngsild.selection import TypeExpression
from madang.ngsild.times import parse_moment
from madang.trust.access import Duty
from madang.trust.identity import Identity
from madang.trust.policy import DAYS, EVERY, OWN, Constraints, Effect, Policy, What, Who
from madang.trust.view import Rule, View

# Within which an entity says whom it belongs to
OWNER: Final = "https://smartdatamodels.org/owner"
_SECOND: Final = 1_000_000
_UNITS: Final = {"h": 3600, "d": 24 * 3600}


class Ground(msgspec.Struct, frozen=True):
    """What policies stand on.

    context: expands their names. protected: types (IRIs) of which nothing is seen unless a policy names them. harmless:
    of a protected type (IRI) the attributes (IRIs) that are no personal data, which is all that is seen of it where a
    policy names none. city: its id. time_zone: of hours and days.
    """

    context: Context
    protected: frozenset[str] = frozenset()
    harmless: Mapping[str, frozenset[str]] = {}
    city: str = ""
    time_zone: str = "UTC"


def fits(who: Who, identity: Identity) -> bool:
    """Whether a policy for these is one for the identity."""
    return (
        (not who.roles or not set(who.roles).isdisjoint(identity.roles))
        and (not who.organisations or not set(who.organisations).isdisjoint(identity.organisations))
        and (not who.subjects or identity.subject in who.subjects or identity.owner in who.subjects)
    )


def is_timed(constraints: Constraints) -> bool:
    """Whether it depends on the moment."""
    return bool(constraints.since or constraints.until or constraints.hours or constraints.days)


def in_force(constraints: Constraints, now: int, time_zone: str) -> bool:
    """Whether the moment (microseconds) is within the constraints' times; `until` is not."""
    if constraints.since and now < parse_moment(constraints.since):
        return False
    if constraints.until and now >= parse_moment(constraints.until):
        return False
    if not constraints.hours and not constraints.days:
        return True
    local = datetime.fromtimestamp(now // _SECOND, UTC).astimezone(ZoneInfo(time_zone))
    day = local.weekday()
    if constraints.hours:
        start, end = map(time.fromisoformat, constraints.hours)
        at = local.time()
        if start <= end:
            if not start <= at < end:
                return False
        elif at < end:
            # The night belongs to the day on which it began
            day = (day - 1) % 7
        elif at < start:
            return False
    return not constraints.days or DAYS[day] in constraints.days


def has_purpose(policy: Policy, purpose: str) -> bool:
    """Whether the policy holds for who says this purpose. Not to say one gets nobody around a prohibition."""
    purposes = policy.constraints.purposes
    if not purposes or purpose in purposes:
        return True
    return policy.effect is Effect.PROHIBIT and not purpose


class Sum(msgspec.Struct, frozen=True):
    """What several policies come to. policies: ids of those by which something is seen. duties: of these."""

    view: View
    policies: tuple[str, ...] = ()
    duties: tuple[Duty, ...] = ()


def sum_of(policies: Iterable[Policy], organisations: tuple[str, ...], ground: Ground) -> Sum:
    """What these policies, all of which hold for the caller, show of the graph.

    organisations: of which the caller is a member."""
    grants: list[tuple[Policy, Rule]] = []
    denials: list[Rule] = []
    for policy in policies:
        made = rules(policy, organisations, ground)
        if policy.effect is Effect.PERMIT:
            grants += [(policy, rule) for rule in made]
        else:
            denials += made
    left = without_needless([rule for _, rule in grants])
    granting = {policy.id: policy for policy, rule in grants if rule in left}
    duties = [duty for policy in granting.values() if (duty := duty_of(policy)) != Duty()]
    view = View(left, tuple(dict.fromkeys(denials)))
    return Sum(view, tuple(granting), tuple(dict.fromkeys(duties)))


def duty_of(policy: Policy) -> Duty:
    """What whoever gets data by this policy must do."""
    duties = policy.duties
    seconds = int(duties.delete_after[:-1]) * _UNITS[duties.delete_after[-1]] if duties.delete_after else 0
    return Duty(duties.attribution, duties.notify, seconds)


def without_needless(grants: Iterable[Rule]) -> tuple[Rule, ...]:
    """The grants without those that another one, which asks nothing but types, covers: most views are one rule then."""
    found = list(dict.fromkeys(grants))
    return tuple(one for one in found if not any(_covers(other, one) for other in found if other != one))


def _covers(wide: Rule, narrow: Rule) -> bool:
    return (
        wide.rows == Query()
        and wide.outside <= narrow.outside
        and (
            wide.attributes is None
            or (narrow.attributes is not None and narrow.attributes <= wide.attributes)
        )
    )


def rules(policy: Policy, organisations: tuple[str, ...], ground: Ground) -> list[Rule]:
    """What the policy grants or denies to a caller for whom it holds."""
    what = policy.what
    owners = organisations if what.owner == OWN else (what.owner,) if what.owner else None
    if owners == ():
        return []
    expand = ground.context.expand
    types = [expand(name) for name in what.types]
    named = frozenset(expand(name) for name in what.attributes if name != EVERY)
    attributes = named if what.attributes and EVERY not in what.attributes else None
    rows = _rows(policy, owners, ground)
    if policy.effect is Effect.PROHIBIT:
        return [Rule(_of_types(rows, types), attributes=attributes)]
    found: list[Rule] = []
    plain = [name for name in types if name not in ground.protected]
    if plain or not types:
        found.append(Rule(_of_types(rows, plain), ground.protected, attributes))
    protected = [name for name in types if name in ground.protected]
    if protected and what.attributes:
        found.append(Rule(_of_types(rows, protected), ground.protected - set(protected), attributes))
    elif protected:
        # What is harmless of one type may be personal in another, so that who has both is seen by naming attributes
        found += [
            Rule(_of_types(rows, [name]), ground.protected - {name}, ground.harmless.get(name, frozenset()))
            for name in protected
        ]
    return found


def _of_types(rows: Query, types: list[str]) -> Query:
    if not types:
        return rows
    return msgspec.structs.replace(rows, types=TypeExpression(tuple((name,) for name in types)))


def _rows(policy: Policy, owners: tuple[str, ...] | None, ground: Ground) -> Query:
    """All that a policy asks of an entity besides its types."""
    what = policy.what
    return Query(
        ids=what.ids,
        id_pattern=_of_datasets(what.datasets, ground.city) if what.datasets else None,
        q=_expression(what, owners, ground.context),
        scope=_scope(what.scopes) if what.scopes else None,
        geo=_geo(policy) if what.area is not None else None,
    )


def _of_datasets(datasets: tuple[str, ...], city: str) -> str:
    return f"^urn:ngsi-ld:[^:]+:{city}:({'|'.join(datasets)}):"


def _expression(what: What, owners: tuple[str, ...] | None, context: Context) -> Expression | None:
    parts: list[Expression] = []
    if what.condition:
        parts.append(parse_q(what.condition, context))
    if owners is not None:
        # The short name of an attribute whose IRI begins with no term that a city could give another meaning
        wanted = ",".join(orjson.dumps(owner).decode() for owner in owners)
        parts.append(parse_q(f"owner=={wanted}", Context.from_terms({"owner": OWNER})))
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _scope(scopes: tuple[str, ...]) -> ScopeExpression:
    return reduce(
        lambda one, other: ScopeExpression((*one.alternatives, *other.alternatives)),
        map(parse_scope_query, scopes),
    )


def _geo(policy: Policy) -> GeoQuery:
    """What lies in the area; what only touches it is not permitted, but prohibited."""
    relation = GeoRelation.WITHIN if policy.effect is Effect.PERMIT else GeoRelation.INTERSECTS
    return GeoQuery(relation, orjson.dumps(geometry_of(policy.what)).decode(), NGSI_LD + "location")


def geometry_of(what: What) -> dict[str, Any] | None:
    """The area as a GeoJSON geometry."""
    if what.area is None or isinstance(what.area, dict):
        return what.area
    west, south, east, north = what.area
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}
