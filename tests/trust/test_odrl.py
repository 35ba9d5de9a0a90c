"""Policies as ODRL: what is written is read again as it was, and what cannot be enforced is refused at its place."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import orjson
import pytest

from madang import vocabulary
from madang.errors import BadRequestData
from madang.trust.identity import Action
from madang.trust.policy import READING, Constraints, Duties, Effect, Policy, What, Who
from madang.trust.policy_compile import Ground, rules
from madang.trust.policy_odrl import to_odrl
from madang.trust.policy_odrl_in import from_odrl, is_odrl

CONTEXT = vocabulary.context()


def some(source: random.Random, *names: str) -> tuple[str, ...]:
    return tuple(source.sample(names, source.randint(0, len(names))))


def random_policy(source: random.Random) -> Policy:
    return Policy(
        "mine",
        source.choice(list(Effect)),
        source.choice([{}, {"ko": "이름", "en": "A name"}]),
        Who(some(source, "citizen", "auditor"), some(source, "urn:org:1"), some(source, "person:7", "key:3")),
        What(
            some(source, "Building", "GtfsStop", "https://example.org/ns#type"),
            some(source, "urn:ngsi-ld:Building:1"),
            some(source, "/a", "/b/#"),
            some(source, "name", "occupier", "*", "https://w3id.org/madang/ns#role"),
            some(source, "stops"),
            source.choice([None, (1.0, 2.0, 3.0, 4.0), {"type": "Point", "coordinates": [1.0, 2.0]}]),
            source.choice(["", "own", "urn:org:2"]),
            source.choice(["", "height>3"]),
        ),
        tuple(Action(name) for name in some(source, *Action)),
        Constraints(
            some(source, "research", "safety"),
            source.choice(["", "2026-01-01T00:00:00Z"]),
            source.choice(["", "2027-01-01T00:00:00+09:00"]),
            source.choice([None, ("09:00", "18:00")]),
            some(source, "mon", "sun"),
            source.choice([0, 10]),
        ),
        Duties(
            source.choice(["", "가온시"]), source.choice(["", "auditor"]), source.choice(["", "30 d", "12 h"])
        ),
        some(source, "north"),
    )


def named(policy: Policy) -> Policy:
    """With the names that a round trip gives."""

    def expanded(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name if name == "*" else CONTEXT.expand(name) for name in names)

    what = msgspec.structs.replace(
        policy.what, types=expanded(policy.what.types), attributes=expanded(policy.what.attributes)
    )
    return msgspec.structs.replace(policy, what=what, actions=policy.actions or READING)


def test_what_is_written_is_read_again() -> None:
    source = random.Random(7)
    for _ in range(300):
        policy = random_policy(source)
        document = orjson.loads(orjson.dumps(to_odrl(policy, CONTEXT)))
        assert is_odrl(document)
        (read,) = from_odrl(document)
        assert read == named(policy)
        ground = Ground(CONTEXT, vocabulary.protected())
        assert rules(read, ("urn:org:1",), ground) == rules(policy, ("urn:org:1",), ground)


def document(**rule: Any) -> dict[str, Any]:
    return {
        "@context": "http://www.w3.org/ns/odrl.jsonld",
        "@type": "Set",
        "uid": "urn:madang:policy:mine",
        "permission": [{"target": "urn:madang:graph", "action": "read", **rule}],
    }


def test_other_spellings_are_read() -> None:
    (read,) = from_odrl(
        {
            "type": "odrl:Offer",
            "uid": "mine",
            "odrl:permission": {
                "odrl:target": {"@id": "urn:ngsi-ld:Building:1"},
                "odrl:action": [{"@id": "http://www.w3.org/ns/odrl/2/read"}, "odrl:distribute"],
                "odrl:constraint": {
                    "odrl:leftOperand": {"@id": "odrl:dateTime"},
                    "odrl:operator": {"@id": "odrl:lt"},
                    "odrl:rightOperand": {"@value": "2027-01-01T00:00:00Z", "@type": "xsd:dateTime"},
                },
            },
        }
    )
    assert read.what.ids == ("urn:ngsi-ld:Building:1",)
    assert read.actions == (Action.READ, Action.DISTRIBUTE)
    assert read.constraints.until == "2027-01-01T00:00:00Z"


def test_several_rules_become_several_policies() -> None:
    both = {**document(), "prohibition": [{"action": "distribute"}]}
    first, second = from_odrl(both)
    assert (first.id, first.effect, second.id, second.effect) == (
        *("mine", Effect.PERMIT),
        *("mine-2", Effect.PROHIBIT),
    )


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ({"action": "play"}, "permission[0].action"),
        ({"action": []}, "permission[0].action"),
        ({"assignee": "https://example.org/alice"}, "permission[0].assignee"),
        ({"assigner": "https://example.org/city"}, "permission[0].assigner"),
        ({"constraint": {"leftOperand": "payAmount", "operator": "eq", "rightOperand": 5}}, "payAmount"),
        ({"constraint": {"leftOperand": "count", "operator": "gt", "rightOperand": 5}}, "operator: 'gt'"),
        ({"constraint": {"leftOperand": "count", "operator": "lteq", "rightOperand": -1}}, "rightOperand"),
        ({"constraint": {"leftOperand": "count", "operator": "lteq", "rightOperand": True}}, "rightOperand"),
        ({"constraint": {"and": []}}, "constraint[0].and"),
        ({"constraint": "x"}, "constraint[0]: it must be an object"),
        ({"duty": {"action": "compensate"}}, "duty[0].action"),
        ({"duty": {"action": "delete"}}, "duty[0].constraint"),
        ({"duty": {"action": "attribute", "consequence": {}}}, "duty[0].consequence"),
        ({"target": {"@type": "Asset", "refinement": []}}, "permission[0].target"),
        ({"target": 5}, "permission[0].target"),
    ],
)
def test_what_cannot_be_enforced_is_refused_at_its_place(rule: dict[str, Any], place: str) -> None:
    with pytest.raises(BadRequestData) as raised:
        from_odrl(document(**rule))
    assert place in raised.value.message


@pytest.mark.parametrize(
    "whole",
    [
        {"uid": "mine"},
        {**document(), "obligation": [{"action": "delete"}]},
        {**document(), "conflict": "perm"},
        {**document(), "uid": "https://example.org/1"},
        {**document(), "inheritFrom": "urn:x"},
        {**document(), "madang:name": {"ko": 5}},
        {**document(), "permission": ["x"]},
    ],
)
def test_whole_documents_are_refused(whole: dict[str, Any]) -> None:
    with pytest.raises(BadRequestData):
        from_odrl(whole)
