"""GET /{language}/ecosystem/report.{form}?day=: the report of an outcome, to be handed in."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from madang.ecosystem.report.order import MEDIA_TYPES, Form, Order
from madang.errors import NotFound
from madang.web.ecosystem import outcome_of
from madang.web.ecosystem_data import asked_of_child, given
from madang.web.visit import Visit


async def report(visit: Visit) -> Response:
    """Raises NotFound, ProgramFailed."""
    named = visit.request.path_params["form"]
    if named not in list(Form):
        raise NotFound(f"A report is made as {', '.join(Form)}, not as '{named[:20]}'")
    outcome = await outcome_of(visit)
    if outcome is None:
        raise NotFound("There is no analysis yet; the page of the ecosystem says how far it is")
    form = Form(named)
    order = Order(outcome, form, visit.language, str(visit.site.zone), visit.reader.now)
    body = await asked_of_child(
        "madang.ecosystem.report.child",
        msgspec.msgpack.encode(order),
        "The report could not be made; the log of the platform says why",
    )
    return given(body, f"{outcome.city}-report-{visit.language}.{form}", MEDIA_TYPES[form])
