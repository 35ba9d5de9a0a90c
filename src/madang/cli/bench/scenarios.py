"""What is asked of the platform, how fast it has to be, and what the answer must hold."""

from __future__ import annotations

import msgspec

from madang.errors import ProgramFailed

CONSTANT_MIN = 40_000
"""Requests/s of the constant below which the load generator is too slow for the ratios to mean anything."""


class Scenario(msgspec.Struct, frozen=True):
    """One kind of request.

    name: its own. title: for people. floor: the least ratio to the constant, None where none is set. status: of the
    answer. least, most: how many `unit` the answer holds. asks: the name of its request in requests.lua, where that
    is another. connections: how many, where not as many as the run has.
    """

    name: str
    title: str
    status: int
    floor: float | None = None
    least: int = 0
    most: int = 0
    unit: str = ""
    asks: str = ""
    connections: int = 0

    @property
    def request(self) -> str:
        return self.asks or self.name


# Reads come first and create last: created stations would change what the others find.
SCENARIOS = (
    Scenario("retrieve", "retrieve by id", 200, 0.60),
    Scenario("type", "type, limit=100", 200, 0.14, 100, 100, "entities"),
    Scenario("retrieve_role", "retrieve by id, as a citizen", 200, 0.51),
    Scenario("type_role", "type, limit=100, as a citizen", 200, 0.12, 100, 100, "entities"),
    Scenario("q_role", "q, 2 % match, as a citizen", 200, 0.085, 60, 100, "entities"),
    Scenario("type_masked", "type, limit=100, with a mask", 200, 0.06, 100, 100, "entities"),
    Scenario("type_context", "the same, other @context", 200, 0.035, 100, 100, "entities"),
    Scenario("q", "q, 2 % match, limit=100", 200, 0.10, 60, 100, "entities"),
    Scenario("geo", "geo, within 300 m", 200, 0.09, 20, 32, "entities"),
    Scenario("temporal_retrieve", "history, 100 values", 200, 0.09, 100, 100, "values"),
    Scenario("aggregate", "history, hourly means", 200, None, 17, 18, "periods"),
    Scenario("patch_one", "PATCH one attribute", 204, 0.13),
    Scenario("patch_one_64", "the same, 64 connections", 204, 0.20, asks="patch_one", connections=64),
    Scenario("patch_three", "PATCH three attributes", 204, 0.11),
    Scenario("upsert_100", "upsert of 100", 204, 0.0028),
    Scenario("temporal_append", "append to history", 204, 0.10),
    Scenario("create", "create", 201, 0.12),
)


def verify(scenario: Scenario, status: int, body: bytes) -> None:
    """Raises ProgramFailed where an answer is not what the scenario is about."""
    if status != scenario.status:
        raise ProgramFailed(
            f"{scenario.title}: the answer is {status} and not {scenario.status}",
            detail=body.decode(errors="replace"),
        )
    if not scenario.unit:
        return
    held = count(scenario.unit, msgspec.json.decode(body))
    if not scenario.least <= held <= scenario.most:
        raise ProgramFailed(
            f"{scenario.title}: the answer holds {held} {scenario.unit}, and not {scenario.least} to {scenario.most}"
        )


def count(unit: str, answer: object) -> int:
    if isinstance(answer, list):
        return len(answer) if unit == "entities" else -1
    if not isinstance(answer, dict):
        return -1
    instances = answer.get("pm25", [])
    if unit == "periods" and isinstance(instances, dict):
        return len(instances.get("avg", []))
    return len(instances) if isinstance(instances, list) else 1
