"""What flows between the components: every act of a record is in the account, once, where and how it happened."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.ecosystem.flow_cells import year_of
from madang.ecosystem.flow_gaps import behind
from madang.ecosystem.flows import flow_facts
from madang.ecosystem.outcome import FlowCell, FlowFacts
from madang.ecosystem.record import Record, Thing, Use, Value
from madang.errors import BadRequestData
from madang.vocabulary.load import vocabulary

DAY_0: Final = (datetime(2025, 1, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days
NOW: Final = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp() * 1_000_000)


def urn(kind: str, key: str | int) -> str:
    return f"urn:ngsi-ld:{kind}:gaon:{key}"


def organisation(key: str | int, category: str = "startup", **links: tuple[str, ...]) -> Thing:
    values: dict[str, Value] = {"category": category, **links}
    return Thing(urn("Organization", key), "Organization", {"ko": f"기관 {key}"}, values=values)


def thing(kind: str, key: str | int, day: int | None = None, **values: Value) -> Thing:
    return Thing(urn(kind, key), kind, values=values, day=day)


def org(*keys: str | int) -> tuple[str, ...]:
    return tuple(urn("Organization", key) for key in keys)


def facts(*things: Thing, uses: tuple[Use, ...] = (), **targets: float) -> FlowFacts:
    record = Record("gaon", {"ko": "가온시"}, NOW, 1, things, uses)
    return flow_facts(
        record,
        vocabulary(),
        targets={key.replace("_", ">", 1).replace("__", ":"): n for key, n in targets.items()},
    )


def counts(found: FlowFacts) -> dict[tuple[str, str, str], float]:
    sums: Counter[tuple[str, str, str]] = Counter()
    for cell in found.cells:
        sums[cell.source, cell.target, cell.flow] += cell.count  # type: ignore[assignment]  # parts of one
    return dict(sums)


CITY, UNIVERSITY, FIRM, FUND, CLUB = (
    organisation("city", "city-government"),
    organisation("university", "university"),
    organisation("firm"),
    organisation("fund", "investor"),
    organisation("club", "association"),
)
EVERYBODY: Final = (CITY, UNIVERSITY, FIRM, FUND, CLUB)


def test_a_contract_passes_money_one_way_and_service_the_other() -> None:
    contract = thing(
        "Contract", 1, DAY_0 + 9, buyer=org("city"), supplier=org("firm"), amount=3e8, currency="KRW"
    )
    found = facts(*EVERYBODY, contract)
    assert found.cells == (
        FlowCell(2025, "economic", "institution", "service", 1.0),
        FlowCell(2025, "institution", "economic", "capital", 1.0, amount=3e8, currency="KRW"),
    )
    assert (found.mediated, found.online, found.offline) == (0.0, 0.0, 0.0)


def test_what_a_funder_gives_comes_from_the_funder() -> None:
    """`fundedBy` brings capital from its target."""
    programme = thing("Programme", 1, DAY_0, fundedBy=org("city"), amount=5.0)
    assert counts(facts(CITY, programme)) == {("institution", "institution", "capital"): 1}
    project = thing(
        "Project", 1, DAY_0, fundedBy=org("city"), participant=org("university", "firm"), amount=8.0
    )
    found = facts(*EVERYBODY, project)
    capital = {cell.target: (cell.count, cell.amount) for cell in found.cells if cell.flow == "capital"}
    assert capital == {"human": (0.5, 4.0), "economic": (0.5, 4.0)}
    unfunded = thing("Project", 1, DAY_0, participant=org("university", "firm"))
    assert {flow for _, _, flow in counts(facts(*EVERYBODY, unfunded))} == {"knowledge"}


def test_a_consortium_is_one_however_large_it_is() -> None:
    members = [organisation(number, "university" if number < 5 else "startup") for number in range(15)]
    project = thing("Project", 1, DAY_0, participant=org(*range(15)))
    found = counts(facts(*members, project))
    assert sum(found.values()) == pytest.approx(1)
    assert found["human", "economic", "knowledge"] == pytest.approx(5 * 10 / (15 * 14))
    assert found["human", "human", "knowledge"] == pytest.approx(5 * 4 / (15 * 14))


def test_where_one_side_is_not_known_the_thing_itself_stands_for_it() -> None:
    contract = thing("Contract", 1, DAY_0, buyer=org("city"))
    assert counts(facts(CITY, contract)) == {
        ("institution", "economic", "capital"): 1,
        ("economic", "institution", "service"): 1,
    }
    # Who met is nobody's business; that they met on the platform is
    assert counts(facts(thing("Meeting", 1, DAY_0))) == {("platform", "platform", "people"): 1}


def test_what_came_about_over_the_platform() -> None:
    event = thing("Event", 1, DAY_0, participant=org("firm"))
    ways: tuple[dict[str, Value], ...] = (
        {"arisenFrom": (event.id,)},
        {"channel": "online"},
        {"channel": "outside", "arisenFrom": (event.id,)},
        {},
    )
    deals = [
        thing("Investment", number, DAY_0 + 90, investor=org("fund"), investedIn=org("university"), **way)
        for number, way in enumerate(ways)
    ]
    found = facts(*EVERYBODY, event, *deals)
    (capital,) = [cell for cell in found.cells if cell.flow == "capital"]
    assert (capital.count, capital.online, capital.offline) == (4, 1, 1)
    # Two of the event (to it and from it) and one deal of six in all ran at a gathering
    assert found.offline == pytest.approx(3 / 6)
    assert found.online == pytest.approx(1 / 6)
    assert found.mediated == pytest.approx(4 / 6)
    months = {(one.month, one.what): (one.count, one.online, one.offline) for one in found.activity}
    assert months == {("2025-01", "Event"): (1, 0, 1), ("2025-04", "Investment"): (4, 1, 1)}


def test_what_stands_is_told_once() -> None:
    """Two who name each other are partners once, and a city operates its streets, not three thousand times."""
    partners = (organisation(1, partnerOf=org(2)), organisation(2, partnerOf=org(1)))
    streets = [thing("RoadSegment", number, operatedBy=org("city")) for number in range(30)]
    found = facts(*partners, CITY, *streets)
    assert {(cell.year, cell.flow, cell.count) for cell in found.cells} == {
        (None, "knowledge", 1.0),
        (None, "service", 1.0),
    }


def test_what_is_to_come_or_was_called_off_has_not_happened() -> None:
    today = NOW // 86_400_000_000
    tomorrow = thing("Event", 1, today + 1, participant=org("firm"))
    planned = thing("Project", 1, DAY_0, status="planned", participant=org("firm", "fund"))
    off = thing("Event", 2, DAY_0, status="cancelled", participant=org("firm"))
    found = facts(*EVERYBODY, tomorrow, planned, off)
    assert (found.cells, found.activity) == ((), ())
    assert facts(*EVERYBODY, thing("Event", 3, today, participant=org("firm"))).cells


def test_who_is_confirmed_to_be_the_same_is_one() -> None:
    one = organisation(1, "startup", partnerOf=org(3))
    again = organisation(2, "startup", partnerOf=org(3), sameAs=org(1))
    found = facts(one, again, organisation(3))
    assert counts(found) == {("economic", "economic", "knowledge"): 1}
    assert {each.id for each in found.breaks} == set(org(1, 3))


def test_reads_are_told_by_days() -> None:
    uses = (
        Use(DAY_0, "read", "startup", 900),
        Use(DAY_0, "download", "anchor-firm", 3),
        Use(DAY_0 + 1, "read", "startup", 1),
        Use(DAY_0, "read", "", 5),
        Use(DAY_0, "write", "physical", 100_000),
    )
    found = facts(uses=uses)
    assert counts(found) == {
        ("platform", "economic", "data"): 2,
        ("platform", "culture", "data"): 1,
        ("physical", "platform", "data"): 1,
    }
    assert all(cell.online == cell.count for cell in found.cells)
    assert found.mediated is None
    assert sum(one.count for one in found.activity) == 900 + 3 + 1 + 5 + 100_000


def test_links_that_lead_nowhere_known_are_told() -> None:
    lost = organisation(1, suppliesTo=("urn:ngsi-ld:Spaceship:1", "mailto:x", *org(9)))
    found = facts(lost, thing("Contract", 1, DAY_0, buyer=("nobody",), supplier=org(1)))
    assert found.unaccounted == {"suppliesTo": 2, "buyer": 1}
    # An organisation that is not in the record is one all the same
    assert counts(found)["economic", "economic", "service"] == 2


KINDS = st.sampled_from(("Contract", "Investment", "Project", "Meeting", "Event", "Proposal", "Message"))
ROLES = st.sampled_from(("startup", "citizen", "researcher", "", "data-officer", "nobody-known"))


@st.composite
def a_year(draw: st.DrawFn) -> tuple[list[Thing], list[Use]]:
    """What happened on the platform in 2025, among thirty organisations of all kinds."""
    kinds = [kind.values["category"] for kind in EVERYBODY]
    people = [organisation(number, str(kinds[number % len(kinds)])) for number in range(30)]
    keys = st.lists(st.integers(0, 29), max_size=9, unique=True).map(lambda some: org(*some))
    day = st.integers(DAY_0, DAY_0 + 364)
    done = []
    for number in range(draw(st.integers(0, 25))):
        kind = draw(KINDS)
        ends: dict[str, Value] = {}
        if kind in ("Project", "Event", "Meeting"):
            ends = {"participant": draw(keys)}
        elif kind == "Contract":
            ends = {"buyer": draw(keys)[:1], "supplier": draw(keys)}
        elif kind == "Investment":
            ends = {"investor": draw(keys), "investedIn": draw(keys)[:1], "amount": draw(st.floats(1, 1e12))}
        elif kind == "Proposal":
            ends = {"proposedBy": draw(keys), "submittedTo": (urn("Call", 1),)}
        channel = draw(st.sampled_from(("online", "offline", "outside", "")))
        done.append(thing(kind, number, draw(day), channel=channel, **ends))
    uses = [
        Use(draw(day), draw(st.sampled_from(("read", "notification", "download"))), draw(ROLES), n)
        for n in draw(st.lists(st.integers(1, 10**6), max_size=12))
    ]
    return [*people, *done], uses


def expected(things: list[Thing]) -> Counter[str]:
    """How often something of each kind ran, told without the account: one for each thing that says so."""
    found: Counter[str] = Counter()
    for one in things:
        has = {name for name, value in one.values.items() if isinstance(value, tuple) and value}
        if one.type == "Contract" and has:
            found.update(("capital", "service"))
        elif one.type == "Investment" and has:
            found["capital"] += 1
        elif (one.type == "Project" and has) or one.type == "Proposal":
            found["knowledge"] += 1
        elif one.type == "Event" and has:
            found["people"] += 2
        elif one.type in ("Meeting", "Message"):
            found["people"] += 1
    return found


@given(a_year())
def test_a_year_of_activity_adds_up_to_the_events_that_made_it(made: tuple[list[Thing], list[Use]]) -> None:
    things, uses = made
    found = facts(*things, uses=tuple(uses))
    keys = [(one.year, one.source, one.target, one.flow, one.currency) for one in found.cells]
    assert len(set(keys)) == len(keys), "a cell twice"
    sums: dict[str, float] = {}
    for cell in found.cells:
        sums[cell.flow] = sums.get(cell.flow, 0.0) + cell.count
        assert cell.year == 2025
        assert 0 <= cell.online + cell.offline <= cell.count + 1e-9
    groups = {"startup": "economic", "researcher": "human", "data-officer": "institution"}
    days = {(use.day, groups.get(use.who, "culture")) for use in uses}
    wanted = {**expected(things), **({"data": len(days)} if days else {})}
    assert sums == pytest.approx(wanted)
    money = sum(cell.amount for cell in found.cells)
    given_money = [
        float(str(one.values["amount"]))
        for one in things
        if one.type == "Investment"
        and any(value for value in one.values.values() if isinstance(value, tuple))
    ]
    assert math.isclose(money, sum(given_money), rel_tol=1e-9)
    assert sum(one.count for one in found.activity if one.what[0].islower()) == sum(use.count for use in uses)
    for channel in ("online", "offline"):
        told = sum(getattr(one, channel) for one in found.activity if one.what[0].isupper())
        acting = [
            one
            for one in things
            if one.type != "Organization" and (one.type in ("Meeting", "Message") or expected([one]))
        ]
        usual = {"Event": "offline", "Meeting": "offline", "Proposal": "online", "Message": "online"}
        assert told == sum((one.values["channel"] or usual.get(one.type)) == channel for one in acting)


def test_what_a_city_cannot_do_without_is_missed_only_where_it_would_be_known() -> None:
    nothing = facts()
    assert {gap.kind for gap in nothing.gaps} == {"unknown"}
    contract = thing("Contract", 1, DAY_0, buyer=org("city"), supplier=org("firm"))
    found = {(gap.source, gap.target, gap.flow): gap.kind for gap in facts(*EVERYBODY, contract).gaps}
    assert found["economic", "human", "capital"] == "missing"
    assert found["human", "economic", "people"] == "unknown"
    assert ("institution", "economic", "capital") not in found
    for days, kind in ((29, "unknown"), (30, "missing")):
        uses = tuple(Use(DAY_0 + day, "read", "startup", 1) for day in range(days))
        told = {(gap.source, gap.target): gap.kind for gap in facts(uses=uses).gaps}
        assert told["platform", "culture"] == kind


def contracts(numbers: dict[int, int]) -> list[Thing]:
    """numbers: year to how many."""
    first = {year: DAY_0 + (year - 2025) * 365 + 100 for year in numbers}
    return [
        thing("Contract", f"{year}-{number}", first[year], buyer=org("city"), supplier=org("firm"))
        for year, many in numbers.items()
        for number in range(many)
    ]


def test_what_falls_by_more_than_chance_is_a_gap() -> None:
    falling = facts(*EVERYBODY, *contracts({2022: 12, 2023: 15, 2024: 12, 2025: 4, 2026: 0}))
    found = [gap for gap in falling.gaps if gap.kind == "falling"]
    assert {(gap.flow, gap.count, gap.expected, gap.against) for gap in found} == {
        ("capital", 4, 13, "2022-2024"),
        ("service", 4, 13, "2022-2024"),
    }
    by_chance = facts(*EVERYBODY, *contracts({2022: 4, 2023: 5, 2024: 3, 2025: 2}))
    assert not [gap for gap in by_chance.gaps if gap.kind == "falling"]
    # The year that is not over is no fall
    going_on = facts(*EVERYBODY, *contracts({2024: 12, 2025: 12, 2026: 1}))
    assert not [gap for gap in going_on.gaps if gap.kind == "falling"]


def test_a_target_is_met_in_the_last_year_that_is_over() -> None:
    record = Record("gaon", {}, NOW, 1, (*EVERYBODY, *contracts({2024: 9, 2025: 4})))
    for wanted, short in ((4, []), (5, [(4, 5, "target")])):
        found = flow_facts(record, vocabulary(), targets={"institution>economic:capital": wanted})
        assert [(gap.count, gap.expected, gap.against) for gap in found.gaps if gap.kind == "short"] == short
    with pytest.raises(BadRequestData, match="write source>target:flow"):
        flow_facts(record, vocabulary(), targets={"city>firms:money": 1})


def test_what_comes_in_and_does_not_go_on() -> None:
    uses = tuple(Use(DAY_0 + day, "write", "physical", 5) for day in range(30))
    stuck = [gap for gap in facts(uses=uses).gaps if gap.kind == "stuck"]
    assert [(gap.source, gap.flow, gap.count, gap.expected) for gap in stuck] == [("platform", "data", 0, 30)]
    read = tuple(Use(DAY_0 + day, "read", "citizen", 5) for day in range(30))
    assert not [gap for gap in facts(uses=uses + read).gaps if gap.kind == "stuck"]


def test_what_stood_and_is_gone() -> None:
    partners = [organisation(number, partnerOf=org("university")) for number in range(20)]
    before = facts(*EVERYBODY, *partners)
    record = Record("gaon", {}, NOW, 1, (*EVERYBODY, *partners[:6]))
    found = [gap for gap in flow_facts(record, vocabulary(), before).gaps if gap.against == "past"]
    assert {(gap.source, gap.target, gap.count, gap.expected) for gap in found} == {
        ("economic", "human", 3, 10),
        ("human", "economic", 3, 10),
    }


def test_another_city_is_compared_by_parts_of_what_flows() -> None:
    ours = facts(*EVERYBODY, *contracts({2025: 20}), thing("Meeting", 1, DAY_0))
    large = [thing("Meeting", number, DAY_0) for number in range(200)]
    theirs = facts(*EVERYBODY, *contracts({2025: 200}), *large)
    (gap,) = behind(ours, theirs, "garam")
    assert (gap.kind, gap.flow, gap.count, gap.against) == ("behind", "people", 1, "garam")
    assert gap.expected == pytest.approx(41 / 3)
    assert behind(theirs, theirs, "garam") == ()


def test_what_breaks_if_somebody_goes() -> None:
    """A hub joins a pair and three, of which one joins the other two; and two are a part of their own."""
    firms = [organisation(number) for number in range(9)]
    pairs = [(0, 1), (0, 2), (0, 3), (3, 4), (3, 5), (7, 8), (1, 2)]
    ties = [thing("Partnership", place, DAY_0, participant=org(*pair)) for place, pair in enumerate(pairs)]
    alone = thing("Investment", 1, DAY_0, investor=org(7), investedIn=org(8))
    found = {one.id: one for one in facts(*firms, *ties, alone).breaks}
    severed = {urn("Organization", key): n for key, n in {0: 2, 3: 2}.items()}
    assert {name: one.severed for name, one in found.items() if one.severed} == severed
    assert found[urn("Organization", 0)].lost == 3
    assert urn("Organization", 6) not in found
    assert found[urn("Organization", 7)].only == (("economic", "economic", "capital"),)
    assert next(iter(found)) == urn("Organization", 0)


def test_years_are_of_the_calendar() -> None:
    assert [year_of(day) for day in (0, 364, 365, DAY_0, DAY_0 - 1)] == [1970, 1970, 1971, 2025, 2024]
    assert year_of(None) is None
