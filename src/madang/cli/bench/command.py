"""`madang bench`: runs the bench, shows its figures and keeps them in a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich import box
from rich.console import Console
from rich.table import Table

from madang.cli.bench.measure import Load
from madang.cli.bench.notify import Notified, run_notifications
from madang.cli.bench.run import Results, run
from madang.cli.bench.scenarios import CONSTANT_MIN
from madang.cli.exits import OK, PARTIAL

RESULTS = Path("bench/results.json")
TABLE_COLUMNS = 100


def bench(
    *,
    only: Annotated[list[str] | None, Parameter(negative=())] = None,
    seconds: Annotated[float, Parameter(negative=())] = 5.0,
    connections: int = 16,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Measure how fast this machine's platform answers; writes bench/results.json.

    Parameters
    ----------
    only
        Name of a scenario; give it again for more. By default all, and how fast changes are notified.
    seconds
        How long each scenario is driven.
    connections
        How many connections ask at the same time.
    json
        Print the results as JSON.
    """
    errors = Console(stderr=True)
    with errors.status("starting the servers") as status:
        load = Load(seconds=seconds, connections=connections)
        results = run(only or [], load, status.update)
        if not only:
            notified = run_notifications(load, status.update)
            results = msgspec.structs.replace(results, notified=notified)
    text = msgspec.json.format(msgspec.json.encode(results), indent=2)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_bytes(text + b"\n")
    if json:
        sys.stdout.write(text.decode() + "\n")
    else:
        show(results, Console(width=None if sys.stdout.isatty() else TABLE_COLUMNS))
    return PARTIAL if results.errors else OK


def show(results: Results, console: Console) -> None:
    table = Table(
        box=box.SIMPLE,
        pad_edge=False,
        collapse_padding=True,
        padding=(0, 1, 0, 0),
        title_justify="left",
        title=f"madang {results.version}, Python {results.python}, {results.load.connections} connections; times in ms",
    )
    table.add_column("scenario", no_wrap=True)
    for heading in ("/s", "p50", "p99", "CPU", "errors", "ratio", "floor", "by CPU"):
        table.add_column(heading, justify="right", no_wrap=True)
    for result in results.results:
        figures = result.figures
        colour = "" if result.reached else "[bold red]"
        table.add_row(
            result.title,
            f"{figures.requests_per_second:,.0f}",
            milliseconds(figures.p50_ms),
            milliseconds(figures.p99_ms),
            f"{figures.processor_ms:.3f}",
            f"{figures.errors}",
            f"{colour}{result.ratio:.4f}",
            "" if result.floor is None else f"{result.floor}",
            f"{result.processor_ratio:.4f}",
        )
    console.print(table)
    console.print(
        f"constant answer of 1.2 kB: {results.constant:,.0f}/s, CPU {results.constant_processor_ms:.3f} ms "
        f"(medians of {len(results.constants)}); ratio: of requests/s, by CPU: of the server's time for one"
    )
    for one in results.notified:
        console.print(notified_line(one))
    if not results.valid:
        console.print(
            f"[yellow]The constant is under {CONSTANT_MIN:,}/s: this machine is too slow or too busy now, "
            "so the ratios are void"
        )


def notified_line(one: Notified) -> str:
    colour = "[default]" if one.reached else "[bold red]"
    return (
        f"{one.title}: {colour}{one.changes_per_second:,.0f} changes/s[/] "
        f"in {one.notifications_per_second:,.0f} notifications/s, "
        f"the last {one.late_seconds:.2f} s after its write; CPU {one.processor_ms:.3f} ms each, floor {one.floor:,.0f}"
    )


def milliseconds(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}"
