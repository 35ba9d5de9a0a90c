"""`madang export` and `madang load`: the entities of a platform as lines of NGSI-LD, from and to any broker.

Both speak the information API, so they need no home and hold up nobody. Names are written out as IRIs, which need
no @context: a line means the same wherever it is loaded.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final
from urllib.parse import urlencode, urljoin, urlsplit

import aiohttp
import msgspec
import orjson
from cyclopts import Parameter

from madang.cli.exits import OK, PARTIAL
from madang.errors import BadRequestData, PlatformUnreachable
from madang.home import Home, serving
from madang.ngsild.context import Context, is_core_url
from madang.ngsild.core_terms import CORE_CONTEXT_URL
from madang.ngsild.entity import Entity
from madang.ngsild.local_context import DEPTH_MAX
from madang.ngsild.parse import parse_entity
from madang.ngsild.representation import Form, render
from madang.settings import read

KEY: Final = "MADANG_KEY"
_ENTITIES: Final = "/ngsi-ld/v1/entities"
_UPSERT: Final = "/ngsi-ld/v1/entityOperations/upsert"
_PAGE: Final = 1000
_BATCH_ENTITIES: Final = 500
_BATCH_BYTES: Final = 2 * 1024**2
_TRIES: Final = 60
# Shortens no name but those of the core @context, which every broker knows
_NAMELESS: Final = Context({}, "urn:madang:no-vocabulary/")
_NEXT: Final = re.compile(r'<([^>]*)>\s*;\s*rel="next"')
_TOLD_MAX: Final = 20

Batch = list[tuple[int, dict[str, Any]]]


class Where(msgspec.Struct, frozen=True):
    """url: of the platform. tenant: "" for the default one. key: by which this program is known there, "" for none."""

    url: str
    tenant: str
    key: str = ""

    def headers(self, url: str) -> dict[str, str]:
        """Those of a request to this URL: nobody but the platform itself gets the key."""
        own = urlsplit(url)[:2] == urlsplit(self.url)[:2]
        return {"Authorization": f"Bearer {self.key}"} if self.key and own else {}


class Loaded(msgspec.Struct):
    """lines: read so far. refused: (line, what is wrong with it)."""

    lines: int = 0
    refused: list[tuple[int, str]] = []


def export_command(
    file: Path | None = None,
    /,
    *,
    type: str | None = None,  # noqa: A002 the name of the flag
    tenant: str = "",
    url: str | None = None,
    home: str | None = None,
) -> int:
    """Write every entity as a line of NGSI-LD, while the platform runs.

    Parameters
    ----------
    file
        The file to write; standard output without it.
    type
        Only entities of these types, as in the parameter `type` of a query.
    tenant
        Name of a tenant; without it the default one.
    url
        Address of the platform, or of another NGSI-LD broker; without it the one that uses the home.
    home
        Folder where everything is kept (MADANG_HOME, ./.madang).

    In a city that is not open, a key of the platform is needed; it is taken from the variable MADANG_KEY.
    """
    where = Where(url or address_of(home), tenant, os.environ.get(KEY, ""))
    if file is None:
        n = asyncio.run(export_lines(where, type, sys.stdout.buffer))
    else:
        with file.open("wb") as target:
            n = asyncio.run(export_lines(where, type, target))
    sys.stderr.write(f"{n:,} entities exported\n")
    return OK


def load_command(
    file: Path | None = None,
    /,
    *,
    tenant: str = "",
    url: str | None = None,
    home: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Write the entities of a file of NGSI-LD lines into a running platform; those that exist are replaced.

    Parameters
    ----------
    file
        The file to read; standard input without it.
    tenant
        Name of a tenant, which comes into being; without it the default one.
    url
        Address of the platform, or of another NGSI-LD broker; without it the one that uses the home.
    home
        Folder where everything is kept (MADANG_HOME, ./.madang).
    json
        Print the outcome as JSON.

    In a city that is not open, a key of the platform is needed; it is taken from the variable MADANG_KEY.
    """
    where = Where(url or address_of(home), tenant, os.environ.get(KEY, ""))
    if file is None:
        loaded = asyncio.run(load_lines(where, sys.stdin.buffer))
    else:
        with file.open("rb") as source:
            loaded = asyncio.run(load_lines(where, source))
    if json:
        sys.stdout.write(msgspec.json.encode(loaded).decode() + "\n")
    else:
        sys.stdout.write(f"{loaded.lines - len(loaded.refused):,} of {loaded.lines:,} entities loaded\n")
        for line, reason in loaded.refused[:_TOLD_MAX]:
            sys.stderr.write(f"line {line}: {reason}\n")
        if len(loaded.refused) > _TOLD_MAX:
            sys.stderr.write(f"and {len(loaded.refused) - _TOLD_MAX} more; --json lists all\n")
    return PARTIAL if loaded.refused else OK


def address_of(home: str | None) -> str:
    """The address of the platform that uses the home. Raises PlatformUnreachable."""
    place = Home(read(os.environ, {"home": home}).home)
    address = serving(place)
    if not address:
        raise PlatformUnreachable(
            f"No platform uses {place.path}; start it with `madang up`, or name another with --url"
        )
    return address


async def export_lines(where: Where, type_: str | None, target: BinaryIO) -> int:
    """Write the entities of a platform, of some types or all; how many. Raises PlatformUnreachable, BadRequestData."""
    query = {"local": "true", "limit": str(_PAGE), **({"type": type_} if type_ else {})}
    url: str | None = f"{where.url}{_ENTITIES}?{urlencode(query)}"
    n = 0
    contexts: dict[bytes, Context] = {}
    async with _client(where) as client:
        while url is not None:
            headers = {"Accept": "application/ld+json", **where.headers(url)}
            async with client.get(url, headers=headers) as reply:
                entities = orjson.loads(await _body(reply))
                found = _NEXT.search(", ".join(reply.headers.getall("Link", [])))
            for entity in entities:
                context = await _context(client, entity.pop("@context", CORE_CONTEXT_URL), contexts)
                target.write(_line(entity, context))
            n += len(entities)
            url = urljoin(where.url, found.group(1)) if found is not None else None
    return n


async def _context(client: aiohttp.ClientSession, named: Any, known: dict[bytes, Context]) -> Context:
    """The @context that an answer names, fetched once. Raises BadRequestData."""
    key = orjson.dumps(named)
    if key not in known:
        documents = await _documents(client, named, 0)
        known[key] = Context.from_documents(documents, named)
    return known[key]


async def _documents(client: aiohttp.ClientSession, named: Any, depth: int) -> list[dict[str, Any]]:
    if depth > DEPTH_MAX:
        raise BadRequestData(f"The @contexts of the answer are nested more than {DEPTH_MAX} levels deep")
    if isinstance(named, str):
        if is_core_url(named):
            return []
        async with client.get(named, headers={"Accept": "application/ld+json"}) as reply:
            document = orjson.loads(await _body(reply))
        return await _documents(client, document["@context"], depth + 1)
    if isinstance(named, list):
        return [part for item in named for part in await _documents(client, item, depth + 1)]
    return [named] if isinstance(named, dict) else []


def _line(raw: dict[str, Any], context: Context) -> bytes:
    """The entity with every name as an IRI."""
    return line_of(parse_entity(raw, context))


def line_of(entity: Entity) -> bytes:
    """The entity as a line that means the same wherever it is loaded: every name is an IRI."""
    return render(entity, Form(_NAMELESS)) + b"\n"


async def load_lines(where: Where, source: Iterable[bytes]) -> Loaded:
    """Write lines of NGSI-LD into a platform. Raises PlatformUnreachable, BadRequestData."""
    loaded = Loaded()
    async with _client(where) as client:
        for batch in _batches(source, loaded):
            loaded.refused += await _write(client, where, batch)
    return loaded


def _batches(source: Iterable[bytes], loaded: Loaded) -> Iterator[Batch]:
    """The lines that hold an entity, in batches that are all with a @context of their own, or all without."""
    batch: Batch = []
    size = 0
    for number, line in enumerate(source, 1):
        if not line.strip():
            continue
        loaded.lines += 1
        try:
            entity = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            loaded.refused.append((number, f"It is not JSON: {error}"))
            continue
        if not isinstance(entity, dict):
            loaded.refused.append((number, "It is no JSON object"))
            continue
        other = bool(batch) and ("@context" in batch[0][1]) != ("@context" in entity)
        if other or len(batch) == _BATCH_ENTITIES or size + len(line) > _BATCH_BYTES:
            if batch:
                yield batch
            batch, size = [], 0
        batch.append((number, entity))
        size += len(line)
    if batch:
        yield batch


async def _write(client: aiohttp.ClientSession, where: Where, batch: Batch) -> list[tuple[int, str]]:
    """Write a batch, with patience where the platform is busy; what was refused."""
    media = "application/ld+json" if "@context" in batch[0][1] else "application/json"
    body = orjson.dumps([entity for _, entity in batch])
    for _ in range(_TRIES):
        headers = {"Content-Type": media, **where.headers(where.url)}
        async with client.post(where.url + _UPSERT, data=body, headers=headers) as reply:
            if reply.status == 503:
                await asyncio.sleep(1)
                continue
            answer = await _body(reply)
            if reply.status != 207:
                return []
            lines = {entity.get("id"): number for number, entity in batch}
            return [
                (lines.get(fault["entityId"], batch[0][0]), fault["error"].get("detail", "refused"))
                for fault in orjson.loads(answer)["errors"]
            ]
    raise PlatformUnreachable(f"{where.url} is too busy to take more; load the rest later")


async def _body(reply: aiohttp.ClientResponse) -> bytes:
    """The answer's body. Raises BadRequestData with the problem that it tells."""
    body = await reply.read()
    if reply.status >= 400:
        try:
            detail = orjson.loads(body)["detail"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            detail = f"status {reply.status}"
        raise BadRequestData(f"{reply.url.origin()} answered: {detail}")
    return body


@asynccontextmanager
async def _client(where: Where) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"NGSILD-Tenant": where.tenant} if where.tenant else {}
    try:
        async with aiohttp.ClientSession(headers=headers) as client:
            yield client
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise PlatformUnreachable(f"{where.url} cannot be reached: {error}; is it running?") from error
