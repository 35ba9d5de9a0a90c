"""A program that loads two sources into a store, for the test that kills it: `python -m ... FOLDER`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from madang.clock import SystemClock
from madang.connect.progress import refuse
from madang.connect.reader import Reader
from madang.connect.runtime import load
from madang.connect.site import Site
from madang.connect.source import AttributeMapping, EntityMapping, Form, Moment, Source, Surroundings
from madang.hub.contexts import Contexts
from madang.hub.hub import Hub
from madang.ngsild.context import CORE
from madang.store.sqlite.store import Options, SqliteStore, store_path
from madang.trust.access import OPEN

PLACES = EntityMapping("PointOfInterest", id="{id}", attributes={"category": AttributeMapping(field="kind")})
READINGS = EntityMapping(
    "AirQualityObserved",
    id="{id}",
    history=True,
    observed_at=Moment("{t}", "unix"),
    attributes={"pm25": AttributeMapping(field="pm", form=Form.NUMBER)},
)


def sources(folder: Path) -> list[Source]:
    return [
        Source("places", "table", str(folder / "places.csv"), entities=(PLACES,)),
        Source("readings", "table", str(folder / "readings.csv"), entities=(READINGS,)),
    ]


def open_hub(folder: Path) -> Hub:
    clock = SystemClock()
    return Hub(
        open_store=lambda tenant: SqliteStore(store_path(folder, tenant), clock, Options()),
        has_store=lambda tenant: store_path(folder, tenant).exists(),
        contexts=Contexts(CORE, clock),
        clock=clock,
    )


async def main(folder: Path) -> None:
    hub = open_hub(folder)
    async with Reader() as reader:
        for source in sources(folder):
            around = Surroundings("gaon", source.id, "Asia/Seoul", "ko")
            progress = await load(Site(hub, OPEN, reader), source, around, _say, refuse)
            assert progress.stage.over
    await hub.close()
    sys.stdout.write("done\n")


def _say(progress: object) -> None:
    """One line for each batch that is on disk: the test kills after so many."""
    sys.stdout.write(f"{progress}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
