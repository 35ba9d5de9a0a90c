"""Writes docs/reference.md from the code: commands, settings, limits, errors, exit codes. `--print` only shows it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

import msgspec

from madang import errors, settings
from madang.api.problems import PROBLEMS
from madang.cli import exits
from madang.cli.main import application
from madang.wire import WIRING

TARGET = Path(__file__).parent.parent / "docs" / "reference.md"
OPENING = """\
# Reference

Written by `make reference` from the code; a test compares the two.
"""


def table(headings: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [headings, tuple("---" for _ in headings), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines)


def commands() -> str:
    """Every command with its parameters, as its own help says it."""
    text = application(WIRING).generate_docs(output_format="markdown", heading_level=2)
    return text[text.index("### madang ") :]


def setting_rows() -> Iterator[tuple[str, ...]]:
    for setting in settings.SETTINGS:
        default = f"`{setting.default}`" if setting.default else "none"
        yield f"`{setting.variable}`", default, setting.form, setting.meaning


def limit_rows() -> Iterator[tuple[str, ...]]:
    hints = get_type_hints(settings.Limits, include_extras=True)
    for field in msgspec.structs.fields(settings.Limits):
        (meta,) = hints[field.name].__metadata__
        yield f"`{field.name}`", f"{getattr(settings.LIMITS, field.name):,}", meta.description


def error_rows() -> Iterator[tuple[str, ...]]:
    statuses = {error.__name__: str(problem[0]) for error, problem in PROBLEMS.items()}
    for name, meaning in re.findall(r"[├└]── (\w+) +(.+)", errors.__doc__ or ""):
        yield f"`{name}`", meaning, statuses.get(name, "")


def exit_rows() -> Iterator[tuple[str, ...]]:
    for name, code in vars(exits).items():
        if name.isupper() and name != "MEANINGS":
            yield f"{code}", exits.MEANINGS[code]


def reference() -> str:
    parts = [
        OPENING,
        "## Commands\n",
        commands(),
        "## Exit codes\n",
        table(("code", "meaning"), exit_rows()),
        "## Settings\n",
        "Environment variables; a flag of the same meaning wins.\n",
        table(("variable", "default", "form", "meaning"), setting_rows()),
        "## Limits\n",
        "What protects the platform. The unit stands last in the name, before `max`.\n",
        table(("limit", "value", "of"), limit_rows()),
        "## Errors\n",
        "Each message names the thing and what would be right. The status is what the API answers.\n",
        table(("error", "meaning", "status"), error_rows()),
    ]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


if __name__ == "__main__":
    if "--print" in sys.argv:
        sys.stdout.write(reference())
    else:
        TARGET.write_text(reference(), encoding="utf-8")
