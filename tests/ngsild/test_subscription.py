"""Subscriptions as values: whatever a client writes is a subscription or an error, and what is kept is the same again."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from madang.errors import BadRequestData
from madang.ngsild.context import CORE
from madang.ngsild.subscription import (
    DeliveryState,
    Subscription,
    Trigger,
    decode_subscription,
    encode_subscription,
)
from madang.ngsild.subscription_input import _MEMBERS, parse_subscription, patch_subscription
from madang.ngsild.subscription_output import subscription_json
from madang.ngsild.trigger import Watch

ID = "urn:ngsi-ld:Subscription:1"
NEVER = DeliveryState()

_TEXTS = st.sampled_from(
    [
        "",
        "a",
        "Car",
        "*",
        "a>1",
        "(a|b);c",
        "urn:x:1",
        "http://h/n",
        "mqtt://h/t",
        "[",
        "%",
        "@none",
        "a{b}",
        "1.5",
    ]
)
_SCALARS = st.none() | st.booleans() | st.integers(-2, 10) | st.floats() | _TEXTS
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)
_ENDPOINT = st.dictionaries(
    st.sampled_from(["uri", "accept", "timeout", "cooldown", "receiverInfo", "notifierInfo"]), _JSON
)
_NOTIFICATION = st.dictionaries(
    st.sampled_from(["format", "attributes", "pick", "omit", "sysAttrs", "showChanges", "join", "joinLevel"]),
    _JSON,
)
_WILD = st.dictionaries(st.sampled_from([*_MEMBERS, "id", "type"]), _JSON)


@given(_WILD, _NOTIFICATION, _ENDPOINT)
def test_anything_is_a_subscription_or_an_error(
    members: dict[str, Any], notification: dict[str, Any], endpoint: dict[str, Any]
) -> None:
    whole = {"entities": [{"type": "Car"}], **members, "type": "Subscription"}
    base = parse_subscription(
        {
            "type": "Subscription",
            "entities": [{"type": "Car"}],
            "notification": {"endpoint": {"uri": "http://h/n"}},
        },
        CORE,
        1,
        ID,
    )
    for raw in (
        whole,
        {**whole, "notification": {**notification, "endpoint": {"uri": "http://h/n"}}},
        {**whole, "notification": {"endpoint": {"uri": "http://h/n", **endpoint}}},
    ):
        with suppress(BadRequestData):
            parse_subscription(raw, CORE, 1, ID)
        with suppress(BadRequestData):
            patch_subscription(base, {**raw, "type": "Subscription"}, CORE, 2)


_NAMES = st.sampled_from(["speed", "brand", "https://example.org/a"])
_LISTS = st.lists(_NAMES, min_size=1, max_size=3, unique=True)
_SELECTORS = st.fixed_dictionaries(
    {"type": st.sampled_from(["Car", "*", "Car|Bus", "(Car;Fast)|https://example.org/B"])},
    optional={"id": st.sampled_from(["urn:x:1", ["urn:x:1", "urn:x:2"]]), "idPattern": st.just("^urn")},
)
_VALID = st.fixed_dictionaries(
    {
        "type": st.just("Subscription"),
        "entities": st.lists(_SELECTORS, min_size=1, max_size=3),
        "notification": st.fixed_dictionaries(
            {
                "endpoint": st.fixed_dictionaries(
                    {"uri": st.sampled_from(["http://h/n", "mqtts://u:p@h:1/a/b"])},
                    optional={
                        "accept": st.sampled_from(["application/json", "application/geo+json"]),
                        "timeout": st.integers(1, 9),
                        "receiverInfo": st.just([{"key": "A", "value": "b"}]),
                    },
                )
            },
            optional={
                "format": st.sampled_from(["normalized", "concise"]),
                "pick": st.lists(_NAMES, min_size=1, max_size=2),
                "join": st.sampled_from(["flat", "inline", "@none"]),
                "showChanges": st.booleans(),
            },
        ),
    },
    optional={
        "watchedAttributes": _LISTS,
        "notificationTrigger": st.lists(st.sampled_from([one.value for one in Trigger]), min_size=1),
        "q": st.sampled_from(["speed>1", 'brand=="a b"|speed', "a{b}==1"]),
        "scopeQ": st.sampled_from(["/a/#", "/a;/b"]),
        "geoQ": st.just(
            {"georel": "within", "geometry": "Point", "coordinates": [1, 2], "geoproperty": "location"}
        ),
        "datasetId": st.sampled_from([["@none"], "urn:d:1"]),
        "throttling": st.sampled_from([0.5, 3]),
        "isActive": st.booleans(),
        "lang": st.just("ko"),
        "jsonldContext": st.just("https://example.org/c"),
        "ngsildConformance": st.just("1.6"),
    },
)


def read(raw: dict[str, Any]) -> Subscription:
    return parse_subscription(raw, CORE, 1, ID)


@given(_VALID)
def test_what_is_kept_is_the_same_again(raw: dict[str, Any]) -> None:
    subscription = read(raw)
    assert decode_subscription(encode_subscription(subscription)) == subscription
    Watch(subscription)


@given(_VALID)
def test_what_is_shown_makes_the_same_subscription(raw: dict[str, Any]) -> None:
    subscription = read(raw)
    shown = subscription_json(subscription, NEVER, CORE, 2)
    again = read({name: value for name, value in shown.items() if name != "jsonldContext" or value})
    fields = {*Subscription.__struct_fields__} - {"stated"}
    for field in fields:
        assert getattr(again, field) == getattr(subscription, field), field


@given(_VALID, _VALID)
def test_a_fragment_with_every_member_makes_another_subscription(
    raw: dict[str, Any], other: dict[str, Any]
) -> None:
    away = {name: "urn:ngsi-ld:null" for name in raw if name not in ("type", "notification", "jsonldContext")}
    wanted = {**other, "jsonldContext": other.get("jsonldContext", raw.get("jsonldContext"))}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    patched = patch_subscription(read(raw), {**away, **wanted}, CORE, 1)
    assert patched == read(wanted)
