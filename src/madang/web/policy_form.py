"""A policy as the fields of a form, both ways. A field with several names takes them separated by commas or lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import orjson

from madang.errors import BadRequestData
from madang.i18n import LANGUAGES
from madang.trust.policy import Policy
from madang.trust.policy_check import Problem
from madang.web.form import Form

# Fields of a part of a policy with several names, and those with one text
_LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "who": ("roles", "organisations", "subjects"),
    "what": ("types", "ids", "scopes", "attributes", "datasets"),
    "constraints": ("purposes", "days"),
}
_TEXTS: Final[Mapping[str, tuple[str, ...]]] = {
    "what": ("owner", "condition"),
    "duties": ("attribution", "notify", "delete_after"),
}
_MOMENTS: Final = ("since", "until")
# Where a mistake of a whole part is shown
_FIRST: Final = {"who": "roles", "what": "types", "constraints": "purposes", "duties": "attribution"}

Fields = dict[str, Any]


def fields_of(policy: Policy, zone: ZoneInfo) -> Fields:
    """What stands in the fields: texts; of fields that are ticked, lists. zone: in which moments are shown."""
    fields: Fields = {"id": policy.id, "effect": policy.effect.value, "tenants": ", ".join(policy.tenants)}
    for part, names in _LISTS.items():
        fields |= {name: list(getattr(getattr(policy, part), name)) for name in names}
    for part, names in _TEXTS.items():
        fields |= {name: getattr(getattr(policy, part), name) for name in names}
    for name in _MOMENTS:
        text = getattr(policy.constraints, name)
        fields[name] = (
            datetime.fromisoformat(text).astimezone(zone).strftime("%Y-%m-%dT%H:%M") if text else ""
        )
    fields["hours_from"], fields["hours_to"] = policy.constraints.hours or ("", "")
    fields["count"] = str(policy.constraints.count) if policy.constraints.count else ""
    fields["actions"] = [action.value for action in policy.actions]
    area = policy.what.area
    fields["area"] = ", ".join(map(str, area)) if isinstance(area, tuple) else _json(area)
    fields |= {f"name_{language}": policy.name.get(language, "") for language in LANGUAGES}
    return fields


def _json(value: object) -> str:
    return orjson.dumps(value).decode() if value is not None else ""


def policy_of(form: Form, zone: ZoneInfo) -> Policy:
    """The policy that the fields say. Raises BadRequestData, which names the field."""

    def text(name: str) -> str:
        return form.get(name, [""])[0].strip()

    def names(name: str) -> list[str]:
        found = [one.strip() for value in form.get(name, []) for one in re.split(r"[,\n]", value)]
        return list(dict.fromkeys(one for one in found if one))

    parts: dict[str, dict[str, Any]] = {
        part: {name: names(name) for name in of_part} for part, of_part in _LISTS.items()
    }
    for part, of_part in _TEXTS.items():
        parts.setdefault(part, {}).update({name: text(name) for name in of_part})
    parts["what"]["area"] = _area(text("area"))
    limits = parts["constraints"]
    limits |= {name: _moment(text(name), zone, name) for name in _MOMENTS}
    if text("hours_from") or text("hours_to"):
        limits["hours"] = [text("hours_from"), text("hours_to")]
    limits["count"] = _count(text("count"))
    whole = {
        "id": text("id"),
        "effect": text("effect"),
        "name": {language: said for language in LANGUAGES if (said := text(f"name_{language}"))},
        "actions": names("actions"),
        "tenants": names("tenants"),
        **parts,
    }
    try:
        return msgspec.convert(whole, Policy)
    except msgspec.ValidationError as error:
        raise BadRequestData(f"The policy cannot be read: {error}") from error


def _area(text: str) -> Any:
    if not text:
        return None
    try:
        return orjson.loads(text if text.startswith("{") else f"[{text}]")
    except orjson.JSONDecodeError as error:
        raise BadRequestData(
            "The area is west, south, east and north in degrees, or a GeoJSON geometry"
        ) from error


def _moment(text: str, zone: ZoneInfo, name: str) -> str:
    if not text:
        return ""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).isoformat()
    except ValueError as error:
        raise BadRequestData(f"'{text:.40}' in {name} is no date and time") from error


def _count(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadRequestData(f"'{text:.40}' is no number of requests")
    return int(text)


def by_field(problems: list[Problem]) -> dict[str, list[Problem]]:
    """The problems by the field at which they are shown."""
    found: dict[str, list[Problem]] = {}
    for problem in problems:
        names = [part for part in problem.path if isinstance(part, str)]
        name = (names[1] if len(names) > 1 else _FIRST.get(names[0], names[0])) if names else "id"
        found.setdefault("hours_from" if name == "hours" else name, []).append(problem)
    return found
