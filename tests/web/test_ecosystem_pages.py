"""The pages of the ecosystem over an outcome that is kept, as answers: no figure without its table, source and coverage, the
same figures in files, and something to read while there is no analysis."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import polars as pl
import pytest
from python_calamine import CalamineWorkbook
from starlette.applications import Starlette
from tests.asgi_client import Client
from tests.ecosystem.made_outcome import CELLS, FLOWS, NOON, made_outcome, organisation, thin_outcome
from tests.own_hub import SAEM, own_hub

from madang.clock import FixedClock
from madang.ecosystem import kept
from madang.ecosystem.outcome import Outcome
from madang.ecosystem.running import Analysed, Outcomes
from madang.ecosystem.telling import exports
from madang.hub.trust.gate import OPEN_GATE
from madang.i18n import Reader
from madang.settings import Settings
from madang.trust.access import OPEN
from madang.web import app
from madang.web.site import Site

CITY = msgspec.structs.replace(
    SAEM,
    synthetic=True,
)
TABS = ("", "/components", "/flows", "/industry", "/strategies")
LANGUAGES = ("ko", "en")
SVG = re.compile(r"<svg class=\"chart.*?</svg>", re.DOTALL)


class Saem(msgspec.Struct):
    """A city whose outcomes are in `folder`."""

    client: Client
    outcomes: Outcomes
    folder: Path

    async def page(self, path: str, status: int = 200) -> str:
        reply = await self.client.get(path)
        assert reply.status == status, reply.body.decode()[-2000:]
        return reply.body.decode()


@pytest.fixture
async def saem(tmp_path: Path) -> AsyncIterator[Saem]:
    hub = own_hub(tmp_path, FixedClock(NOON))
    outcomes = Outcomes(hub, Analysed("saem", CITY.name), tmp_path / "outcomes")
    site = Site(hub, CITY, Settings(tmp_path, "127.0.0.1", 8080), OPEN_GATE, outcomes=outcomes)
    async with outcomes.keeping():
        yield Saem(Client(Starlette(routes=app.routes(site))), outcomes, tmp_path / "outcomes" / "default")
    await hub.close()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("made", [made_outcome, thin_outcome])
async def test_every_figure_has_table_source_and_coverage(saem: Saem, language: str, made: object) -> None:
    outcome = made_outcome() if made is made_outcome else thin_outcome()
    kept.write(saem.folder, outcome)
    for tab in TABS:
        html = await saem.page(f"/{language}/ecosystem{tab}")
        assert not re.findall(r"""\sstyle=|<style|\son[a-z]+=|javascript:""", html)
        assert not re.search(r">\s*None\s*<", html)
        for section in html.split("<section")[1:]:
            figures = SVG.findall(section.split("</section>")[0])
            if 'class="chart' in section and figures:
                assert "<table" in section, section[:300]
                assert 'class="source"' in section, section[:300]
            for figure in figures:
                ET.fromstring(figure)
    overview = await saem.page(f"/{language}/ecosystem")
    coverage = {"ko": "수집", "en": "received"}[language]
    assert overview.count(coverage) >= 3


async def test_the_verdict_stands_with_all_its_evidence(saem: Saem) -> None:
    kept.write(saem.folder, made_outcome())
    html = await saem.page("/ko/ecosystem")
    assert "<h1>태동기<span>·</span>핵심기업 부재</h1>" in html
    assert html.count('class="says says-for"') == 7
    assert html.count('class="says says-unsure"') == 1
    assert "‘연결 중앙화’ 하나가 반대로 나오면 → 태동기 · 연결만 많은 중심" in html
    assert "871" in html
    assert "1,950" in html


async def test_before_anything_is_drawn_there_is_no_verdict(saem: Saem) -> None:
    made = made_outcome()
    network = msgspec.structs.replace(made.network, trials={}, redrawn={})
    kept.write(saem.folder, msgspec.structs.replace(made, network=network))
    html = await saem.page("/ko/ecosystem")
    assert "<h1>아직 판정하지 않음</h1>" in html
    assert "우연히 생긴 연결망과 아직 견주지 않아" in html
    assert "판정은 그대로입니다" not in html


async def test_a_city_without_organisations_is_told_what_to_bring(saem: Saem) -> None:
    thin = thin_outcome()
    counts = msgspec.structs.replace(thin.network.counts, organisations=0)
    network = msgspec.structs.replace(thin.network, counts=counts)
    kept.write(saem.folder, msgspec.structs.replace(thin, network=network, standings=()))
    html = await saem.page("/ko/ecosystem")
    assert "기업·기관 자료가 아직 없습니다" in html
    assert "근거 8가지 모두" in html


async def test_what_is_missing_says_what_it_needs(saem: Saem) -> None:
    kept.write(saem.folder, made_outcome())
    html = await saem.page("/ko/ecosystem/components")
    missing = [one for one in made_outcome().readings if one.value is None]
    assert html.count("있어야 하는 자료: ") == len(missing)


async def test_flows_are_chosen_by_year_and_kind(saem: Saem) -> None:
    kept.write(saem.folder, made_outcome())
    html = await saem.page("/en/ecosystem/flows?year=2025&flow=capital")
    table = html[html.index("<tbody>") :]
    assert table.count("Capital") >= 3
    assert '<td class="n">29</td>' in html  # 60 % of the 48 from firms to firms
    assert "Nothing of this kind" in await saem.page("/en/ecosystem/flows?year=1999")
    await saem.page("/en/ecosystem/flows?year=abc", 400)
    await saem.page("/en/ecosystem/flows?flow=gold", 400)


async def test_names_run_nothing(saem: Saem) -> None:
    evil = {"ko": "<script>x</script>", "en": "<script>x</script>"}
    made = made_outcome()
    breaks = tuple(msgspec.structs.replace(one, names=evil) for one in made.flows.breaks)
    cells = tuple(msgspec.structs.replace(one, area="<b>") for one in made.industry.cells)
    outcome = msgspec.structs.replace(
        made,
        flows=msgspec.structs.replace(made.flows, breaks=breaks),
        industry=msgspec.structs.replace(made.industry, cells=cells),
    )
    kept.write(saem.folder, outcome)
    for tab in TABS:
        html = await saem.page(f"/ko/ecosystem{tab}")
        assert "<script>x" not in html
        assert "<b>" not in html.replace("<b>합성", "")


@pytest.mark.parametrize("code", exports.TABLES)
async def test_every_figure_is_a_file(saem: Saem, code: str, tmp_path: Path) -> None:
    outcome = made_outcome()
    kept.write(saem.folder, outcome)
    table = exports.table_of(outcome, Reader("ko", ZoneInfo("Asia/Seoul"), NOON), code)
    assert table is not None
    names = [column.code for column in table.columns]
    plain = await saem.client.get(f"/ko/ecosystem/data/{code}.csv")
    rows = list(csv.reader(io.StringIO(plain.body.decode())))
    assert rows[0] == names
    assert len(rows) == len(table.rows) + 1
    assert all(len(row) == len(names) for row in rows)
    book = tmp_path / "book.xlsx"
    book.write_bytes((await saem.client.get(f"/ko/ecosystem/data/{code}.xlsx")).body)
    sheets = CalamineWorkbook.from_path(book)
    assert sheets.sheet_names == [code, "출처"]
    assert len(sheets.get_sheet_by_index(0).to_python()) == len(table.rows) + 1


async def test_parquet_has_the_same_numbers(saem: Saem) -> None:
    outcome = made_outcome()
    kept.write(saem.folder, outcome)
    reply = await saem.client.get("/en/ecosystem/data/flows.parquet")
    assert reply.status == 200
    frame = pl.read_parquet(io.BytesIO(reply.body))
    assert frame["count"].sum() == sum(flow[3] for flow in FLOWS)
    assert frame.columns[:4] == ["source", "flow", "target", "count"]


async def test_the_whole_outcome_is_a_file(saem: Saem) -> None:
    outcome = made_outcome()
    kept.write(saem.folder, outcome)
    reply = await saem.client.get("/ko/ecosystem/data/outcome.json")
    assert kept.decoded(reply.body, "download") == outcome
    await saem.page("/ko/ecosystem/data/nothing.csv", 404)
    await saem.page("/ko/ecosystem/data/flows.doc", 404)


async def test_former_outcomes_are_shown_as_such(saem: Saem) -> None:
    made = made_outcome()
    kept.write(saem.folder, made)
    older = msgspec.structs.replace(made, read=NOON - 90 * 86_400_000_000)
    day = kept.write(saem.folder, older).stem
    html = await saem.page(f"/ko/ecosystem?day={day}")
    assert f"{day}의 분석입니다" in html
    assert f"/ko/ecosystem/flows?day={day}" in html
    await saem.page("/ko/ecosystem?day=1999-01-01", 404)


async def test_before_the_first_analysis_a_page_says_how_far_it_is(saem: Saem) -> None:
    reply = await saem.client.get("/ko/ecosystem")
    assert reply.status == 200
    assert reply.headers["refresh"] == "5"
    assert "자료를 모으는 중" in reply.body.decode()
    await asyncio.sleep(0)
    assert saem.outcomes.progress(OPEN) is not None
    await saem.page("/ko/ecosystem/data/flows.csv", 404)


def test_tables_have_the_figures_of_the_outcome() -> None:
    reader = Reader("en", ZoneInfo("Asia/Seoul"), NOON)
    outcome: Outcome = made_outcome()
    flows = exports.TABLES["flows"](outcome, reader)
    assert sum(float(row[3] or 0) for row in flows.rows) == sum(flow[3] for flow in FLOWS)
    industry = exports.TABLES["industry"](outcome, reader)
    assert sum(int(row[2] or 0) for row in industry.rows) == sum(cell[2] for cell in CELLS)
    breaks = exports.TABLES["breaks"](outcome, reader)
    assert breaks.rows[1][0] == organisation(1)
