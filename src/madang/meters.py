"""Counters and histograms that hot paths add to, and their text for Prometheus (exposition format 0.0.4).

An addition is a list index and a sum: nothing is locked, since one thread serves. Labels are written out once, when a
meter is made; only what is few and known may become one.
"""

from __future__ import annotations

import os
import resource
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Histogram:
    """How many values fell into each bucket. bounds: upper ends, ascending; a last bucket takes the rest."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def take(self, other: Histogram) -> None:
        """Add what another with the same bounds has counted."""
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]
        self.total += other.total


class Sample(msgspec.Struct, frozen=True):
    """value: a number or a histogram. labels: `name="value"` pairs, joined by commas."""

    value: float | Histogram
    labels: str = ""


class Family(msgspec.Struct, frozen=True):
    """All samples of one name. kind: counter, gauge or histogram."""

    name: str
    kind: str
    meaning: str
    samples: tuple[Sample, ...]


def one(name: str, kind: str, meaning: str, value: float | Histogram) -> Family:
    """A family of one sample without labels."""
    return Family(name, kind, meaning, (Sample(value),))


def label(name: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{name}="{escaped}"'


def exposition(families: Iterable[Family]) -> bytes:
    """The text that a scrape reads."""
    lines: list[str] = []
    for family in families:
        lines.append(f"# HELP {family.name} {family.meaning}")
        lines.append(f"# TYPE {family.name} {family.kind}")
        for sample in family.samples:
            lines.extend(_lines(family.name, sample))
    return ("\n".join(lines) + "\n").encode()


def _lines(name: str, sample: Sample) -> Iterator[str]:
    value = sample.value
    if not isinstance(value, Histogram):
        yield f"{name}{{{sample.labels}}} {value}" if sample.labels else f"{name} {value}"
        return
    before = f"{sample.labels}," if sample.labels else ""
    after = f"{{{sample.labels}}}" if sample.labels else ""
    n = 0
    for bound, count in zip((*value.bounds, "+Inf"), value.counts, strict=True):
        n += count
        yield f'{name}_bucket{{{before}le="{bound}"}} {n}'
    yield f"{name}_sum{after} {value.total}"
    yield f"{name}_count{after} {n}"


# How much later than asked for the event loop wakes: whatever holds it up, requests wait for too
LOOP_LAG: Final = Histogram()


def process() -> list[Family]:
    """Memory, open files and processor time of this process, under the names that other programs use."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    families = [
        one("process_cpu_seconds_total", "counter", "Processor time.", usage.ru_utime + usage.ru_stime),
        one(
            "process_max_fds",
            "gauge",
            "Files that may be open.",
            resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        ),
    ]
    try:
        resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        families += [
            one(
                "process_resident_memory_bytes",
                "gauge",
                "Memory that is in use.",
                resident * os.sysconf("SC_PAGE_SIZE"),
            ),
            one(
                "process_open_fds",
                "gauge",
                "Files that are open.",
                len(list(Path("/proc/self/fd").iterdir())),
            ),
        ]
    except OSError:
        # Where there is no /proc the system does not tell them
        pass
    return families
