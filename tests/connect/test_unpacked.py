"""Zip bombs: a source that is small on disk and without end unpacked is refused, and says so."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from madang.connect.adapters.gtfs.feed import Feed
from madang.connect.adapters.table import excel_file
from madang.connect.adapters.table.options import Options
from madang.connect.unpacked import require_bounded
from madang.errors import SourceFailed
from madang.settings import LIMITS

_PIECE = b"0" * 2**20


def bomb(path: Path, members: int = 9, megabytes: int = 512) -> Path:
    """4.5 GB of zeros in some 4.5 MB: the first member is real, the others say that they are it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("agency.txt", "w", force_zip64=True) as file:
            for _ in range(megabytes):
                file.write(_PIECE)
        first = archive.infolist()[0]
        for number in range(1, members):
            other = zipfile.ZipInfo(f"routes{number}.txt")
            for field in ("header_offset", "CRC", "compress_size", "file_size", "compress_type", "flag_bits"):
                setattr(other, field, getattr(first, field))
            archive.filelist.append(other)
            archive.NameToInfo[other.filename] = other
    return path


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    path = bomb(tmp_path / "feed.zip")
    assert path.stat().st_size < LIMITS.source_unpacked_bytes_max / 500
    for refused in (
        lambda: require_bounded(path),
        lambda: Feed(path),
        lambda: excel_file.columns(path.rename(path.with_suffix(".xlsx")), Options()),
    ):
        with pytest.raises(SourceFailed, match="bytes unpacked; at most 4,294,967,296 are read"):
            refused()


def test_what_is_no_archive_is_left_to_its_reader(tmp_path: Path) -> None:
    path = tmp_path / "plain.csv"
    path.write_text("a,b\n1,2\n")
    require_bounded(path)
