"""A city file without what is wrong in its form, so that the rest can be checked in the same go."""

from __future__ import annotations

from copy import deepcopy
from difflib import get_close_matches
from typing import Any, Final

from madang.city import schema
from madang.city.file import SCHEMA
from madang.city.mistake import Found, Path
from madang.connect.adapter import CONNECTORS

_PASSES_MAX: Final = 20
# What stands for a value that is needed and wrong or missing, by table and key
_CITY: Final = {"id": "x", "name": {}, "languages": ["en"], "time_zone": "UTC", "extent": [0, 0, 1, 1]}
_STAND_INS: Final[dict[str, dict[str, Any]]] = {
    "city": _CITY,
    "source": {"connector": "table", "location": "x"},
    "entity": {"type": "x"},
    "layer": {"type": "x", "style": "point"},
    "role": {"name": {}},
    "policy": {"effect": "prohibit"},
    "provider": {"name": {}, "issuer": "https://x.example", "client": "x"},
}


def repaired(data: dict[str, Any], found: list[Found]) -> tuple[dict[str, Any], list[Path]]:
    """Data of the right form, and the places where it differs. found: the mistakes of its form."""
    data = deepcopy(data)
    touched: list[Path] = []
    for _ in range(_PASSES_MAX):
        if not found:
            return data, touched
        for mistake in found:
            _repair(data, (*mistake.path, mistake.lacks) if mistake.lacks else mistake.path, touched)
        found = schema.check(data, SCHEMA)
    return {"city": dict(_CITY)}, [()]


def _repair(data: dict[str, Any], path: Path, touched: list[Path]) -> None:
    """Take out the value, or put another in its place where there must be one."""
    parent = _at(data, path[:-1])
    last = path[-1]
    if isinstance(last, int):
        # One value of a list: the list goes
        _repair(data, path[:-1], touched)
        return
    if not isinstance(parent, dict):
        return
    touched.append(path)
    wrong = parent.pop(last, None)
    stand_in = _stand_in(path, wrong)
    if stand_in is not None:
        parent[last] = stand_in


def _at(data: Any, path: Path) -> Any:
    for part in path:
        within = (
            part in data if isinstance(data, dict) else isinstance(data, list) and part in range(len(data))
        )
        if not within:
            return None
        data = data[part]
    return data


def _stand_in(path: Path, wrong: Any) -> Any:
    key = path[-1]
    if path == ("city",):
        return dict(_CITY)
    table = next((part for part in reversed(path[:-1]) if isinstance(part, str)), "")
    if key == "id" and table in ("source", "layer", "role", "policy", "provider"):
        return f"x{path[-2]}"
    if key == "connector":
        close = get_close_matches(str(wrong), CONNECTORS, n=1)
        return close[0] if close else "table"
    return _STAND_INS.get(table, {}).get(str(key))


def concerns(found: Found, touched: list[Path]) -> bool:
    """Whether the mistake may only be there because something was changed: at its place, above it or just below."""
    if found.warning and found.path[:1] == ("layer",):
        return True
    if found.lacks == "entity" and (*found.path, "connector") in touched:
        return True
    place = (*found.path, found.lacks) if found.lacks else found.path
    return any(place[: len(path)] == path or path[:-1] == place for path in touched)
