"""§5.5.5: the @context of requests that name none is the platform's vocabulary, or, where that is set, the core one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.asgi_client import Client

import madang
from madang.api.asgi import information_api
from madang.home import Home
from madang.hub.trust.gate import OPEN_GATE
from madang.settings import CORE_ALONE, PLATFORM, read
from madang.wire import WIRING

BASE: Final = "/ngsi-ld/v1"
CORE: Final = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"
OWN: Final = "http://madang.test/ngsi-ld/v1/jsonldContexts/madang"
STOP: Final = "urn:ngsi-ld:GtfsStop:1"
AS_OWN: Final = {"link": f'<{OWN}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'}
NAME: Final = {"type": "Property", "value": "City Hall"}


@asynccontextmanager
async def platform(folder: Path, default_context: str) -> AsyncIterator[Client]:
    """The information API of a home with that setting."""
    home = Home(folder)
    home.tenants.mkdir(parents=True, exist_ok=True)
    settings = read({"MADANG_HOME": str(folder), "MADANG_DEFAULT_CONTEXT": default_context})
    async with WIRING.open_hub(home, settings) as hub:
        yield Client(information_api(hub, OPEN_GATE))


async def test_the_core_context_alone(tmp_path: Path) -> None:
    """§5.5.5 "at minimum assign the Core @context"; §5.5.7: what no term stands for is a fully qualified name."""
    async with platform(tmp_path, CORE_ALONE) as api:
        plain = {"id": "urn:ngsi-ld:Car:1", "type": "Car", "providedBy": NAME}
        assert (await api.post(f"{BASE}/entities", plain)).status == 201
        reply = await api.get(f"{BASE}/entities/urn:ngsi-ld:Car:1")
        assert reply.json() == plain
        assert reply.headers["link"].startswith(f"<{CORE}>")
        reply = await api.get(f"{BASE}/entities", params={"type": "Car", "options": "sysAttrs"})
        assert reply.json()[0].keys() > plain.keys()
        assert reply.headers["link"].startswith(f"<{CORE}>")
        reply = await api.get(f"{BASE}/entities?type=Car", headers={"accept": "application/ld+json"})
        assert reply.json() == [{**plain, "@context": [CORE]}]


async def test_the_platform_s_vocabulary_can_be_named(tmp_path: Path) -> None:
    """§5.5.7: the @context of a call is the one that it names, and not another."""
    async with platform(tmp_path, CORE_ALONE) as api:
        stop = {"id": STOP, "type": "GtfsStop", "name": NAME}
        assert (await api.post(f"{BASE}/entities", stop, headers=AS_OWN)).status == 201
        reply = await api.get(f"{BASE}/entities/{STOP}", headers=AS_OWN)
        assert reply.json() == stop
        assert reply.headers["link"].startswith(f"<{OWN}>")
        assert (await api.get(f"{BASE}/entities?type=GtfsStop", headers=AS_OWN)).json() == [stop]
        linked = await api.get(f"{BASE}/entities/{STOP}", headers={**AS_OWN, "accept": "application/ld+json"})
        assert linked.json() == {**stop, "@context": OWN}
        # Who names no @context means another GtfsStop
        assert (await api.get(f"{BASE}/entities?type=GtfsStop")).json() == []
        bare = (await api.get(f"{BASE}/entities/{STOP}")).json()
        assert "name" not in bare
        assert "://" in bare["type"]
        hosted = (await api.get(f"{BASE}/jsonldContexts/madang")).json()
        assert "GtfsStop" in hosted["@context"][0]


async def test_another_default_context_from_the_next_start_on(tmp_path: Path) -> None:
    """What is stored are full names: nothing changes but how it is written."""
    async with platform(tmp_path, PLATFORM) as api:
        stop = {"id": STOP, "type": "GtfsStop", "name": NAME}
        assert (await api.post(f"{BASE}/entities", stop)).status == 201
        reply = await api.get(f"{BASE}/entities/{STOP}")
        assert reply.json() == stop
        assert reply.headers["link"].startswith(f"<{OWN}>")
    async with platform(tmp_path, CORE_ALONE) as api:
        assert "name" not in (await api.get(f"{BASE}/entities/{STOP}")).json()
        assert (await api.get(f"{BASE}/entities/{STOP}", headers=AS_OWN)).json() == stop
    async with platform(tmp_path, PLATFORM) as api:
        assert (await api.get(f"{BASE}/entities/{STOP}")).json() == stop
        assert (await api.get(f"{BASE}/entities?type=GtfsStop")).json() == [stop]


def test_what_the_platform_itself_names_does_not_depend_on_the_setting() -> None:
    """§5.5.5 is about input of API clients: pages, policies and files name things by the vocabulary."""
    package = Path(madang.__file__).parent
    asking = {
        str(file.relative_to(package))
        for file in package.rglob("*.py")
        if "contexts.default" in file.read_text(encoding="utf-8")
    }
    of_requests = {name for name in asking if name.startswith(("api/", "cli/bench/"))}
    # It reads the names in what the store keeps rendered
    assert asking - of_requests == {"hub/trust/audit.py"}, "use contexts.own where no request is read"
