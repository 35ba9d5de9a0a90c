"""Settings from the environment and from flags, and the names of limits."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from madang.errors import SettingInvalid
from madang.settings import SETTINGS, Limits, Settings, read

UNITS = (
    "attributes|tenants|fetches|documents|bytes|cached|changes|characters|clients|contexts|depth|entities|files|ids|indexes|instances|lines|ms"
    "|per_minute|accounts|readings|requests|days|failures|hours|names|passwords|policies|sign_ins|entries|subscriptions|levels|keys|kept|remembered|in_flight|refusals|letters|observations|rows|seconds|terms|threads|vertices"
)


def test_without_anything_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read({}) == Settings(home=tmp_path / ".madang", host="127.0.0.1", port=8080, egress_allow=())


def test_a_flag_wins_over_its_variable() -> None:
    environment = {
        "MADANG_PORT": "8081",
        "MADANG_HOME": "/one",
        "MADANG_EGRESS_ALLOW": "*.Example.org, 10.0.0.0/8,::1",
    }
    chosen = read(environment, {"port": "0", "home": None})
    assert chosen == Settings(
        Path("/one"), "127.0.0.1", 0, egress_allow=("*.example.org", "10.0.0.0/8", "::1")
    )


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("MADANG_PORT", "65536"),
        ("MADANG_PORT", "-1"),
        ("MADANG_PORT", "http"),
        ("MADANG_HOST", ""),
        ("MADANG_HOST", "localhost:80"),
        ("MADANG_HOST", "http://localhost"),
        ("MADANG_EGRESS_ALLOW", "10.0.0.1/8"),
        ("MADANG_EGRESS_ALLOW", "http://inner"),
        ("MADANG_HISTORY_KEEP", "Car"),
        ("MADANG_HISTORY_KEEP", "Car=0d"),
        ("MADANG_HISTORY_KEEP", "Car=1d,Car=2d"),
        ("MADANG_PERSONAL_KEEP", "Complaint=3y"),
    ],
)
def test_a_wrong_value_names_its_variable_and_the_right_form(variable: str, text: str) -> None:
    (form,) = [setting.form for setting in SETTINGS if setting.variable == variable]
    with pytest.raises(SettingInvalid) as refused:
        read({variable: text})
    assert refused.value.message == f"{variable} is {text!r}, but must be {form}"


def test_types_are_kept_for_days() -> None:
    assert read({}).history_kept == ()
    assert read({"MADANG_HISTORY_KEEP": "Car=30d, *=400d,"}).history_kept == (("Car", 30), ("*", 400))


def test_settings_are_listed_once_each() -> None:
    fields = [field.name for field in msgspec.structs.fields(Settings)]
    assert [setting.field for setting in SETTINGS] == fields
    assert len({setting.variable for setting in SETTINGS}) == len(SETTINGS)


def test_limits_end_with_their_unit() -> None:
    names = [field.name for field in msgspec.structs.fields(Limits)]
    wrong = [name for name in names if not re.fullmatch(rf"(\w+_)?({UNITS})_(min|max|default)", name)]
    assert not wrong, f"limits are named with their unit before _max: {wrong}"
