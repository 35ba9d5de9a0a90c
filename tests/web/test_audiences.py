"""What is kept and streamed for pages, where not everybody sees the same: nothing of it reaches those who may not."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.requests import Request
from starlette.responses import StreamingResponse
from tests.web.test_pages import CITY, CONTEXT, station

from madang.clock import FixedClock
from madang.hub import batch
from madang.hub.contexts import Contexts
from madang.hub.hub import Hub
from madang.hub.trust.gate import OPEN_GATE, Admitted
from madang.ngsild.changes import Change, Delete, Mode, Write
from madang.ngsild.query import Query
from madang.settings import Settings
from madang.store.sqlite.store import Options, SqliteStore, store_path
from madang.trust.access import OPEN, Access
from madang.trust.identity import VISITOR
from madang.trust.view import Rule, View
from madang.web import layers, stream
from madang.web.assets import Assets
from madang.web.kept import Kept
from madang.web.site import Site
from madang.web.visit import Shared, Visit

TYPE = CONTEXT.expand("AirQualityObserved")
FIRST = station(1, 10).id
SEES_FIRST = Access(view=View((Rule(Query(ids=(FIRST,))),)))
SEES_NO_VALUES = Access(view=View((Rule(),), (Rule(attributes=frozenset((CONTEXT.expand("pm25"),))),)))
ELSEWHERE = Access(tenant="elsewhere")


@pytest.fixture
async def hub(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Hub]:
    """With the vocabulary of pages."""
    opened = Hub(
        open_store=lambda tenant: SqliteStore(store_path(tmp_path, tenant), clock, Options(CONTEXT)),
        has_store=lambda tenant: store_path(tmp_path, tenant).exists(),
        contexts=Contexts(CONTEXT, clock),
        clock=clock,
    )
    yield opened
    await opened.close()


@pytest.fixture
async def site(hub: Hub, tmp_path: Path) -> Site:
    await write(hub, station(1, 10), station(2, 20))
    return Site(hub, CITY, Settings(tmp_path, "127.0.0.1", 8080), OPEN_GATE)


async def write(hub: Hub, *stations: Any) -> None:
    await batch.apply(hub, OPEN, [Write(Mode.UPSERT_UPDATE, one) for one in stations])


def visit(shared: Shared, access: Access) -> Visit:
    scope = {
        "type": "http",
        "path": "/en/city/layers/air",
        "query_string": b"",
        "method": "GET",
        "path_params": {"layer": "air"},
    }
    headers = [(b"accept-encoding", b"gzip")]
    return Visit(Request({**scope, "headers": headers}), shared, "en", Admitted(VISITOR, access))


async def layer(shared: Shared, access: Access) -> tuple[str, list[Any]]:
    """Tag and rows of a layer of the map, without values."""
    asking = visit(shared, access)
    reply = await layers.layer(asking)
    if isinstance(reply, StreamingResponse):
        async for _ in reply.body_iterator:
            pass
    kept = asking.kept.find(asking.seer, asking.request.url.path, reply.headers["etag"])
    assert kept is not None
    return reply.headers["etag"], [row[0] for row in orjson.loads(gzip.decompress(kept))["rows"]]


async def test_a_kept_answer_is_for_those_who_see_the_same(site: Site) -> None:
    shared = Shared(site, Assets(), stream.Lives(site), Kept())
    tag, rows = await layer(shared, OPEN)
    assert len(rows) == 2
    other, seen = await layer(shared, SEES_FIRST)
    assert seen == [FIRST]
    assert other != tag
    assert await layer(shared, OPEN) == (tag, rows)


async def heard(live: stream.Live, access: Access) -> list[dict[str, Any]]:
    """What the next batch tells this audience, once it comes."""
    audience = live._audience(access)
    events = live._events(audience, None)
    found: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(2):
            async for text in events:
                if "event: changes" in text:
                    found += orjson.loads(text.partition("data: ")[2])
                    break
    except TimeoutError:
        pass
    return found


async def test_each_audience_hears_what_it_may_see(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "GATHER_SECONDS", 0.05)
    live = stream.Live(site, "")
    await live.start()
    hearing = [asyncio.create_task(heard(live, one)) for one in (OPEN, SEES_FIRST, SEES_NO_VALUES)]
    await asyncio.sleep(0.01)
    await write(site.hub, station(1, 11), station(2, 21), station(3, 30))
    gone: list[Change] = [Delete(station(2, 0).id)]
    await batch.apply(site.hub, OPEN, gone)
    every, first, without = await asyncio.gather(*hearing)
    assert len(every) == 3
    assert [one["id"] for one in first] == [FIRST]
    assert first[0]["values"][CONTEXT.expand("pm25")]["value"] == 11
    assert all(CONTEXT.expand("pm25") not in one["values"] for one in without)


async def test_a_change_of_what_is_hidden_is_not_heard(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "GATHER_SECONDS", 0.05)
    live = stream.Live(site, "")
    await live.start()
    hearing = [asyncio.create_task(heard(live, one)) for one in (OPEN, SEES_FIRST)]
    await asyncio.sleep(0.01)
    await write(site.hub, station(2, 21))
    every, first = await asyncio.gather(*hearing)
    assert (len(every), first) == (1, [])


async def test_tenants_have_followers_of_their_own(site: Site) -> None:
    lives = stream.Lives(site)
    await batch.apply(site.hub, ELSEWHERE, [Write(Mode.CREATE, station(9, 1))])
    here, there = lives.of(""), lives.of(ELSEWHERE.tenant)
    assert here is not there
    before = await here.version((TYPE,))
    await batch.apply(site.hub, ELSEWHERE, [Write(Mode.UPSERT_UPDATE, station(9, 2))])
    await asyncio.sleep(0.05)
    assert await here.version((TYPE,)) == before
    assert await there.version((TYPE,)) >= 1
