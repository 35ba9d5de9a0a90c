"""Links to some entities go out of others; everything else stays as it was."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from madang.ngsild.attribute import parse_attribute
from madang.ngsild.context import CORE
from madang.ngsild.entity import Entity
from madang.ngsild.unlinking import mentions, needles_of, without_links

GONE, STAYS, LONGER = "urn:x:1", "urn:x:2", "urn:x:11"
IDS = frozenset((GONE,))


def entity(raw: Any) -> Entity:
    attributes = [one for name, value in raw.items() for one in parse_attribute(name, value, CORE)]
    return Entity("urn:x:0", (CORE.expand("Thing"),), tuple(attributes))


def link(target: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Relationship", "object": target, **more}


def listed(*targets: str) -> dict[str, Any]:
    return {"type": "ListRelationship", "objectList": [{"object": one} for one in targets]}


PROPERTY = {"type": "Property", "value": 1}
CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"a": link(GONE)}, {}),
    ({"a": link(STAYS), "b": link(GONE)}, {"a": link(STAYS)}),
    ({"a": link([GONE, STAYS])}, {"a": link([STAYS])}),
    ({"a": link([GONE])}, {}),
    ({"a": listed(GONE, STAYS)}, {"a": listed(STAYS)}),
    ({"a": listed(GONE)}, {}),
    ({"a": {"type": "Property", "value": GONE}, "b": PROPERTY}, {"b": PROPERTY}),
    ({"a": {"type": "Property", "value": {"type": "Relationship", "object": GONE}}}, {}),
    ({"a": {"type": "JsonProperty", "json": {"deep": [{"to": GONE}]}}}, {}),
    ({"a": {**PROPERTY, "by": link(GONE)}}, {"a": PROPERTY}),
    ({"a": link(STAYS, by=link(GONE))}, {"a": link(STAYS)}),
    ({"a": {**PROPERTY, "b": {**PROPERTY, "by": link(GONE)}}}, {"a": {**PROPERTY, "b": PROPERTY}}),
    (
        {"a": [link(GONE, datasetId="urn:d:1"), link(STAYS, datasetId="urn:d:2")]},
        {"a": [link(STAYS, datasetId="urn:d:2")]},
    ),
]


@pytest.mark.parametrize(("before", "after"), CASES)
def test_links_to_what_is_gone_go(before: dict[str, Any], after: dict[str, Any]) -> None:
    left = without_links(entity(before), IDS)
    assert [(one.name, one.dataset_id, orjson.loads(one.body)) for one in left.attributes] == [
        (one.name, one.dataset_id, orjson.loads(one.body)) for one in entity(after).attributes
    ]
    assert not any(mentions(one.body, needles_of(IDS)) for one in left.attributes)


@pytest.mark.parametrize(
    "raw",
    [
        {"a": link(LONGER)},
        {"a": {"type": "Property", "value": [{"type": "Thing", "n": 1}, {"n": 2}]}},
        {"a": {"type": "Property", "value": f"see {GONE} there"}},
        {"a": {"type": "JsonProperty", "json": {"type": "Relationship", "to": STAYS}}},
    ],
)
def test_what_has_none_is_the_same_object(raw: dict[str, Any]) -> None:
    before = entity(raw)
    assert without_links(before, IDS) is before
