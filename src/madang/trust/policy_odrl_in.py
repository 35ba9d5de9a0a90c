"""Reads policies from ODRL 2.2 in JSON-LD, as `policy_odrl.py` writes it, and in the spellings of others.

A document that says what cannot be enforced here is refused with the place where it does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec

from madang.errors import BadRequestData
from madang.trust.identity import Action
from madang.trust.policy import Constraints, Duties, Effect, Policy, What, Who
from madang.trust.policy_odrl import ACTIONS, NAMESPACE, PARTY, TARGET, UID, operand

_ODRL: Final = re.compile(r"^(odrl:|http://www\.w3\.org/ns/odrl/2/)")
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_RULES: Final = ("permission", "prohibition", "obligation")
_OF_ODRL: Final[Mapping[str, tuple[Action, ...]]] = {
    **{name: (action,) for action, name in ACTIONS.items()},
    "use": tuple(Action),
}
_WORDS_UNDER: Final = frozenset(("@type", "leftOperand", "operator", "action", "unit", "conflict"))
_Names = TypeVar("_Names", Who, What)
_Part = TypeVar("_Part", What, Constraints, Duties)


def is_odrl(document: object) -> bool:
    """Whether a body means ODRL, and not the form of our own."""
    return isinstance(document, dict) and not {"permission", "prohibition", "obligation"}.isdisjoint(
        _ODRL.sub("", str(key)) for key in document
    )


def from_odrl(document: dict[str, Any]) -> tuple[Policy, ...]:
    """One policy for each of its rules; several get numbers behind its identifier.

    Raises BadRequestData, which names the place."""
    document = _plain(document)
    _only(document, "", "@context", "@type", "uid", "@id", "profile", "conflict", "madang:name", *_RULES)
    if document.get("conflict", "prohibit") != "prohibit":
        raise BadRequestData(
            "conflict: prohibitions go before permissions here; leave it out or say prohibit"
        )
    uid = str(document.get("uid", document.get("@id", ""))).removeprefix(UID)
    if not _ID.fullmatch(uid):
        raise BadRequestData(
            f"uid: '{uid:.80}' must be {UID} and lower-case letters, digits and hyphens, such as {UID}air"
        )
    if document.get("obligation"):
        raise BadRequestData("obligation: nothing can be asked of those who ask for nothing; write a duty")
    places = [
        (effect, rule, f"{kind}[{number}]")
        for kind, effect in (("permission", Effect.PERMIT), ("prohibition", Effect.PROHIBIT))
        for number, rule in enumerate(_many(document.get(kind)))
    ]
    if not places:
        raise BadRequestData("The document has neither a permission nor a prohibition")
    names = document.get("madang:name", {})
    if not isinstance(names, dict) or not all(isinstance(text, str) for text in names.values()):
        raise BadRequestData("madang:name: it is a text for each language")
    return tuple(
        _rule(rule, place, (uid if number == 0 else f"{uid}-{number + 1}", effect, names))
        for number, (effect, rule, place) in enumerate(places)
    )


def _rule(rule: Any, place: str, head: tuple[str, Effect, dict[str, str]]) -> Policy:
    _table(rule, place)
    _only(rule, place, "@type", "uid", "target", "assignee", "action", "constraint", "duty")
    policy_id, effect, names = head
    what, limits = What(), Constraints()
    tenants: tuple[str, ...] = ()
    for number, one in enumerate(
        _collection(rule.get("target"), f"{place}.target", "AssetCollection", "uid")
    ):
        what = _into_what(what, one, f"{place}.target.refinement[{number}]")
    who = Who()
    for number, one in enumerate(
        _collection(rule.get("assignee"), f"{place}.assignee", "PartyCollection", "")
    ):
        who = _into_names(who, one, PARTY, f"{place}.assignee.refinement[{number}]")
    for number, one in enumerate(_many(rule.get("constraint"))):
        at = f"{place}.constraint[{number}]"
        left = _left(one, at)
        if left == "spatial":
            what = _into_what(what, one, at)
        elif left == "madang:tenant":
            tenants = _names(one, at)
        else:
            limits = _into_constraints(limits, one, at)
    duties = Duties()
    for number, one in enumerate(_many(rule.get("duty"))):
        duties = _into_duties(duties, one, f"{place}.duty[{number}]")
    return Policy(policy_id, effect, names, who, what, _actions(rule, place), limits, duties, tenants)


def _actions(rule: dict[str, Any], place: str) -> tuple[Action, ...]:
    found: list[Action] = []
    for name in _many(rule.get("action")):
        if not isinstance(name, str) or name not in _OF_ODRL:
            known = ", ".join(sorted(_OF_ODRL))
            raise BadRequestData(f"{place}.action: '{name!s:.60}' cannot be enforced; there are {known}")
        found += _OF_ODRL[name]
    if not found:
        raise BadRequestData(f"{place}.action: it is lacking")
    return tuple(dict.fromkeys(found))


def _collection(value: Any, place: str, kind: str, own: str) -> list[Any]:
    """The refinements; of a plain identifier that it is this one. own: the operand of identifiers, "" if none may be."""
    if value is None or value == "urn:madang:graph":
        return []
    if isinstance(value, str):
        if not own:
            reason = "name roles, organisations or subjects in refinements of a PartyCollection"
            raise BadRequestData(f"{place}: '{value:.80}' is nobody whom a policy can name; {reason}")
        return [operand(own, "isAnyOf", [value])]
    _table(value, place)
    _only(value, place, "@type", "source", "refinement")
    if value.get("@type", kind) != kind or value.get("source", "urn:madang:graph") != "urn:madang:graph":
        raise BadRequestData(f"{place}: it must be a {kind} of urn:madang:graph with refinements")
    return _many(value.get("refinement"))


def _into_what(what: What, one: Any, place: str) -> What:
    left = _left(one, place)
    if left == "uid":
        return msgspec.structs.replace(what, ids=_names(one, place))
    if left == "spatial":
        return _converted(what, "area", _right(one, place, "eq", "isPartOf"), f"{place}.rightOperand")
    if left in ("madang:owner", "madang:condition"):
        return _converted(
            what, left.removeprefix("madang:"), _right(one, place, "eq"), f"{place}.rightOperand"
        )
    return _into_names(what, one, TARGET, place)


def _into_names(into: _Names, one: Any, operands: Mapping[str, str], place: str) -> _Names:
    left = _left(one, place)
    for member, wanted in operands.items():
        if wanted == left:
            return msgspec.structs.replace(into, **{member: _names(one, place)})
    known = ", ".join(sorted(operands.values()))
    raise BadRequestData(f"{place}.leftOperand: '{left:.60}' cannot be enforced; there are {known}")


def _into_constraints(limits: Constraints, one: Any, place: str) -> Constraints:
    left = _left(one, place)
    at = f"{place}.rightOperand"
    readers: dict[str, Callable[[], tuple[str, Any]]] = {
        "purpose": lambda: ("purposes", _names(one, place)),
        "madang:day": lambda: ("days", _names(one, place)),
        "madang:hours": lambda: ("hours", _right(one, place, "eq")),
        "count": lambda: ("count", _right(one, place, "lteq")),
        "dateTime": lambda: (
            "since" if one.get("operator") == "gteq" else "until",
            _right(one, place, "gteq", "lt"),
        ),
    }
    if left not in readers:
        known = ", ".join(sorted((*readers, "spatial", "madang:tenant")))
        raise BadRequestData(f"{place}.leftOperand: '{left:.60}' cannot be enforced; there are {known}")
    member, value = readers[left]()
    return _converted(limits, member, value, at)


def _into_duties(duties: Duties, one: Any, place: str) -> Duties:
    _table(one, place)
    action = one.get("action")
    if action == "attribute":
        _only(one, place, "@type", "action", "madang:attribution")
        return _converted(duties, "attribution", one.get("madang:attribution"), f"{place}.madang:attribution")
    if action == "inform":
        _only(one, place, "@type", "action", "informedParty")
        return _converted(duties, "notify", one.get("informedParty"), f"{place}.informedParty")
    if action == "delete":
        _only(one, place, "@type", "action", "constraint")
        limits = _many(one.get("constraint"))
        if len(limits) == 1 and _left(limits[0], f"{place}.constraint[0]") in ("elapsedTime", "delayPeriod"):
            duration = str(_right(limits[0], f"{place}.constraint[0]", "lteq", "lt", "eq"))
            found = re.fullmatch(r"P(?:([1-9]\d{0,4})D|T([1-9]\d{0,4})H)", duration, re.ASCII)
            if found is not None:
                return msgspec.structs.replace(
                    duties, delete_after=f"{found[1]} d" if found[1] else f"{found[2]} h"
                )
        raise BadRequestData(f"{place}.constraint: to delete needs one elapsedTime, such as P30D or PT12H")
    raise BadRequestData(
        f"{place}.action: '{action!s:.60}' cannot be enforced as a duty; there are attribute, inform, delete"
    )


# --- reading JSON-LD ---


def _plain(value: Any, key: str = "") -> Any:
    """Without the prefix of ODRL, and with `@type`, `@id` for their aliases, so that one spelling is left.

    key: under which the value stands; only of some is the value a word, and not a name of others."""
    if isinstance(value, list):
        return [_plain(one, key) for one in value]
    if isinstance(value, dict):
        if set(value) == {"@id"} or set(value) == {"id"}:
            return _plain(next(iter(value.values())), key)
        if key in ("rightOperand", "@context"):
            # A geometry, a typed value: their members are not ours to spell
            return value
        return {_key(name): _plain(one, _key(name)) for name, one in value.items()}
    return _key(value) if isinstance(value, str) and key in _WORDS_UNDER else value


def _key(key: str) -> str:
    plain = _ODRL.sub("", key).replace(NAMESPACE, "madang:", 1)
    return {"type": "@type", "id": "@id"}.get(plain, plain)


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _table(value: Any, place: str) -> None:
    if not isinstance(value, dict):
        raise BadRequestData(f"{place}: it must be an object")


def _only(value: dict[str, Any], place: str, *known: str) -> None:
    for key in value:
        if key not in known:
            at = f"{place}.{key}" if place else key
            raise BadRequestData(f"{at}: this cannot be enforced; there are {', '.join(known)}")


def _left(one: Any, place: str) -> str:
    _table(one, place)
    _only(one, place, "@type", "uid", "leftOperand", "operator", "rightOperand", "unit", "dataType")
    if one.get("unit", "madang:perDay") not in ("madang:perDay", NAMESPACE + "perDay"):
        raise BadRequestData(f"{place}.unit: only madang:perDay of a count can be enforced")
    return str(one.get("leftOperand"))


def _right(one: dict[str, Any], place: str, *operators: str) -> Any:
    if one.get("operator") not in operators:
        said = str(one.get("operator"))
        raise BadRequestData(
            f"{place}.operator: '{said:.40}' cannot be enforced; it may be {' or '.join(operators)}"
        )
    value = one.get("rightOperand")
    return value["@value"] if isinstance(value, dict) and "@value" in value else value


def _names(one: dict[str, Any], place: str) -> tuple[str, ...]:
    value = _many(_right(one, place, "isAnyOf", "isPartOf", "eq"))
    if not value or not all(isinstance(name, str) for name in value):
        raise BadRequestData(f"{place}.rightOperand: it must be a list of texts")
    if one["operator"] == "eq" and len(value) > 1:
        raise BadRequestData(f"{place}.operator: one of several is said by isAnyOf")
    return tuple(value)


def _converted(into: _Part, member: str, value: Any, place: str) -> _Part:
    """With the value in the member, in its right form."""
    whole = {**msgspec.to_builtins(into), member: value}
    try:
        return msgspec.convert(whole, type(into))
    except msgspec.ValidationError as error:
        raise BadRequestData(f"{place}: {error}") from error
