"""The whole bench: store the stations, drive every scenario, and set each against the constant of the same run."""

from __future__ import annotations

import asyncio
import os
import platform as machine
import statistics
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import aiohttp
import msgspec

from madang import __version__
from madang.cli.bench import entities, processes
from madang.cli.bench.measure import Load, Measured, measure, probe, require_wrk
from madang.cli.bench.notify import Notified
from madang.cli.bench.scenarios import CONSTANT_MIN, SCENARIOS, Scenario, verify
from madang.errors import ProgramFailed, SettingInvalid

INDEX_TRIES_MAX = 60
JSON = {"Content-Type": "application/json"}


class Result(msgspec.Struct, frozen=True):
    """A scenario's figures.

    ratio: of requests/s to the constant's. processor_ratio: of the processor time that the constant's server took for
    a request to what the platform took, which says the same of the server whatever the load generator could do.
    floor: what the ratio should reach, None where none is set.
    """

    title: str
    figures: Measured
    ratio: float
    processor_ratio: float
    floor: float | None

    @property
    def reached(self) -> bool:
        return self.floor is None or self.ratio >= self.floor


class Results(msgspec.Struct, frozen=True):
    """A run.

    constants: of the constant answer before each scenario and after the last. constant, constant_processor_ms: the
    medians of their requests/s and of what one took. valid: the load generator was fast enough for the ratios to mean
    anything. notified: how fast changes were notified, empty where that was not measured.
    """

    version: str
    python: str
    processors: int
    load: Load
    constants: list[Measured]
    constant: float
    constant_processor_ms: float
    valid: bool
    results: list[Result]
    notified: list[Notified] = []

    @property
    def errors(self) -> int:
        return sum(result.figures.errors for result in self.results)


def run(only: Sequence[str], load: Load, tell: Callable[[str], None]) -> Results:
    """Measure the scenarios named, all if none is. tell: gets a line at each step."""
    chosen = select(only)
    require_wrk()
    # Ids of created stations and the load's random numbers differ from run to run, so that no run helps the next.
    seed = os.getpid()
    constants: list[Measured] = []
    measured: list[Measured] = []
    with ExitStack() as servers:
        floor = servers.enter_context(processes.constant())
        platform = servers.enter_context(processes.platform())
        tell(f"storing {load.stock.entities:,} stations")
        asyncio.run(store(platform.url, load.stock))
        load = msgspec.structs.replace(load, context=asyncio.run(host_context(platform.url)))
        short = msgspec.structs.replace(load, seconds=min(load.seconds, 2))
        for scenario in chosen:
            constants.append(measure("constant", floor, short, seed))
            tell(scenario.title)
            warm(scenario, platform, load, seed)
            own = msgspec.structs.replace(load, connections=scenario.connections or load.connections)
            figures = measure(scenario.request, platform, own, seed)
            measured.append(msgspec.structs.replace(figures, name=scenario.name))
        constants.append(measure("constant", floor, short, seed))
    constant = statistics.median(one.requests_per_second for one in constants)
    processor_ms = statistics.median(one.processor_ms for one in constants)
    return Results(
        version=__version__,
        python=machine.python_version(),
        processors=os.cpu_count() or 1,
        load=load,
        constants=constants,
        constant=constant,
        constant_processor_ms=processor_ms,
        valid=constant >= CONSTANT_MIN,
        results=[
            Result(
                title=scenario.title,
                figures=figures,
                ratio=figures.requests_per_second / constant,
                processor_ratio=processor_ms / figures.processor_ms,
                floor=scenario.floor,
            )
            for scenario, figures in zip(chosen, measured, strict=True)
        ],
    )


def select(only: Sequence[str]) -> list[Scenario]:
    """The scenarios with these names, in their own order. Raises SettingInvalid for a name that is none."""
    known = [scenario.name for scenario in SCENARIOS]
    for name in only:
        if name not in known:
            raise SettingInvalid(f"--only is {name!r}, but must be one of {', '.join(known)}")
    return [scenario for scenario in SCENARIOS if not only or scenario.name in only]


async def store(url: str, stock: entities.Stock) -> None:
    """Store the stations and their histories through the same requests that anyone would send."""
    async with aiohttp.ClientSession(headers=JSON) as client:
        for body in entities.batches(stock):
            await send(client, f"{url}/ngsi-ld/v1/entityOperations/create", body)
        for identifier, body in entities.histories(stock):
            await send(client, f"{url}/ngsi-ld/v1/temporal/entities/{identifier}/attrs", body)


async def host_context(url: str) -> str:
    """A @context of a user's own, kept by the platform; its address."""
    async with (
        aiohttp.ClientSession(headers=JSON) as client,
        client.post(f"{url}/ngsi-ld/v1/jsonldContexts", data=entities.OTHER_CONTEXT) as response,
    ):
        if response.status != 201:
            raise ProgramFailed("The @context of the bench was not taken", detail=await response.text())
        place = response.headers["Location"]
    return place if "://" in place else url + place


async def send(client: aiohttp.ClientSession, url: str, body: bytes) -> None:
    async with client.post(url, data=body) as response:
        if response.status >= 300:
            said = await response.text()
            raise ProgramFailed(f"POST {url} was answered with {response.status}", detail=said[:2000])


def warm(scenario: Scenario, platform: processes.Running, load: Load, seed: int) -> None:
    """Ask until the answer is what the scenario is about: a first query may start the build of its index."""
    for attempt in range(INDEX_TRIES_MAX):
        answer = probe(scenario.request, platform, load, seed + attempt + 1)
        if answer.status < 400 or scenario.name not in ("q", "geo"):
            break
    verify(scenario, answer.status, answer.body)
