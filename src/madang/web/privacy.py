"""The privacy officer's page: what persons ask for, one person's data, handing it out and erasing it, what was destroyed."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import RedirectResponse, Response

from madang import vocabulary
from madang.errors import BadRequestData, MadangError, NotFound
from madang.hub.trust import consent, persons, requests
from madang.store.persons import Destruction
from madang.web import administration
from madang.web.account import whole
from madang.web.consents import request_view, said, taken
from madang.web.headers import SECURITY_HEADERS
from madang.web.sign_in import fields
from madang.web.visit import Visit

PATH: Final = "/admin/privacy"
_OUTCOMES: Final = ("answered", "linked", "unlinked", "erased", "erased-pending")
_SHOWN: Final = 100


async def privacy_page(visit: Visit) -> Response:
    """GET /{language}/admin/privacy?person=ID"""
    return await _page(visit, visit.request.query_params.get("person", "").strip())


async def act(visit: Visit) -> Response:
    """POST of the page's forms."""
    form = await fields(visit)
    person = form.get("person", "").strip()
    try:
        return await _carry_out(visit, form, person)
    except MadangError as error:
        return await _page(visit, person, said(visit, error))


async def _carry_out(visit: Visit, form: dict[str, str], person: str) -> Response:
    hub, access = visit.site.hub, visit.access
    match form.get("action", ""):
        case "answer":
            await requests.answer(hub, access, whole(form.get("number", "")), form.get("text", ""))
            return _back(visit, "answered")
        case "link":
            await consent.link(hub, access, _subject(form), person)
            return _back(visit, "linked", person)
        case "unlink":
            await consent.link(hub, access, _subject(form), "")
            return _back(visit, "unlinked")
        case "take":
            return await taken(visit, person, _reason(form), form.get("form", ""))
        case "erase":
            if form.get("again", "").strip() != person:
                raise BadRequestData("To erase a person, type the identifier once more", detail="again")
            erased = await persons.erase(visit.site.custody, access, person, _reason(form))
            done = "erased-pending" if erased.pending else "erased"
            return _back(visit, done, mentions=erased.mentions)
        case _:
            raise BadRequestData("The form does not say what to do")


def _subject(form: dict[str, str]) -> str:
    subject = form.get("subject", "").strip()
    kind, _, number = subject.partition(":")
    if kind != "person" or not (number.isascii() and number.isdigit()):
        raise BadRequestData(
            "An account is named as person:7; its number is on the members' page", detail="subject"
        )
    return subject


def _reason(form: dict[str, str]) -> str:
    """It goes into the audit, which outlives the person's data."""
    reason = form.get("reason", "").strip()
    if not reason or len(reason) > 500:
        raise BadRequestData(
            "Give a reason of at most 500 characters, without saying whose data it is", detail="reason"
        )
    return reason


async def _page(visit: Visit, person: str, problem: str = "") -> Response:
    kept = visit.site.hub.store(visit.access).persons
    query = visit.request.query_params
    done = query.get("done", "")
    found: dict[str, Any] | None = None
    if person:
        try:
            found = await _person(visit, person)
        except NotFound as error:
            problem = problem or said(visit, error)
    shown = {
        "requests": [request_view(visit, one) for one in kept.requests("", _SHOWN)],
        "destructions": [_destruction(visit, one) for one in kept.destructions(_SHOWN)],
        "asked": person,
        "found": found,
        "mentions": [{"id": one, "url": visit.entity_url(one)} for one in query.getlist("mention")],
        "outcome": visit.t(f"persons.done-{done}") if done in _OUTCOMES else "",
        "problem": problem,
        "tabs": administration.tabs(visit),
    }
    response = visit.html("privacy.html", shown, 400 if problem else 200)
    response.headers["Cache-Control"] = "no-store"
    return response


async def _person(visit: Visit, person: str) -> dict[str, Any]:
    """What is a person's, by type and identifier only: to see more, an officer hands it out, for which they give a reason."""
    kept = visit.site.hub.store(visit.access).persons
    found = await persons.belongings(visit.site.custody, visit.access.tenant, person)
    now = visit.site.hub.clock.now()
    return {
        "id": person,
        "own": [_thing(visit, one.id, one.types) for one in found.own],
        "shared": [_thing(visit, one.id, one.types) for one in found.shared],
        "accounts": kept.subjects_of(person),
        "consents": sum(one.holds(now) for one in kept.consents_of(person)),
    }


def _thing(visit: Visit, identifier: str, types: tuple[str, ...]) -> dict[str, str]:
    return {"id": identifier, "type": vocabulary.type_label(types[0], visit.language)}


def _destruction(visit: Visit, one: Destruction) -> dict[str, Any]:
    types = [(vocabulary.type_label(iri, visit.language), n) for iri, n in one.types.items()]
    other = [(visit.known(f"persons.gone.{name}") or name, n) for name, n in one.other.items()]
    return {
        "number": one.number,
        "cause": visit.t(f"persons.cause-{one.cause.value}"),
        "by": one.by,
        "reason": one.reason,
        "what": ", ".join(f"{name} {visit.reader.number(n)}" for name, n in (*types, *other)),
        "begun": one.begun,
        "ended": one.ended,
    }


def _back(visit: Visit, done: str, person: str = "", mentions: tuple[str, ...] = ()) -> Response:
    query = {"done": done, "person": person, "mention": list(mentions[:20])}
    return RedirectResponse(visit.url(PATH, query), 303, SECURITY_HEADERS)
