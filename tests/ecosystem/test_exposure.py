"""Who is suggested how often, beside how many they are."""

from __future__ import annotations

import msgspec
from tests.ecosystem.made_firms import ONE, PARTNER, THREE
from tests.ecosystem.made_outcome import made_outcome

from madang.ecosystem import exposure


def test_every_group_has_its_part_of_both_and_parts_are_whole() -> None:
    standings = made_outcome().standings
    shown = exposure.listed([PARTNER, msgspec.structs.replace(PARTNER, id="urn:two")])
    assert shown == {ONE: 2, THREE: 2}
    found = exposure.parity(standings, shown, 2026)
    for kind in ("size", "age", "district", "founders"):
        of_kind = [one for one in found if one.kind == kind]
        assert abs(sum(one.part for one in of_kind) - 1) < 1e-9
        assert abs(sum(one.exposure for one in of_kind) - 1) < 1e-9
        assert sum(one.organisations for one in of_kind) == len(standings)
    sizes = [one.group for one in found if one.kind == "size"]
    assert sizes == ["1-9", "10-49", "50-299"]
    # Nothing is known of who founded them, and it is said so
    assert [one.group for one in found if one.kind == "founders"] == [exposure.UNKNOWN]


def test_concentration() -> None:
    assert exposure.concentration({}) is None
    assert exposure.concentration({"a": 4}) == 10_000
    assert exposure.concentration({"a": 1, "b": 1}) == 5_000
