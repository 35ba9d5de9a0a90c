"""The selectors of a question in a body: which entities, by type, id and pattern (CIM 009 §5.2.33)."""

from __future__ import annotations

from typing import Any, Final

import orjson

from madang.errors import BadRequestData
from madang.ngsild.context import Context
from madang.ngsild.identifier import require_uri
from madang.ngsild.parse import require_object
from madang.ngsild.pattern import compile_pattern
from madang.ngsild.query import Selector
from madang.ngsild.selection import parse_types
from madang.settings import LIMITS

_MEMBERS: Final = frozenset(("type", "id", "idPattern"))


def check_selectors(value: Any) -> list[dict[str, Any]]:
    """The selectors with `id` as a list and without a pattern that an id makes void. Raises BadRequestData."""
    if not isinstance(value, list) or not value:
        raise BadRequestData("entities must be a list with at least one selector")
    selectors = []
    for item in value:
        selector = require_object(item, "A selector in entities")
        unknown = selector.keys() - _MEMBERS
        if unknown:
            raise BadRequestData(f"A selector in entities has the unknown member '{min(unknown)[:60]}'")
        if not isinstance(selector.get("type"), str) or not selector["type"]:
            raise BadRequestData("Each selector in entities needs a type, which is a string")
        found = {"type": selector["type"]}
        if "id" in selector:
            stated = selector["id"] if isinstance(selector["id"], list) else [selector["id"]]
            if not stated:
                raise BadRequestData("A selector in entities has an empty list of ids")
            found["id"] = [require_uri(one, "The id of a selector in entities") for one in stated]
        elif "idPattern" in selector:
            if not isinstance(selector["idPattern"], str):
                raise BadRequestData("The idPattern of a selector in entities must be a string")
            compile_pattern(selector["idPattern"], "idPattern")
            found["idPattern"] = selector["idPattern"]
        selectors.append(found)
    if (
        len(selectors) > LIMITS.q_terms_max
        or sum(len(one.get("id", ())) for one in selectors) > LIMITS.query_ids_max
    ):
        raise BadRequestData(
            f"entities may have at most {LIMITS.q_terms_max} selectors with {LIMITS.query_ids_max} ids in all"
        )
    return selectors


def parse_selectors(text: str, context: Context) -> tuple[Selector, ...]:
    """The selectors that JSON says, types expanded. Raises BadRequestData."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequestData(
            "Parameter entities is not JSON; follow the links of the first page unchanged"
        ) from error
    return tuple(
        [
            Selector(parse_types(one["type"], context), tuple(one.get("id", ())), one.get("idPattern"))
            for one in check_selectors(value)
        ]
    )
