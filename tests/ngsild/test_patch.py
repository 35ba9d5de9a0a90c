"""What each change makes of an entity."""

from __future__ import annotations

from typing import Any

import pytest

from madang.errors import AlreadyExists, BadRequestData, NotFound
from madang.ngsild.attribute_values import Part
from madang.ngsild.changes import AppendHistory, Delete, DeleteAttribute, Mode, PatchAttribute, Write
from madang.ngsild.context import CORE
from madang.ngsild.entity import Entity
from madang.ngsild.parse import parse_entity, parse_fragment
from madang.ngsild.patch import apply
from madang.ngsild.representation import Form, to_json

ID = "urn:ngsi-ld:Car:1"


def property_(value: Any, **members: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, **members}


def car(**members: Any) -> Entity:
    created = apply(
        Write(Mode.CREATE, parse_entity({"id": ID, "type": "Car", **members}, CORE)), None, 100
    ).entity
    assert created is not None
    return created


def fragment(partial: Part = Part.WHOLE, **members: Any) -> Entity:
    return parse_fragment(members, CORE, ID, partial=partial)


def after(mode: Mode, entity: Entity, part: Entity) -> dict[str, Any]:
    changed = apply(Write(mode, part), entity, 200).entity
    assert changed is not None
    return to_json(changed, Form(CORE))


def test_create_stamps_and_refuses_a_second() -> None:
    entity = car(speed=property_(1))
    assert (entity.created_at, entity.modified_at, entity.attributes[0].created_at) == (100, 100, 100)
    with pytest.raises(AlreadyExists, match=ID):
        apply(Write(Mode.CREATE, entity), entity, 200)


@pytest.mark.parametrize("mode", [Mode.REPLACE, Mode.MERGE, Mode.APPEND, Mode.APPEND_NEW, Mode.UPDATE])
def test_what_does_not_exist_cannot_be_changed(mode: Mode) -> None:
    with pytest.raises(NotFound, match=ID):
        apply(Write(mode, fragment(speed=property_(1))), None, 100)


def test_replace_keeps_only_what_is_named() -> None:
    entity = car(speed=property_(1), colour=property_("red"))
    applied = apply(Write(Mode.REPLACE, fragment(speed=property_(2))), entity, 200)
    assert applied.entity is not None
    assert applied.entity.created_at == 100
    assert to_json(applied.entity, Form(CORE)).keys() == {"id", "type", "speed"}
    assert applied.removed == ((CORE.expand("colour"), None),)


def test_append_overwrites_or_not() -> None:
    entity = car(speed=property_(1))
    part = fragment(speed=property_(2), colour=property_("red"))
    assert after(Mode.APPEND, entity, part)["speed"]["value"] == 2
    applied = apply(Write(Mode.APPEND_NEW, part), entity, 200)
    assert applied.outcome.updated == (CORE.expand("colour"),)
    assert applied.outcome.skipped[0][0] == CORE.expand("speed")


def test_update_replaces_appends_deletes_and_keeps_untouched_objects() -> None:
    entity = car(speed=property_(1), colour=property_("red"), doors=property_(5))
    part = fragment(partial=Part.MERGE, speed=property_(2), wheels=property_(4), doors="urn:ngsi-ld:null")
    applied = apply(Write(Mode.UPDATE, part), entity, 200)
    assert applied.entity is not None
    assert applied.outcome.updated == (CORE.expand("speed"), CORE.expand("wheels"))
    assert applied.outcome.removed == (CORE.expand("doors"),)
    assert applied.entity.attributes[1] is entity.attributes[1]
    assert [(one.created_at, one.modified_at) for one in applied.entity.attributes] == [
        (100, 200),
        (100, 100),
        (200, 200),
    ]


def test_scopes_are_replaced_added_or_ignored() -> None:
    entity = car(scope="/a")
    assert after(Mode.APPEND, entity, fragment(scope="/b"))["scope"] == "/b"
    assert after(Mode.APPEND_NEW, entity, fragment(scope="/b"))["scope"] == ["/a", "/b"]
    assert after(Mode.UPDATE, entity, fragment(scope="/b"))["scope"] == "/b"
    applied = apply(Write(Mode.UPDATE, fragment(scope="/b")), car(), 200)
    assert applied.outcome.skipped[0][0] == "scope"
    assert "scope" not in after(Mode.MERGE, entity, fragment(partial=Part.MERGE, scope="urn:ngsi-ld:null"))


def test_instances_are_told_apart_by_dataset() -> None:
    entity = car(speed=[property_(1), property_(2, datasetId="urn:d:1")])
    changed = after(Mode.UPDATE, entity, fragment(speed=property_(3, datasetId="urn:d:1")))
    assert [one["value"] for one in changed["speed"]] == [1, 3]


def test_merge_goes_deep_and_deletes_by_null() -> None:
    entity = car(
        speed=property_(1, unitCode="KMH", accuracy=property_(0.5)),
        address=property_({"city": "가온", "street": {"name": "솔숲로", "number": 1}}),
        colour=property_("red"),
    )
    part = fragment(
        partial=Part.MERGE,
        speed={"value": 5, "accuracy": "urn:ngsi-ld:null"},
        address={"value": {"street": {"number": 2}}},
        colour="urn:ngsi-ld:null",
        wheels=property_(4),
    )
    changed = after(Mode.MERGE, entity, part)
    assert changed["speed"] == property_(5, unitCode="KMH")
    assert changed["address"]["value"] == {"city": "가온", "street": {"name": "솔숲로", "number": 2}}
    assert "colour" not in changed
    assert changed["wheels"]["value"] == 4


def test_merge_of_a_new_attribute_needs_a_value() -> None:
    with pytest.raises(BadRequestData, match="needs a value"):
        apply(Write(Mode.MERGE, fragment(partial=Part.MERGE, wheels={"unitCode": "C62"})), car(), 200)


def test_partial_update_keeps_other_members_and_the_kind() -> None:
    entity = car(speed=property_(1, unitCode="KMH"))
    (patch,) = fragment(partial=Part.MERGE, speed={"observedAt": "2026-01-01T00:00:00Z"}).attributes
    changed = apply(PatchAttribute(ID, patch), entity, 200).entity
    assert changed is not None
    assert to_json(changed, Form(CORE))["speed"] == property_(
        1, unitCode="KMH", observedAt="2026-01-01T00:00:00Z"
    )
    (wrong,) = fragment(partial=Part.MERGE, speed={"type": "Relationship", "object": "urn:x:1"}).attributes
    with pytest.raises(BadRequestData, match="replace it with PUT"):
        apply(PatchAttribute(ID, wrong), entity, 200)


def test_delete_of_an_attribute() -> None:
    entity = car(speed=[property_(1), property_(2, datasetId="urn:d:1")])
    name = CORE.expand("speed")
    changed = apply(DeleteAttribute(ID, name), entity, 200).entity
    assert changed is not None
    assert to_json(changed, Form(CORE))["speed"]["datasetId"] == "urn:d:1"
    with pytest.raises(NotFound, match="has no attribute"):
        apply(DeleteAttribute(ID, name), changed, 200)
    gone = apply(DeleteAttribute(ID, name, every=True), entity, 200).entity
    assert gone is not None
    assert not gone.attributes


def test_delete() -> None:
    applied = apply(Delete(ID), car(speed=property_(1)), 200)
    assert applied.entity is None
    assert applied.outcome.deleted


def test_history_makes_the_latest_current() -> None:
    hours = [property_(n, observedAt=f"2026-01-01T{n:02}:00:00Z") for n in (3, 1, 2)]
    part = Entity(
        ID, (CORE.expand("Car"),), tuple(a for hour in hours for a in fragment(speed=hour).attributes)
    )
    applied = apply(AppendHistory(part), None, 100)
    assert applied.entity is not None
    assert len(applied.written) == 3
    assert to_json(applied.entity, Form(CORE))["speed"]["value"] == 3
    older = Entity(ID, (), fragment(speed=property_(0, observedAt="2025-01-01T00:00:00Z")).attributes)
    again = apply(AppendHistory(older), applied.entity, 200)
    assert again.entity is not None
    assert to_json(again.entity, Form(CORE))["speed"]["value"] == 3
    assert len(again.written) == 1
