"""A hub that speaks the platform's own words, as a city's does, over a real SQLite store; and a small city for pages."""

from __future__ import annotations

from pathlib import Path

from madang import vocabulary
from madang.city.model import City
from madang.clock import Clock
from madang.hub.contexts import Contexts
from madang.hub.hub import Hub
from madang.store.sqlite.store import Options, SqliteStore, store_path

SAEM = City(
    id="saem",
    name={"ko": "샘시", "en": "Saem"},
    languages=("ko", "en"),
    time_zone="Asia/Seoul",
    extent=(126.9, 37.4, 127.0, 37.5),
)


def own_hub(folder: Path, clock: Clock) -> Hub:
    """Whoever opens it closes it."""
    context = vocabulary.context()
    options = Options(context, frozenset({vocabulary.NAME}), tuple(sorted(vocabulary.indexed())))
    return Hub(
        open_store=lambda tenant: SqliteStore(store_path(folder, tenant), clock, options),
        has_store=lambda tenant: store_path(folder, tenant).exists(),
        contexts=Contexts(context, clock, ("127.0.0.1",)),
        clock=clock,
    )
