"""Classes for firms by what is written of them: on each axis of a taxonomy three categories with the words that decided.

Learnt from firms whose classes are known: those that come with Madang, and those that people have confirmed. An axis of
which no labels are known, because a city has codes of its own there, is searched by its categories' descriptions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from madang.ecosystem.classify import Bin, Classifier
from madang.ecosystem.hints import Suggested
from madang.ecosystem.search import Search
from madang.vocabulary.labelled import labelled_firms
from madang.vocabulary.taxonomy import Axis, Taxonomy

_BLOCK_FIRMS: Final = 500


class Labelled(msgspec.Struct, frozen=True):
    """text: what is written of a firm. classes: its code by axis; it may have some of them only."""

    text: str
    classes: Mapping[Axis, str]


class Labeller:
    """confidence_min: below which it abstains. labelled: codes that are not in the taxonomy are left out."""

    def __init__(self, classes: Taxonomy, labelled: Sequence[Labelled], confidence_min: float = 0.5) -> None:
        self.taxonomy = classes
        self._models = {axis: _model(classes, axis, labelled, confidence_min) for axis in Axis}

    def learnt(self, axis: Axis) -> bool:
        """Whether an axis is learnt from labels; searched by descriptions if not."""
        return isinstance(self._models[axis], Classifier)

    def calibration(self, axis: Axis) -> tuple[Bin, ...]:
        """How often the first suggestion is right by how far it leads; nothing of an axis that is searched."""
        model = self._models[axis]
        return model.calibration if isinstance(model, Classifier) else ()

    def suggest(self, text: str, n: int = 3) -> dict[Axis, Suggested]:
        return next(self.suggest_all([text], n))

    def suggest_all(self, texts: Sequence[str], n: int = 3) -> Iterator[dict[Axis, Suggested]]:
        """Of each text in turn."""
        for begin in range(0, len(texts), _BLOCK_FIRMS):
            part = texts[begin : begin + _BLOCK_FIRMS]
            columns = [self._models[axis].suggest_all(part, n) for axis in Axis]
            for found in zip(*columns, strict=True):
                yield dict(zip(Axis, found, strict=True))


def starting_labels() -> tuple[Labelled, ...]:
    """The firms that come with Madang."""
    return tuple([Labelled(one.text, one.classes) for one in labelled_firms()])


def _model(
    classes: Taxonomy, axis: Axis, labelled: Sequence[Labelled], confidence_min: float
) -> Classifier | Search:
    known = [
        (one.text, entry.code)
        for one in labelled
        if axis in one.classes and (entry := classes.category(axis, one.classes[axis])) is not None
    ]
    descriptions = classes.described(axis)
    if len({code for _, code in known}) < 2:
        return Search(descriptions)
    return Classifier([text for text, _ in known], [code for _, code in known], confidence_min, descriptions)
