"""What sensors say: cycles of the day and the week, gaps, and the same value for the same moment, always."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from tests.demo.conftest import MOMENT, SEED

from madang.city.demo.fleet import BY_KEY, KINDS, SENSORS
from madang.city.demo.gaon import Gaon
from madang.city.demo.placing import Placed, place_sensors
from madang.city.demo.readings import Group, groups_of, measure
from madang.city.demo.transit import Transit
from madang.city.demo.waves import Floats, wave
from madang.city.demo.weather import KST

HOURS = 24 * 28


@pytest.fixture(scope="module")
def placed(gaon: Gaon, transit: Transit) -> tuple[Placed, ...]:
    return place_sensors(gaon, transit, MOMENT)[0]


@pytest.fixture(scope="module")
def groups(gaon: Gaon, transit: Transit) -> tuple[Group, ...]:
    return groups_of(place_sensors(gaon, transit, MOMENT)[1])


@pytest.fixture(scope="module")
def month(groups: tuple[Group, ...]) -> dict[str, dict[str, Floats]]:
    return {group.kind: values for group, values in zip(groups, measure(groups, hours()), strict=True)}


def hours() -> Floats:
    return np.arange(-HOURS, 0, dtype=np.float64) * 3600 + (MOMENT / 1e6 - 60 * 24 * 3600)


def at_hours(first: int, last: int, working: bool) -> np.ndarray:
    local = [datetime.fromtimestamp(second, KST) for second in hours()]
    return np.array([first <= one.hour < last and (one.weekday() < 5) is working for one in local])


def mean(values: Floats, chosen: np.ndarray) -> float:
    return float(np.nanmean(values[chosen]))


def test_exactly_two_hundred_sensors_each_with_its_own_name(placed: tuple[Placed, ...]) -> None:
    assert SENSORS == len(placed) == 200
    assert [sum(one.kind is kind for one in placed) for kind in KINDS] == [kind.count for kind in KINDS]
    names = [one.name for one in placed]
    assert len({name.ko for name in names}) == len({name.en for name in names}) == 200
    keys = [one.sensor.key for one in placed]
    assert len(set(keys)) == 200


def test_sensors_of_a_kind_stand_apart(placed: tuple[Placed, ...]) -> None:
    for kind in KINDS:
        places = np.array([(one.place.x, one.place.y) for one in placed if one.kind is kind])
        distances = np.hypot(*(places[:, None] - places[None, :]).transpose(2, 0, 1))
        assert distances[~np.eye(len(places), dtype=bool)].min() > 5, kind.key


def test_traffic_has_rush_hours_on_working_days(month: dict[str, dict[str, Floats]]) -> None:
    vehicles, speed = month["traffic"]["intensity"], month["traffic"]["averageVehicleSpeed"]
    rush, night, sunday = at_hours(8, 9, True), at_hours(2, 4, True), at_hours(8, 9, False)
    assert mean(vehicles, rush) > 3 * mean(vehicles, night)
    assert mean(vehicles, rush) > 1.8 * mean(vehicles, sunday)
    assert mean(speed, rush) < mean(speed, night)


def test_air_noise_people_and_lights_follow_the_day(month: dict[str, dict[str, Floats]]) -> None:
    noon, night = at_hours(12, 15, True), at_hours(2, 4, True)
    assert mean(month["air"]["o3"], noon) > mean(month["air"]["o3"], night)
    assert mean(month["air"]["temperature"], noon) > mean(month["air"]["temperature"], night) + 3
    assert mean(month["noise"]["LAeq"], noon) > mean(month["noise"]["LAeq"], night) + 3
    assert mean(month["crowd"]["peopleCount"], noon) > 5 * mean(month["crowd"]["peopleCount"], night)
    assert mean(month["light"]["activePower"], night) > 20 * mean(month["light"]["activePower"], noon)
    assert mean(month["weather"]["solarRadiation"], night) == 0


def test_bicycles_leave_homes_in_the_morning(
    groups: tuple[Group, ...], month: dict[str, dict[str, Floats]]
) -> None:
    group = next(group for group in groups if group.kind == "bike")
    share = month["bike"]["availableBikeNumber"] / group.size
    homes, work = group.home > 0.6, group.home < 0.4
    noon, night = at_hours(11, 15, True), at_hours(2, 5, True)
    assert homes.any()
    assert work.any()
    assert mean(share[:, homes], noon) < mean(share[:, homes], night)
    assert mean(share[:, work], noon) > mean(share[:, work], night)


def test_values_are_possible(groups: tuple[Group, ...], month: dict[str, dict[str, Floats]]) -> None:
    for group in groups:
        for column, values in month[group.kind].items():
            assert values.shape == (HOURS, BY_KEY[group.kind].count)
            assert np.nanmin(values) >= (-25 if "emperature" in column else 0), column
            assert len(np.unique(values[~np.isnan(values)])) >= 3, column
    assert np.nanmax(month["air"]["pm25"]) < 200
    assert np.nanmax(month["parking"]["occupancy"]) <= 100
    bikes = month["bike"]
    total = bikes["availableBikeNumber"] + bikes["freeSlotNumber"]
    size = next(group.size for group in groups if group.kind == "bike")
    assert np.array_equal(np.nan_to_num(total, nan=-1) == size, ~np.isnan(total))


def test_some_hours_are_missing_and_some_sensors_fell_silent(groups: tuple[Group, ...]) -> None:
    """A sensor that stopped has values before and none after."""
    seconds = np.arange(-7 * 24, 0, dtype=np.float64) * 3600 + MOMENT / 1e6
    measured = {group.kind: values for group, values in zip(groups, measure(groups, seconds), strict=True)}
    missing = {kind: np.isnan(next(iter(values.values()))) for kind, values in measured.items()}
    assert 0.003 < np.mean([values.mean() for values in missing.values()]) < 0.05
    silent = {kind: np.flatnonzero(values[-8:].all(axis=0)).tolist() for kind, values in missing.items()}
    assert silent["air"] == [15]
    assert not missing["air"][:-46, 15].all()


def test_any_moment_can_be_asked_for_by_itself(groups: tuple[Group, ...]) -> None:
    seconds = hours()
    together = measure(groups, seconds)
    for number in (0, 17, 400):
        alone = measure(groups, seconds[number : number + 1])
        for all_values, own in zip(together, alone, strict=True):
            for column, values in own.items():
                np.testing.assert_array_equal(values[0], all_values[column][number])


def test_values_go_on_without_a_jump(groups: tuple[Group, ...]) -> None:
    """Fifteen seconds later the air is nearly the same."""
    seconds = np.arange(240, dtype=np.float64) * 15 + MOMENT / 1e6
    air = next(
        values for group, values in zip(groups, measure(groups, seconds), strict=True) if group.kind == "air"
    )
    assert np.nanmax(np.abs(np.diff(air["temperature"], axis=0))) <= 0.2
    assert np.nanmax(np.abs(np.diff(air["pm25"], axis=0))) <= 2


def test_waves_stay_within_one_and_wander() -> None:
    values = wave(SEED, np.arange(50), np.arange(0, 3.6e6, 900.0), 3600)
    assert np.abs(values).max() <= 1
    assert abs(values.mean()) < 0.05
    assert np.abs(np.diff(values, axis=0)).max() < 0.8
