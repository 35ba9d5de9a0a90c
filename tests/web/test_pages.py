"""The pages as answers: languages, security, what is kept, what goes wrong. No browser is needed."""

from __future__ import annotations

import asyncio
import csv
import gzip
import io
import re
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import orjson
import pytest
from starlette.applications import Starlette
from tests.asgi_client import Client, Reply
from tests.own_hub import SAEM, own_hub

from madang import vocabulary
from madang.city.model import Layer, Style
from madang.clock import FixedClock
from madang.hub import batch
from madang.hub.hub import Hub
from madang.hub.trust.gate import OPEN_GATE
from madang.ngsild.attribute import geo_property, language_property, property_, relationship
from madang.ngsild.changes import Delete, Mode, Write
from madang.ngsild.entity import Entity
from madang.settings import Settings
from madang.trust.access import OPEN
from madang.web import app, stream
from madang.web.site import Site

NOON = 1_767_268_800_000_000
CONTEXT = vocabulary.context()
CITY = msgspec.structs.replace(
    SAEM,
    synthetic=True,
    layers=(
        Layer("air", "AirQualityObserved", Style.VALUE, {"ko": "대기", "en": "Air"}, "pm25"),
        Layer("houses", "Building", Style.BUILDING, {"ko": "건물", "en": "Houses"}),
    ),
)


def station(number: int, pm25: float) -> Entity:
    expand = CONTEXT.expand
    return Entity(
        f"urn:ngsi-ld:AirQualityObserved:saem:air:{number}",
        (expand("AirQualityObserved"),),
        (
            language_property(vocabulary.NAME, {"ko": f"측정소 {number} <b>", "en": f"Station {number}"}),
            property_(expand("pm25"), pm25, unit_code="GQ", observed_at="2026-01-01T11:57:00Z"),
            relationship(expand("standsAt"), "urn:ngsi-ld:Building:saem:plan:1"),
            geo_property(
                expand("location"), {"type": "Point", "coordinates": [126.95, 37.45 + number / 1000]}
            ),
        ),
    )


@pytest.fixture
async def saem(tmp_path: Path) -> AsyncIterator[Hub]:
    hub = own_hub(tmp_path, FixedClock(NOON))
    await batch.apply(
        hub, OPEN, [Write(Mode.CREATE, station(number, 10.0 + number)) for number in range(120)]
    )
    yield hub
    await hub.close()


@pytest.fixture
def pages(saem: Hub, tmp_path: Path) -> Client:
    site = Site(saem, CITY, Settings(tmp_path, "127.0.0.1", 8080), OPEN_GATE)
    return Client(Starlette(routes=app.routes(site)))


STATION = "urn:ngsi-ld:AirQualityObserved:saem:air:7"
ADDRESSES = (
    "/{}/city",
    f"/{{}}/city?select={STATION}",
    "/{}/city?select=urn:gone",
    f"/{{}}/city/panel?id={STATION}",
    "/{}/city/overview",
    "/{}/city/hours",
    "/{}/data",
    "/{}/types/AirQualityObserved",
    "/{}/types/AirQualityObserved?sort=-pm25&filter=pm25%3E%3D100",
    "/{}/types/Building",
    f"/{{}}/entities/{STATION}",
    "/{}/search?text=Station",
    "/{}/search?text=nothing",
)


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("address", ADDRESSES)
async def test_pages_run_nothing_inline(pages: Client, address: str, language: str) -> None:
    reply = await pages.get(address.format(language))
    assert reply.status == 200
    assert "default-src 'self'" in reply.headers["content-security-policy"]
    html = reply.body.decode()
    assert not re.findall(r"""\sstyle=|<style|\son[a-z]+=|javascript:""", html)
    for tag in re.findall(r"<script[^>]*>", html):
        assert 'type="application/json"' in tag or " src=" in tag, tag
    assert "<b>" not in html.replace("<b>합성", "").replace("<b>Synthetic", ""), "a name was not escaped"
    assert not re.search(r"https?://(?!127\.0\.0\.1)[^\"'<> ]+\.(js|css|woff2?|png)", html)


@pytest.mark.parametrize("wish", ["ko", "en"])
async def test_the_first_page_is_in_the_browser_s_language(pages: Client, wish: str) -> None:
    reply = await pages.get("/", headers={"accept-language": f"{wish},fr;q=0.5"})
    assert (reply.status, reply.headers["location"]) == (303, f"/{wish}/city")
    assert (await pages.get("/en")).headers["location"] == "/en/city"


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/ko/nowhere", 404, "찾는 것이 없습니다"),
        ("/en/nowhere", 404, "There is nothing here"),
        ("/en/entities/urn:gone", 404, "Nothing is at ‘/en/entities/urn:gone’"),
        ("/en/types/Unheard", 404, "types/Unheard"),
        ("/en/city/layers/none", 404, "layers/none"),
        ("/ko/types/Building?filter=height%3E%3E", 400, "이 주소를 읽을 수 없습니다"),
        ("/en/types/AirQualityObserved?after=nonsense", 400, "cannot be read"),
        (f"/en/entities/{STATION}/history?range=2y&attribute=pm25", 400, "not &#39;2y&#39;"),
        ("/static/build/../app.py", 404, ""),
        ("/static/build/none.js", 404, "no file"),
    ],
)
async def test_what_goes_wrong_has_a_page(pages: Client, address: str, status: int, words: str) -> None:
    reply = await pages.get(address)
    assert reply.status == status
    assert words in reply.body.decode()


async def test_a_fault_of_ours_is_told_apart(
    pages: Client, saem: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    saem.store(OPEN).type_counts = broken  # type: ignore[method-assign,assignment] # a fault, to see what a reader gets
    reply = await pages.get("/en/data")
    assert reply.status == 500
    assert "Something went wrong inside Madang" in reply.body.decode()
    assert "ZeroDivisionError" in caplog.text


async def rows(pages: Client, address: str) -> tuple[Reply, dict[str, object]]:
    reply = await pages.get(address, headers={"accept-encoding": "gzip"})
    return reply, orjson.loads(gzip.decompress(reply.body))


async def test_a_layer_is_kept_until_something_changes(pages: Client, saem: Hub) -> None:
    reply, found = await rows(pages, "/en/city/layers/air")
    assert len(found["rows"]) == 120  # type: ignore[arg-type] # JSON
    again = await pages.get("/en/city/layers/air", headers={"if-none-match": reply.headers["etag"]})
    assert again.status == 304
    await batch.apply(saem, OPEN, [Write(Mode.UPSERT_UPDATE, station(7, 99.0)), Delete(station(8, 0).id)])
    await asyncio.sleep(0.05)
    fresh, found = await rows(pages, "/en/city/layers/air")
    assert fresh.headers["etag"] != reply.headers["etag"]
    values = {row[0]: row[4] for row in found["rows"]}  # type: ignore[attr-defined] # JSON
    assert values[STATION] == 99.0
    assert len(values) == 119


async def test_the_page_of_a_type_says_how_it_is_written(pages: Client) -> None:
    page = (await pages.get("/ko/types/Contract")).body.decode()
    assert "매수자 → 공급자: 자본" in page
    assert 'href="/schemas/Contract.json"' in page
    assert "&#34;urn:ngsi-ld:Contract:gaon:R26BK0041&#34;" in page
    page = (await pages.get("/en/types/Organization")).body.decode()
    assert "University, Research institute" in page
    assert "Service out" in page
    assert "/schemas/" not in (await pages.get("/en/types/urn:Unheard")).body.decode()


async def test_a_whole_list_is_exported(pages: Client) -> None:
    reply = await pages.get("/en/types/AirQualityObserved/export?format=csv&sort=-pm25&columns=pm25")
    lines = list(csv.reader(io.StringIO(reply.body.decode())))
    assert lines[0] == ["id", "name_ko", "name_en", "longitude", "latitude", "pm25", "observedAt"]
    assert [line[5] for line in lines[1:4]] == ["129.0", "128.0", "127.0"]
    assert len(lines) == 121
    reply = await pages.get("/en/types/AirQualityObserved/export?format=geojson&filter=pm25%3E%3D120")
    assert len(reply.json()["features"]) == 10
    assert reply.json()["features"][0]["geometry"]["type"] == "Point"


async def test_pages_of_a_list_hold_everything_once(pages: Client) -> None:
    for sort in ("", "&sort=pm25"):
        seen: list[str] = []
        address = "/en/types/AirQualityObserved?x=1" + sort
        while address:
            html = (await pages.get(address)).body.decode()
            seen += re.findall(r'<th scope="row"><a href="/en/entities/([^"]+)"', html)
            found = re.search(r'rel="next" href="([^"]+)"', html)
            address = found[1].replace("&amp;", "&") if found else ""
        assert len(seen) == len(set(seen)) == 120


async def test_search_finds_names_of_either_language(pages: Client) -> None:
    for text in ("측정소 11", "station 11"):
        found = (await pages.get("/en/city/search", params={"text": text})).json()["found"]
        assert {"Station 11", "Station 110"} <= {one["name"] for one in found}


def test_missed_changes_are_sent_again_or_told() -> None:
    live = stream.Audience(OPEN, 15)
    live.batches = deque([(10, 12, "a"), (12, 15, "b")])
    assert live.missed(None) == live.missed(15) == []
    assert live.missed(12) == ["b"]
    assert live.missed(10) == ["a", "b"]
    assert live.missed(9) == [stream.event("resync", {}, 15)]
