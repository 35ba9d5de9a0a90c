"""The page of what waits for a person: two entries that may be one organisation, what a firm does, who might fit whom.
Each suggestion is shown with its reasons for and against; what is decided can be taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from starlette.responses import RedirectResponse, Response

from madang import vocabulary
from madang.ecosystem import exposure, merging, suggestions
from madang.ecosystem.suggestions import AXES, Category, Reason, Status, Suggestion
from madang.errors import BadRequestData, Denied, NotFound
from madang.hub import entities
from madang.ngsild.entity import Entity
from madang.ngsild.query import Query, Window
from madang.trust.identity import Permission
from madang.vocabulary import ValueKind
from madang.vocabulary.taxonomy import Axis, taxonomy
from madang.web.audit_names import names_of
from madang.web.form import read_form
from madang.web.headers import SECURITY_HEADERS
from madang.web.keys import first
from madang.web.visit import Visit

PATH: Final = "/ecosystem/review"
ROWS: Final = 20
# Of how many suggestions it is counted who is in them
_COUNTED_MAX: Final = 1000
_REGISTERED: Final = "confirm-registered"
_FORM_BYTES_MAX: Final = 8192
_FIELDS_MAX: Final = 20
_ACTIONS: Final = {"confirm": Status.CONFIRMED, "refuse": Status.REFUSED, "reopen": Status.PROPOSED}
# What tells two organisations apart, in the order in which a person compares
_COMPARED: Final = (
    *("businessNumber", "corporateNumber", "legalForm", "category", "address", "homePage"),
    *("foundingYear", "industryName", "products", "country", "region", "source", "dataProvider"),
)
# Values of reasons that are parts of 1
_PARTS: Final = ("confidence", "share", "likeness")
_TOLD: Final = ("products", "description", "industryName", "homePage")


class Compared(msgspec.Struct, frozen=True):
    """What two organisations say of one attribute; "" where one says nothing. same: both say the same."""

    label: str
    one: str
    two: str

    @property
    def same(self) -> bool:
        return bool(self.one) and self.one.casefold() == self.two.casefold()


class Choice(msgspec.Struct, frozen=True):
    """A field of the form of a class. options: (code, label, whether it is chosen)."""

    axis: str
    label: str
    options: tuple[tuple[str, str, bool], ...]


class Shown(msgspec.Struct, frozen=True):
    """A suggestion as the page shows it. ends: (name, address, whether it is there) of the organisations."""

    suggestion: Suggestion
    ends: tuple[tuple[str, str, bool], ...]
    reasons: tuple[tuple[str, bool], ...]
    compared: tuple[Compared, ...]
    told: tuple[tuple[str, str], ...]
    choices: tuple[Choice, ...]
    by: str


async def review_page(visit: Visit) -> Response:
    """GET /{language}/ecosystem/review?category=merge&status=proposed&after=CURSOR"""
    return await _page(visit)


async def act(visit: Visit) -> Response:
    """POST of a suggestion's form: confirm it, refuse it, or open it again."""
    form = await read_form(visit, _FORM_BYTES_MAX, _FIELDS_MAX)
    hub, access = visit.site.hub, visit.access
    if first(form, "action") == _REGISTERED:
        done = await merging.confirm_registered(hub, access)
        query = {"category": Category.MERGE.value, "counted": str(done.confirmed)}
        return RedirectResponse(visit.url(PATH, query), 303, SECURITY_HEADERS)
    wanted = _ACTIONS.get(first(form, "action"))
    if wanted is None:
        raise BadRequestData("The form does not say what to do")
    suggestion = await suggestions.retrieve(hub, access, first(form, "id"))
    if suggestion.status.value != first(form, "seen"):
        return await _page(visit, visit.t("review.already"))
    classes = {axis: text for axis in AXES if (text := first(form, axis).strip())}
    if suggestion.category is Category.CLASS and wanted is Status.CONFIRMED and not classes:
        return await _page(visit, visit.t("review.no-class"))
    _require_known(classes)
    await suggestions.decide(hub, access, suggestion, wanted, classes)
    query = {"category": suggestion.category.value, "status": first(form, "status"), "done": suggestion.id}
    return RedirectResponse(visit.url(PATH, query), 303, SECURITY_HEADERS)


def reason_words(visit: Visit, reason: Reason) -> str:
    """What a reader sees of a reason: the text of its code, else its own, else the code."""
    key = f"ecosystem.reason.{reason.code}"
    if not reason.code or not visit.known(key):
        return reason.text or reason.code
    values = {
        name: visit.reader.percent(value) if name in _PARTS and isinstance(value, float) else value
        for name, value in reason.values.items()
    }
    if (axis := str(values.get("axis", ""))) in AXES:
        values["label"] = class_label(visit, axis, str(values.get("code", "")))
        values["axis"] = vocabulary.attribute_label(vocabulary.context().expand(axis), visit.language)
    try:
        return visit.t(key, **values)
    except KeyError:  # of an older version, which knew less
        return reason.text or reason.code


def class_label(visit: Visit, axis: str, code: str) -> str:
    """What a class is called: a code of an axis of `AXES`."""
    return taxonomy().label(Axis(axis), code, visit.language)


async def organisations(visit: Visit, ids: Iterable[str]) -> dict[str, Entity]:
    """Those of these entities that are there, by their identifiers."""
    wanted = tuple(dict.fromkeys(one for one in ids if one))
    if not wanted:
        return {}
    page = await entities.query(visit.site.hub, visit.access, Query(ids=wanted), Window(limit=len(wanted)))
    return {entity.id: entity for entity in page.entities}


async def _page(visit: Visit, problem: str = "") -> Response:
    params = visit.request.query_params
    category = next((one for one in Category if one.value == params.get("category")), None)
    status = next((one for one in Status if one.value == params.get("status")), Status.PROPOSED)
    waiting = {one: await _count(visit, one) for one in Category}
    if category is None:
        category = next((one for one in Category if waiting[one]), Category.MERGE)
    window = Window(limit=ROWS, cursor=params.get("after", ""))
    found = await suggestions.listed(visit.site.hub, visit.access, category, status, window)
    decided = await _decided(visit, params.get("done", ""))
    known = await organisations(visit, [end for one in found.suggestions for end in _ends(one)])
    by = await _deciders(visit, found.suggestions)
    query = {"category": category.value, "status": status.value}
    return visit.html(
        "review.html",
        {
            "category": category.value,
            "status": status.value,
            "categories": [
                (one.value, waiting[one], visit.url(PATH, {"category": one.value})) for one in Category
            ],
            "statuses": [
                (one.value, visit.url(PATH, {"category": category.value, "status": one.value}))
                for one in Status
            ],
            "shown": [_shown(visit, one, known, by) for one in found.suggestions],
            "total": found.total,
            "next": visit.url(PATH, {**query, "after": found.following}) if found.following else "",
            "first": visit.url(PATH, query) if params.get("after") else "",
            "decided": decided,
            "registered": status is Status.PROPOSED and any(map(merging.registered, found.suggestions)),
            "counted": counted if (counted := params.get("counted", "")).isdecimal() else "",
            "action": visit.url(PATH),
            "problem": problem,
            "parity": await _parity(visit) if category is Category.PARTNER else None,
        },
        409 if problem else 200,
    )


async def _count(visit: Visit, category: Category) -> int:
    window = Window(limit=0)
    return (await suggestions.listed(visit.site.hub, visit.access, category, Status.PROPOSED, window)).total


async def _decided(visit: Visit, suggestion_id: str) -> Suggestion | None:
    """What was decided a moment ago, so that it can be taken back at once."""
    if not suggestion_id:
        return None
    try:
        return await suggestions.retrieve(visit.site.hub, visit.access, suggestion_id)
    except NotFound:
        return None


async def _deciders(visit: Visit, found: Sequence[Suggestion]) -> dict[str, str]:
    """Names of those who decided, as far as this reader knows people's names."""
    subjects = {one.decided_by for one in found if one.decided_by}
    names = dict.fromkeys(subjects, visit.t("review.somebody"))
    if visit.may(Permission.MEMBERS) or visit.may(Permission.AUDIT):
        names.update(await names_of(visit, subjects))
    if visit.identity.subject in names:
        names[visit.identity.subject] = visit.t("review.you")
    return names


def _shown(visit: Visit, one: Suggestion, known: dict[str, Entity], by: dict[str, str]) -> Shown:
    entity = known.get(one.subject)
    other = known.get(one.participant)
    merging = one.category is Category.MERGE
    return Shown(
        suggestion=one,
        ends=tuple(
            (
                visit.shower.name(known[end]) if end in known else visit.shower.key(end),
                visit.url(f"/ecosystem/firms/{end}"),
                end in known,
            )
            for end in _ends(one)
        ),
        reasons=tuple((reason_words(visit, reason), reason.against) for reason in one.reasons),
        compared=tuple(_compared(visit, entity, other)) if merging and entity and other else (),
        told=tuple(_facts(visit, entity, _TOLD).values()) if entity and not merging else (),
        choices=tuple(_choice(visit, axis, one, entity) for axis in AXES)
        if one.category is Category.CLASS
        else (),
        by=by.get(one.decided_by, ""),
    )


async def _parity(visit: Visit) -> dict[str, Any] | None:
    """Who is suggested how often, beside how many they are; None where there is no analysis, or none that the reader sees."""
    made = visit.site.outcomes
    try:
        outcome = await made.latest(visit.access) if made is not None else None
    except Denied:
        return None
    if outcome is None:
        return None
    found: list[Suggestion] = []
    total = 0
    for status in (Status.PROPOSED, Status.CONFIRMED):
        page = await suggestions.listed(
            visit.site.hub, visit.access, Category.PARTNER, status, Window(limit=_COUNTED_MAX)
        )
        found += page.suggestions
        total += page.total
    shown = exposure.listed(found)
    shares = exposure.parity(outcome.standings, shown, visit.reader.local(visit.reader.now).year)
    known = await organisations(visit, [one.group for one in shares if one.kind == "district"])
    return {
        "rows": [
            (visit.t(f"review.parity.kinds.{one.kind}"), _group(visit, one, known), one) for one in shares
        ],
        "concentration": exposure.concentration(shown),
        "counted": len(found),
        "of": total,
        "newest": outcome.read,
        "organisations": len(outcome.standings),
    }


def _group(visit: Visit, one: exposure.Share, known: dict[str, Entity]) -> str:
    """What a group is called; a district by its name."""
    if not one.group:
        return visit.t("review.parity.unknown")
    if one.kind != "district":
        return visit.t(f"review.parity.{one.kind}.{one.group}")
    return visit.shower.name(known[one.group]) if one.group in known else visit.shower.key(one.group)


def _ends(one: Suggestion) -> list[str]:
    return [one.subject, one.participant] if one.participant else [one.subject]


def _compared(visit: Visit, one: Entity, two: Entity) -> Iterable[Compared]:
    names = [visit.shower.names(entity) for entity in (one, two)]
    for language in dict.fromkeys([*names[0], *names[1]]):
        label = visit.t(f"review.named.{language}") if language in ("ko", "en") else visit.t("review.name")
        yield Compared(label, names[0].get(language, ""), names[1].get(language, ""))
    mine, others = _facts(visit, one, _COMPARED), _facts(visit, two, _COMPARED)
    for term in _COMPARED:
        if term in mine or term in others:
            label = (mine.get(term) or others[term])[0]
            yield Compared(label, mine.get(term, ("", ""))[1], others.get(term, ("", ""))[1])


def _facts(visit: Visit, entity: Entity, terms: Sequence[str]) -> dict[str, tuple[str, str]]:
    """(label, text) of these attributes by their terms, of those that it has."""
    facts = {fact.term: fact for fact in reversed(visit.shower.facts(entity))}
    return {
        term: (facts[term].label, facts[term].text)
        for term in terms
        if term in facts and facts[term].kind is not ValueKind.LINK and facts[term].text
    }


def _choice(visit: Visit, axis: str, one: Suggestion, entity: Entity | None) -> Choice:
    iri = visit.site.hub.contexts.own.expand(axis)
    value = one.classes.get(axis) or (_said(entity, iri) if entity is not None else "")
    codes = dict.fromkeys([*taxonomy().axes[Axis(axis)], *([value] if value else ())])
    return Choice(
        axis=axis,
        label=vocabulary.attribute_label(iri, visit.language),
        options=tuple((code, _option(visit, axis, code), code == value) for code in codes),
    )


def _option(visit: Visit, axis: str, code: str) -> str:
    """Industries are known by their codes too."""
    label = class_label(visit, axis, code)
    return f"{code} {label}" if axis == Axis.INDUSTRY and label != code else label


def _said(entity: Entity, iri: str) -> str:
    for attribute in entity.instances(iri):
        value = attribute.members().get("value")
        if isinstance(value, str):
            return value
    return ""


def _require_known(classes: dict[str, str]) -> None:
    """Raises BadRequestData for a code that is of no class."""
    for axis, code in classes.items():
        known = vocabulary.attribute(vocabulary.context().expand(axis))
        if taxonomy().category(Axis(axis), code) is None and (known is None or code not in known.values):
            raise BadRequestData(f"'{code:.40}' is no {axis}")
