"""What can be done to an entity, as values. `patch.py` says what each of them makes of an entity.

A `fragment` is an `Entity` that carries only what the request named: its id, perhaps types and scope, and
attribute instances. Attributes that a merge deletes carry the value `urn:ngsi-ld:null` in their body.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from madang.ngsild.entity import Attribute, Entity
from madang.ngsild.selection import TypeExpression


class Mode(Enum):
    """What to do with a fragment."""

    CREATE = "create"  # fails if the entity exists
    REPLACE = "replace"  # fails if it does not; what the fragment does not name goes
    MERGE = "merge"  # deep, by member (CIM 009 §5.5.12)
    APPEND = "append"  # instances are added or replaced
    APPEND_NEW = "append-new"  # instances are added; what exists stays (noOverwrite)
    UPDATE = "update"  # instances that exist are replaced; others are reported
    UPSERT_REPLACE = "upsert-replace"  # CREATE or REPLACE
    UPSERT_UPDATE = "upsert-update"  # CREATE or APPEND


class Merging(msgspec.Struct, frozen=True):
    """What a request says of all that it merges (CIM 009 §5.6.17.3, §6.5.3.4).

    simplified: the fragment carries values alone, so attributes keep their kind. observed_at: DateTime for every
    attribute that has an observedAt and is not given another. language: tag under which plain texts go into a
    languageMap.
    """

    simplified: bool = False
    observed_at: str = ""
    language: str = ""


class Write(msgspec.Struct, frozen=True):
    """Apply a fragment to the entity with its id.

    of_types: as in the changes below, only if the entity is of these types; to others it does not exist.
    """

    mode: Mode
    fragment: Entity
    of_types: TypeExpression | None = None
    merging: Merging = Merging()

    @property
    def id(self) -> str:
        return self.fragment.id


class Delete(msgspec.Struct, frozen=True):
    """Remove the entity. Its history stays until a `DeleteHistory`."""

    id: str
    of_types: TypeExpression | None = None


class Expire(msgspec.Struct, frozen=True):
    """Remove what of the entity has passed its expiresAt: attribute instances, or all of it (CIM 009 §4.22)."""

    id: str


class PatchAttribute(msgspec.Struct, frozen=True):
    """Change members of one attribute instance (CIM 009 §5.6.4), or replace it whole (§5.6.19)."""

    id: str
    attribute: Attribute
    replace: bool = False
    of_types: TypeExpression | None = None


class DeleteAttribute(msgspec.Struct, frozen=True):
    """Remove one instance of an attribute, or with `every` all its instances (CIM 009 §5.6.5)."""

    id: str
    name: str
    dataset_id: str | None = None
    every: bool = False
    of_types: TypeExpression | None = None


class Retain(msgspec.Struct, frozen=True):
    """Remove attributes, all their instances: those that are named, or with `keep` all others (CIM 009 §5.6.21)."""

    id: str
    names: frozenset[str]
    keep: bool = False


class AppendHistory(msgspec.Struct, frozen=True):
    """Add instances to an entity's history, oldest first (CIM 009 §5.6.11, §5.6.12).

    The instance with the latest time of each attribute also becomes the current one where the entity's
    current one is older; an entity that does not exist is created, unless it must be `existing`.
    """

    fragment: Entity
    existing: bool = False

    @property
    def id(self) -> str:
        return self.fragment.id


class DeleteHistory(msgspec.Struct, frozen=True):
    """Remove history: all of the entity's, one attribute's, or one instance's (CIM 009 §5.6.13 to §5.6.16).

    until: only what had been written when the change with this sequence was the last, 0 for all; after: a store has
    seen to the changes up to this one already.
    """

    id: str
    name: str | None = None
    dataset_id: str | None = None
    every: bool = False
    instance_id: str | None = None
    until: int = 0
    after: int = 0


class PatchInstance(msgspec.Struct, frozen=True):
    """Put another instance of the attribute in the place of one in the history (CIM 009 §5.6.14)."""

    id: str
    attribute: Attribute
    instance_id: str


Change = (
    Write
    | Delete
    | Expire
    | Retain
    | PatchAttribute
    | DeleteAttribute
    | AppendHistory
    | DeleteHistory
    | PatchInstance
)


class Outcome(msgspec.Struct, frozen=True):
    """What a change did. `updated`: attribute IRIs that were written. `skipped`: (IRI, why) pairs that were not.

    removed: attribute IRIs that went. created: the entity did not exist before. deleted: it no longer does. rest:
    what a store has still to do of the change, in commits that follow.
    """

    id: str
    created: bool = False
    deleted: bool = False
    updated: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    rest: DeleteHistory | None = None
