"""What the policies in force make of callers: defaults, masks, times, counts, duties, and changes while the city runs."""

from __future__ import annotations

import pytest
from tests.trust.policy_makers import (
    BUILDING,
    EXPAND,
    HOUR,
    INCIDENT,
    NOON,
    PERSON,
    entity,
    made,
    may_change,
    names_seen,
    person,
    sees,
)

from madang import vocabulary
from madang.clock import FixedClock
from madang.errors import BadRequestData
from madang.ngsild.entity import Entity
from madang.ngsild.query import Query
from madang.ngsild.selection import type_is
from madang.ngsild.times import parse_moment
from madang.trust.access import Duty
from madang.trust.identity import OPERATOR, VISITOR, Action, Identity, Kind, Permission
from madang.trust.policy import Constraints, Duties, Effect, Policy, What, Who
from madang.trust.roles import BUILT_IN, Role
from madang.trust.view import Rule, View

# --- what every city begins with ---


@pytest.mark.parametrize("role", [name for name in BUILT_IN if name != "visitor"])
def test_every_role_sees_what_is_not_protected_by_one_rule(role: str) -> None:
    access = made().access(person(role), "", Action.READ)
    assert access.view == View((Rule(outside=vocabulary.protected()),))
    assert not access.recorded  # there is nothing protected to be read
    assert access.group_min == 5
    assert access.rules == ("ordinary-reading",)


@pytest.mark.parametrize("role", BUILT_IN)
@pytest.mark.parametrize("action", Action)
def test_nobody_sees_a_protected_type_without_saying_why(role: str, action: Action) -> None:
    policies = made()
    for kind in ("Person", "Meeting", "Message", "Complaint", "Incident"):
        assert not sees(policies, person(role), entity(kind, "name"), action)
        assert not may_change(policies, person(role), entity(kind, "name"))


def test_visitors_see_nothing_unless_the_city_says_so() -> None:
    building, stop = entity("Building"), entity("GtfsStop")
    assert not sees(made(), VISITOR, building)
    assert not made().permits(VISITOR, Permission.READ)
    public = made(public=True)
    assert sees(public, VISITOR, building)
    assert not sees(public, VISITOR, entity("Person"), purpose="rights")
    assert public.permits(VISITOR, Permission.READ)
    assert not public.permits(VISITOR, Permission.WRITE)
    some = made(public=("GtfsStop",))
    assert (sees(some, VISITOR, building), sees(some, VISITOR, stop)) == (False, True)
    assert sees(some, person("citizen"), building)


def test_a_protected_thing_is_masked_even_for_those_who_may_see_it() -> None:
    policies, incident = made(), entity("Incident", "status", "involves", "text")
    operator = person("control-room-operator")
    access = policies.access(operator, "", Action.READ, "safety")
    assert names_seen(access, incident) == {"status"}
    assert access.rules == ("ordinary-reading", "incidents-seen")
    assert not sees(policies, operator, incident, purpose="research")
    assert not sees(policies, person("citizen"), incident, purpose="safety")
    everything = policies.access(person("privacy-officer"), "", Action.READ, "rights")
    assert names_seen(everything, incident) == {"status", "involves", "text"}


def test_a_thing_of_two_protected_types_is_not_seen_as_one_of_them() -> None:
    both = Entity("urn:x:1", (PERSON, INCIDENT))
    assert not sees(made(), person("control-room-operator"), both, purpose="safety")


def test_a_type_that_the_city_protects_is_protected() -> None:
    policies = made(protected=("Building",))
    assert not sees(policies, person("citizen"), entity("Building"))
    assert BUILDING in policies.access(person("privacy-officer"), "", Action.READ, "rights").recorded


def test_firms_change_what_is_theirs_only() -> None:
    policies, firm = made(), person("startup", organisations=("urn:org:1",))
    assert may_change(policies, firm, entity("Product", owner="urn:org:1"))
    assert not may_change(policies, firm, entity("Product", owner="urn:org:2"))
    assert not may_change(policies, firm, entity("Product"))
    assert not may_change(policies, firm, entity("Building", owner="urn:org:1"))
    assert not may_change(policies, person("startup"), entity("Product", owner="urn:org:1"))


def test_reading_gives_nothing_to_change() -> None:
    assert made().access(person("data-officer"), "", Action.READ).writable == View()


def test_commands_on_the_machine_are_free() -> None:
    access = made().access(OPERATOR, "north", Action.WRITE)
    assert (access.view, access.writable, access.tenant) == (None, None, "north")


def test_a_role_of_the_city_begins_with_nothing_if_it_is_not_ordinary() -> None:
    contractor = Role("contractor", {"ko": "용역사"}, frozenset({Permission.READ}), ordinary=False)
    policy = Policy("theirs", Effect.PERMIT, who=Who(("contractor",)), what=What(types=("Building",)))
    policies = made(policy, roles=(contractor,))
    assert policies.permits(person("contractor"), Permission.READ)
    assert not policies.permits(person("contractor"), Permission.WRITE)
    assert sees(policies, person("contractor"), entity("Building"))
    assert not sees(policies, person("contractor"), entity("GtfsStop"))


# --- masks ---


def test_a_prohibition_hides_attributes_of_some_from_some() -> None:
    policies = made(
        Policy(
            "no-occupiers",
            Effect.PROHIBIT,
            who=Who(("citizen",)),
            what=What(types=("Building",), attributes=("occupier",)),
        )
    )
    building = entity("Building", "name", "occupier")
    for action in (Action.READ, Action.NOTIFY, Action.DISTRIBUTE, Action.AGGREGATE):
        assert names_seen(policies.access(person("citizen"), "", action), building) == {"name"}
    assert names_seen(policies.access(person("auditor"), "", Action.READ), building) == {"name", "occupier"}
    both = policies.access(person("citizen", "auditor"), "", Action.READ)
    assert names_seen(both, building) == {"name"}
    assert names_seen(both, entity("GtfsStop", "name", "occupier")) == {"name", "occupier"}


def test_a_permission_of_attributes_shows_no_others() -> None:
    contractor = Role("contractor", {}, frozenset({Permission.READ}), ordinary=False)
    policies = made(
        Policy(
            "names",
            Effect.PERMIT,
            who=Who(("contractor",)),
            what=What(types=("Building",), attributes=("name",)),
        ),
        roles=(contractor,),
    )
    access = policies.access(person("contractor"), "", Action.READ)
    assert names_seen(access, entity("Building", "name", "occupier")) == {"name"}
    assert access.view is not None
    assert access.view.may_hide(EXPAND("occupier"))
    assert not access.view.may_hide(EXPAND("name"))


def test_what_is_forbidden_to_a_person_is_forbidden_to_their_keys() -> None:
    policies = made(Policy("not-she", Effect.PROHIBIT, who=Who(subjects=("person:7",))))
    key = Identity("key:3", Kind.KEY, frozenset({""}), ("citizen",), owner="person:7")
    assert not sees(policies, key, entity("Building"))
    assert not sees(policies, person("citizen", number=7), entity("Building"))
    assert sees(policies, person("citizen", number=8), entity("Building"))


# --- constraints ---


def test_a_prohibition_for_a_purpose_holds_for_who_says_none() -> None:
    limits = Constraints(purposes=("advertising",))
    policies = made(Policy("no-ads", Effect.PROHIBIT, what=What(types=("Building",)), constraints=limits))
    building, citizen = entity("Building"), person("citizen")
    assert not sees(policies, citizen, building)
    assert not sees(policies, citizen, building, purpose="advertising")
    assert sees(policies, citizen, building, purpose="research")


@pytest.mark.parametrize(
    ("moment", "holds"),
    [
        ("2026-06-30T23:59:59+09:00", False),  # before it begins
        ("2026-07-01T09:00:00+09:00", True),
        ("2026-07-01T08:59:59+09:00", False),
        ("2026-07-01T18:00:00+09:00", False),
        ("2026-07-04T12:00:00+09:00", False),  # a Saturday
        ("2026-07-31T12:00:00+09:00", True),
        ("2026-08-03T12:00:00+09:00", False),  # after its end
    ],
)
def test_a_policy_holds_in_its_times_only(moment: str, *, holds: bool) -> None:
    clock = FixedClock(NOON)
    limits = Constraints(
        since="2026-07-01T00:00:00+09:00",
        until="2026-08-01T00:00:00+09:00",
        hours=("09:00", "18:00"),
        days=("mon", "tue", "wed", "thu", "fri"),
    )
    policies = made(
        Policy("office", Effect.PROHIBIT, what=What(types=("Building",)), constraints=limits), clock=clock
    )
    for at in (NOON, parse_moment(moment), NOON, parse_moment(moment)):
        clock.moment = at
        allowed = sees(policies, person("citizen"), entity("Building"))
    assert allowed is not holds


def test_a_night_belongs_to_the_day_on_which_it_began() -> None:
    clock = FixedClock(NOON)
    limits = Constraints(hours=("22:00", "06:00"), days=("wed",))
    policies = made(Policy("night", Effect.PROHIBIT, constraints=limits), clock=clock)
    closed = []
    for text in ("07-01T21:59", "07-01T22:00", "07-02T05:59", "07-02T06:00", "07-02T23:00", "07-01T05:00"):
        clock.moment = parse_moment(f"2026-{text}:00+09:00")
        closed.append(not sees(policies, person("citizen"), entity("Building")))
    assert closed == [False, True, True, False, False, False]


def test_a_counted_policy_is_used_up_by_each_caller_for_the_day() -> None:
    clock = FixedClock(NOON)
    visitors = Policy(
        "taste",
        Effect.PERMIT,
        what=What(types=("Building",)),
        actions=(Action.READ,),
        constraints=Constraints(count=2),
    )
    policies = made(visitors, clock=clock)
    stranger, other = person(number=1), person(number=2)
    assert [sees(policies, stranger, entity("Building")) for _ in range(3)] == [True, True, False]
    assert sees(policies, other, entity("Building"))
    assert not sees(policies, stranger, entity("Building"), Action.NOTIFY)
    clock.advance(24 * HOUR)
    assert sees(policies, stranger, entity("Building"))


def test_policies_hold_in_their_tenants() -> None:
    policies = made(Policy("north", Effect.PROHIBIT, tenants=("north",)))
    who = person("citizen")
    assert policies.access(who, "north", Action.READ).view != policies.access(who, "", Action.READ).view


def test_datasets_are_those_of_the_city() -> None:
    policies = made(
        Policy("no-stops", Effect.PROHIBIT, what=What(datasets=("stops",))), sources=frozenset({"stops"})
    )
    inside = entity("Building", identifier="urn:ngsi-ld:Building:gaon:stops:1")
    elsewhere = entity("Building", identifier="urn:ngsi-ld:Building:other:stops:1")
    key = entity("Building", identifier="urn:ngsi-ld:Building:gaon:x:urn:ngsi-ld:Building:gaon:stops:1")
    found = [sees(policies, person("citizen"), one) for one in (inside, elsewhere, key)]
    assert found == [False, True, True]


# --- duties ---


def test_duties_are_told_with_what_is_seen_by_them() -> None:
    researcher = person("researcher")
    duties = Duties("가온시", "auditor", "30 d")
    policy = Policy(
        "incidents-for-research",
        Effect.PERMIT,
        who=Who(("researcher",)),
        what=What(types=("Incident", "Building")),
        constraints=Constraints(purposes=("research",)),
        duties=duties,
    )
    policies = made(policy)
    told = policies.access(researcher, "", Action.READ, "research")
    assert told.duties == (Duty("가온시", "auditor", 30 * 24 * 3600),)
    assert told.recorded == {INCIDENT, BUILDING}
    assert "incidents-for-research" in told.rules
    assert policies.access(researcher, "", Action.READ).duties == ()
    assert policies.access(person("citizen"), "", Action.READ, "research").duties == ()


def test_a_duty_is_none_where_the_same_is_seen_without_it() -> None:
    policy = Policy(
        "needless",
        Effect.PERMIT,
        who=Who(("citizen",)),
        what=What(types=("Building",)),
        duties=Duties("가온시"),
    )
    assert made(policy).access(person("citizen"), "", Action.READ).duties == ()


# --- what cannot be enforced ---

REFUSED = {
    "a prohibition with a count": Policy("x", Effect.PROHIBIT, constraints=Constraints(count=5)),
    "a prohibition with duties": Policy("x", Effect.PROHIBIT, duties=Duties("city")),
    "a protected type without purposes": Policy(
        "x", Effect.PERMIT, who=Who(("citizen",)), what=What(types=("Person",))
    ),
    "a protected type for visitors": Policy(
        "x", Effect.PERMIT, what=What(types=("Person",)), constraints=Constraints(purposes=("research",))
    ),
    "a protected type for the role of visitors": Policy(
        "x",
        Effect.PERMIT,
        who=Who(("visitor", "citizen")),
        what=What(types=("Person",)),
        constraints=Constraints(purposes=("research",)),
    ),
    "a condition on what is linked": Policy(
        "x", Effect.PERMIT, what=What(condition='ownedBy{Organization:name=="x"}')
    ),
    "a hidden id": Policy("x", Effect.PROHIBIT, what=What(attributes=("id",))),
    "a role that there is not": Policy("x", Effect.PERMIT, who=Who(("mayor",))),
    "a duty to tell who does not read the audit": Policy(
        "x", Effect.PERMIT, what=What(types=("Building",)), duties=Duties(notify="citizen")
    ),
    "a duty to record everything": Policy("x", Effect.PERMIT, duties=Duties(notify="auditor")),
    "a duty of those who only write": Policy(
        "x", Effect.PERMIT, actions=(Action.WRITE,), duties=Duties(attribution="city")
    ),
    "an end before the beginning": Policy(
        "x",
        Effect.PERMIT,
        constraints=Constraints(since="2027-01-01T00:00:00Z", until="2026-01-01T00:00:00Z"),
    ),
    "hours without length": Policy("x", Effect.PERMIT, constraints=Constraints(hours=("09:00", "09:00"))),
    "an attribution that would end a header": Policy(
        "x", Effect.PERMIT, duties=Duties(attribution="city\r\nSet-Cookie: a=b")
    ),
    "a dataset that is a pattern": Policy("x", Effect.PROHIBIT, what=What(datasets=(".*",))),
    "an owner that would end a text": Policy("x", Effect.PERMIT, what=What(owner='urn:x:1"|name')),
    "a subject that is a name": Policy("x", Effect.PROHIBIT, who=Who(subjects=("alice@example.org",))),
    "a pattern that is too long": Policy(
        "x", Effect.PROHIBIT, what=What(datasets=tuple(f"{'s' * 50}-{number}" for number in range(20)))
    ),
    "too many names": Policy(
        "x", Effect.PERMIT, what=What(ids=tuple(f"urn:x:{number}" for number in range(201)))
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_enforced_is_refused(what: str) -> None:
    with pytest.raises(BadRequestData) as raised:
        made().check(REFUSED[what])
    assert raised.value.message.startswith("The policy x cannot be enforced: ")


def test_what_has_no_effect_is_warned_of() -> None:
    policy = Policy("x", Effect.PERMIT, who=Who(("citizen",)), actions=(Action.WRITE,))
    (problem,) = made().check(policy)
    assert problem.warning
    assert "citizen" in problem.message


def test_the_policies_of_every_city_are_themselves_in_order() -> None:
    policies = made(public=True)
    for listed in policies.listed():
        assert policies.check(listed.policy) == [], listed.policy.id
        assert set(listed.policy.name) == {"ko", "en"}


# --- consents ---


def test_a_consent_counts_from_the_next_request_and_no_longer_than_it_holds() -> None:
    class Consented:
        rules: tuple[Rule, ...] = ()

        def grants(self, identity: Identity, _tenant: str, purpose: str) -> tuple[Rule, ...]:
            return self.rules if "researcher" in identity.roles and purpose == "research" else ()

    policies, consents, she = made(), Consented(), entity("Person", "name", "email")
    policies.consents = consents
    researcher = person("researcher")
    assert not sees(policies, researcher, she, purpose="research")
    consents.rules = (
        Rule(Query(types=type_is(PERSON), ids=(she.id,)), attributes=frozenset({EXPAND("name")})),
    )
    access = policies.access(researcher, "", Action.READ, "research")
    assert names_seen(access, she) == {"name"}
    assert "consent" in access.rules
    assert not sees(policies, researcher, she)
    consents.rules = ()
    assert not sees(policies, researcher, she, purpose="research")
