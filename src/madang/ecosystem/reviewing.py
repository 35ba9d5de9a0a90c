"""Classes that wait for a person: firms of which an axis is not known, with three categories each and why.

What people have confirmed, and what sources say, is learnt from at every new run. Nothing is written on a firm here: a
person confirms, changes or refuses (`suggestions.py`), and what was decided is never suggested anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Final

from madang.ecosystem.firms import is_firm
from madang.ecosystem.hints import Hint, Suggested
from madang.ecosystem.joined import joined, representatives
from madang.ecosystem.labelling import Labelled, Labeller, starting_labels
from madang.ecosystem.record import Record, Thing
from madang.ecosystem.suggestions import Category, Reason, Suggestion, identifier
from madang.limits import LIMITS
from madang.vocabulary.taxonomy import OUTSIDE, Axis, Taxonomy, taxonomy

_TEXTS: Final = ("products", "industryName")
_NO_AREA: Final = "none"
_KEY_BYTES: Final = 8


def text_of(entities: Iterable[Thing]) -> str:
    """All that is written of an organisation, of whatever source, each once; "" where nothing is."""
    written = [
        text
        for one in entities
        for text in (*(one.text(attribute) for attribute in _TEXTS), *one.texts.values())
    ]
    return " ".join(dict.fromkeys(text.strip() for text in written if text.strip()))


def labels_of(record: Record, classes: Taxonomy | None = None) -> tuple[Labelled, ...]:
    """The firms of a record whose classes people or sources have said, with what is written of them; of very many some that
    stand evenly apart."""
    classes = classes or taxonomy()
    firms = _firms(record).values()
    found = [Labelled(text_of(some), _classes(some, classes)) for some in firms]
    told = [one for one in found if one.text and one.classes]
    return tuple(told[:: 1 + len(told) // (LIMITS.learnt_labels_entities_max + 1)])


def classes_of(
    record: Record,
    classes: Taxonomy | None = None,
    confidence_min: float = 0.5,
    known: Sequence[Labelled] | None = None,
) -> tuple[Suggestion, ...]:
    """A suggestion for each firm of which something is written and an axis not known; the surest first.

    known: learnt from beside the firms of the record whose classes are known; None for those that come with Madang. Of an axis on which
    the model is less sure than confidence_min nothing is chosen, but what it thought of stands among the reasons.
    """
    classes = classes or taxonomy()
    waiting: list[tuple[str, str, tuple[Axis, ...]]] = []
    for subject, entities in _firms(record).items():
        said, text = _classes(entities, classes), text_of(entities)
        missing = tuple(axis for axis in Axis if axis not in said)
        # Who is outside the industry serves no area of it
        if said.get(Axis.LAYER) == OUTSIDE:
            missing = tuple(axis for axis in missing if axis is not Axis.AREA)
        if text and missing:
            waiting.append((subject, text, missing))
    if not waiting:
        return ()
    labelled = (*(starting_labels() if known is None else known), *labels_of(record, classes))
    labeller = Labeller(classes, labelled, confidence_min)
    suggested = labeller.suggest_all([text for _, text, _ in waiting])
    found = [
        _suggestion(record.city, subject, {axis: hints[axis] for axis in missing})
        for (subject, _, missing), hints in zip(waiting, suggested, strict=True)
    ]
    ranked = sorted((one for one in found if one.reasons), key=lambda one: (-(one.score or 0.0), one.id))
    return tuple(ranked[: LIMITS.class_suggestions_entities_max])


def _firms(record: Record) -> dict[str, list[Thing]]:
    """The entities of each firm, by that by which it is counted."""
    return {
        subject: entities
        for subject, entities in joined(record.things, representatives(record)).items()
        if is_firm(next((said for one in entities if (said := one.text("category"))), ""))
    }


def _classes(entities: Sequence[Thing], classes: Taxonomy) -> dict[Axis, str]:
    """What is said of each axis; codes that the taxonomy does not know are none."""
    said = {axis: next((code for one in entities if (code := one.text(axis.value))), "") for axis in Axis}
    return {
        axis: entry.code for axis, code in said.items() if (entry := classes.category(axis, code)) is not None
    }


def _suggestion(city: str, subject: str, suggested: Mapping[Axis, Suggested]) -> Suggestion:
    chosen = {
        axis.value: one.hints[0].code for axis, one in suggested.items() if one.hints and not one.abstains
    }
    if chosen.get(Axis.LAYER.value) == OUTSIDE and Axis.AREA in suggested:
        chosen[Axis.AREA.value] = _NO_AREA
    sure = [suggested[Axis(axis)].confidence for axis in chosen]
    unsure = [one.confidence for one in suggested.values() if one.hints]
    key = blake2b(subject.encode(), digest_size=_KEY_BYTES).hexdigest()
    return Suggestion(
        identifier(city, Category.CLASS, key),
        Category.CLASS,
        subject,
        score=round(min(sure or unsure, default=0.0), 4),
        reasons=tuple(reason for axis, one in suggested.items() for reason in _reasons(axis, one)),
        classes=chosen,
    )


def _reasons(axis: Axis, suggested: Suggested) -> list[Reason]:
    """The first category with the words that decided, how sure that is, and the two that come next."""
    if not suggested.hints:
        return []
    first, *others = suggested.hints
    searched = suggested.abstains and not suggested.confidence
    code = "class-searched" if searched else "class-unsure" if suggested.abstains else "class"
    values = {**_values(axis, first), "confidence": suggested.confidence}
    return [
        Reason(code, suggested.abstains, values),
        *(Reason("class-next", against=True, values=_values(axis, one)) for one in others),
    ]


def _values(axis: Axis, hint: Hint) -> dict[str, str | float]:
    return {"axis": axis.value, "code": hint.code, "words": ", ".join(hint.words) or "-"}
