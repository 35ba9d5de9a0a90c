"""The pages of the network, of organisations, of one of them, and of comparisons, as answers."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from starlette.applications import Starlette
from tests.asgi_client import Client, Reply
from tests.ecosystem.made_firms import CLASS, MERGE, PARTNER, made_firms
from tests.ecosystem.made_outcome import NOON, made_outcome, organisation, other_outcome, thin_outcome
from tests.own_hub import SAEM, own_hub

from madang import vocabulary
from madang.clock import FixedClock
from madang.ecosystem import kept, others, suggestions
from madang.ecosystem.outcome import Outcome
from madang.ecosystem.running import Analysed, Outcomes
from madang.ecosystem.suggestions import Status
from madang.hub import batch
from madang.hub.hub import Hub
from madang.hub.trust.gate import OPEN_GATE
from madang.ngsild.changes import Mode, Write
from madang.ngsild.parse import parse_entity
from madang.ngsild.temporal import DAY
from madang.settings import LIMITS, Settings
from madang.trust.access import OPEN
from madang.web import app
from madang.web.site import Site

CONTEXT = vocabulary.context()
FIRM = organisation(1)
SVG = re.compile(r"<svg class=\"chart.*?</svg>", re.DOTALL)
PAGES = (
    "/ecosystem/network",
    "/ecosystem/firms",
    "/ecosystem/firms?map=1",
    "/ecosystem/firms?role=niche&layer=network&sort=constraint",
    f"/ecosystem/firms/{FIRM}",
    f"/ecosystem/firms/{organisation(4)}",
    "/ecosystem/compare",
    "/ecosystem/review?category=partner",
)
BOUNDARY = "yard"


class Saem(msgspec.Struct):
    client: Client
    hub: Hub
    folder: Path

    async def page(self, path: str, status: int = 200) -> str:
        reply = await self.client.get(path)
        assert reply.status == status, reply.body.decode()[-2000:]
        return reply.body.decode()

    async def send(self, fields: dict[str, bytes], language: str = "en") -> Reply:
        parts = [
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + body + b"\r\n"
            for name, body in fields.items()
        ]
        headers = {
            "content-type": f"multipart/form-data; boundary={BOUNDARY}",
            "sec-fetch-site": "same-origin",
        }
        body = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
        return await self.client.call("POST", f"/{language}/ecosystem/compare", body=body, headers=headers)


@pytest.fixture
async def saem(tmp_path: Path) -> AsyncIterator[Saem]:
    hub = own_hub(tmp_path, FixedClock(NOON))
    firms = [Write(Mode.CREATE, parse_entity(one, CONTEXT)) for one in made_firms(3, 30, 80)]
    await batch.apply(hub, OPEN, firms)
    await suggestions.put(hub, OPEN, [MERGE, CLASS, PARTNER], NOON)
    outcomes = Outcomes(hub, Analysed("saem", SAEM.name), tmp_path / "outcomes")
    site = Site(hub, SAEM, Settings(tmp_path, "127.0.0.1", 8080), OPEN_GATE, outcomes=outcomes)
    folder = tmp_path / "outcomes" / "default"
    kept.write(folder, made_outcome())
    yield Saem(Client(Starlette(routes=app.routes(site))), hub, folder)
    await hub.close()


def former(outcome: Outcome) -> Outcome:
    """The same city a while before."""
    standings = (*outcome.standings[5:20], *outcome.standings[:3])
    return msgspec.structs.replace(
        outcome, city="saem", names=SAEM.name, read=NOON - 40 * DAY, standings=standings
    )


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("outcome", [made_outcome(), thin_outcome()], ids=["made", "thin"])
async def test_figures_stand_with_tables_and_sources(saem: Saem, language: str, outcome: Outcome) -> None:
    kept.write(saem.folder, outcome)
    kept.write(saem.folder, former(other_outcome()))
    for path in PAGES:
        html = await saem.page(f"/{language}{path}")
        assert not re.findall(r"""\sstyle=|<style|\son[a-z]+=|javascript:""", html), path
        assert "None" not in re.sub(r"<[^>]*>", "", html), path
        assert "<b>낱말" not in html
        for section in html.split("<section")[1:]:
            figures = SVG.findall(section.split("</section>")[0])
            if figures:
                assert "<table" in section, (path, section[:300])
                assert 'class="source' in section, (path, section[:300])
            for figure in figures:
                ET.fromstring(figure)


async def test_organisations_are_found_ordered_and_paged(saem: Saem) -> None:
    html = await saem.page("/en/ecosystem/firms?text=saemteo+1")
    assert "Saemteo 10 Technology" in html
    assert "Saemteo 20 Technology" not in html
    ordered = re.findall(
        r"Saemteo (\d+) Technology</a>", await saem.page("/en/ecosystem/firms?sort=constraint")
    )
    assert ordered[0] == "1"
    assert "Nothing fits" in await saem.page("/en/ecosystem/firms?text=nobody")
    await saem.page("/en/ecosystem/firms?sort=nonsense", 400)
    await saem.page("/en/ecosystem/firms?from=-7&community=x")
    assert '"things":[]' not in await saem.page("/en/ecosystem/firms?map=1")


async def test_one_organisation_with_its_neighbours_classes_and_suggestions(saem: Saem) -> None:
    html = await saem.page(f"/en/ecosystem/firms/{FIRM}")
    assert "With whom it works" in html
    assert "Keystone" in html
    assert "3 suggestions to confirm" in html
    assert "Nobody has confirmed this yet" in html
    await saem.page(f"/en/ecosystem/firms/{MERGE.id}", 404)
    await saem.page("/en/ecosystem/firms/urn:gone", 404)


async def test_an_organisation_is_known_before_any_analysis(saem: Saem) -> None:
    for day in saem.folder.glob("*.json"):
        day.unlink()
    assert "It is not in the analysis yet" in await saem.page(f"/en/ecosystem/firms/{FIRM}")


async def test_its_tables_are_files(saem: Saem) -> None:
    for code, first in (("partners", "id"), ("years", "year"), ("ties", "id")):
        text = await saem.page(f"/en/ecosystem/firms/{FIRM}/data/{code}.csv")
        rows = list(csv.reader(io.StringIO(text)))
        assert rows[0][0] == first
        assert len(rows) > 1
    await saem.page(f"/en/ecosystem/firms/{FIRM}/data/partners.exe", 404)
    assert "robustness" not in await saem.page("/en/ecosystem/data/cores.csv")


async def test_two_days_are_compared(saem: Saem) -> None:
    kept.write(saem.folder, former(other_outcome()))
    html = await saem.page("/en/ecosystem/compare")
    assert "The verdicts differ" in html
    assert "Who came and went" in html
    for code in ("verdict", "indicators", "network", "flows", "industry", "organisations"):
        rows = list(
            csv.reader(
                io.StringIO(
                    await saem.page(
                        f"/en/ecosystem/compare/data/compared-{code}.csv?day=2026-01-01&with=2025-11-22"
                    )
                )
            )
        )
        assert len(rows) > 1, code
    await saem.page("/en/ecosystem/compare?with=2001-01-01", 404)


async def test_another_city_is_brought_compared_and_taken_away(saem: Saem) -> None:
    assert "nothing to compare with yet" in await saem.page("/en/ecosystem/compare")
    reply = await saem.send({"action": b"add", "file": kept.encoded(other_outcome())})
    assert reply.status == 303
    html = (await saem.client.get(reply.headers["location"])).body.decode()
    assert "Garam 2026-01-01" in html
    assert "Who came and went" not in html
    (other,) = others.listed(saem.folder)
    assert (await saem.send({"action": b"remove", "key": other.key.encode()})).status == 303
    assert not others.listed(saem.folder)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"action": b"add", "file": b"no json"}, 400),
        ({"action": b"add", "file": b'{"city": "x"}'}, 400),
        ({"action": b"add"}, 400),
        (
            {"action": b"add", "file": kept.encoded(msgspec.structs.replace(other_outcome(), city="../x"))},
            400,
        ),
        (
            {"action": b"add", "file": kept.encoded(msgspec.structs.replace(other_outcome(), read=10**18))},
            400,
        ),
        ({"action": b"remove", "key": b"../../city.2026-01-01"}, 404),
        ({"action": b"eat"}, 400),
        ({"action": b"add", "file": b" " * (LIMITS.outcome_bytes_max + 1)}, 413),
    ],
)
async def test_what_is_no_outcome_is_not_kept(saem: Saem, fields: dict[str, bytes], status: int) -> None:
    assert (await saem.send(fields)).status == status
    assert not others.listed(saem.folder)
    assert not list(saem.folder.parent.parent.glob("*.2026*"))


async def test_parity_stands_beside_the_suggestions_of_partners(saem: Saem) -> None:
    html = await saem.page("/en/ecosystem/review?category=partner")
    assert "Who is suggested how often" in html
    assert "under 5 years" in html
    await suggestions.decide(saem.hub, OPEN, PARTNER, Status.CONFIRMED)
    html = await saem.page(f"/en/ecosystem/firms/{organisation(3)}")
    assert "mutual fit" in html


async def test_departments_of_the_city_have_no_place(saem: Saem) -> None:
    made = made_outcome()
    last = msgspec.structs.replace(made.standings[-1], category="city-government")
    kept.write(saem.folder, msgspec.structs.replace(made, standings=(*made.standings[:-1], last)))
    plain = await saem.client.get("/ko/ecosystem/data/organisations.csv")
    rows = list(csv.DictReader(io.StringIO(plain.body.decode())))
    assert [row["place"] for row in rows[-2:]] == [str(len(rows) - 1), ""]
    html = await saem.page("/ko/ecosystem/firms?text=nobody")
    assert f"기업과 기관 {len(rows)}곳" in html
    assert "시 부서 1곳" in html
