"""The process that reads files, seen from the serving process: answers, failures, and that it ends."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest
from tests.serving import descendants

from madang.connect.frames import Read
from madang.connect.reader import Reader
from madang.connect.source import AttributeMapping, EntityMapping, Source, Surroundings
from madang.errors import SourceFailed

AROUND = Surroundings("gaon", "s", "Asia/Seoul", "ko")
MAPPING = EntityMapping("Thing", id="{id}", attributes={"text": AttributeMapping(field="text")})


def source(folder: Path, rows: int) -> Source:
    path = folder / "a.csv"
    path.write_text("id,text\n" + "".join(f"{n},{'x' * 500}\n" for n in range(rows)))
    return Source("s", "table", str(path), entities=(MAPPING,))


async def test_a_reader_that_is_left_while_it_has_much_to_say_ends(
    tmp_path: Path, started: Callable[[], set[int]]
) -> None:
    what = source(tmp_path, 20_000)
    async with asyncio.timeout(60), Reader() as reader:
        async with aclosing(reader.read(Read(what, AROUND, b""))) as batches:
            async for _ in batches:
                await asyncio.sleep(1)  # its pipe and our buffer are full by now
                break
        assert not started()
        # and another one answers
        assert [table.name for table in await reader.discover(what)] == [""]


@pytest.fixture
def started() -> Callable[[], set[int]]:
    """The children that were not there when the test began: other tests of this process may have left theirs."""
    before = set(descendants(os.getpid()))
    return lambda: set(descendants(os.getpid())) - before


async def read_and_kill(reader: Reader, what: Source, started: Callable[[], set[int]]) -> None:
    async for _ in reader.read(Read(what, AROUND, b"")):
        for child in started():
            os.kill(child, signal.SIGKILL)


async def test_a_reader_that_dies_is_the_sources_problem(
    tmp_path: Path, started: Callable[[], set[int]]
) -> None:
    what = source(tmp_path, 20_000)
    async with Reader() as reader:
        with pytest.raises(SourceFailed, match="The process that reads the file ended"):
            await read_and_kill(reader, what, started)
        assert len(await reader.discover(what)) == 1


async def test_a_reader_goes_with_its_block(tmp_path: Path, started: Callable[[], set[int]]) -> None:
    async with Reader() as reader:
        await reader.discover(source(tmp_path, 1))
        assert len(started()) == 1
    assert not started()


async def test_what_is_wrong_with_a_mapping_is_told(tmp_path: Path) -> None:
    wrong = EntityMapping(
        "Thing", id="{id}", attributes={"p": AttributeMapping(point=("id", "id"), crs="EPSG:99999")}
    )
    what = source(tmp_path, 1)
    async with Reader() as reader:
        with pytest.raises(SourceFailed, match="There is no reference system EPSG:99999"):
            await reader.try_mapping(Source("s", "table", what.location, entities=(wrong,)), AROUND)
        await reader.try_mapping(what, AROUND)
