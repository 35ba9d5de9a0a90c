"""What is made of a row that a query has found: the bytes in which it is kept, bytes under another @context, or an
entity; each as far as the caller sees it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from madang.ngsild.entity import Entity
from madang.store.sqlite.codec import Terms, decode_entity
from madang.store.sqlite.rewrite import COLUMNS as REWRITTEN_COLUMNS
from madang.store.sqlite.rewrite import Rewriter
from madang.store.sqlite.row_sight import COLUMNS as ENTITY_COLUMNS
from madang.store.sqlite.row_sight import RowSight

RENDERED_COLUMN: Final = "e.rendered"

Item = bytes | Entity
# A row of the file; what its columns hold is known from the statement
Row = tuple[Any, ...]


class Showing:
    """columns: what is to be selected of each row. show: what is made of them; None if there is nothing for the caller.

    rendered: whether the bytes in which entities are kept will do. rewriter: writes others; without it they become
    entities. as_kept: whether the one column is what is shown.
    """

    __slots__ = ("as_kept", "columns", "show")

    def __init__(
        self, terms: Terms, *, rendered: bool, rewriter: Rewriter | None = None, sight: RowSight | None = None
    ) -> None:
        self.as_kept = rendered and sight is None
        self.show: Callable[[Row], Item | None]
        if sight is not None:
            self.columns = f"{ENTITY_COLUMNS}, {RENDERED_COLUMN}" if rendered else ENTITY_COLUMNS
            self.show = _seen(sight, terms, rewriter, rendered=rendered)
        elif rendered:
            self.columns = RENDERED_COLUMN
            self.show = _first
        elif rewriter is not None:
            self.columns = REWRITTEN_COLUMNS
            self.show = rewriter
        else:
            self.columns = ENTITY_COLUMNS
            self.show = lambda row: decode_entity(row, terms)


def _first(row: Row) -> bytes:
    found: bytes = row[0]
    return found


def _seen(
    sight: RowSight, terms: Terms, rewriter: Rewriter | None, *, rendered: bool
) -> Callable[[Row], Item | None]:
    def show(row: Row) -> Item | None:
        mask = sight.mask(row[:7])
        if mask is None:
            return None
        if rendered and mask.is_plain:
            found: bytes = row[7]
            return found
        if rewriter is None:
            return mask.of(decode_entity(row[:7], terms))
        return rewriter.masked((*row[:3], row[6]), mask)

    return show
