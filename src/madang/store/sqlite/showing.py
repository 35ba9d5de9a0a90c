"""What is made of a row that a query has found: the bytes in which it is kept, bytes under another @context, or an
entity; each as far as the caller sees it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from madang.ngsild.entity import Entity
from madang.store.sqlite.codec import Terms, decode_entity
from madang.store.sqlite.mask import PLAIN, Mask
from madang.store.sqlite.rewrite import COLUMNS as REWRITTEN_COLUMNS
from madang.store.sqlite.rewrite import Rewriter
from madang.store.sqlite.row_sight import COLUMNS as ENTITY_COLUMNS
from madang.store.sqlite.row_sight import RowSight

RENDERED_COLUMN: Final = "e.rendered"

Item = bytes | Entity
# A row of the file; what its columns hold is known from the statement
Row = tuple[Any, ...]
Show = Callable[[Row], Item | None]
ShowAll = Callable[[list[Row]], list[Item | None]]


class Showing:
    """columns: what is to be selected of each row. show_all: what is made of rows, in their order; None where there is
    nothing for the caller.

    rendered: whether it shall be the bytes in which entities are kept. rewriter: writes others; without either they become
    entities. sight: of the caller, if something may be hidden; judges: whether that depends on more than the types. as_kept: whether the one column is what is shown.
    """

    __slots__ = ("as_kept", "columns", "show_all")

    def __init__(
        self,
        terms: Terms,
        *,
        rendered: bool,
        rewriter: Rewriter | None = None,
        sight: RowSight | None = None,
        judges: bool = False,
    ) -> None:
        self.as_kept = rendered and sight is None
        self.show_all: ShowAll
        if sight is not None and not rendered:
            self.columns, self.show_all = ENTITY_COLUMNS, _each(_seen(sight, terms, rewriter))
        elif sight is not None and judges:
            self.columns = f"{ENTITY_COLUMNS}, {RENDERED_COLUMN}"
            self.show_all = _each(_judged(sight))
        elif sight is not None:
            self.columns, self.show_all = f"e.types, {RENDERED_COLUMN}", _cut(sight)
        elif rendered:
            self.columns = RENDERED_COLUMN
            self.show_all = _each(_first)
        elif rewriter is not None:
            self.columns = REWRITTEN_COLUMNS
            self.show_all = _each(rewriter)
        else:
            self.columns = ENTITY_COLUMNS
            self.show_all = _each(lambda row: decode_entity(row, terms))


def _each(show: Show) -> ShowAll:
    return lambda rows: [show(row) for row in rows]


def _first(row: Row) -> bytes:
    found: bytes = row[0]
    return found


def _seen(sight: RowSight, terms: Terms, rewriter: Rewriter | None) -> Show:
    """Makes of ENTITY_COLUMNS what the caller sees."""

    def show(row: Row) -> Item | None:
        mask = sight.mask(row)
        if mask is None:
            return None
        if rewriter is None:
            return mask.of(decode_entity(row, terms))
        return rewriter.masked((*row[:3], row[6]), mask)

    return show


def _cut(sight: RowSight) -> ShowAll:
    """Makes of "e.types, e.rendered" what the caller sees, where types tell it."""

    def show_all(rows: list[Row]) -> list[Item | None]:
        masks = {types: sight.verdict(types) for types in {row[0] for row in rows}}
        if len(masks) == 1:
            (mask,) = masks.values()
            if type(mask) is Mask and mask is not PLAIN:
                return list(sight.cutter(mask).each([kept for _, kept in rows]))
        shown: list[Item | None] = []
        for types, kept in rows:
            mask = masks[types]
            # One that came after the plan was made, and depends on the row, is not shown: the plan is made anew
            visible = type(mask) is Mask
            shown.append((kept if mask is PLAIN else sight.cutter(mask)(kept)) if visible else None)  # type: ignore[arg-type]  # visible says it
        return shown

    return show_all


def _judged(sight: RowSight) -> Show:
    """Makes of ENTITY_COLUMNS and the kept bytes what the caller sees."""

    def show(row: Row) -> Item | None:
        mask = sight.mask(row[:7])
        if mask is None or mask is PLAIN:
            return row[7] if mask is not None else None
        return sight.cutter(mask)(row[7])

    return show
