"""What a batch of mapped rows changes in the store: pure decisions over what the source said before.

For every entity that a source describes the store keeps a `Stamp`. A row whose stamp is the same changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import msgspec

from madang.connect.mapping import DIGEST_BYTES, Mapped, Refused
from madang.ngsild.changes import AppendHistory, Change, Delete, DeleteAttribute, DeleteHistory, Mode, Write
from madang.ngsild.entity import Attribute, Entity
from madang.store.base import Rejected

_NAME_BYTES: Final = 4
NO_DIGEST: Final = bytes(DIGEST_BYTES)


class Stamp(msgspec.Struct, frozen=True, array_like=True):
    """What a source said last of one entity.

    digest: of its description, NO_DIGEST if that must be written again. run: that saw it last. newest: latest
    observedAt that went to its history, microseconds UTC; floor: the same when this run began. names: short hashes of
    the attribute instances that are the source's.
    """

    digest: bytes
    run: int
    newest: int
    floor: int
    names: tuple[bytes, ...]


class Decision(msgspec.Struct, frozen=True):
    """changes: in order; `about` has for each the item that it comes from. stamps: of every entity seen.

    written, unchanged: rows that say something new, and rows that do not.
    """

    changes: tuple[Change, ...]
    about: tuple[Mapped, ...]
    stamps: dict[str, Stamp]
    rejected: tuple[Rejected, ...]
    written: int
    unchanged: int


def encode_stamp(stamp: Stamp) -> bytes:
    return msgspec.msgpack.encode(stamp)


def decode_stamp(raw: bytes) -> Stamp:
    return msgspec.msgpack.decode(raw, type=Stamp)


@lru_cache(maxsize=4096)
def name_hash(name: str, dataset_id: str | None) -> bytes:
    return blake2b(f"{name} {dataset_id or ''}".encode(), digest_size=_NAME_BYTES).digest()


def changed_ids(items: Iterable[Mapped | Refused], stamps: Mapping[str, Stamp]) -> list[str]:
    """Ids of entities that the source described before, otherwise: `decide` needs them as they are now."""
    found: dict[str, None] = {}
    for item in items:
        if isinstance(item, Mapped) and item.id in stamps and stamps[item.id].digest != item.digest:
            found[item.id] = None
    return list(found)


class Deciding:
    """Decides one batch. run: its number. observing: the source's rows are observations (rows may repeat an entity).

    again: observations may have been read before. current: the entities of `changed_ids` as they are (None: gone).
    """

    def __init__(
        self,
        run: int,
        observing: bool,
        again: bool,
        stamps: Mapping[str, Stamp],
        current: Mapping[str, Entity | None],
    ) -> None:
        self._run = run
        self._observing = observing
        self._again = again
        self._stamps = dict(stamps)
        self._current = current
        self._touched: dict[str, Stamp] = {}
        self._changes: list[tuple[Change, Mapped]] = []
        self._observed: dict[str, list[Mapped]] = {}
        self._rejected: list[Rejected] = []
        self._written = 0
        self._unchanged = 0

    def decide(self, items: Sequence[Mapped | Refused]) -> Decision:
        for item in items:
            if isinstance(item, Refused):
                self._refuse(item)
            else:
                self._take(item)
        for mapped in self._observed.values():
            self._changes.append((_history(mapped), mapped[-1]))
        return Decision(
            changes=tuple(change for change, _ in self._changes),
            about=tuple(item for _, item in self._changes),
            stamps=self._touched,
            rejected=tuple(self._rejected),
            written=self._written,
            unchanged=self._unchanged,
        )

    def _refuse(self, item: Refused) -> None:
        """Keep the row in quarantine; the entity that it would have become stays as it is."""
        self._rejected.append(Rejected(item.place, item.original, item.reason))
        stamp = self._stamps.get(item.id)
        if stamp is not None and stamp.run != self._run:
            self._seen(item.id, msgspec.structs.replace(stamp, run=self._run, floor=stamp.newest))

    def _take(self, item: Mapped) -> None:
        before = self._stamps.get(item.id)
        same = before is not None and before.digest == item.digest
        if before is not None and before.run == self._run and not same and not self._observing:
            if item.mention:
                self._unchanged += 1
                return
            reason = f"Another row of this source is {item.id} already; the template of the id must tell rows apart"
            self._rejected.append(Rejected(item.place, item.original, reason))
            return
        floor = 0 if before is None else before.floor if before.run == self._run else before.newest
        fresh = bool(item.observations) and not (self._again and item.newest <= floor)
        if not same and (item.attributes or not item.observations):
            self._describe(item, before)
        if fresh:
            self._observed.setdefault(item.id, []).append(item)
        if same and not fresh:
            self._unchanged += 1
        else:
            self._written += 1
        newest = max(before.newest if before else 0, item.newest)
        self._seen(item.id, Stamp(item.digest, self._run, newest, floor, _names(item, before)))

    def _seen(self, identifier: str, stamp: Stamp) -> None:
        self._stamps[identifier] = stamp
        self._touched[identifier] = stamp

    def _describe(self, item: Mapped, before: Stamp | None) -> None:
        """Write what differs. Attributes that others gave the entity stay; those that the source gave and gives no
        longer go."""
        current = self._current.get(item.id) if before is not None else None
        if current is None:
            self._write(item, item.attributes)
            return
        now = {(attribute.name, attribute.dataset_id): attribute.body for attribute in current.attributes}
        differing = tuple(
            attribute
            for attribute in item.attributes
            if now.get((attribute.name, attribute.dataset_id)) != attribute.body
        )
        if (
            differing
            or not set(item.types) <= set(current.types)
            or not set(item.scope) <= set(current.scope)
        ):
            self._write(item, differing)
        if before is not None and not self._observing:
            gone = set(before.names) - set(_names(item, None))
            for name, dataset_id in now:
                if name_hash(name, dataset_id) in gone:
                    self._changes.append((DeleteAttribute(item.id, name, dataset_id), item))

    def _write(self, item: Mapped, attributes: tuple[Attribute, ...]) -> None:
        fragment = Entity(item.id, item.types, attributes, item.scope)
        self._changes.append((Write(Mode.UPSERT_UPDATE, fragment), item))


def _history(items: Sequence[Mapped]) -> AppendHistory:
    """All observations of one entity in the batch, oldest first."""
    ordered = sorted(items, key=lambda item: item.newest)
    observations = tuple(attribute for item in ordered for attribute in item.observations)
    return AppendHistory(Entity(ordered[-1].id, ordered[-1].types, observations, ordered[-1].scope))


def _names(item: Mapped, before: Stamp | None) -> tuple[bytes, ...]:
    """Hashes of the attributes that are the source's: of observations also those that this row has no value for."""
    attributes = (*item.attributes, *item.observations)
    own = {name_hash(attribute.name, attribute.dataset_id) for attribute in attributes}
    if before is not None and item.observations:
        own.update(before.names)
    return tuple(sorted(own))


def withdrawn(
    identifier: str, owner: bool, stamp: Stamp | None, current: Entity | None, *, forget: bool
) -> list[Change]:
    """What takes a source's entity out of the store again.

    owner: the entity is the source's own. Of another's entity only the attributes go that this source gave, and the
    entity only if none is left. forget: the history goes too.
    """
    if current is None:
        return []
    names = set(stamp.names) if stamp is not None else set()
    mine = [a for a in current.attributes if name_hash(a.name, a.dataset_id) in names]
    if owner or len(mine) == len(current.attributes):
        return [Delete(identifier), DeleteHistory(identifier)] if forget else [Delete(identifier)]
    changes: list[Change] = []
    for attribute in mine:
        changes.append(DeleteAttribute(identifier, attribute.name, attribute.dataset_id))
        if forget:
            changes.append(DeleteHistory(identifier, attribute.name, attribute.dataset_id))
    return changes
