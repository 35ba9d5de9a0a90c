"""My data: to what I have consented, what is known of me, who read it, and what I ask for."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.responses import RedirectResponse, Response

from madang import vocabulary
from madang.errors import BadRequestData, Busy, Conflict, MadangError, NotFound
from madang.hub.trust import consent, persons, requests
from madang.hub.trust.consent import Consents
from madang.hub.trust.handout import readable
from madang.store.audit import Wanted
from madang.store.persons import Consent, Request, Wish
from madang.web.account import require_person, tabs, whole
from madang.web.headers import SECURITY_HEADERS
from madang.web.sign_in import fields
from madang.web.visit import Visit

PATH: Final = "/my/data"
_OUTCOMES: Final = ("given", "revoked", "asked")
_READINGS: Final = 20
FAULTS: Final[dict[type[MadangError], str]] = {NotFound: "missing", Conflict: "closed", Busy: "many"}


async def data_page(visit: Visit) -> Response:
    """GET /{language}/my/data"""
    return await _page(visit)


async def act(visit: Visit) -> Response:
    """POST of the page's forms: consent, take it back, ask for something, take one's data along."""
    require_person(visit)
    form = await fields(visit)
    hub, access = visit.site.hub, visit.access
    try:
        match form.get("action", ""):
            case "give":
                purpose = form.get("purpose", "")
                await consent.give(hub, access, visit.identity, purpose, visit.language)
                return _back(visit, "given")
            case "revoke":
                await consent.revoke(hub, access, visit.identity, whole(form.get("number", "")))
                return _back(visit, "revoked")
            case "ask":
                wish, text = _wish(form.get("wish", "")), form.get("text", "")
                await requests.ask(hub, access, visit.identity, wish, text)
                return _back(visit, "asked")
            case "take":
                person = consent.require_person(hub, access, visit.identity)
                return await taken(visit, person, visit.t("persons.own-request"), form.get("form", ""))
            case _:
                raise BadRequestData("The form does not say what to do")
    except MadangError as error:
        return await _page(visit, said(visit, error))


def said(visit: Visit, error: MadangError) -> str:
    """What is wrong, in the reader's language where there is a text for it."""
    key = error.detail or FAULTS.get(type(error), "")
    return (visit.known(f"persons.fault-{key}") if key else "") or error.message


async def taken(visit: Visit, person: str, reason: str, form: str) -> Response:
    """A person's data as a file: "json", or "text" to be read. Raises NotFound, BadRequestData."""
    if form not in ("json", "text"):
        raise BadRequestData("The form does not say in which form")
    handout = await persons.hand_out(visit.site.custody, visit.access, person, reason)
    if form == "json":
        body, media_type = msgspec.json.format(msgspec.json.encode(handout)), "application/json"
    else:
        text = readable(handout, visit.site.hub.contexts.own, visit.language)
        body, media_type = text.encode(), "text/markdown; charset=utf-8"
    headers = {
        **SECURITY_HEADERS,
        "Content-Disposition": f'attachment; filename="my-data.{"json" if form == "json" else "md"}"',
        "Cache-Control": "no-store",
    }
    return Response(body, headers=headers, media_type=media_type)


async def _page(visit: Visit, problem: str = "") -> Response:
    require_person(visit)
    hub, access = visit.site.hub, visit.access
    kept = hub.store(access).persons
    person = Consents(hub).own(visit.identity, access.tenant)
    done = visit.request.query_params.get("done", "")
    consents = kept.consents_of(person) if person else []
    now = hub.clock.now()
    shown: dict[str, Any] = {
        "person": person,
        "purposes": _purposes(visit, consents, now),
        "former": [_consent(visit, one) for one in consents if not one.holds(now)],
        "things": await _things(visit, person) if person else [],
        "readings": await _readings(visit, person) if person else [],
        "requests": [request_view(visit, one) for one in kept.requests(visit.identity.subject, 50)],
        "wishes": [(one.value, visit.t(f"persons.wish-{one.value}")) for one in _wishes(person)],
        "days": requests.DAYS,
        "outcome": visit.t(f"persons.done-{done}") if done in _OUTCOMES else "",
        "problem": problem,
        "tabs": tabs(visit),
        "tab": "data",
    }
    response = visit.html("consents.html", shown, 400 if problem else 200)
    response.headers["Cache-Control"] = "no-store"
    return response


def _wishes(person: str) -> list[Wish]:
    return [one for one in Wish if one is not Wish.LINK] if person else [Wish.LINK]


def _wish(text: str) -> Wish:
    try:
        return Wish(text)
    except ValueError as error:
        raise BadRequestData("The form does not say what you ask for") from error


def _purposes(visit: Visit, consents: list[Consent], now: int) -> list[dict[str, Any]]:
    """Every purpose for which consent is asked, with the consent that holds."""
    holding = {one.purpose: one for one in consents if one.holds(now)}
    return [
        {
            "code": one.code,
            "name": vocabulary.purpose_label(one.code, visit.language),
            "notice": one.notices[visit.language],
            "what": attribute_names(visit, one.attributes),
            "who": role_names(visit, one.roles),
            "days": one.days,
            "consent": _consent(visit, holding[one.code]) if one.code in holding else None,
        }
        for one in vocabulary.purposes().values()
        if one.roles
    ]


def _consent(visit: Visit, one: Consent) -> dict[str, Any]:
    return {
        "number": one.number,
        "name": vocabulary.purpose_label(one.purpose, visit.language),
        "what": attribute_names(visit, one.attributes),
        "who": role_names(visit, one.roles),
        "given": one.given,
        "expires": one.expires,
        "revoked": one.revoked,
    }


async def _things(visit: Visit, person: str) -> list[dict[str, Any]]:
    """How many things of each type are the person's."""
    found = await persons.belongings(visit.site.custody, visit.access.tenant, person)
    counts: dict[str, int] = {}
    for entity in (*found.own, *found.shared):
        name = vocabulary.type_label(entity.types[0], visit.language)
        counts[name] = counts.get(name, 0) + 1
    return [{"name": name, "count": n} for name, n in counts.items()]


async def _readings(visit: Visit, person: str) -> list[dict[str, Any]]:
    """The latest events that are about the person, without who it was by name."""
    events = await visit.site.hub.store(visit.access).audit.page(Wanted(entity=person), _READINGS)
    own = visit.identity.subject
    return [
        {
            "time": one.time,
            "deed": visit.t(f"audit.deed.{one.event.deed.value}"),
            "who": visit.t("persons.you") if one.event.subject == own else one.event.subject,
            "purpose": vocabulary.purpose_label(one.event.purpose, visit.language)
            if one.event.purpose
            else "",
        }
        for one in events
    ]


def request_view(visit: Visit, one: Request) -> dict[str, Any]:
    return {
        "number": one.number,
        "wish": visit.t(f"persons.wish-{one.wish.value}"),
        "subject": one.subject,
        "person": one.person,
        "text": one.text,
        "made": one.made,
        "due": one.due,
        "late": not one.done and one.due < visit.site.hub.clock.now(),
        "done": one.done,
        "answer": one.answer,
    }


def attribute_names(visit: Visit, attributes: tuple[str, ...]) -> str:
    return ", ".join(vocabulary.attribute_label(name, visit.language) for name in attributes)


def role_names(visit: Visit, roles: tuple[str, ...]) -> str:
    known = visit.site.policies.roles
    return ", ".join(
        (visit.shower.pick(known[name].labels) if name in known else "") or name for name in roles
    )


def _back(visit: Visit, done: str) -> Response:
    return RedirectResponse(visit.url(PATH, {"done": done}), 303, SECURITY_HEADERS)
