"""What the pages of the ecosystem share: the outcome that they show, their tabs, how a figure gets onto a page, and what is
shown while the first analysis is not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from madang.ecosystem.figures.canvas import Sheet
from madang.ecosystem.figures.palette import PAGE
from madang.ecosystem.outcome import Outcome
from madang.ecosystem.running import Outcomes, Progress, Stage
from madang.ecosystem.telling import shown
from madang.ecosystem.telling.shown import Cell, Column, Shown
from madang.errors import NotFound
from madang.trust.identity import Permission
from madang.web.headers import SECURITY_HEADERS
from madang.web.site import source_states
from madang.web.visit import Visit, source_line

PATH: Final = "/ecosystem"
TABS: Final = (
    ("overview", ""),
    ("components", "/components"),
    ("flows", "/flows"),
    ("network", "/network"),
    ("industry", "/industry"),
    ("strategies", "/strategies"),
)
"""(name, path below the ecosystem's)"""
FORMATS: Final = ("csv", "csv-excel", "xlsx", "parquet")
# While an analysis is running, so often the page asks again
_AGAIN_SECONDS: Final = 5


def outcomes(visit: Visit) -> Outcomes:
    """Raises NotFound where nothing is analysed."""
    found = visit.site.outcomes
    if found is None:
        raise NotFound("The ecosystem is not analysed here")
    return found


async def outcome_of(visit: Visit) -> Outcome | None:
    """That of the day that the address names, else the newest; None before the first. Raises NotFound, Denied."""
    day = visit.request.query_params.get("day", "")
    if day:
        return await outcomes(visit).on(visit.access, day)
    return await outcomes(visit).latest(visit.access)


def page(visit: Visit, outcome: Outcome, tab: str, values: Mapping[str, Any]) -> Response:
    """A page of the ecosystem: its template is "ecosystem_TAB.html"."""
    return visit.html(f"ecosystem_{tab}.html", {**frame(visit, outcome, tab), **values})


def frame(visit: Visit, outcome: Outcome, tab: str) -> dict[str, Any]:
    """What every template that shows an outcome needs."""
    day = visit.request.query_params.get("day", "")
    progress = outcomes(visit).progress(visit.access)
    return {
        "outcome": outcome,
        "day": day,
        "tab": tab,
        "tabs": [(name, visit.url(PATH + path, {"day": day})) for name, path in TABS],
        "progress": progress,
        "progress_share": 0.0 if progress is None or not progress.of else progress.done / progress.of,
        "data_url": lambda code, kind: visit.url(f"{PATH}/data/{code}.{kind}", {"day": day}),
        "formats": FORMATS if visit.may(Permission.EXPORT) else (),
        "drawn": drawn,
        "sourced": lambda one: sourced(visit, one),
        "cell_words": lambda column, cell: cell_words(visit, column, cell),
        "part_bar": part_bar,
    }


def drawn(figure: Shown) -> Markup:
    """A figure for a wide and for a narrow screen; the style shows the one that fits."""
    both = figure.drawn(Sheet(PAGE, "")) + figure.drawn(Sheet(PAGE, "", narrow=True))
    return Markup(both)  # noqa: S704 - figures escape what comes in


def sourced(visit: Visit, source: shown.Sourced) -> Markup:
    """The source line: of what, how old, how much of it."""
    reader = visit.reader
    text = f"{reader.t('source.from')} {source.text}"
    coverage = (
        "" if source.coverage is None else reader.t("source.coverage", share=reader.percent(source.coverage))
    )
    return source_line(text, visit.age(source.newest) if source.newest else "", coverage)


def cell_words(visit: Visit, column: Column, cell: Cell) -> str:
    return shown.words(visit.reader, column, cell)


def part_bar(share: float) -> Markup:
    """A part of 1 as a small bar beside its number."""
    end = f"{56 * min(1.0, max(0.0, share)):.1f}"
    return Markup(
        '<svg class="part-bar" viewBox="0 0 56 6" aria-hidden="true"><path class="part-rest" d="M0 3H56"/>'
        '<path class="part-known" d="M0 3H{}"/></svg>'
    ).format(end)


async def waiting(visit: Visit) -> Response:
    """There is no outcome yet. The first who looks begins an analysis, one at a time, once the city's sources have been
    read; one that failed waits for a person."""
    made = outcomes(visit)
    sources = await source_states(visit.site, visit.access)
    loading = [one for one in sources if one.loading]
    if made.progress(visit.access) is None and not loading:
        made.ask(visit.access)
    progress = made.progress(visit.access)
    if progress is None and loading:
        progress = Progress(Stage.READING, len(sources) - len(loading), len(sources))
    running = progress is None or progress.stage is not Stage.FAILED
    response = visit.html(
        "ecosystem_waiting.html",
        {
            "stage": "loading" if loading else progress.stage.value if progress else Stage.READING.value,
            "done": progress.done if progress else 0,
            "of": progress.of if progress else 0,
            "reason": progress.reason if progress else "",
            "running": running,
            "may_ask": visit.may(Permission.WRITE),
        },
    )
    if running:
        response.headers["Refresh"] = str(_AGAIN_SECONDS)
    return response


async def ask(visit: Visit) -> Response:
    """POST /{language}/ecosystem: begin an analysis, unless one is running."""
    outcomes(visit).ask(visit.access)
    return RedirectResponse(visit.url(PATH), 303, SECURITY_HEADERS)
