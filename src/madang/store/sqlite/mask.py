"""What of an entity a caller sees, once it is known that there is such an entity for them: `Mask`."""

from __future__ import annotations

from typing import Final

import msgspec

from madang.ngsild.entity import Entity

MODIFIED: Final = frozenset(("modifiedAt", "@modifiedAt"))
# Names in conditions and orders that are no attributes'
MOMENTS: Final = MODIFIED | {"createdAt", "@createdAt"}


class Mask(msgspec.Struct, frozen=True):
    """shown: the attributes (IRIs) that are seen, None for all. hidden: those that are not, whatever `shown` says."""

    shown: frozenset[str] | None = None
    hidden: frozenset[str] = frozenset()

    @property
    def is_plain(self) -> bool:
        """Whether all is seen."""
        return self.shown is None and not self.hidden

    def hides(self, name: str) -> bool:
        return name in self.hidden or (self.shown is not None and name not in self.shown)

    def may_hide(self, name: str) -> bool:
        """Whether it changes what a condition on this name finds: where something is hidden, an entity was modified when
        what is seen was."""
        return self.hides(name) if name not in MOMENTS else name in MODIFIED and not self.is_plain

    def always_hides(self, name: str) -> bool:
        return name not in MOMENTS and self.hides(name)

    def of(self, entity: Entity) -> Entity:
        """The entity with what is seen of it. All its attributes must be there for its modifiedAt to be right."""
        if self.is_plain:
            return entity
        kept = tuple([one for one in entity.attributes if not self.hides(one.name)])
        # Also where nothing is hidden now: something was, if it was modified later than what is seen
        modified = max([entity.created_at, *(one.modified_at for one in kept)])
        if len(kept) == len(entity.attributes) and modified == entity.modified_at:
            return entity
        return msgspec.structs.replace(entity, attributes=kept, modified_at=modified)


PLAIN: Final = Mask()
