"""Entities and attributes as the whole platform passes them around.

An `Attribute` is one instance of an attribute: the pair (name, datasetId) is unique in an entity. Its `body`
is the canonical JSON of the normalized representation, as bytes: `type` first, core members under their core
terms, the names of sub-attributes and whatever else depends on an @context as absolute IRIs, without
`createdAt` and `modifiedAt`. Bytes, because a write stores them and a read joins them: most requests never
decode them again. `members()` decodes.

Nothing here does I/O or asks for the time.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import msgspec
import orjson


class Kind(StrEnum):
    """The attribute types of NGSI-LD (CIM 009 §4.5)."""

    PROPERTY = "Property"
    RELATIONSHIP = "Relationship"
    GEO_PROPERTY = "GeoProperty"
    LANGUAGE_PROPERTY = "LanguageProperty"
    VOCAB_PROPERTY = "VocabProperty"
    JSON_PROPERTY = "JsonProperty"
    LIST_PROPERTY = "ListProperty"
    LIST_RELATIONSHIP = "ListRelationship"

    @property
    def value_member(self) -> str:
        """The member that carries the value of an attribute of this kind."""
        return VALUE_MEMBERS[self]


VALUE_MEMBERS: dict[Kind, str] = {
    Kind.PROPERTY: "value",
    Kind.RELATIONSHIP: "object",
    Kind.GEO_PROPERTY: "value",
    Kind.LANGUAGE_PROPERTY: "languageMap",
    Kind.VOCAB_PROPERTY: "vocab",
    Kind.JSON_PROPERTY: "json",
    Kind.LIST_PROPERTY: "valueList",
    Kind.LIST_RELATIONSHIP: "objectList",
}

# expires_at of a fragment that makes a transient entity a lasting one
STAYS: Final = -1

_KIND_OF_LETTERS: dict[bytes, Kind] = {kind.value.encode(): kind for kind in Kind}


class Attribute(msgspec.Struct, frozen=True):
    """One instance of an attribute of an entity.

    name: absolute IRI. dataset_id: URI, or None for the default instance. body: canonical JSON, see the
    module. contextual: the body holds names that must be compacted for the reader's @context.
    created_at, modified_at: microseconds UTC, 0 while not yet stored.
    """

    name: str
    body: bytes
    dataset_id: str | None = None
    contextual: bool = False
    created_at: int = 0
    modified_at: int = 0

    def members(self) -> dict[str, Any]:
        """The body, decoded. A fresh dict at every call."""
        members: dict[str, Any] = orjson.loads(self.body)
        return members

    @property
    def kind(self) -> Kind:
        """Read from the first member of the canonical body, without decoding it."""
        return _KIND_OF_LETTERS[self.body[9 : self.body.index(b'"', 9)]]


class Entity(msgspec.Struct, frozen=True):
    """An entity with all its attribute instances, in the order in which they were added.

    id: URI. types: absolute IRIs, at least one. scope: as given, each beginning with "/".
    created_at, modified_at: microseconds UTC, 0 while not yet stored. expires_at: the same, when the entity
    ceases to be (CIM 009 §4.22), 0 if it stays; in a fragment 0 says nothing and STAYS takes the moment away.
    """

    id: str
    types: tuple[str, ...]
    attributes: tuple[Attribute, ...] = ()
    scope: tuple[str, ...] = ()
    created_at: int = 0
    modified_at: int = 0
    expires_at: int = 0

    def instances(self, name: str) -> list[Attribute]:
        """All instances of the attribute with this IRI; an empty list if there is none."""
        return [attribute for attribute in self.attributes if attribute.name == name]
