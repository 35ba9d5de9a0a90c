"""The routes of the pages. Each handler takes a `Visit`, asks the hub, and gives a template its values."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from madang.errors import (
    BadRequestData,
    Busy,
    Conflict,
    Denied,
    InvalidRequest,
    MadangError,
    NotFound,
    NotSupported,
    QueryTooWide,
    TooLarge,
    TooManyRequests,
    TooManyResults,
    Unauthenticated,
)
from madang.hub.trust.credentials import is_own_page, read_credentials
from madang.hub.trust.gate import Admitted, Asked, Gate, require_local
from madang.hub.uses import Uses
from madang.i18n import LANGUAGES, preferred_language
from madang.logs import request_id
from madang.trust import duties
from madang.trust.access import DEFAULT_TENANT, Access
from madang.trust.identity import VISITOR, Permission
from madang.trust.view import View
from madang.web import (
    account,
    audit,
    city,
    consents,
    data,
    deliveries,
    download,
    ecosystem,
    ecosystem_compare,
    ecosystem_data,
    ecosystem_firm,
    ecosystem_network,
    ecosystem_pages,
    ecosystem_report,
    entity,
    hours,
    keys,
    layers,
    members,
    policies,
    privacy,
    review,
    sign_in,
    trial,
    types,
    why,
)
from madang.web.assets import Assets
from madang.web.cookies import renew_session
from madang.web.headers import FOR_ONE, SECURITY_HEADERS, STRICT_TRANSPORT
from madang.web.kept import Kept
from madang.web.site import Site
from madang.web.stream import Lives
from madang.web.visit import Shared, Visit

log = logging.getLogger(__name__)

Handler = Callable[[Visit], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]
# What a page answers where something is wrong with the request; all else is a fault of ours
STATUSES: dict[type[MadangError], int] = {
    NotFound: 404,
    BadRequestData: 400,
    InvalidRequest: 400,
    NotSupported: 400,
    TooManyResults: 400,
    QueryTooWide: 400,
    Unauthenticated: 401,
    Denied: 403,
    Conflict: 409,
    TooLarge: 413,
    TooManyRequests: 429,
    Busy: 503,
}
# What is made for whoever is not let in: a page that says so
VISITING: Final = Admitted(VISITOR, Access(subject=VISITOR.subject, view=View()))
STATIC: Final = "/static/"
ICON = Path(__file__).parent / "static" / "icon.svg"


async def home(visit: Visit) -> Response:
    """To the city page, in the language of the address or of the browser."""
    return RedirectResponse(f"/{visit.language}/city", 303, {**SECURITY_HEADERS, "Vary": "Accept-Language"})


async def favicon(_visit: Visit) -> Response:
    return Response(
        ICON.read_bytes(), headers={"Cache-Control": "public, max-age=86400"}, media_type="image/svg+xml"
    )


async def build(visit: Visit) -> Response:
    return visit.assets.respond(visit.request)


async def stream(visit: Visit) -> Response:
    return await visit.live.respond(visit.request, visit.access)


async def nowhere(visit: Visit) -> Response:
    raise NotFound(f"There is no page at {visit.request.url.path}")


class Page(msgspec.Struct, frozen=True):
    """One method of one path. permission: that it asks, None where anybody may take it."""

    method: str
    path: str
    handler: Handler
    permission: Permission | None


# What is for people who have signed in says so itself: to sign in takes no permission
ACCOUNT_PAGES: Final = (
    Page("GET", "/{language}/sign-in", sign_in.sign_in_page, None),
    Page("POST", "/{language}/sign-in", sign_in.sign_in, None),
    Page("GET", "/{language}/sign-in/{provider}", sign_in.begin, None),
    Page("GET", "/sign-in/return", sign_in.returned, None),
    Page("POST", "/{language}/sign-out", sign_in.sign_out, None),
    Page("GET", "/{language}/welcome/{secret}", sign_in.welcome_page, None),
    Page("POST", "/{language}/welcome/{secret}", sign_in.welcome, None),
    Page("GET", "/{language}/my", account.account_page, None),
    Page("POST", "/{language}/my", account.act, None),
    Page("GET", "/{language}/my/keys", keys.keys_page, Permission.KEYS),
    Page("POST", "/{language}/my/keys", keys.act_on_keys, Permission.KEYS),
    Page("GET", "/{language}/my/clients", keys.clients_page, Permission.CLIENTS),
    Page("POST", "/{language}/my/clients", keys.act_on_clients, Permission.CLIENTS),
    Page("GET", "/{language}/admin/members", members.members_page, Permission.MEMBERS),
    Page("POST", "/{language}/admin/members", members.act_on_members, Permission.MEMBERS),
    Page("GET", "/{language}/admin/members/{number:int}", members.member_page, Permission.MEMBERS),
    Page("POST", "/{language}/admin/members/{number:int}", members.act_on_member, Permission.MEMBERS),
    Page("GET", "/{language}/admin/clients", members.all_clients_page, Permission.MEMBERS),
    Page("POST", "/{language}/admin/clients", members.act_on_all_clients, Permission.MEMBERS),
)
PAGES: Final = (
    Page("GET", "/", home, None),
    Page("GET", "/ko", home, None),
    Page("GET", "/en", home, None),
    Page("GET", "/static/icon.svg", favicon, None),
    Page("GET", "/static/build/{name:path}", build, None),
    Page("GET", "/stream", stream, Permission.READ),
    Page("GET", "/{language}/city", city.city_page, Permission.READ),
    Page("GET", "/{language}/city/panel", city.panel, Permission.READ),
    Page("GET", "/{language}/city/overview", city.overview, Permission.READ),
    Page("GET", "/{language}/city/search", city.suggestions, Permission.READ),
    Page("GET", "/{language}/city/hours", hours.hours, Permission.READ),
    Page("GET", "/{language}/city/layers/{layer}", layers.layer, Permission.READ),
    Page("GET", "/{language}/city/ground/{role}", layers.ground, Permission.READ),
    Page("GET", "/{language}/search", types.search_page, Permission.READ),
    Page("GET", "/{language}/data", data.data_page, Permission.READ),
    Page("GET", "/{language}/data/sources/{source}", data.source_page, Permission.READ),
    Page("GET", "/{language}/data/deliveries", deliveries.deliveries_page, Permission.DELIVERIES),
    Page("GET", "/{language}/types/{type:path}/export", download.export, Permission.EXPORT),
    Page("GET", "/{language}/types/{type:path}", types.type_page, Permission.READ),
    Page("GET", "/{language}/entities/{id:path}/history", download.history, Permission.EXPORT),
    Page("POST", "/{language}/types/{type:path}/export", download.export, Permission.EXPORT),
    Page("POST", "/{language}/entities/{id:path}/history", download.history, Permission.EXPORT),
    Page("GET", "/{language}/entities/{id:path}", entity.entity_page, Permission.READ),
    Page("POST", "/{language}/data/deliveries", deliveries.act, Permission.DELIVERIES),
    Page("GET", "/{language}/ecosystem", ecosystem_pages.overview, Permission.READ),
    Page("POST", "/{language}/ecosystem", ecosystem.ask, Permission.WRITE),
    Page("GET", "/{language}/ecosystem/components", ecosystem_pages.components_page, Permission.READ),
    Page("GET", "/{language}/ecosystem/flows", ecosystem_pages.flows_page, Permission.READ),
    Page("GET", "/{language}/ecosystem/network", ecosystem_network.network_page, Permission.READ),
    Page("GET", "/{language}/ecosystem/firms", ecosystem_network.firms_page, Permission.READ),
    Page(
        "GET",
        "/{language}/ecosystem/firms/{id:path}/data/{file}",
        ecosystem_firm.firm_data,
        Permission.EXPORT,
    ),
    Page("GET", "/{language}/ecosystem/firms/{id:path}", ecosystem_firm.firm_page, Permission.READ),
    Page("GET", "/{language}/ecosystem/compare", ecosystem_compare.compare_page, Permission.READ),
    Page("POST", "/{language}/ecosystem/compare", ecosystem_compare.act, Permission.WRITE),
    Page("GET", "/{language}/ecosystem/compare/data/{file}", ecosystem_compare.data, Permission.EXPORT),
    Page("GET", "/{language}/ecosystem/industry", ecosystem_pages.industry_page, Permission.READ),
    Page("GET", "/{language}/ecosystem/strategies", ecosystem_pages.strategies_page, Permission.READ),
    Page("GET", "/{language}/ecosystem/report.{form}", ecosystem_report.report, Permission.EXPORT),
    Page("GET", "/{language}/ecosystem/data/{file}", ecosystem_data.data, Permission.EXPORT),
    Page("GET", "/{language}/ecosystem/review", review.review_page, Permission.WRITE),
    Page("POST", "/{language}/ecosystem/review", review.act, Permission.WRITE),
    Page("GET", "/{language}/why", why.why_page, Permission.READ),
    Page("GET", "/{language}/admin/policies", policies.policies_page, Permission.POLICIES),
    Page("POST", "/{language}/admin/policies", policies.act, Permission.POLICIES),
    Page("GET", "/{language}/admin/policies/edit", policies.form_page, Permission.POLICIES),
    Page("GET", "/{language}/admin/audit", audit.audit_page, Permission.AUDIT),
    Page("POST", "/{language}/admin/audit/export", audit.export, Permission.AUDIT),
    Page("GET", "/{language}/admin/audit/months/{month}", audit.month_page, Permission.AUDIT),
    Page("POST", "/{language}/admin/audit/months/{month}", audit.review, Permission.AUDIT),
    Page("GET", "/{language}/my/data", consents.data_page, None),
    Page("POST", "/{language}/my/data", consents.act, None),
    Page("GET", "/{language}/admin/privacy", privacy.privacy_page, Permission.PRIVACY),
    Page("POST", "/{language}/admin/privacy", privacy.act, Permission.PRIVACY),
    *ACCOUNT_PAGES,
    Page("POST", "/{language}/try", trial.choose, None),
    Page("GET", "/{rest:path}", nowhere, None),
)
"""Everything under /, /ko, /en, /static and /stream; last, a page for every address that is none."""


def routes(site: Site) -> list[Route]:
    shared = Shared(site, Assets(), Lives(site), Kept())
    return [Route(page.path, guarded(shared, page), methods=[page.method]) for page in PAGES]


def guarded(shared: Shared, page: Page) -> Endpoint:
    """The handler of a page behind the gate, with a page for whatever goes wrong in it."""

    async def endpoint(request: Request) -> Response:
        visit, who = visit_of(request, shared, VISITING), VISITING
        try:
            who = await admitted(shared.site.gate, request, page)
            visit = visit_of(request, shared, who)
            if request.path_params.get("language", visit.language) != visit.language:
                return await nowhere(visit)
            response = await page.handler(visit)
            counted(shared.site.hub.uses, page, visit)
            await renew_session(visit, response)
        except MadangError as error:
            response = problem_page(visit, error)
        except Exception:
            log.exception("%s %s failed", request.method, request.url.path)
            response = fault_page(visit, request_id(request.scope))
        settle(response, shared.site, who, page)
        return response

    return endpoint


def counted(uses: Uses, page: Page, visit: Visit) -> None:
    """What a reader gets to see of the city's data, or takes along."""
    if page.permission is Permission.READ:
        uses.reads[visit.access.tenant, visit.identity.roles] += 1
    elif page.permission is Permission.EXPORT:
        uses.downloads[visit.access.tenant, visit.identity.roles] += 1


async def admitted(gate: Gate, request: Request, page: Page) -> Admitted:
    """Raises Unauthenticated, Denied, TooManyRequests."""
    headers = request.headers
    if gate.local:
        require_local(headers.get("host", ""))
    if page.path.startswith(STATIC):
        return VISITING
    if page.method != "GET" and not is_own_page(
        headers.get("sec-fetch-site", ""), headers.get("origin", ""), headers.get("host", "")
    ):
        raise Denied("A page of another site may not do this")
    credentials = read_credentials(
        headers.get("cookie", ""), headers.get("authorization", ""), headers.get("x-api-key", "")
    )
    address = request.client.host if request.client else ""
    purpose = request.query_params.get("purpose", "")
    return await gate.admit(Asked(credentials, page.permission, DEFAULT_TENANT, purpose, address))


def settle(response: Response, site: Site, who: Admitted, page: Page) -> None:
    """Put on what every answer has."""
    headers = response.headers
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    if site.settings.url.startswith("https:"):
        headers.update(STRICT_TRANSPORT)
    if who.left is not None:
        headers.update(who.left.headers())
    if who.access.duties:
        headers[duties.HEADER] = duties.told(who.access.duties)
    if not site.gate.open and not page.path.startswith(STATIC) and headers.get("cache-control") != "no-store":
        headers.update(FOR_ONE)


def visit_of(request: Request, shared: Shared, who: Admitted) -> Visit:
    """For an address without a known language, in the browser's."""
    first = request.url.path.split("/")[1]
    language = first if first in LANGUAGES else preferred_language(request.headers.get("accept-language", ""))
    return Visit(request, shared, language, who)


def problem_page(visit: Visit, error: MadangError) -> Response:
    status = STATUSES.get(type(error), 500)
    key = {404: "missing", 401: "unknown", 429: "often", 503: "busy", 403: "denied", 500: "broken"}.get(
        status, "wrong"
    )
    # What the platform says of an address that it cannot read is for whoever wrote it, in the language of its errors
    reason = error.message if key == "wrong" else ""
    return visit.html(
        "problem.html", {"key": key, "detail": visit.request.url.path, "reason": reason}, status
    )


def fault_page(visit: Visit, number: str) -> Response:
    return visit.html("problem.html", {"key": "fault", "detail": number, "reason": ""}, 500)
