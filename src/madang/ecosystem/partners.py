"""Who might fit whom, out of the record, as suggestions for people. Pure.

Told to both; each pair once. An organisation is its ties, what it writes of itself and its classes; hard constraints are
owners in common and what a person refused. Nothing is known here of people, and nothing is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from madang.ecosystem.joined import joined, representatives
from madang.ecosystem.matching import Matcher, Weights
from madang.ecosystem.record import Record, Thing
from madang.ecosystem.suggestions import Category, Reason, Status, Suggestion, identifier
from madang.ecosystem.ties import Ties
from madang.limits import LIMITS

# Nearness decides, the way back counts, and nobody is shown to everybody (docs/matching.md)
WEIGHTS: Final = Weights(text=0.3, classes=0.2, way_back=0.12, reach=0.41, exposure_max=3.0)
_EACH_MAX: Final = 3
_KEY_BYTES: Final = 8
_LEAST: Final = 0.01
_TEXTS: Final = ("products", "keyword")
_CLASSES: Final = ("serviceArea", "technologyLayer")
_INVESTOR: Final = "investor"
_OWNER: Final = "isPartOf"
_SUGGESTION: Final = "Suggestion"


class _Actor(msgspec.Struct, frozen=True):
    """What counts of an organisation. classes: code by axis. owners: those of which it is a part."""

    id: str
    name: str
    text: str
    classes: dict[str, str]
    category: str
    industry: str
    owners: frozenset[str]


def partners_of(record: Record, ties: Ties) -> tuple[Suggestion, ...]:
    """The likeliest pairs of those that have not worked together, the best first. ties: of this record."""
    actors = _actors(record, ties)
    matcher = Matcher(
        ties, [one.text for one in actors], [frozenset(one.classes.values()) for one in actors], WEIGHTS
    )
    found: dict[tuple[int, int], float] = {}
    for place, matches in matcher.suggest_all(np.arange(len(actors)), _EACH_MAX, _Barred(record, actors)):
        for match in matches:
            if match.score < _LEAST:  # nothing speaks for it but that they are active
                continue
            pair = (min(place, match.place), max(place, match.place))
            found[pair] = max(found.get(pair, 0.0), match.score)
    best = sorted(found.items(), key=lambda one: (-one[1], one[0]))[: LIMITS.partner_suggestions_entities_max]
    return tuple([_suggestion(record.city, actors, pair, score, matcher) for pair, score in best])


def _actors(record: Record, ties: Ties) -> list[_Actor]:
    known = joined(record.things, representatives(record))
    return [_actor(name, known.get(name, [])) for name in ties.organisations]


def _actor(name: str, entities: Sequence[Thing]) -> _Actor:
    def first(term: str) -> str:
        return next((text for one in entities if (text := one.text(term))), "")

    said = [text for one in entities for text in one.texts.values()]
    said += [first(term) for term in _TEXTS]
    return _Actor(
        name,
        next((text for one in entities for text in one.names.values()), name),
        " ".join(filter(None, said)),
        {axis: code for axis in _CLASSES if (code := first(axis))},
        first("category"),
        first("industryCode"),
        frozenset(owner for one in entities for owner in one.links(_OWNER)),
    )


class _Barred:
    """Who must not be suggested to whom: those of the same owner, whom a person refused, an investor to an investor."""

    def __init__(self, record: Record, actors: Sequence[_Actor]) -> None:
        self._actors = actors
        self._places = {one.id: place for place, one in enumerate(actors)}
        self._investors = np.array([one.category == _INVESTOR for one in actors], dtype=bool)
        self._owned: dict[str, list[int]] = {}
        for place, one in enumerate(actors):
            for owner in one.owners:
                self._owned.setdefault(owner, []).append(place)
        self._refused: dict[str, set[str]] = {}
        for thing in record.things:
            if thing.type == _SUGGESTION and thing.text("status") == Status.REFUSED:
                ends = (*thing.links("subject"), *thing.links("participant"))
                for end in ends:
                    self._refused.setdefault(end, set()).update(ends)

    def __call__(self, place: int) -> NDArray[np.bool_]:
        one = self._actors[place]
        no = self._investors.copy() if self._investors[place] else np.zeros(len(self._actors), dtype=bool)
        family = {*one.owners, *self._refused.get(one.id, ())}
        no[[self._places[name] for name in family if name in self._places]] = True
        for owner in (*one.owners, one.id):
            no[self._owned.get(owner, [])] = True
        return no


def _suggestion(
    city: str, actors: Sequence[_Actor], pair: tuple[int, int], score: float, matcher: Matcher
) -> Suggestion:
    one, other = (actors[place] for place in pair)
    key = blake2b(f"{one.id}\n{other.id}".encode(), digest_size=_KEY_BYTES).hexdigest()
    reasons = matcher.reasons(*pair)
    told = [Reason("partner-common", values={"name": actors[at].name}) for at in reasons.partners]
    if reasons.words:
        told.append(Reason("partner-words", values={"words": ", ".join(reasons.words)}))
    told += [
        Reason("partner-class", values={"axis": axis, "code": one.classes[axis]})
        for axis in _CLASSES
        if one.classes.get(axis) and one.classes.get(axis) == other.classes.get(axis)
    ]
    if not told:
        told.append(Reason("partner-near"))
    if one.industry and one.industry == other.industry and one.classes == other.classes:
        told.append(Reason("partner-rival", against=True))
    if not matcher.walks.counts[list(pair)].all():
        told.append(Reason("partner-unknown", against=True))
    whole = WEIGHTS.network + WEIGHTS.text + WEIGHTS.classes
    return Suggestion(
        identifier(city, Category.PARTNER, key),
        Category.PARTNER,
        one.id,
        other.id,
        round(min(1.0, score / whole), 4),
        reasons=tuple(told),
    )
