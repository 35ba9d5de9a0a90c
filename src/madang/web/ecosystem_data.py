"""Every figure's data as a file, and an outcome as a whole, which another city can compare itself with."""

from __future__ import annotations

import contextlib

import msgspec
from starlette.responses import Response

from madang import children, workbook
from madang.children import framed, receive_frame
from madang.ecosystem import kept
from madang.ecosystem.outcome import Outcome
from madang.ecosystem.telling import exports
from madang.ecosystem.telling.shown import Table
from madang.errors import NotFound, ProgramFailed
from madang.web.ecosystem import outcome_of
from madang.web.headers import SECURITY_HEADERS
from madang.web.visit import Visit


async def data(visit: Visit) -> Response:
    """GET /{language}/ecosystem/data/{figure}.{format}?day=: csv, csv-excel, xlsx, parquet; outcome.json for all of it."""
    outcome = await outcome_of(visit)
    if outcome is None:
        raise NotFound("There is no analysis yet; the page of the ecosystem says how far it is")
    code, _, kind = visit.request.path_params["file"].partition(".")
    if (code, kind) == ("outcome", "json"):
        return given(kept.encoded(outcome), f"{outcome.city}-outcome.json", "application/json")
    table = exports.table_of(outcome, visit.reader, code)
    if table is None:
        known = ", ".join((*exports.TABLES, "outcome.json"))
        raise NotFound(f"There is no figure '{code[:40]}'; there are {known}")
    name = f"{outcome.city}-{code}"
    match kind:
        case "csv" | "csv-excel":
            text = exports.csv(table, bom=kind == "csv-excel")
            return given(text.encode(), f"{name}.csv", "text/csv; charset=utf-8")
        case "xlsx":
            body = exports.excel(table, outcome, visit.reader)
            return given(body, f"{name}.xlsx", workbook.MEDIA_TYPE)
        case "parquet":
            body = await parquet(table, outcome)
            return given(body, f"{name}.parquet", "application/vnd.apache.parquet")
        case _:
            raise NotFound(
                f"A figure's data are given as csv, csv-excel, xlsx or parquet, not as '{kind[:20]}'"
            )


def given(body: bytes, name: str, media_type: str) -> Response:
    headers = {
        **SECURITY_HEADERS,
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return Response(body, headers=headers, media_type=media_type)


async def parquet(table: Table, outcome: Outcome) -> bytes:
    """Written by a process of its own. Raises ProgramFailed."""
    return await asked_of_child(
        "madang.ecosystem.telling.columns_child",
        msgspec.msgpack.encode(exports.rows_of(table, outcome)),
        "The table could not be written as Parquet; take it as CSV",
    )


async def asked_of_child(module: str, order: bytes, failed: str) -> bytes:
    """The one answer of a process that is started for it. failed: what is said if it has none. Raises ProgramFailed."""
    process = await children.start(module)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(framed(order))
            await process.stdin.drain()
        body = await receive_frame(process.stdout)
    finally:
        await children.end(process)
    if body is None:
        raise ProgramFailed(failed)
    return body
