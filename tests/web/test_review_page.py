"""The page of suggestions as a browser without script uses it: read, confirm, refuse, take back, and what goes wrong."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import msgspec
import orjson
import pytest
from starlette.applications import Starlette
from tests.asgi_client import Client, Reply
from tests.ecosystem.made_firms import CLASS, MERGE, ONE, PARTNER, THREE, TWO
from tests.ecosystem.made_outcome import NOON
from tests.own_hub import SAEM, own_hub

from madang import vocabulary
from madang.clock import FixedClock
from madang.ecosystem import suggestions
from madang.ecosystem.suggestions import Category, Reason, identifier
from madang.hub import entities
from madang.hub.hub import Hub
from madang.hub.trust.gate import OPEN_GATE
from madang.ngsild.parse import parse_entity
from madang.settings import Settings
from madang.trust.access import OPEN
from madang.web import app
from madang.web.site import Site

CONTEXT = vocabulary.context()
PATH = "/ecosystem/review"


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    made = own_hub(tmp_path, FixedClock(NOON))
    for number, organisation in enumerate((ONE, TWO, THREE), 1):
        raw = {
            "id": organisation,
            "type": "Organization",
            "name": {"languageMap": {"ko": f"샘터 {number}", "en": f"Saemteo {number}"}},
            "businessNumber": "123-45-67890" if number < 3 else "222-22-22222",
            "products": {"languageMap": {"ko": "교차로 신호 <i>제어</i>"}},
        }
        await entities.create(made, OPEN, parse_entity(raw, CONTEXT))
    await suggestions.put(made, OPEN, [MERGE, CLASS, PARTNER], NOON)
    yield made
    await made.close()


@pytest.fixture
def pages(hub: Hub, tmp_path: Path) -> Client:
    return Client(
        Starlette(routes=app.routes(Site(hub, SAEM, Settings(tmp_path, "127.0.0.1", 8080), OPEN_GATE)))
    )


async def send(pages: Client, **fields: str) -> Reply:
    headers = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
    return await pages.call("POST", "/en" + PATH, body=urlencode(fields).encode(), headers=headers)


async def shown(pages: Client, query: str = "", language: str = "en") -> str:
    reply = await pages.get(f"/{language}{PATH}{query}")
    assert reply.status == 200
    return reply.body.decode()


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("category", list(Category))
@pytest.mark.parametrize("status", ["proposed", "confirmed", "refused", "nonsense"])
async def test_each_list_is_shown_and_runs_nothing_inline(
    pages: Client, language: str, category: Category, status: str
) -> None:
    page = await shown(pages, f"?category={category}&status={status}", language)
    assert not re.findall(r"""\sstyle=|<style|\son[a-z]+=|javascript:""", page)
    assert not re.search("<i>제어|<b>낱말", page), "what people write is not escaped"


async def test_two_entries_are_compared_and_counted_as_one(pages: Client, hub: Hub) -> None:
    page = await shown(pages)
    for text in ("Saemteo 1", "Saemteo 2", "123-45-67890"):
        assert text in page
    reply = await send(pages, id=MERGE.id, seen="proposed", status="proposed", action="confirm")
    assert reply.status == 303
    assert orjson.loads(await entities.rendered(hub, OPEN, ONE))["sameAs"]["object"] == TWO
    after = (await pages.get(reply.headers["location"])).body.decode()
    assert "Undo" in after
    assert "Nothing waits" in after
    reply = await send(pages, id=MERGE.id, seen="confirmed", status="proposed", action="reopen")
    assert "sameAs" not in orjson.loads(await entities.rendered(hub, OPEN, ONE))


async def test_those_of_one_registered_number_are_confirmed_together(pages: Client, hub: Hub) -> None:
    assert "Count all with the same number" not in await shown(pages)
    sure = msgspec.structs.replace(MERGE, score=0.99, reasons=(Reason("merge-number"), Reason("merge-name")))
    await suggestions.put(hub, OPEN, [sure], NOON)
    assert "Count all with the same number" in await shown(pages)
    reply = await send(pages, action="confirm-registered")
    assert reply.status == 303
    assert "1 confirmed" in (await pages.get(reply.headers["location"])).body.decode()
    assert orjson.loads(await entities.rendered(hub, OPEN, ONE))["sameAs"]["object"] == TWO


async def test_another_class_may_be_chosen_but_none_that_there_is_not(pages: Client, hub: Hub) -> None:
    fields = {"id": CLASS.id, "seen": "proposed", "status": "proposed", "action": "confirm"}
    assert (await send(pages, **fields, serviceArea="nonsense")).status == 400
    assert (await send(pages, **fields)).status == 409
    reply = await send(pages, **fields, serviceArea="logistics", technologyLayer="network")
    assert reply.status == 303
    said = orjson.loads(await entities.rendered(hub, OPEN, ONE))
    assert (said["serviceArea"]["value"], said["technologyLayer"]["value"]) == ("logistics", "network")


async def test_who_comes_second_is_told_so(pages: Client) -> None:
    fields = {"id": MERGE.id, "seen": "proposed", "status": "proposed"}
    assert (await send(pages, **fields, action="refuse")).status == 303
    reply = await send(pages, **fields, action="confirm")
    assert reply.status == 409
    assert "Somebody else decided this first" in reply.body.decode()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"id": MERGE.id, "seen": "proposed", "action": "eat"}, 400),
        ({"id": ONE, "seen": "proposed", "action": "confirm"}, 404),
        ({"id": "urn:gone", "seen": "proposed", "action": "confirm"}, 404),
        ({"action": "confirm"}, 404),
    ],
)
async def test_a_form_that_makes_no_sense(pages: Client, fields: dict[str, str], status: int) -> None:
    assert (await send(pages, **fields)).status == status


async def test_what_is_gone_is_shown_as_gone(pages: Client, hub: Hub) -> None:
    lost = msgspec.structs.replace(
        MERGE, id=identifier("saem", Category.MERGE, "9"), participant="urn:ngsi-ld:Organization:saem:firms:9"
    )
    await suggestions.put(hub, OPEN, [lost], NOON)
    assert "deleted" in await shown(pages)
    assert "Somebody else" not in await shown(pages, "?done=urn:gone")
