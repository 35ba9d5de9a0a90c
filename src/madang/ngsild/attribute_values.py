"""The values of attributes as clients write them, by kind, and the core members beside them: checked one by one.

What a canonical body is stands in `entity.py`; `attribute.py` puts it together of what is checked here.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final

import orjson

from madang.errors import BadRequestData
from madang.ngsild.context import Context
from madang.ngsild.core_terms import NGSI_LD
from madang.ngsild.entity import VALUE_MEMBERS, Kind
from madang.ngsild.geometry import require_geometry
from madang.ngsild.identifier import NGSI_LD_NULL, require_uri
from madang.ngsild.times import require_moment
from madang.settings import LIMITS


class Part(IntEnum):
    """How much of an attribute a body holds, and so where `urn:ngsi-ld:null` may stand in it (CIM 009 §5.5.4)."""

    WHOLE = 0  # all of it: nowhere
    UPDATE = 1  # what replaces members (§5.5.8): in the place of the value or of a member
    MERGE = 2  # what is merged (§5.5.12): also within a value


class Reading:
    """What the reading of one attribute needs to know on every level, and what it finds out.

    partial: as a truth value, whether the value may be missing and null deletes.
    """

    __slots__ = ("context", "contextual", "partial")

    def __init__(self, context: Context, partial: Part) -> None:
        self.context = context
        self.partial = partial
        self.contextual = False


_JSON_LITERAL: Final = "@json"

# --- the value of each kind ---


def check_value(value: Any, where: str, reading: Reading) -> Any:
    if _is_null(value, where, reading):
        return value
    if type(value) is dict and "@type" in value:
        if value["@type"] == _JSON_LITERAL:
            # What JSON-LD leaves as it is, and the one way to say null (CIM 009 §4.5.0)
            return bearable(value, where)
        value = {**value, "@type": _datatype(value["@type"], where, reading)}
    return _without_null(value, where, reading.partial is Part.MERGE)


def _is_null(value: Any, where: str, reading: Reading) -> bool:
    """Whether the value says that the attribute goes. Raises BadRequestData where that cannot be said."""
    if value != NGSI_LD_NULL:
        return False
    if not reading.partial:
        raise BadRequestData(
            f"Attribute '{where}' is {NGSI_LD_NULL}, which only deletes what exists; leave it out"
        )
    return True


def _without_null(value: Any, where: str, merges: bool, depth: int = 0) -> Any:
    """The value, if nothing in it is null: JSON-LD would drop it. Nor may it be nested too deeply."""
    if value is None or (value == NGSI_LD_NULL and not merges):
        raise BadRequestData(
            f"Attribute '{where}' contains null; leave it out, or delete it with {NGSI_LD_NULL} in a merge"
        )
    if type(value) is dict or type(value) is list:
        _require_depth(where, depth)
        for item in value.values() if type(value) is dict else value:
            _without_null(item, where, merges, depth + 1)
    return value


def _check_relationship(value: Any, where: str, reading: Reading) -> Any:
    if type(value) is not list and _is_null(value, where, reading):
        return value
    for target in value if type(value) is list else [value]:
        _require_target(target, f"The object of relationship '{where}'")
    return value


def _require_target(target: Any, what: str) -> str:
    """A URI that is not null: one of several targets cannot be deleted alone."""
    return require_uri(None if target == NGSI_LD_NULL else target, what)


def _check_geometry(value: Any, where: str, reading: Reading) -> Any:
    if _is_null(value, where, reading):
        return value
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise BadRequestData(
                f"Attribute '{where}' is a text that is not the JSON of a geometry: {error}"
            ) from error
    return require_geometry(value, f"Attribute '{where}'")


def _check_languages(value: Any, where: str, reading: Reading) -> Any:
    if value == {"@none": NGSI_LD_NULL}:
        value = NGSI_LD_NULL
    if _is_null(value, where, reading):
        return value
    if type(value) is not dict or not all(
        tag
        and (
            isinstance(text, str) or (isinstance(text, list) and all(isinstance(part, str) for part in text))
        )
        and (text != NGSI_LD_NULL or reading.partial)
        for tag, text in value.items()
    ):
        raise BadRequestData(
            f"The languageMap of '{where}' must be an object of texts by language tag, such as {{'ko':'마당'}}"
        )
    return value


def _check_vocabulary(value: Any, where: str, reading: Reading) -> Any:
    if _is_null(value, where, reading):
        return value
    reading.contextual = True
    if isinstance(value, str):
        return reading.context.expand_term(value)
    if type(value) is list and all(isinstance(term, str) for term in value):
        return [reading.context.expand_term(term) for term in value]
    raise BadRequestData(f"The vocab of '{where}' must be a term or a list of terms")


def _check_json(value: Any, where: str, reading: Reading) -> Any:
    if _is_null(value, where, reading):
        return value
    if type(value) is not dict and type(value) is not list:
        raise BadRequestData(
            f"The json of '{where}' must be an object or an array; for a plain value use a Property"
        )
    return bearable(value, where)


def _check_list(value: Any, where: str, reading: Reading) -> Any:
    value = NGSI_LD_NULL if value == [NGSI_LD_NULL] else value
    if _is_null(value, where, reading):
        return value
    if type(value) is not list:
        raise BadRequestData(f"The valueList of '{where}' must be an array")
    return bearable(value, where)


def _check_objects(value: Any, where: str, reading: Reading) -> Any:
    value = NGSI_LD_NULL if value == [NGSI_LD_NULL] else value
    if _is_null(value, where, reading):
        return value
    if type(value) is not list:
        raise BadRequestData(f"The objectList of '{where}' must be an array")
    targets = [target.get("object") if type(target) is dict else target for target in value]
    return [{"object": _require_target(target, f"Each object of '{where}'")} for target in targets]


_Check = Callable[[Any, str, Reading], Any]
VALUE_CHECKS: Final[dict[Kind, _Check]] = {
    Kind.PROPERTY: check_value,
    Kind.RELATIONSHIP: _check_relationship,
    Kind.GEO_PROPERTY: _check_geometry,
    Kind.LANGUAGE_PROPERTY: _check_languages,
    Kind.VOCAB_PROPERTY: _check_vocabulary,
    Kind.JSON_PROPERTY: _check_json,
    Kind.LIST_PROPERTY: _check_list,
    Kind.LIST_RELATIONSHIP: _check_objects,
}


def bearable(value: Any, where: str, depth: int = 0) -> Any:
    """The value, if it is not nested too deeply."""
    if type(value) is dict or type(value) is list:
        _require_depth(where, depth)
        for item in value.values() if type(value) is dict else value:
            bearable(item, where, depth + 1)
    return value


def _require_depth(where: str, depth: int) -> None:
    if depth >= LIMITS.json_depth_max:
        raise BadRequestData(f"The value of '{where}' is nested deeper than {LIMITS.json_depth_max} levels")


# --- the core members beside the value ---


def _observed_at(value: Any, where: str, reading: Reading) -> Any:
    if value == NGSI_LD_NULL and reading.partial:
        return value
    return require_moment(value, f"observedAt of '{where}'")


def _expires_at(value: Any, where: str, reading: Reading) -> Any:
    # A system attribute: not every reader is shown it, so the body cannot be sent as it is kept
    reading.contextual = True
    if value == NGSI_LD_NULL and reading.partial:
        return value
    return require_moment(value, f"expiresAt of '{where}'")


def _text(member: str) -> _Check:
    def check(value: Any, where: str, reading: Reading) -> Any:
        if not isinstance(value, str) or not value:
            raise BadRequestData(f"{member} of '{where}' must be a non-empty string")
        return value

    return check


def _dataset_id(value: Any, where: str, reading: Reading) -> Any:
    if value == NGSI_LD_NULL:
        raise BadRequestData(f"datasetId of '{where}' cannot be deleted; delete the instance instead")
    return None if value == "@none" else require_uri(value, f"datasetId of '{where}'")


def _datatype(value: Any, where: str, reading: Reading) -> Any:
    """A type of values: core ones keep their term, others become IRIs that depend on the context."""
    names = value if type(value) is list else [value]
    found: list[str] = []
    for name in names:
        if not isinstance(name, str):
            raise BadRequestData(f"A type in '{where}' must be a name or a list of names")
        if name == NGSI_LD_NULL:
            found.append(name)
            continue
        iri = reading.context.expand(name)
        core = iri.startswith(NGSI_LD) and "/" not in iri[len(NGSI_LD) :]
        reading.contextual = reading.contextual or not core
        found.append(iri[len(NGSI_LD) :] if core else iri)
    return found if type(value) is list else found[0]


MEMBER_CHECKS: Final[dict[str, _Check]] = {
    "observedAt": _observed_at,
    "unitCode": _text("unitCode"),
    "datasetId": _dataset_id,
    "valueType": _datatype,
    "objectType": _datatype,
    "lang": _text("lang"),
    "expiresAt": _expires_at,
}
CORE_MEMBERS: Final = frozenset(
    (*MEMBER_CHECKS, *VALUE_MEMBERS.values(), "type", "entityIdSealed", "entityTypeSealed")
)
