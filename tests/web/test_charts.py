"""Charts: what is missing stays missing, axes are round, colours stand for the same values tomorrow."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from madang import vocabulary
from madang.i18n import DAY, HOUR, MINUTE, Reader
from madang.web.chart import NARROW, WIDE, Series, draw, value_scale
from madang.web.history import bucket_for, means, series, table
from madang.web.scale import Collected, grade_breaks, quantile_breaks, round_breaks

NOW = 1_767_268_800_000_000
READER = Reader("en", ZoneInfo("Asia/Seoul"), NOW)


def hourly(hours: range, missing: frozenset[int] = frozenset()) -> Series:
    times = tuple(NOW - DAY + hour * HOUR for hour in hours if hour not in missing)
    return Series(NOW - DAY, NOW, times, tuple(float(index % 5) for index in range(len(times))))


def test_a_full_day_has_no_gap() -> None:
    assert hourly(range(25)).gaps() == []
    assert hourly(range(25)).coverage == 1


def test_missing_hours_are_a_gap() -> None:
    found = hourly(range(25), frozenset(range(9, 13)))
    assert found.gaps() == [(NOW - DAY + 8 * HOUR, NOW - DAY + 13 * HOUR)]
    assert found.coverage == pytest.approx(1 - 5 / 24)


def test_a_day_without_values_is_one_gap() -> None:
    assert Series(0, DAY, (), ()).gaps() == [(0, DAY)]


def test_what_has_not_begun_or_has_ended_is_a_gap() -> None:
    found = hourly(range(10, 16))
    assert found.gaps() == [(NOW - DAY, NOW - 14 * HOUR), (NOW - 9 * HOUR, NOW)]


def test_hours_before_quarter_minutes_are_no_gaps() -> None:
    """The past came by the hour, the present comes every 15 s: neither makes the other a gap."""
    past = [NOW - DAY + hour * HOUR for hour in range(23)]
    present = [NOW - HOUR + step * 15_000_000 for step in range(1, 240)]
    times = (*past, *present)
    assert Series(NOW - DAY, NOW, times, (1.0,) * len(times)).gaps() == []


def test_the_line_breaks_at_a_gap() -> None:
    drawing = draw(hourly(range(25), frozenset((9, 10, 11, 12))), WIDE, READER, str)
    assert drawing.path.count("M") == 2
    assert len(drawing.gaps) == 1
    assert drawing.gaps[0].labelled


def test_labels_stay_within_the_plot() -> None:
    for box in (WIDE, NARROW):
        drawing = draw(hourly(range(25)), box, READER, str)
        assert 2 <= len(drawing.times) <= box.labels + 1
        assert all(drawing.box.left <= tick.at <= box.right for tick in drawing.times)
        assert all(box.top <= tick.at <= box.bottom for tick in drawing.ticks)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([15, 33, 23], (0, 40, 10)),
        ([1013.0, 1014.5], (1013.0, 1014.5, 0.5)),
        ([-3.0, 8.0], (-5.0, 10.0, 5.0)),
        ([5.0, 5.0], (0.0, 10.0, 2.5)),
        ([], (0.0, 1.0, 0.25)),
    ],
)
def test_value_axes_are_round(values: list[float], expected: tuple[float, float, float]) -> None:
    assert value_scale(values, 4) == pytest.approx(expected)


def test_many_values_become_means() -> None:
    times = [NOW - DAY + step * 15_000_000 for step in range(5760)]
    found = series(times, [float(step % 4) for step in range(5760)], NOW - DAY, NOW)
    assert found.bucket == 5 * MINUTE == bucket_for(DAY, 480)
    assert len(found.times) <= 480
    assert found.values[5] == pytest.approx(1.5)


def test_means_of_a_bucket() -> None:
    found = means([0, 1, 10 * MINUTE], [1.0, 3.0, 7.0], 0, HOUR, 5 * MINUTE)
    assert found.values == (2.0, 7.0)


def test_the_table_holds_the_empty_rows_too() -> None:
    bucket, rows = table([NOW - 90 * MINUTE, NOW - 80 * MINUTE], [4.0, 6.0], NOW - DAY, NOW, 9 * HOUR)
    assert bucket == HOUR
    assert len(rows) == 24
    assert [(row.mean, row.count) for row in rows if row.count] == [(5.0, 2)]
    assert rows[0].begin > rows[-1].begin


def test_grades_make_seven_steps() -> None:
    term = vocabulary.attribute(vocabulary.context().expand("pm25"))
    assert term is not None
    assert grade_breaks(term.grades) == (7.5, 15, 25, 35, 55, 75)


def test_breaks_are_round_and_ascend() -> None:
    found = round_breaks([float(value) for value in range(3, 98)])
    assert len(found) == 6
    assert list(found) == sorted(found)
    assert all(value == int(value) for value in found)
    assert round_breaks([1.0, 2.0, 3.0]) == (1.0, 2.0)
    assert round_breaks([4.0, 4.0]) == ()


def test_uneven_values_are_divided_by_number() -> None:
    found = quantile_breaks([1.0] * 10 + [float(value) for value in range(2, 1000)])
    assert list(found) == sorted(set(found))


def test_the_most_frequent_codes_have_the_colours() -> None:
    usage = vocabulary.context().expand("usage")
    collected = Collected(usage)
    for code, times in (("office", 1), ("house", 5), ("retail", 3)):
        for _ in range(times):
            collected.take(code)
    scale = collected.scale(READER)
    assert scale is not None
    assert scale.codes == ("office", "house", "retail")
    assert scale.tones == (3, 1, 2)
    assert scale.texts[0] == "Detached house"
