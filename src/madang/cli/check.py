"""`madang check`: everything that is wrong with a city file, at once."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from madang.city.check import Checked, check
from madang.cli.exits import FAILED, OK
from madang.connect.reader import Reader


def check_command(
    city: Path = Path("city.toml"),
    /,
    *,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Say every mistake in a city file, with its line and what would be right.

    Parameters
    ----------
    city
        The city file.
    json
        Print the mistakes as JSON.
    """
    checked = asyncio.run(checked_with_files(city))
    if json:
        sys.stdout.write(msgspec.json.encode(checked.mistakes).decode() + "\n")
    elif checked.mistakes:
        sys.stdout.write(checked.shown(str(city)) + "\n")
    else:
        sys.stdout.write(f"{city} is right\n")
    return FAILED if checked.city is None else OK


async def checked_with_files(city: Path) -> Checked:
    async with Reader() as reader:
        return await check(city, os.environ, reader)
