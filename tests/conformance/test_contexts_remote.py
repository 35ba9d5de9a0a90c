"""Remote @contexts: fetched once, kept, refreshed when old, and never in the way (CIM 009 §4.4, §5.5.6, §5.13.1, §6.3.16)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from tests.asgi_client import Client
from tests.context_host import ContextHost, context_host

from madang.api.asgi import information_api
from madang.clock import FixedClock
from madang.hub import contexts
from madang.hub.contexts import Contexts
from madang.hub.hub import Hub
from madang.hub.trust.gate import OPEN_GATE
from madang.ngsild.context import CORE
from madang.settings import LIMITS
from madang.store.sqlite.store import Options, SqliteStore, store_path

ENTITIES = "/ngsi-ld/v1/entities"
CONTEXTS = "/ngsi-ld/v1/jsonldContexts"
CORE_URL = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"
TERMS = {"speed": "https://example.org/ns#speed"}
SECOND = 1_000_000


@pytest.fixture
async def host() -> AsyncIterator[ContextHost]:
    async with context_host() as running:
        yield running


def link(url: str) -> dict[str, str]:
    return {"link": f'<{url}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'}


async def expanded(api: Client, context: Any, name: str = "speed") -> str:
    """What the name means in this @context, as a new entity shows it."""
    body = {"id": "urn:x:1", "type": "T", name: {"type": "Property", "value": 1}, "@context": context}
    written = await api.post(ENTITIES, body, headers={"content-type": "application/ld+json"})
    assert written.status == 201, written.body
    seen = (await api.get(f"{ENTITIES}/urn:x:1", headers=link(CORE_URL))).json()
    await api.delete(f"{ENTITIES}/urn:x:1")
    (found,) = set(seen) - {"id", "type"}
    return str(found)


def platform(home: Path, clock: FixedClock) -> Hub:
    return Hub(
        open_store=lambda tenant: SqliteStore(store_path(home, tenant), clock, Options()),
        has_store=lambda tenant: store_path(home, tenant).exists(),
        contexts=Contexts(CORE, clock, ("127.0.0.1",)),
        clock=clock,
    )


async def test_a_document_is_fetched_once(api: Client, host: ContextHost) -> None:
    """§5.13.1: downloaded just once, also where many ask at one time and where others name it."""
    url = host.put("/a.jsonld", TERMS)
    asked = [api.get(f"{ENTITIES}?type=T", headers=link(url)) for _ in range(10)]
    assert {reply.status for reply in await asyncio.gather(*asked)} == {200}
    assert await expanded(api, [url, {"other": "urn:other"}]) == TERMS["speed"]
    assert len(host.asked) == 1


async def test_the_core_context_wins_wherever_it_stands(api: Client, host: ContextHost) -> None:
    """§4.4, §5.5.7: the core @context is protected and counts as the last one; it is never fetched."""
    url = host.put("/a.jsonld", {"Property": "urn:not", "scopeQ": "urn:not", **TERMS})
    for context in ([CORE_URL, url], [url, CORE_URL], url, [url, CORE_URL.replace("v1.9", "v1.3")]):
        assert await expanded(api, context) == TERMS["speed"]
        assert await expanded(api, context, "scopeQ") == "scopeQ"
    assert len(host.asked) == 1


async def test_later_ones_win_and_nested_ones_are_followed(api: Client, host: ContextHost) -> None:
    """JSON-LD 1.1 §4.1: of several the last defines a term; addresses in a document are relative to it."""
    host.put("/deep/b.jsonld", {"speed": "urn:b"})
    host.put("/deep/a.jsonld", ["b.jsonld", {"pace": "urn:a"}])
    a = host.url + "/deep/a.jsonld"
    assert await expanded(api, a) == "urn:b"
    assert await expanded(api, [a, {"speed": "urn:mine"}]) == "urn:mine"
    assert await expanded(api, [{"speed": "urn:mine"}, a]) == "urn:b"
    assert await expanded(api, {"@context": [a]}, "pace") == "urn:a"


async def test_a_redirect_and_a_page_with_an_alternate_lead_to_the_document(
    api: Client, host: ContextHost
) -> None:
    """JSON-LD 1.1 API §5.2.1 (LoadDocumentCallback): a page of another type may say where its JSON-LD is."""
    host.put("/there/b.jsonld", {"speed": "urn:b"})
    host.put("/there/a.jsonld", "b.jsonld")
    moved = host.put_body("/moved", b"", Location="/there/a.jsonld")
    assert await expanded(api, moved) == "urn:b"
    page = host.put_body(
        "/page",
        b"<html>",
        Content_Type="text/html",
        Link='</there/a.jsonld>; rel="alternate"; type="application/ld+json"',
    )
    assert await expanded(api, page) == "urn:b"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Cache_Control": "public, max-age=120"}, 120),
        ({"Cache_Control": "max-age=120, s-maxage=60"}, 60),
        ({"Cache_Control": "max-age=120", "Age": "20"}, 100),
        (
            {"Date": "Thu, 01 Jan 2026 12:00:00 GMT", "Expires": "Thu, 01 Jan 2026 12:05:00 GMT"},
            300,
        ),
        ({"Expires": "0"}, LIMITS.context_fresh_seconds_min),
        ({"Cache_Control": "max-age=0"}, LIMITS.context_fresh_seconds_min),
        (
            {"Date": "Thu, 01 Jan 2026 12:00:00 GMT", "Last_Modified": "Thu, 01 Jan 2026 02:00:00 GMT"},
            3600,
        ),
        ({}, 3600),
        ({"Cache_Control": "max-age=99999999"}, LIMITS.context_fresh_seconds_max),
    ],
)
async def test_age(
    api: Client, host: ContextHost, clock: FixedClock, headers: dict[str, str], seconds: int
) -> None:
    """§6.3.16: Expires, max-age and s-maxage are complied with; without them the platform assigns a time."""
    url = host.put("/a.jsonld", TERMS, **headers)
    assert await expanded(api, url) == TERMS["speed"]
    host.put("/a.jsonld", {"speed": "urn:new"}, **headers)
    clock.advance(seconds * SECOND - 1)
    assert await expanded(api, url) == TERMS["speed"]
    clock.advance(1)
    assert await expanded(api, url) == "urn:new"


async def test_what_has_not_changed_is_not_sent_again(
    api: Client, host: ContextHost, clock: FixedClock
) -> None:
    """§6.3.16: a copy that became old is asked for with its etag."""
    url = host.put("/a.jsonld", TERMS, Cache_Control="max-age=60", ETag='"one"')
    await expanded(api, url)
    clock.advance(61 * SECOND)
    assert await expanded(api, url) == TERMS["speed"]
    assert host.asked == [("/a.jsonld", ""), ("/a.jsonld", '"one"')]
    told = (await api.get(f"{CONTEXTS}/{quote(url, safe='')}?details=true")).json()
    assert told["expiresAt"] == "2026-01-01T12:02:01Z"


async def test_an_old_copy_serves_while_its_host_does_not(
    api: Client, host: ContextHost, clock: FixedClock
) -> None:
    """§5.5.6: LdContextNotAvailable only where expansion cannot be performed; the host is asked again and again."""
    url = host.put("/a.jsonld", TERMS, Cache_Control="max-age=60")
    await expanded(api, url)
    host.down = True
    clock.advance(61 * SECOND)
    for _ in range(5):
        assert await expanded(api, url) == TERMS["speed"]
    assert len(host.asked) == 2
    clock.advance(LIMITS.context_retry_seconds_max * SECOND)
    assert await expanded(api, url) == TERMS["speed"]
    assert len(host.asked) == 3
    host.down = False
    host.put("/a.jsonld", {"speed": "urn:new"})
    clock.advance(LIMITS.context_retry_seconds_max * SECOND)
    assert await expanded(api, url) == "urn:new"


async def test_an_old_copy_serves_while_its_host_serves_nonsense(
    api: Client, host: ContextHost, clock: FixedClock
) -> None:
    """A @context that was valid is not given up for an error page."""
    url = host.put("/a.jsonld", TERMS, Cache_Control="max-age=60")
    await expanded(api, url)
    host.put_body("/a.jsonld", b"<html>We are moving house</html>")
    clock.advance(61 * SECOND)
    assert await expanded(api, url) == TERMS["speed"]


async def test_copies_outlive_the_process(tmp_path: Path, clock: FixedClock, host: ContextHost) -> None:
    """§5.13.1: the store is the cache, so a platform without a network goes on after a restart."""
    url = host.put("/a.jsonld", [TERMS, "b.jsonld"], Cache_Control="max-age=60")
    host.put("/b.jsonld", {"pace": "urn:b"})
    hub = platform(tmp_path, clock)
    assert await expanded(Client(information_api(hub, OPEN_GATE)), url) == TERMS["speed"]
    await hub.close()
    asked = len(host.asked)
    hub = platform(tmp_path, clock)
    api = Client(information_api(hub, OPEN_GATE))
    assert await expanded(api, url, "pace") == "urn:b"
    assert len(host.asked) == asked
    told = (await api.get(f"{CONTEXTS}/{quote(url, safe='')}?details=true")).json()
    assert told["numberOfHits"] == 2
    await hub.close()
    host.down = True
    clock.advance(61 * SECOND)
    hub = platform(tmp_path, clock)
    assert await expanded(Client(information_api(hub, OPEN_GATE)), url, "pace") == "urn:b"
    await hub.close()


@pytest.mark.parametrize(
    ("body", "status", "name"),
    [
        (None, 504, "LdContextNotAvailable"),
        (b"<html>", 400, "BadRequestData"),
        (b"{}", 400, "BadRequestData"),
        (b"[]", 400, "BadRequestData"),
        (b'{"@context": 7}', 400, "BadRequestData"),
        (b'{"@context": {"a": 7}}', 400, "BadRequestData"),
        (b'{"@context": {"a": {"@id": "urn:a", "@context": {}}}}', 400, "BadRequestData"),
        (b" " * (LIMITS.context_bytes_max + 1), 504, "LdContextNotAvailable"),
    ],
)
async def test_faults(api: Client, host: ContextHost, body: bytes | None, status: int, name: str) -> None:
    """§5.5.6: not available is LdContextNotAvailable, retrieved but invalid is BadRequestData; nothing is written."""
    url = host.put_body("/a.jsonld", body) if body is not None else f"{host.url}/none"
    sent = {"id": "urn:x:1", "type": "T", "@context": [url]}
    reply = await api.post(ENTITIES, sent, headers={"content-type": "application/ld+json"})
    assert (reply.status, reply.json()["type"]) == (status, f"https://uri.etsi.org/ngsi-ld/errors/{name}")
    assert url in reply.json()["detail"]
    assert (await api.get(f"{ENTITIES}/urn:x:1")).status == 404
    assert url not in (await api.get(CONTEXTS)).json()


async def test_private_addresses_are_not_called(tmp_path: Path, clock: FixedClock, host: ContextHost) -> None:
    """A public API is no way into inner networks, by a link or by a document that redirects there."""
    url = host.put("/a.jsonld", TERMS)
    hub = platform(tmp_path, clock)
    hub.contexts = Contexts(CORE, clock)
    api = Client(information_api(hub, OPEN_GATE))
    reply = await api.get(f"{ENTITIES}?type=T", headers=link(url))
    assert reply.status == 504
    assert "MADANG_EGRESS_ALLOW" in reply.json()["detail"]
    assert host.asked == []
    await hub.contexts.close()
    await hub.close()


async def test_circles_and_crowds_have_an_end(api: Client, host: ContextHost) -> None:
    """Every request has a limit: how deep @contexts refer to each other, and to how many documents one leads."""
    circle = host.put("/circle", ["/circle"])
    crowd = host.put("/crowd", [f"/many/{n}" for n in range(LIMITS.context_documents_max + 1)])
    for n in range(LIMITS.context_documents_max + 1):
        host.put(f"/many/{n}", TERMS)
    for url in (circle, crowd):
        reply = await api.get(f"{ENTITIES}?type=T", headers=link(url))
        assert reply.status == 400, reply.body
    assert len(host.asked) <= LIMITS.context_documents_max + 2


async def test_memory_for_contexts_is_bounded(
    api: Client, hub: Hub, host: ContextHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However large and many the @contexts are that clients name, those longest not used make room."""
    limits = msgspec.structs.replace(LIMITS, cached_context_terms_max=2 * len(CORE.terms) + 300)
    monkeypatch.setattr(contexts, "LIMITS", limits)
    for document in range(5):
        host.put(f"/{document}", {f"t{document}x{n}": f"urn:{document}:{n}" for n in range(100)})
        assert await expanded(api, f"{host.url}/{document}", f"t{document}x7") == f"urn:{document}:7"
    assert len(hub.contexts._built) == 2
    assert await expanded(api, f"{host.url}/0", "t0x7") == "urn:0:7"
    assert len(host.asked) == 5


async def test_requests_that_need_no_remote_context_never_notice(api: Client, host: ContextHost) -> None:
    """§5.5.5: the default and the core @context are always there."""
    slow = asyncio.create_task(api.get(f"{ENTITIES}?type=T", headers=link("http://127.0.0.1:9/a.jsonld")))
    for headers in ({}, link(CORE_URL)):
        assert (await api.get(f"{ENTITIES}?type=T", headers=headers)).status == 200
    assert (await slow).status == 504


async def test_each_entry_of_a_batch_has_its_own(api: Client, host: ContextHost) -> None:
    """§5.6.8, §6.3.5: with application/ld+json the @context is that of each entity."""
    one, other = host.put("/one", {"speed": "urn:one"}), host.put("/other", {"speed": "urn:other"})
    batch = [
        {
            "id": f"urn:x:{n}",
            "type": "T",
            "speed": {"type": "Property", "value": 1},
            "@context": [context, CORE_URL],
        }
        for n, context in enumerate((one, other, f"{host.url}/none"))
    ]
    reply = await api.post(
        "/ngsi-ld/v1/entityOperations/upsert", batch, headers={"content-type": "application/ld+json"}
    )
    assert reply.status == 207
    (fault,) = reply.json()["errors"]
    assert fault["entityId"] == "urn:x:2"
    assert fault["error"]["type"].endswith("/LdContextNotAvailable")
    for n, name in enumerate(("urn:one", "urn:other")):
        assert name in (await api.get(f"{ENTITIES}/urn:x:{n}")).json()
