"""/health, /ready and /metrics: whether the process runs, whether it can do its work, and how much it does.

For whoever watches over the platform. None of them names a tenant.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from starlette.responses import Response

from madang import __version__, meters
from madang.api.operations import Asking, Offer, Outcome
from madang.api.traffic import Traffic
from madang.errors import MadangError
from madang.hub.hub import Hub
from madang.meters import Family, Histogram, Sample, label, one
from madang.settings import LIMITS
from madang.store.base import StoreMeasures
from madang.trust.access import DEFAULT_TENANT, OPEN
from madang.trust.identity import Permission

_METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_WRITER_SECONDS_MAX: Final = 2.0


def offered(home: Path, traffic: Traffic) -> tuple[Offer, ...]:
    """home: the folder whose disk must have room. traffic: the requests that were counted."""

    async def health(_asking: Asking) -> Outcome:
        return 200, {"status": "up", "version": __version__}

    async def ready(asking: Asking) -> Outcome:
        reasons = await troubles(asking.hub, home)
        if reasons:
            # They name folders of this machine
            told = reasons if asking.gate.permits(asking.identity, Permission.OPERATE) else []
            return 503, {"status": "not ready", "reasons": told}
        sequence = await asking.hub.store(OPEN).last_sequence()
        return 200, {"status": "ready", "sequence": sequence}

    async def metrics(asking: Asking) -> Outcome:
        families = [*traffic.families(), *measured(asking.hub), *meters.process()]
        return Response(
            meters.exposition(families), headers={"Cache-Control": "no-store"}, media_type=_METRICS_TYPE
        )

    return (
        Offer("GET", "/health", health, None),
        Offer("GET", "/ready", ready, None),
        Offer("GET", "/metrics", metrics, Permission.OPERATE),
    )


async def troubles(hub: Hub, home: Path) -> list[str]:
    """Why the platform cannot do its work now, a sentence each; empty if it can."""
    found: list[str] = []
    free = shutil.disk_usage(home).free
    if free < LIMITS.disk_free_bytes_min:
        found.append(
            f"The disk of {home} has {free // 1024**2} MiB left, less than {LIMITS.disk_free_bytes_min // 1024**2} MiB; "
            "make room on it"
        )
    try:
        async with asyncio.timeout(_WRITER_SECONDS_MAX):
            # An empty commit waits its turn, and writes nothing
            await hub.store(OPEN).commit(())
    except TimeoutError:
        found.append(
            f"No commit came to an end within {_WRITER_SECONDS_MAX:g} seconds; the disk may be too slow"
        )
    except MadangError as error:
        found.append(error.message)
    broken = sum(bool(store.trouble()) for store in hub.open_stores.values())
    if broken:
        found.append(f"{broken} of the open stores could not be written; the log says why")
    return found


def measured(hub: Hub) -> Iterator[Family]:
    """What the stores, the @contexts and the notifications count."""
    measures = {tenant: store.measures() for tenant, store in hub.open_stores.items()}
    seconds = Histogram()
    for each in measures.values():
        seconds.take(each.seconds)
    every = list(measures.values())
    yield Family(
        "madang_info", "gauge", "The version that runs.", (Sample(1, label("version", __version__)),)
    )
    yield one("madang_tenants_open", "gauge", "Tenants whose store is open.", len(every))
    yield _entities(measures)
    yield one("madang_commits_total", "counter", "Commits.", sum(each.commits for each in every))
    yield one("madang_changes_total", "counter", "Changes committed.", sum(each.changes for each in every))
    yield one(
        "madang_commit_failures_total", "counter", "Commits that failed.", sum(e.failures for e in every)
    )
    yield one("madang_commit_duration_seconds", "histogram", "Time that a commit takes.", seconds)
    yield one(
        "madang_commit_queue_changes", "gauge", "Changes that wait.", sum(each.waiting for each in every)
    )
    yield one(
        "madang_history_unfolded_changes",
        "gauge",
        "Changes that the folding of history has not looked at.",
        sum(each.unfolded for each in every),
    )
    fetcher = hub.contexts.fetcher
    yield Family(
        "madang_context_fetches_total",
        "counter",
        "Remote @contexts fetched.",
        (Sample(fetcher.done, label("outcome", "done")), Sample(fetcher.failed, label("outcome", "failed"))),
    )
    yield from _notifications(hub)
    yield one("madang_event_loop_lag_seconds", "histogram", "How late the event loop wakes.", meters.LOOP_LAG)


def _entities(measures: dict[str, StoreMeasures]) -> Family:
    """By default tenant and all others together: a label for each tenant would tell who they are."""
    own = sum(each.entities for tenant, each in measures.items() if tenant == DEFAULT_TENANT)
    others = sum(each.entities for tenant, each in measures.items() if tenant != DEFAULT_TENANT)
    return Family(
        "madang_entities",
        "gauge",
        "Entities of the open tenants; one of several types counts for each of them.",
        (Sample(own, label("tenant", "default")), Sample(others, label("tenant", "others"))),
    )


def _notifications(hub: Hub) -> Iterator[Family]:
    if hub.delivery is None:
        return
    counts = hub.delivery.counts
    outcomes = (("delivered", counts.delivered), ("failed", counts.failed), ("dead", counts.dead))
    yield Family(
        "madang_notifications_total",
        "counter",
        "Notifications delivered, attempts that failed, notifications given up.",
        tuple(Sample(n, label("outcome", name)) for name, n in outcomes),
    )
    yield one(
        "madang_notifications_waiting", "gauge", "Changes that wait to be notified.", hub.delivery.waiting
    )
