"""Attributes that a client writes in simplified form, as the normalized ones that they stand for (CIM 009 §4.5.4)."""

from __future__ import annotations

from typing import Any, Final

from madang.ngsild.entity import VALUE_MEMBERS, Kind
from madang.ngsild.geometry import is_geometry

_NO_DATASET: Final = "@none"
# Kinds whose simplified form names their value's member; all others are a value alone
_NAMED: Final = frozenset(
    VALUE_MEMBERS[kind]
    for kind in (
        Kind.LANGUAGE_PROPERTY,
        Kind.VOCAB_PROPERTY,
        Kind.JSON_PROPERTY,
        Kind.LIST_PROPERTY,
        Kind.LIST_RELATIONSHIP,
    )
)


def normalized(raw: Any) -> Any:
    """The attribute, or its instances if the form is that of several datasets, as `parse_attribute` reads them.

    What kind a value alone is meant for only the entity tells; here it is a Property or a GeoProperty."""
    if type(raw) is dict and raw.keys() == {"dataset"} and type(raw["dataset"]) is dict and raw["dataset"]:
        return [
            {**_instance(value), **({"datasetId": name} if name != _NO_DATASET else {})}
            for name, value in raw["dataset"].items()
        ]
    return _instance(raw)


def _instance(raw: Any) -> dict[str, Any]:
    if type(raw) is dict and len(raw) == 1 and not _NAMED.isdisjoint(raw):
        return raw
    return {"type": "GeoProperty" if is_geometry(raw) else "Property", "value": raw}
