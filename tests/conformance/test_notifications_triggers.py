"""Which changes a subscription is told of (CIM 009 §5.2.12, §5.8.1.4, §5.8.6)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.errors import BadRequestData
from madang.ngsild.context import CORE
from madang.ngsild.entity import Entity
from madang.ngsild.event import Event, Seen, event, occurrence
from madang.ngsild.parse import parse_entity
from madang.ngsild.subscription import Subscription, Trigger
from madang.ngsild.subscription_input import parse_subscription
from madang.ngsild.trigger import SubscriptionIndex, Watch

ID = "urn:ngsi-ld:Car:1"
EVERY = [trigger.value for trigger in Trigger]


def iri(name: str) -> str:
    return CORE.expand(name)


def car(**attributes: Any) -> Entity:
    """A car with Properties of these values; a list stands for instances by datasetId."""
    members: dict[str, Any] = {"id": ID, "type": "Car"}
    for name, value in attributes.items():
        if name in ("id", "type", "scope", "location"):
            members[name] = value
        elif isinstance(value, list):
            members[name] = [
                {"type": "Property", "value": one, **({"datasetId": f"urn:d:{n}"} if n else {})}
                for n, one in enumerate(value)
            ]
        else:
            members[name] = {"type": "Property", "value": value}
    return parse_entity(members, CORE)


def subscription(number: int = 1, **members: Any) -> Subscription:
    raw = {
        "id": f"urn:ngsi-ld:Subscription:{number}",
        "type": "Subscription",
        "entities": [{"type": "Car"}],
        "notification": {"endpoint": {"uri": "http://receiver.test/"}},
        **members,
    }
    return parse_subscription(
        {name: value for name, value in raw.items() if value is not None}, CORE, 1, "urn:x:1"
    )


def change(before: Entity | None, after: Entity | None) -> Event:
    return event(1, 2, before, after)


def is_told(what: Event, **members: Any) -> bool:
    """Whether the subscription is triggered; the index must agree with it."""
    watch = Watch(subscription(**members))
    index = SubscriptionIndex()
    index.put(watch)
    told = watch.triggered(what)
    assert index.triggered(what) == ([watch] if told else [])
    return told


CREATED = change(None, car(speed=1))
DELETED = change(car(speed=1), None)
UPDATED = change(car(speed=1), car(speed=2))
APPENDED = change(car(speed=1), car(speed=1, brand="a"))
REMOVED = change(car(speed=1, brand="a"), car(speed=1))


# --- what an event is ---


def test_a_write_of_the_same_value_is_no_change() -> None:
    """§5.8.6: a change has a value different from the existing one."""
    same = change(car(speed=1), car(speed=1))
    assert not same.created | same.updated | same.deleted
    assert not is_told(same, notificationTrigger=EVERY)


def test_members_of_an_attribute_are_part_of_it() -> None:
    """§5.8.6: any of the members in its JSON-LD node."""
    raw = {"id": ID, "type": "Car", "speed": {"type": "Property", "value": 1}}
    observed = {**raw, "speed": {**raw["speed"], "observedAt": "2026-01-01T00:00:00Z"}}  # type: ignore[dict-item]
    assert change(parse_entity(raw, CORE), parse_entity(observed, CORE)).updated == {iri("speed")}


@pytest.mark.parametrize(
    ("what", "created", "updated", "deleted"),
    [
        (CREATED, {"speed"}, set(), set()),
        (DELETED, set(), set(), {"speed"}),
        (UPDATED, set(), {"speed"}, set()),
        (APPENDED, {"brand"}, set(), set()),
        (REMOVED, set(), set(), {"brand"}),
        (change(car(a=1, b=1), car(b=2, c=1)), {"c"}, {"b"}, {"a"}),
        (change(car(a=1, b=1), car(b=2, a=1)), set(), {"b"}, set()),
        (change(car(a=[1, 2]), car(a=[1])), set(), set(), {"a"}),
        (change(car(a=[1]), car(a=[2, 2])), {"a"}, {"a"}, set()),
    ],
)
def test_an_event_says_what_differs(
    what: Event, created: set[str], updated: set[str], deleted: set[str]
) -> None:
    found = [
        {name.rpartition("/")[2] for name in names} for names in (what.created, what.updated, what.deleted)
    ]
    assert found == [created, updated, deleted]


# --- triggers ---


@pytest.mark.parametrize(
    ("trigger", "told"),
    [
        (None, (CREATED, UPDATED, APPENDED)),
        ("entityCreated", (CREATED,)),
        ("entityDeleted", (DELETED,)),
        ("attributeCreated", (CREATED, APPENDED)),
        ("attributeUpdated", (UPDATED,)),
        ("attributeDeleted", (DELETED, REMOVED)),
        ("entityUpdated", (CREATED, UPDATED, APPENDED, REMOVED, DELETED)),
    ],
)
def test_each_trigger(trigger: str | None, told: tuple[Event, ...]) -> None:
    """Table 5.2.12-1, notificationTrigger: entityUpdated is the three of attributes together."""
    members = {} if trigger is None else {"notificationTrigger": [trigger]}
    for what in (CREATED, UPDATED, APPENDED, REMOVED, DELETED):
        assert is_told(what, **members) == (what in told), what


def test_triggers_add_up() -> None:
    """Table 5.2.12-1."""
    both = {"notificationTrigger": ["entityCreated", "entityDeleted"]}
    assert [is_told(what, **both) for what in (CREATED, UPDATED, DELETED)] == [True, False, True]


def test_an_entity_without_attributes_is_created_too() -> None:
    """§5.8.6."""
    bare = change(None, car())
    assert is_told(bare, notificationTrigger=["entityCreated"])
    assert not is_told(bare)


@pytest.mark.parametrize("what", [CREATED, UPDATED, DELETED, REMOVED, APPENDED])
def test_only_watched_attributes_trigger(what: Event) -> None:
    """§5.8.1.4: watched attributes are those that trigger a notification when they are changed."""
    changed = what.created | what.updated | what.deleted
    for name in ("speed", "brand", "other"):
        told = is_told(what, watchedAttributes=[name], notificationTrigger=EVERY)
        assert told == (iri(name) in changed)


def test_without_entities_all_with_a_watched_attribute_are_subscribed_to() -> None:
    """§5.8.1.4."""
    assert is_told(UPDATED, entities=None, watchedAttributes=["speed"])
    assert not is_told(UPDATED, entities=None, watchedAttributes=["brand"])
    assert is_told(UPDATED, entities=None, localOnly=True)


# --- selection ---


@pytest.mark.parametrize(
    ("selector", "told"),
    [
        ({"type": "Car"}, True),
        ({"type": "Bus"}, False),
        ({"type": "*"}, True),
        ({"type": "Car|Bus"}, True),
        ({"type": "Bus|(Car;Fast)"}, False),
        ({"type": "Car", "id": ID}, True),
        ({"type": "Car", "id": ["urn:x:1", ID]}, True),
        ({"type": "Car", "id": "urn:x:1"}, False),
        ({"type": "Bus", "id": ID}, False),
        ({"type": "Car", "idPattern": "Car:.$"}, True),
        ({"type": "Car", "idPattern": "Bus"}, False),
        ({"type": "Car", "id": ID, "idPattern": "Bus"}, True),
    ],
)
def test_selectors(selector: dict[str, Any], told: bool) -> None:
    """§5.2.33: id takes precedence over idPattern."""
    assert is_told(UPDATED, entities=[selector]) is told
    assert is_told(UPDATED, entities=[{"type": "Ship"}, selector]) is told


def test_an_entity_of_several_types() -> None:
    """§4.17."""
    both = change(car(type=["Car", "Fast"], speed=1), car(type=["Car", "Fast"], speed=2))
    for types in ("Car", "Fast", "Car;Fast", "(Bus|Fast);Car"):
        assert is_told(both, entities=[{"type": types}]), types


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"q": "speed>1"}, True),
        ({"q": "speed>2"}, False),
        ({"q": "brand"}, False),
        ({"scopeQ": "/gaon/#"}, True),
        ({"scopeQ": "/other"}, False),
        ({"geoQ": {"georel": "near;maxDistance==10", "geometry": "Point", "coordinates": [1, 2]}}, True),
        ({"geoQ": {"georel": "near;maxDistance==10", "geometry": "Point", "coordinates": [3, 2]}}, False),
        ({"q": "speed>1", "scopeQ": "/other"}, False),
    ],
)
def test_conditions_are_on_the_entity_after_the_change(members: dict[str, Any], told: bool) -> None:
    """§5.8.6, with §4.9, §4.10 and §4.19."""
    place = {
        "scope": "/gaon/a",
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}},
    }
    assert is_told(change(car(speed=1, **place), car(speed=2, **place)), **members) is told


def test_values_in_q_may_be_terms() -> None:
    """§4.9: expandValues names the attributes whose values are terms, jsonKeys takes some out."""
    kind = {"id": ID, "type": "Car", "kind": {"type": "VocabProperty", "vocab": "Fast"}}
    what = change(None, parse_entity(kind, CORE))
    assert is_told(what, q="kind==Fast", expandValues="brand,kind")
    assert not is_told(what, q="kind==Slow", expandValues="kind")
    assert not is_told(what, q='kind=="Fast"', expandValues="kind", jsonKeys="kind")


def test_q_may_be_percent_encoded() -> None:
    """As clients write it, although §4.9 asks that of URLs only; where nothing is encoded nothing is decoded."""
    for brand, q, told in (
        ("a b", 'brand=="a%20b"', True),
        ("a b", "brand==%22a%20b%22", True),
        ("5%", 'brand=="5%"', True),
    ):
        assert is_told(change(car(speed=1, brand=brand), car(speed=2, brand=brand)), q=q) is told


def test_conditions_on_a_deleted_entity_are_on_what_it_was() -> None:
    """§5.8.6."""
    for q, told in (("speed==1", True), ("speed==2", False)):
        assert is_told(DELETED, q=q, notificationTrigger=["entityDeleted"]) is told


# --- who subscribed, and what that one may see ---


def without_speed(entity: Entity) -> Entity:
    shown = tuple([one for one in entity.attributes if one.name != iri("speed")])
    return entity if len(shown) == len(entity.attributes) else Entity(entity.id, entity.types, shown)


def shiny(entity: Entity) -> Entity | None:
    """Entities with a brand, and those that are a Bus, are seen."""
    return entity if entity.instances(iri("brand")) or iri("Bus") in entity.types else None


def test_a_masked_attribute_triggers_nothing() -> None:
    watch = Watch(subscription(), without_speed)
    assert not watch.triggered(UPDATED)
    assert watch.triggered(APPENDED)
    assert not Watch(subscription(q="speed>0"), without_speed).triggered(APPENDED)


def test_an_entity_out_of_sight_triggers_nothing() -> None:
    assert not Watch(subscription(), shiny).triggered(UPDATED)
    assert Watch(subscription(), shiny).triggered(change(car(brand="a", speed=1), car(brand="a", speed=2)))


def test_what_comes_into_sight_is_created_and_what_goes_out_is_deleted() -> None:
    """An attribute that is not watched may do that, and so may a type."""
    bus = change(car(type="Car", speed=1), car(type=["Car", "Bus"], speed=1))
    for what, trigger in ((APPENDED, "entityCreated"), (REMOVED, "entityDeleted"), (bus, "entityCreated")):
        for known in ("entityCreated", "entityDeleted", "attributeUpdated"):
            watch = Watch(subscription(watchedAttributes=["speed"], notificationTrigger=[known]), shiny)
            index = SubscriptionIndex()
            index.put(watch)
            assert watch.triggered(what) is (known == trigger), (what, known)
            assert index.triggered(what) == ([watch] if known == trigger else [])
            index.remove(watch.subscription.id)
            assert not index._by_type


# --- the index ---


def test_the_index_follows_its_watches() -> None:
    index = SubscriptionIndex()
    for number in (3, 1, 2):
        index.put(Watch(subscription(number)))
    assert [watch.subscription.id[-1] for watch in index.triggered(UPDATED)] == ["3", "1", "2"]
    index.put(Watch(subscription(1, watchedAttributes=["brand"])))
    index.remove("urn:ngsi-ld:Subscription:3")
    index.remove("urn:x:none")
    assert [watch.subscription.id[-1] for watch in index.triggered(UPDATED)] == ["2"]
    index.put(Watch(subscription(2, timeInterval=5)))
    assert len(index) == 1
    assert index.candidates(UPDATED) == []
    index.remove("urn:ngsi-ld:Subscription:1")
    assert not index._by_type
    assert not index._by_id


def test_an_occurrence_changes_nothing() -> None:
    """§5.8.6: by a time interval entities are told of whatever changes."""
    what = occurrence(1, 2, car(speed=2))
    assert not what.created | what.updated | what.deleted
    assert what.entity == car(speed=2)


def test_many_attributes_of_many_entities_are_found() -> None:
    names = [f"a{n}" for n in range(50)]
    ids = [f"urn:ngsi-ld:Car:{n}" for n in range(50)]
    for name, told in (("a49", True), ("b", False)):
        what = change(car(**{name: 1}), car(**{name: 2}))
        assert is_told(what, entities=[{"type": "Car", "id": ids}], watchedAttributes=names) is told


_NAMES = st.sampled_from(["a", "b", "c"])
_CARS = st.builds(
    lambda type_, id_, attributes: car(type=type_, id=id_, **attributes),
    st.sampled_from(["Car", "Bus", ["Car", "Bus"]]),
    st.sampled_from(["urn:x:1", "urn:x:2"]),
    st.dictionaries(_NAMES, st.integers(0, 2)),
)
_MEMBERS = st.fixed_dictionaries(
    {"notificationTrigger": st.lists(st.sampled_from(EVERY), min_size=1)},
    optional={
        "entities": st.lists(
            st.fixed_dictionaries(
                {"type": st.sampled_from(["Car", "Bus", "*", "Car;Bus", "Car|Bus"])},
                optional={
                    "id": st.sampled_from(["urn:x:1", ["urn:x:1", "urn:x:2"]]),
                    "idPattern": st.just("2$"),
                },
            ),
            min_size=1,
        ),
        "watchedAttributes": st.lists(_NAMES, min_size=1),
        "q": st.sampled_from(["a>0", "b|c"]),
    },
)


def no_bus(entity: Entity) -> Entity | None:
    return None if iri("Bus") in entity.types else entity


@given(
    st.lists(_MEMBERS, max_size=8),
    st.lists(st.none() | _CARS, min_size=2, max_size=2),
    st.sampled_from([(None, True), (no_bus, True), (shiny, False)]),
)
def test_the_index_finds_what_a_scan_finds(
    many: list[dict[str, Any]], sides: list[Entity | None], eyes: tuple[Seen | None, bool]
) -> None:
    before, after = sides
    if before is None and after is None:
        return
    if before is not None and after is not None:
        before = Entity(after.id, before.types, before.attributes)
    index = SubscriptionIndex()
    watches = []
    for number, members in enumerate(many):
        try:
            watches.append(Watch(subscription(number, **members), eyes[0], steady=eyes[1]))
        except BadRequestData:
            continue
        index.put(watches[-1])
    what = change(before, after)
    assert index.triggered(what) == [watch for watch in watches if watch.triggered(what)]
