"""`madang bench-scale`: runs the comparison of a small and a large home, shows it and keeps it in a file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich import box
from rich.console import Console
from rich.table import Table

from madang.cli.bench.measure import Load
from madang.cli.bench.scale import (
    DAY_MS_MAX,
    KEPT_MIN,
    LARGE,
    MEMORY_MB_MAX,
    SMALL,
    START_SECONDS_MAX,
    Asked,
    Comparison,
    compare,
)
from madang.cli.exits import OK, PARTIAL
from madang.cli.wiring import Wiring

FOLDER = Path("bench/scale")


def bench_scale_command(wiring: Wiring) -> Callable[..., int]:
    def bench_scale(
        *,
        home: Path = FOLDER,
        entities: int = LARGE.stock.entities,
        seconds: Annotated[float, Parameter(negative=())] = 5.0,
        json: Annotated[bool, Parameter(negative=())] = False,
    ) -> int:
        """Measure what 1,000,000 stations cost against 10,000; writes results.json into the home.

        Parameters
        ----------
        home
            Folder of the two homes that are compared; made where it is not there, which takes long, else used again.
        entities
            How many stations the large home holds.
        seconds
            How long each scenario is driven.
        json
            Print the results as JSON.
        """
        asked = Asked(Load(seconds=seconds))
        stock = msgspec.structs.replace(LARGE.stock, entities=entities)
        large = msgspec.structs.replace(LARGE, stock=stock)
        found = compare(wiring, home.absolute(), (SMALL, large), asked, tell)
        text = msgspec.json.format(msgspec.json.encode(found), indent=2)
        (home / "results.json").write_bytes(text + b"\n")
        if json:
            sys.stdout.write(text.decode() + "\n")
        else:
            show(found, Console())
        broken = sum(one.errors for side in (found.small, found.large) for one in side.figures)
        return PARTIAL if broken else OK

    return bench_scale


def tell(line: str) -> None:
    sys.stderr.write(line + "\n")


def show(found: Comparison, console: Console) -> None:
    table = Table(box=box.SIMPLE, pad_edge=False, title="requests/s", title_justify="left")
    table.add_column("scenario", no_wrap=True)
    for heading in (f"{found.small.stock.entities:,}", f"{found.large.stock.entities:,}", "kept", "errors"):
        table.add_column(heading, justify="right", no_wrap=True)
    for small, large in zip(found.small.figures, found.large.figures, strict=True):
        row = (small.name, small.requests_per_second, large.requests_per_second)
        table.add_row(*_row(*row, found.kept[small.name]), f"{small.errors + large.errors}")
    pages = ("keyset", found.small.pages_per_second, found.large.pages_per_second)
    table.add_row(*_row(*pages, found.kept["keyset"]), "")
    console.print(table)
    large_side = found.large
    for name, value, most, unit in (
        ("first answer after", large_side.start_seconds, START_SECONDS_MAX, "s"),
        ("memory of its own", large_side.memory_mb, MEMORY_MB_MAX, "MB"),
        ("hourly means of one station's day", large_side.day_ms, DAY_MS_MAX, "ms"),
        ("hourly means of 1,000,000 values", large_side.long_ms, 0, "ms"),
    ):
        colour = "[bold red]" if most and value > most else ""
        limit = f" (at most {most:g})" if most else ""
        console.print(f"{name}: {colour}{value:,.2f} {unit}{limit}")


def _row(name: str, small: float, large: float, kept: float) -> tuple[str, str, str, str]:
    colour = "" if kept >= KEPT_MIN else "[bold red]"
    return name, f"{small:,.0f}", f"{large:,.0f}", f"{colour}{kept:.2f}"
