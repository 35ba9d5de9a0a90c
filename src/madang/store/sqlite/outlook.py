"""What a view leaves of a query before any row is read: of which combinations of types there is something to see, of
which attributes it may depend on the row whether they are seen, and by which of the rules the rows are found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from madang.ngsild.query import Query
from madang.ngsild.selection import TypeExpression
from madang.store.sqlite.codec import Terms, decode_types
from madang.store.sqlite.combinations import Combinations
from madang.store.sqlite.mask import Mask
from madang.store.sqlite.verdict import Depends, Verdict
from madang.trust.view import Rule, View

# Where there are more combinations than this, each row is judged by its own
COMBINATIONS_MAX: Final = 1000
# Rules of more identifiers or types than this drive no query
_IDS_MAX: Final = 100
_TYPES_MAX: Final = 16
_ANYTHING: Final = Query()


class Outlook(msgspec.Struct, frozen=True):
    """version: of the combinations that this is right for. gone: those that the query may select, of which nothing is
    seen; kept: the others. verdicts: what there is to see of these. view: where there are too many to look at each.
    implied: what every entity that is seen meets, if it helps to find them.
    """

    version: int
    gone: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    verdicts: tuple[Mask | Depends, ...] = ()
    view: View | None = None
    implied: Query = _ANYTHING

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see."""
        return not self.verdicts and self.view is None

    @property
    def judges(self) -> bool:
        """Whether it depends on the row if there is something to see, and what."""
        return self.view is not None or any(isinstance(one, Depends) for one in self.verdicts)

    @property
    def masks(self) -> bool:
        """Whether something may be hidden of what is seen."""
        return self.view is not None or any(
            isinstance(one, Depends) or not one.is_plain for one in self.verdicts
        )

    @property
    def reads(self) -> frozenset[str]:
        """The attributes (IRIs) by which rows are judged."""
        return frozenset[str]().union(*[one.reads for one in self.verdicts if isinstance(one, Depends)])

    def may_hide(self, name: str) -> bool:
        """Whether a condition on the name must be judged on what is seen of each entity."""
        if self.view is not None:
            return self.view.may_hide(name)
        return any(one.may_hide(name) for one in self.verdicts)

    def always_hides(self, name: str) -> bool:
        """Whether nobody has the attribute as far as the caller sees."""
        return self.view is None and all(one.always_hides(name) for one in self.verdicts)


def outlook_of(
    view: View, query: Query, combinations: Combinations, terms: Terms, verdict: Callable[[str], Verdict]
) -> Outlook:
    """query: its types and selectors are looked at. verdict: of the view, by the text of a combination."""
    version = combinations.version
    if len(combinations) > COMBINATIONS_MAX:
        return Outlook(version, view=view)
    asked = [text for text in combinations if _may_select(query, decode_types(text, terms))]
    judged = [(text, verdict(text)) for text in asked]
    kept = [(text, found) for text, found in judged if found is not None]
    verdicts = dict.fromkeys(found for _, found in kept)
    return Outlook(
        version,
        gone=tuple([text for text, found in judged if found is None]),
        kept=tuple([text for text, _ in kept]),
        verdicts=tuple(verdicts),
        implied=_implied(list(verdicts)) or _of_few_types(query, kept, combinations, terms) or _ANYTHING,
    )


def _may_select(query: Query, types: tuple[str, ...]) -> bool:
    if query.types is not None and not query.types.matches(types):
        return False
    return not query.selectors or any(
        one.types is None or one.types.matches(types) for one in query.selectors
    )


def _implied(verdicts: list[Mask | Depends]) -> Query | None:
    """What the rules themselves say of all that is seen."""
    rules: dict[Rule, None] = {}
    for one in verdicts:
        if not isinstance(one, Depends):
            return None
        rules.update(dict.fromkeys(one.rules))
    if len(rules) == 1:
        return next(iter(rules)).rows
    identifiers = {identifier for rule in rules for identifier in rule.rows.ids}
    if rules and all(rule.rows.ids for rule in rules) and len(identifiers) <= _IDS_MAX:
        return Query(ids=tuple(sorted(identifiers)))
    return None


def _of_few_types(
    query: Query, kept: Sequence[tuple[str, Verdict]], combinations: Combinations, terms: Terms
) -> Query | None:
    """The types of what is seen, where that is the lesser part of all there is."""
    if query.types is not None or query.selectors or not kept:
        return None
    seen = sum(combinations.count(text) for text, _ in kept)
    if 2 * seen > sum(map(combinations.count, combinations)):
        return None
    first = dict.fromkeys(decode_types(text, terms)[0] for text, _ in kept)
    return Query(types=TypeExpression(tuple((name,) for name in first))) if len(first) <= _TYPES_MAX else None
