"""The routes of the pages. Each handler takes a `Visit`, asks the hub, and gives a template its values."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from madang.errors import (
    BadRequestData,
    Busy,
    Denied,
    InvalidRequest,
    MadangError,
    NotFound,
    NotSupported,
    QueryTooWide,
)
from madang.logs import request_id
from madang.web import city, data, deliveries, download, entity, hours, layers, types
from madang.web.assets import Assets
from madang.web.headers import SECURITY_HEADERS
from madang.web.i18n import LANGUAGES, preferred_language
from madang.web.kept import Kept
from madang.web.site import Site
from madang.web.stream import Live
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
    QueryTooWide: 400,
    Denied: 403,
    Busy: 503,
}
ICON = Path(__file__).parent / "static" / "icon.svg"

PAGES: tuple[tuple[str, Handler], ...] = (
    ("/{language}/city", city.city_page),
    ("/{language}/city/panel", city.panel),
    ("/{language}/city/overview", city.overview),
    ("/{language}/city/search", city.suggestions),
    ("/{language}/city/hours", hours.hours),
    ("/{language}/city/layers/{layer}", layers.layer),
    ("/{language}/city/ground/{role}", layers.ground),
    ("/{language}/search", types.search_page),
    ("/{language}/data", data.data_page),
    ("/{language}/data/sources/{source}", data.source_page),
    ("/{language}/data/deliveries", deliveries.deliveries_page),
    ("/{language}/types/{type:path}/export", download.export),
    ("/{language}/types/{type:path}", types.type_page),
    ("/{language}/entities/{id:path}/history", download.history),
    ("/{language}/entities/{id:path}", entity.entity_page),
)


def routes(site: Site) -> list[Route]:
    """Everything under /, /ko, /en, /static and /stream; last, a page for every address that is none."""
    shared = Shared(site, Assets(), Live(site), Kept())

    def page(handler: Handler) -> Endpoint:
        return guarded(shared, handler)

    async def build(request: Request) -> Response:
        return shared.assets.respond(request)

    return [
        Route("/", home),
        Route("/ko", home),
        Route("/en", home),
        Route("/static/icon.svg", favicon),
        Route("/static/build/{name:path}", build),
        Route("/stream", shared.live.respond),
        *(Route(path, page(handler)) for path, handler in PAGES),
        Route("/{language}/data/deliveries", page(deliveries.act), methods=["POST"]),
        Route("/{rest:path}", page(nowhere)),
    ]


async def home(request: Request) -> Response:
    """To the city page, in the language of the address or of the browser."""
    language = request.url.path.strip("/") or preferred_language(request.headers.get("accept-language", ""))
    return RedirectResponse(f"/{language}/city", 303, {**SECURITY_HEADERS, "Vary": "Accept-Language"})


async def favicon(request: Request) -> Response:
    return Response(
        ICON.read_bytes(), headers={"Cache-Control": "public, max-age=86400"}, media_type="image/svg+xml"
    )


async def nowhere(visit: Visit) -> Response:
    raise NotFound(f"There is no page at {visit.request.url.path}")


def guarded(shared: Shared, handler: Handler) -> Endpoint:
    """The handler with a page for whatever goes wrong in it."""

    async def endpoint(request: Request) -> Response:
        visit = visit_of(request, shared)
        try:
            if request.path_params.get("language", visit.language) != visit.language:
                return await nowhere(visit)
            return await handler(visit)
        except MadangError as error:
            return problem_page(visit, error)
        except Exception:
            log.exception("%s %s failed", request.method, request.url.path)
            return fault_page(visit, request_id(request.scope))

    return endpoint


def visit_of(request: Request, shared: Shared) -> Visit:
    """For an address without a known language, in the browser's."""
    first = request.url.path.split("/")[1]
    language = first if first in LANGUAGES else preferred_language(request.headers.get("accept-language", ""))
    return Visit(request, shared, language)


def problem_page(visit: Visit, error: MadangError) -> Response:
    status = STATUSES.get(type(error), 500)
    key = {404: "missing", 503: "busy", 403: "denied", 500: "broken"}.get(status, "wrong")
    # What the platform says of an address that it cannot read is for whoever wrote it, in the language of its errors
    reason = error.message if key == "wrong" else ""
    return visit.html(
        "problem.html", {"key": key, "detail": visit.request.url.path, "reason": reason}, status
    )


def fault_page(visit: Visit, number: str) -> Response:
    return visit.html("problem.html", {"key": "fault", "detail": number, "reason": ""}, 500)
