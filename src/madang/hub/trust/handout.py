"""What a person gets of theirs, in words: one text that can be read and printed without knowing what JSON is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from madang import vocabulary
from madang.hub.trust.persons import Handout
from madang.ngsild.context import Context
from madang.ngsild.times import format_moment

_HEADS: Final = {
    "ko": {
        "title": "나에 관한 정보",
        "made": "만든 때",
        "consents": "동의",
        "requests": "요청",
        "read": "열람·이용 기록",
        "none": "없음",
        "holds": "유효",
        "revoked": "철회",
        "until": "까지",
        "readers": "보는 사람",
        "open": "처리 중",
        "since": "만들어진 때",
    },
    "en": {
        "title": "Data about you",
        "made": "Made",
        "consents": "Consents",
        "requests": "Requests",
        "read": "Who read it",
        "none": "None",
        "holds": "holds",
        "revoked": "taken back",
        "until": "until",
        "readers": "readers",
        "open": "open",
        "since": "created",
    },
}
_VALUES: Final = ("value", "object", "languageMap", "vocab", "json", "valueList", "objectList")
_HEAD_MEMBERS: Final = frozenset(("id", "type", "createdAt", "modifiedAt", "scope"))


def readable(handout: Handout, context: Context, language: str) -> str:
    """The text, in Korean ("ko") or English ("en"), as Markdown."""
    return "\n".join(_lines(handout, context, language)) + "\n"


def _lines(handout: Handout, context: Context, language: str) -> Iterator[str]:
    words = _HEADS[language]
    yield f"# {words['title']}"
    yield f"\n{words['made']}: {handout.made}\n"
    for entity in handout.entities:
        yield from _entity(entity, context, language)
    yield f"\n## {words['consents']}\n"
    yield from _listed(
        [
            f"{vocabulary.purpose_label(one.purpose, language)}: "
            f"{', '.join(vocabulary.attribute_label(name, language) for name in one.attributes)} "
            f"({words['readers']}: {', '.join((*one.roles, *one.organisations))}; "
            + (
                f"{words['revoked']} {format_moment(one.revoked)})"
                if one.revoked
                else f"{words['holds']} {words['until']} {format_moment(one.expires)})"
            )
            for one in handout.consents
        ],
        words["none"],
    )
    yield f"\n## {words['requests']}\n"
    yield from _listed(
        [
            f"{format_moment(one.made)} {one.wish.value}: {one.text} — {one.answer or words['open']}"
            for one in handout.requests
        ],
        words["none"],
    )
    yield f"\n## {words['read']}\n"
    yield from _listed(
        [
            f"{one.time} {one.by}: {one.deed}"
            + (f" ({vocabulary.purpose_label(one.purpose, language)})" if one.purpose else "")
            for one in handout.read
        ],
        words["none"],
    )


def _entity(entity: dict[str, Any], context: Context, language: str) -> Iterator[str]:
    types = [entity["type"]] if isinstance(entity["type"], str) else entity["type"]
    labels = ", ".join(vocabulary.type_label(context.expand(name), language) for name in types)
    yield f"\n## {labels}\n"
    yield f"- {entity['id']}"
    if "createdAt" in entity:
        yield f"- {_HEADS[language]['since']}: {entity['createdAt']}"
    for name, value in entity.items():
        if name not in _HEAD_MEMBERS:
            label = vocabulary.attribute_label(context.expand(name), language)
            yield f"- {label}: {'; '.join(_texts(value, language))}"


def _texts(value: Any, language: str) -> list[str]:
    """The values of an attribute, or of its instances, as texts."""
    instances = value if isinstance(value, list) else [value]
    return [text for one in instances for text in _text(one, language)]


def _text(instance: Any, language: str) -> list[str]:
    if not isinstance(instance, dict):
        return [str(instance)]
    found = next((instance[name] for name in _VALUES if name in instance), None)
    if isinstance(found, dict) and "languageMap" in instance:
        found = found.get(language) or next(iter(found.values()), "")
    return [str(one) for one in (found if isinstance(found, list) else [found])]


def _listed(lines: Iterable[str], nothing: str) -> Iterator[str]:
    found = [f"- {line}" for line in lines]
    yield from found or [nothing]
