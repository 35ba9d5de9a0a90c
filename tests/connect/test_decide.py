"""What a batch of rows changes: pure decisions over what the source said before."""

from __future__ import annotations

from typing import Any

from madang.connect.decide import (
    Deciding,
    Decision,
    Stamp,
    changed_ids,
    decode_stamp,
    encode_stamp,
    name_hash,
    withdrawn,
)
from madang.connect.mapping import Mapped, Refused, digest
from madang.ngsild.attribute import property_
from madang.ngsild.changes import AppendHistory, Delete, DeleteAttribute, DeleteHistory, Write
from madang.ngsild.entity import Attribute, Entity
from madang.ngsild.times import format_moment

TYPE = ("urn:type",)


def row(key: str, *attributes: Attribute, seen: tuple[Attribute, ...] = (), newest: int = 0) -> Mapped:
    return Mapped(
        key, TYPE, (), attributes, seen, newest, digest(TYPE, (), attributes), f"f:{key}", "original"
    )


def value(name: str, number: Any) -> Attribute:
    return property_(f"urn:{name}", number)


def observed(number: int, second: int) -> Mapped:
    moment = second * 1_000_000
    return row("e", seen=(property_("urn:level", number, observed_at=format_moment(moment)),), newest=moment)


def decide(
    *items: Mapped | Refused,
    run: int = 1,
    observing: bool = False,
    again: bool = False,
    stamps: dict[str, Stamp] | None = None,
    current: dict[str, Entity | None] | None = None,
) -> Decision:
    return Deciding(run, observing, again, stamps or {}, current or {}).decide(items)


def test_a_new_entity_is_written_whole() -> None:
    decision = decide(row("e", value("a", 1)))
    (change,) = decision.changes
    assert isinstance(change, Write)
    assert change.fragment == Entity("e", TYPE, (value("a", 1),))
    assert (decision.written, decision.unchanged) == (1, 0)


def test_the_same_again_changes_nothing_and_is_seen() -> None:
    stamps = decide(row("e", value("a", 1))).stamps
    decision = decide(row("e", value("a", 1)), run=2, stamps=stamps)
    assert decision.changes == ()
    assert (decision.written, decision.unchanged) == (0, 1)
    assert decision.stamps["e"].run == 2


def test_only_what_differs_is_written_and_what_the_source_gave_up_goes() -> None:
    before = row("e", value("a", 1), value("b", 1), value("c", 1))
    stamps = decide(before).stamps
    now = Entity("e", TYPE, (value("a", 1), value("b", 1), value("c", 1), value("theirs", 9)))
    item = row("e", value("a", 1), value("b", 2))
    assert changed_ids([item], stamps) == ["e"]
    decision = decide(item, run=2, stamps=stamps, current={"e": now})
    write, gone = decision.changes
    assert isinstance(write, Write)
    assert write.fragment.attributes == (value("b", 2),)
    assert gone == DeleteAttribute("e", "urn:c", None)


def test_an_entity_that_somebody_deleted_is_written_whole_again_when_it_changes() -> None:
    stamps = decide(row("e", value("a", 1), value("b", 1))).stamps
    decision = decide(row("e", value("a", 1), value("b", 2)), run=2, stamps=stamps, current={"e": None})
    (write,) = decision.changes
    assert isinstance(write, Write)
    assert len(write.fragment.attributes) == 2


def test_two_rows_with_one_identifier() -> None:
    decision = decide(row("e", value("a", 1)), row("e", value("a", 1)), row("e", value("a", 2)))
    assert len(decision.changes) == 1
    assert decision.unchanged == 1
    (rejected,) = decision.rejected
    assert "Another row of this source is e already" in rejected.reason
    later = decide(row("e", value("a", 3)), stamps=decision.stamps)
    assert later.changes == ()
    assert len(later.rejected) == 1


def test_a_refused_row_keeps_its_entity_alive() -> None:
    stamps = decide(row("e", value("a", 1))).stamps
    decision = decide(Refused("f:2", "x", "bad", "e"), run=2, stamps=stamps)
    assert decision.stamps["e"].run == 2
    assert decision.stamps["e"].digest == stamps["e"].digest
    assert decision.rejected[0].place == "f:2"


def test_observations_of_a_batch_are_one_change_oldest_first() -> None:
    decision = decide(observed(2, 20), observed(1, 10), observed(3, 30), observing=True)
    (change,) = decision.changes
    assert isinstance(change, AppendHistory)
    assert [attribute.members()["value"] for attribute in change.fragment.attributes] == [1, 2, 3]
    assert decision.stamps["e"].newest == 30_000_000
    assert decision.written == 3


def test_observations_read_again_are_known_by_their_time() -> None:
    stamps = decide(observed(1, 10), observed(2, 20), observing=True).stamps
    decision = decide(
        observed(3, 30), observed(2, 20), observed(4, 25), run=2, observing=True, again=True, stamps=stamps
    )
    (change,) = decision.changes
    assert isinstance(change, AppendHistory)
    assert [attribute.members()["value"] for attribute in change.fragment.attributes] == [4, 3]
    assert decision.unchanged == 1
    more = decide(observed(5, 22), observed(1, 10), run=2, observing=True, again=True, stamps=decision.stamps)
    assert (more.written, more.unchanged) == (1, 1)


def test_a_late_observation_is_taken() -> None:
    stamps = decide(observed(2, 20), observing=True).stamps
    assert decide(observed(1, 10), run=2, observing=True, stamps=stamps).written == 1


def test_what_describes_an_observed_entity_is_written_once() -> None:
    rows = [
        Mapped(
            "e", TYPE, (), (value("name", "x"),), (), 0, digest(TYPE, (), (value("name", "x"),)), "f:1", ""
        ),
        Mapped(
            "e", TYPE, (), (value("name", "x"),), (), 0, digest(TYPE, (), (value("name", "x"),)), "f:2", ""
        ),
    ]
    assert len(decide(*rows, observing=True).changes) == 1


def test_stamps_come_back() -> None:
    stamp = decide(row("e", value("a", 1)), observed(1, 10), observing=True).stamps["e"]
    assert decode_stamp(encode_stamp(stamp)) == stamp
    assert set(stamp.names) == {name_hash("urn:level", None), name_hash("urn:a", None)}


def test_withdrawing() -> None:
    stamp = decide(row("e", value("a", 1))).stamps["e"]
    both = Entity("e", TYPE, (value("a", 1), value("theirs", 1)))
    alone = Entity("e", TYPE, (value("a", 1),))
    assert withdrawn("e", True, stamp, both, forget=False) == [Delete("e")]
    assert withdrawn("e", False, stamp, both, forget=False) == [DeleteAttribute("e", "urn:a", None)]
    assert withdrawn("e", False, stamp, both, forget=True) == [
        DeleteAttribute("e", "urn:a", None),
        DeleteHistory("e", "urn:a", None),
    ]
    assert withdrawn("e", False, stamp, alone, forget=True) == [Delete("e"), DeleteHistory("e")]
    assert withdrawn("e", True, stamp, None, forget=True) == []
