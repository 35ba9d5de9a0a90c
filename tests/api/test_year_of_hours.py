"""A year of hourly observations through the API: the mean of each day, and how much work that is.

Measured in CPU time, which on a quiet machine is the time of the answer: other programs shall not fail a test.
"""

from __future__ import annotations

import csv
import time
from datetime import datetime, timedelta

import pytest
from tests.asgi_client import Client
from tests.connect.real_files import real_data

from madang.hub import batch
from madang.hub.hub import Hub
from madang.ngsild.attribute import property_
from madang.ngsild.changes import AppendHistory, Change
from madang.ngsild.context import CORE
from madang.ngsild.entity import Entity
from madang.trust.access import OPEN

ID = "urn:ngsi-ld:BikeRentalObserved:seoul:bike:city"
SEOUL = timedelta(hours=9)
NUMBERS = (
    "Rented Bike Count",
    "Temperature(C)",
    "Humidity(percentage)",
    "Wind speed (m/s)",
    "Visibility (10m)",
)
TEXTS = ("Seasons", "Holiday", "Functioning Day")
MILLISECONDS_MAX = 50
TRIALS = 40


def name(column: str) -> str:
    return CORE.expand(column.partition("(")[0].strip().replace(" ", ""))


def hour(row: dict[str, str]) -> Change:
    """One row of the file as one write to the history, its local time as UTC."""
    local = datetime.strptime(f"{row['Date']} {row['Hour']}", "%d/%m/%Y %H")  # noqa: DTZ007 the zone is taken off by hand
    observed = (local - SEOUL).isoformat() + "Z"
    numbers = [
        property_(name(key), float(row[key]), observed_at=observed, unit_code="C62") for key in NUMBERS
    ]
    texts = [property_(name(key), row[key], observed_at=observed) for key in TEXTS]
    return AppendHistory(Entity(ID, (CORE.expand("BikeRentalObserved"),), (*numbers, *texts)))


async def test_means_by_day(api: Client, hub: Hub) -> None:
    with (real_data() / "seoul-bike" / "SeoulBikeData.csv").open(encoding="latin-1", newline="") as file:
        changes = [hour(row) for row in csv.DictReader(file)]
    await batch.apply(hub, OPEN, changes)
    params = {
        "attrs": "RentedBikeCount",
        "timerel": "after",
        "timeAt": "2017-11-30T15:00:00Z",
        "options": "aggregatedValues",
        "aggrMethods": "avg",
        "aggrPeriodDuration": "P1D",
    }
    took = []
    for _ in range(TRIALS):
        begun = time.thread_time()
        reply = await api.get(f"/ngsi-ld/v1/temporal/entities/{ID}", params=params)
        took.append((time.thread_time() - begun) * 1000)
    assert reply.status == 200
    means = reply.json()["RentedBikeCount"]["avg"]
    assert len(means) == 365
    assert means[0][0] == pytest.approx(397.46, abs=0.005)
    assert means[0][1:] == ["2017-11-30T15:00:00Z", "2017-12-01T15:00:00Z"]
    assert min(took) < MILLISECONDS_MAX, f"The quickest of {TRIALS} took {min(took):.1f} ms"
