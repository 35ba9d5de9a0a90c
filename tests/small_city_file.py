"""A city file for tests that start the platform."""

from __future__ import annotations

CITY = """
[city]
id = "gaon"
languages = ["ko", "en"]
time_zone = "Asia/Seoul"
name = { ko = "가온시", en = "Gaon" }
extent = [126.9, 37.4, 127.0, 37.5]

[trust]
open = true
"""


def city_of(source: str, type_: str, number: str) -> str:
    """A city with one table whose rows have a number. number: how the mapping takes it."""
    return f"""{CITY}[[source]]
id = "{source}"
connector = "table"
location = "{source}.csv"
[[source.entity]]
type = "{type_}"
id = "{{number}}"
[source.entity.attributes]
number = {number}
"""
