"""[trust], [[role]] and [[policy]] of a city file: what they become, and every mistake at its line."""

from __future__ import annotations

from pathlib import Path

from madang.city.check import Checked, read_city
from madang.trust.identity import Permission
from madang.trust.policy import Effect

CITY = """[city]
id = "gaon"
name = { ko = "가온시", en = "Gaon" }
languages = ["ko", "en"]
time_zone = "Asia/Seoul"
extent = [126.90, 37.40, 127.00, 37.50]
"""


def read(tmp_path: Path, text: str) -> Checked:
    path = tmp_path / "city.toml"
    path.write_text(CITY + text, encoding="utf-8")
    return read_city(path, {})


def mistakes(tmp_path: Path, text: str) -> list[str]:
    """Lines from the first one after [city]."""
    first = CITY.count("\n")
    return [f"{one.line - first}: {one.message}" for one in read(tmp_path, text).mistakes]


def test_roles_and_policies_become_values(tmp_path: Path) -> None:
    city = read(
        tmp_path,
        """[trust]
public = ["GtfsStop"]
protected = ["Device"]
group_min = 10
[[role]]
id = "contractor"
name = { ko = "용역사", en = "Contractor" }
permissions = ["read", "write"]
ordinary = false
[[policy]]
id = "no-doors"
effect = "prohibit"
who = { roles = ["contractor"] }
what = { types = ["Building"], attributes = ["occupier"] }
""",
    ).city
    assert city is not None
    assert city.trust.public == ("GtfsStop",)
    assert (city.trust.protected, city.trust.group_min) == (("Device",), 10)
    (role,) = city.roles
    assert role.permissions == {Permission.READ, Permission.WRITE}
    assert not role.ordinary
    (policy,) = city.policies
    assert policy.effect is Effect.PROHIBIT
    assert policy.who.roles == ("contractor",)


def test_what_cannot_be_enforced_is_refused_at_its_line(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        """[[policy]]
id = "a"
effect = "permit"
who = { roles = ["contractr"] }
[policy.what]
types = ["Person"]
condition = "ownedBy{Organization:name}"
[policy.constraints]
hours = ["9", "18:00"]
""",
    )
    assert [line.split(":")[0] for line in found] == ["4", "7", "8", "9"]
    assert "purposes" in found[2]


def test_mistakes_of_form_hide_no_others(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        """[trust]
public = ["Person"]
[[role]]
id = "contractor"
name = { en = "Contractor" }
permissions = ["fly"]
[[policy]]
id = "a"
effect = "forbid"
who = { roles = ["contractr"] }
""",
    )
    assert [line.split(":")[0] for line in found] == ["2", "6", "9", "10"]


def test_a_type_that_nobody_knows_is_warned_of(tmp_path: Path) -> None:
    checked = read(tmp_path, '[[policy]]\nid = "a"\neffect = "prohibit"\nwhat = { types = ["Bulding"] }\n')
    assert checked.city is not None
    (warning,) = checked.mistakes
    assert 'did you mean "Building"?' in warning.message


PROVIDER = """[[provider]]
id = "hall"
name = { ko = "시청", en = "City hall" }
issuer = "https://sso.example"
client = "madang"
"""


def test_a_provider_lets_newcomers_in_as_citizens_unless_it_says_otherwise(tmp_path: Path) -> None:
    city = read(tmp_path, PROVIDER).city
    assert city is not None
    (provider,) = city.providers
    assert (provider.issuer, provider.secret, provider.roles) == ("https://sso.example", "", ("citizen",))


def test_mistakes_of_providers_stand_at_their_line(tmp_path: Path) -> None:
    assert mistakes(tmp_path, PROVIDER.replace("https://", "")) == [
        '4: "issuer" must be the address by which the provider names itself, such as "https://sso.example", but is "sso.example"'
    ]
    (told,) = mistakes(tmp_path, PROVIDER + 'roles = ["platform-operator"]\n')
    assert told.startswith('6: "platform-operator" is no role that a newcomer can have; ')
    (told,) = mistakes(tmp_path, PROVIDER * 2)
    assert told.startswith("7: ")
