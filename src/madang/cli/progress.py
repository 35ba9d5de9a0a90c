"""How a city's loading is shown: bars on a terminal, lines elsewhere, JSON where it was asked for."""

from __future__ import annotations

import asyncio
import sys
from types import TracebackType
from typing import Final, Protocol, Self

import msgspec
from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from madang.connect.progress import Progress, Removal, Stage, refuse

_WORDS: Final = {
    Stage.READING: "reading",
    Stage.REMOVING: "removing",
    Stage.DONE: "loaded",
    Stage.UNCHANGED: "unchanged",
    Stage.REMOVED: "removed",
    Stage.STOPPED: "stopped; it goes on from here the next time",
    Stage.FAILED: "failed",
}


def described(progress: Progress) -> str:
    """What happened so far, in words: "loaded: 4,010 rows written, 2 rows in quarantine"."""
    amounts = (
        (progress.written, "rows written"),
        (progress.unchanged, "unchanged"),
        (progress.removed, "removed"),
        (progress.rejected, "rows in quarantine"),
    )
    counts = ", ".join(f"{amount:,} {noun}" for amount, noun in amounts if amount)
    return f"{_WORDS[progress.stage]}{': ' if counts or progress.problem else ''}{progress.problem or counts}"


class Display(Protocol):
    """Shows progress from when it is entered until it is left."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def report(self, progress: Progress) -> None: ...

    async def ask(self, removal: Removal) -> bool:
        """Whether somebody agrees that this goes."""
        ...


class Lines:
    """A line when a source begins and one when it ends; nobody is there to be asked."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._stages: dict[str, Stage] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def report(self, progress: Progress) -> None:
        if self._stages.get(progress.source) is progress.stage:
            return
        self._stages[progress.source] = progress.stage
        line = (
            msgspec.json.encode(progress).decode()
            if self._as_json
            else f"{progress.source}: {described(progress)}"
        )
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    async def ask(self, removal: Removal) -> bool:
        if not self._as_json:
            sys.stdout.write(f"{removal.source}: {question(removal)} Kept; agree with --yes.\n")
            sys.stdout.flush()
        return await refuse(removal)


class Screen:
    """A bar for every source that is being loaded, and a question where something is to go."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Bars(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.fields[source]}"),
            BarColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def report(self, progress: Progress) -> None:
        task = self._tasks.get(progress.source)
        if task is None:
            task = self._bars.add_task("", total=1.0, source=progress.source)
            self._tasks[progress.source] = task
        share = 1.0 if progress.stage.over else progress.share
        self._bars.update(task, completed=share, description=described(progress))

    async def ask(self, removal: Removal) -> bool:
        self._bars.stop()
        answer = await asyncio.to_thread(
            self._console.input, f"{removal.source}: {question(removal)} Remove? [y/N] "
        )
        self._bars.start()
        return answer.strip().lower() in ("y", "yes")


def question(removal: Removal) -> str:
    history = ", with their history" if removal.history else ""
    return f"{removal.reason}; {removal.entities:,} entities would go{history}."


def display(as_json: bool) -> Display:
    """What fits where the output goes."""
    console = Console()
    return Screen(console) if console.is_terminal and not as_json else Lines(as_json)
