"""The pages of the policies: those in force, and the form in which one is written, checked and put in force."""

from __future__ import annotations

from typing import Any, Final

import orjson
from starlette.responses import RedirectResponse, Response

from madang import vocabulary
from madang.errors import BadRequestData, MadangError
from madang.hub.trust.policies import Listed, Origin
from madang.settings import LIMITS
from madang.trust.identity import Action, Permission
from madang.trust.policy import DAYS, Effect, Policy
from madang.trust.policy_check import Problem, problems
from madang.trust.policy_compile import duty_of
from madang.trust.policy_odrl_in import from_odrl, is_odrl
from madang.web import administration, policy_words
from madang.web.form import Form, read_form
from madang.web.headers import SECURITY_HEADERS
from madang.web.policy_form import Fields, by_field, fields_of, policy_of
from madang.web.visit import Visit

PATH: Final = "/admin/policies"
_FIELDS_MAX: Final = 200
_OUTCOMES: Final = ("saved", "removed")
_EMPTY: Final = Policy("", Effect.PERMIT)


async def policies_page(visit: Visit) -> Response:
    """GET /{language}/admin/policies?done=saved"""
    done = visit.request.query_params.get("done", "")
    listed = [_view(visit, one) for one in visit.site.policies.listed()]
    return visit.html(
        "policies.html",
        {
            "written": [one for one in listed if one["origin"] == Origin.WRITTEN],
            "city_policies": [one for one in listed if one["origin"] == Origin.CITY],
            "built_in": [one for one in listed if one["origin"] == Origin.BUILT_IN],
            "outcome": visit.t(f"policies.done-{done}") if done in _OUTCOMES else "",
            "tabs": administration.tabs(visit),
        },
    )


async def form_page(visit: Visit) -> Response:
    """GET /{language}/admin/policies/edit?id=ID; without an id a new one."""
    policy_id = visit.request.query_params.get("id", "")
    listed = visit.site.policies.get(policy_id) if policy_id else None
    policy = listed.policy if listed is not None else _EMPTY
    return _form(visit, fields_of(policy, visit.site.zone), listed)


async def act(visit: Visit) -> Response:
    """POST of the form: save, check, remove, or fill the fields from ODRL."""
    form = await read_form(visit, LIMITS.policy_bytes_max, _FIELDS_MAX)
    action = form.get("action", [""])[0]
    if action == "remove":
        await visit.site.policies.remove(form.get("id", [""])[0], visit.identity.subject)
        return _back(visit, "removed")
    if action == "import":
        return _imported(visit, form)
    if action not in ("save", "check"):
        raise BadRequestData("The form says not what to do")
    try:
        policy = policy_of(form, visit.site.zone)
    except BadRequestData as error:
        return _form(visit, _as_sent(visit, form), None, [Problem((), error.message)])
    fields = fields_of(policy, visit.site.zone)
    found = problems(policy, visit.site.policies.book.known)
    if action == "check" or any(not one.warning for one in found):
        return _form(visit, fields, None, found, checked=True)
    await visit.site.policies.write(policy, visit.identity.subject)
    return _back(visit, "saved")


def _imported(visit: Visit, form: Form) -> Response:
    try:
        document = orjson.loads(form.get("odrl", [""])[0])
        if not is_odrl(document):
            raise BadRequestData("The text has neither a permission nor a prohibition of ODRL in it")
        found = from_odrl(document)
    except orjson.JSONDecodeError as error:
        return _form(
            visit, fields_of(_EMPTY, visit.site.zone), None, [Problem(("odrl",), f"It is not JSON: {error}")]
        )
    except MadangError as error:
        return _form(visit, fields_of(_EMPTY, visit.site.zone), None, [Problem(("odrl",), error.message)])
    more = [Problem(("odrl",), "Only the first of its rules is here", warning=True)] if found[1:] else []
    return _form(visit, fields_of(found[0], visit.site.zone), None, more)


def _back(visit: Visit, done: str) -> Response:
    return RedirectResponse(visit.url(PATH, {"done": done}), 303, SECURITY_HEADERS)


def _as_sent(visit: Visit, form: Form) -> Fields:
    """What was in the fields, for a form that could not be read."""
    fields = fields_of(_EMPTY, visit.site.zone)
    for name, former in fields.items():
        sent = form.get(name, [])
        fields[name] = sent if isinstance(former, list) else "".join(sent[:1])
    return fields


def _form(
    visit: Visit,
    fields: Fields,
    listed: Listed | None,
    found: list[Problem] | None = None,
    *,
    checked: bool = False,
) -> Response:
    book = visit.site.policies.book
    readers = [name for name, role in book.roles.items() if Permission.AUDIT in role.permissions]
    wrong = [one for one in found or [] if not one.warning]
    return visit.html(
        "policy.html",
        {
            "fields": fields,
            "listed": _view(visit, listed) if listed is not None else None,
            "problems": by_field(found or []),
            "wrong": len(wrong),
            "fine": checked and not wrong,
            "roles": [(name, policy_words.role_label(visit, name)) for name in book.roles],
            "readers": [(name, policy_words.role_label(visit, name)) for name in readers],
            "actions": [(one.value, visit.t(f"policies.action-{one.value}")) for one in Action],
            "purposes": [
                (code, vocabulary.purpose_label(code, visit.language)) for code in vocabulary.purposes()
            ],
            "other_purposes": [one for one in fields["purposes"] if one not in vocabulary.purposes()],
            "days": [(day, visit.t(f"policies.day-{day}")) for day in DAYS],
            "sources": sorted(book.known.sources or ()),
            "path": PATH,
        },
        400 if wrong else 200,
    )


def _view(visit: Visit, one: Listed) -> dict[str, Any]:
    policy = one.policy
    return {
        "id": policy.id,
        "name": policy_words.policy_name(visit, policy),
        "permits": policy.effect is Effect.PERMIT,
        "who": policy_words.who(visit, policy),
        "what": policy_words.what(visit, policy),
        "actions": policy_words.actions(visit, policy),
        "limits": policy_words.limits(visit, policy),
        "duties": policy_words.duties(visit, (duty_of(policy),)),
        "origin": one.origin,
        "replaces": one.replaces,
        "idle": one.idle,
        "changed": one.changed,
        "changed_by": one.changed_by,
        "edit": visit.url(PATH + "/edit", {"id": policy.id}),
        "odrl": f"/api/policies/{policy.id}?format=odrl",
    }
