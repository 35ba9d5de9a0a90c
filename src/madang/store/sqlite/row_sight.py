"""A caller's view, as rows of the file are judged by it.

There are few combinations of types, so the view's verdict is found once for each, and most rows are judged by a look
into a table. Of the others only that is decoded which the rules read.
"""

from __future__ import annotations

from typing import Final

import msgspec

from madang.ngsild.entity import Attribute, Entity
from madang.ngsild.query import Query
from madang.store.sqlite.codec import (
    Terms,
    decode_entity,
    decode_scopes,
    decode_segments,
    decode_types,
    pick_segments,
    segment_starts,
)
from madang.store.sqlite.combinations import Combinations
from madang.store.sqlite.cutting import Cutter, Cutters
from madang.store.sqlite.mask import Mask
from madang.store.sqlite.outlook import Outlook, outlook_of
from madang.store.sqlite.verdict import Depends, Verdict, verdict_of
from madang.trust.access import Access
from madang.trust.view import View

COLUMNS: Final = "e.id, e.types, e.scopes, e.created, e.modified, e.expires, e.segments"
_VIEWS_MAX: Final = 256
_VERDICTS_MAX: Final = 10_000
_QUERIES_MAX: Final = 1_000

# COLUMNS
Row = tuple[str, str, str, int, int, int | None, bytes]


def is_whole(access: Access) -> bool:
    """Whether the caller sees everything."""
    return access.view is None


class Kept(msgspec.Struct, frozen=True):
    """What is known of a file. cutters: of the bytes in which it keeps entities."""

    terms: Terms
    combinations: Combinations
    cutters: Cutters


class RowSight:
    """A view over one file."""

    def __init__(self, view: View, kept: Kept) -> None:
        self.view = view
        self._kept = kept
        self._terms = terms = kept.terms
        self._verdicts: dict[str, Verdict] = {}
        self._outlooks: dict[Query, Outlook] = {}
        self._known = (0, 0)
        self._reloads = terms.reloads

    def verdict(self, types: str) -> Verdict:
        """What the view says of entities with these types, a text as in the row."""
        if self._reloads != self._terms.reloads:
            self._verdicts.clear()
            self._reloads = self._terms.reloads
        try:
            return self._verdicts[types]
        except KeyError:
            if len(self._verdicts) >= _VERDICTS_MAX:
                self._verdicts.clear()
            found = self._verdicts[types] = verdict_of(self.view, decode_types(types, self._terms))
            return found

    def mask(self, row: Row) -> Mask | None:
        """What is seen of the entity; None if there is none for the caller."""
        verdict = self.verdict(row[1])
        if not isinstance(verdict, Depends):
            return verdict
        identifier, types, scopes, created, modified, _, segments = row
        attributes: tuple[Attribute, ...] = ()
        if verdict.reads:
            numbers = segment_starts(verdict.reads, self._terms)
            attributes = decode_segments(pick_segments(segments, numbers), self._terms)
        return verdict.mask(
            Entity(
                identifier,
                decode_types(types, self._terms),
                attributes,
                decode_scopes(scopes),
                created,
                modified,
            )
        )

    def seen(self, row: Row) -> Entity | None:
        """The entity as the caller sees it."""
        mask = self.mask(row)
        return mask.of(decode_entity(row, self._terms)) if mask is not None else None

    def mask_of_past(self, identifier: str, types: str) -> Mask | None:
        """What is seen of an entity that was deleted."""
        verdict = self.verdict(types)
        if not isinstance(verdict, Depends):
            return verdict
        return verdict.mask_of_past(Entity(identifier, decode_types(types, self._terms)))

    def cutter(self, mask: Mask) -> Cutter:
        """What cuts out of the kept bytes what the mask hides."""
        return self._kept.cutters.of(mask)

    def outlook(self, query: Query) -> Outlook:
        """What the view says of what a query may select."""
        asked = Query(types=query.types, selectors=query.selectors)
        known = (self._kept.combinations.version, self._terms.reloads)
        if self._known != known or len(self._outlooks) >= _QUERIES_MAX:
            self._outlooks.clear()
            self._known = known
        found = self._outlooks.get(asked)
        if found is None:
            found = self._outlooks[asked] = outlook_of(
                self.view, asked, self._kept.combinations, self._terms, self.verdict
            )
        return found


class Sights:
    """The views that callers have over one file, each made ready once."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self._by_identity: dict[int, RowSight] = {}
        self._by_value: dict[View, RowSight] = {}

    def of(self, access: Access) -> RowSight | None:
        """That of a caller; None for everything."""
        view = access.view
        if view is None:
            return None
        # Most who ask again have the very same view, and to look at its value would cost more than a read
        known = self._by_identity.get(id(view))
        if known is None or known.view is not view:
            known = self._by_value.get(view)
            if known is None:
                if len(self._by_value) >= _VIEWS_MAX:
                    self._by_value.clear()
                    self._by_identity.clear()
                known = self._by_value[view] = self._by_identity[id(view)] = RowSight(view, self.kept)
        return known
