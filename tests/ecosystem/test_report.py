"""The report of an outcome: says what the pages say, in every form and both languages, and stands alone."""

from __future__ import annotations

import io
import re
import zipfile
from html import unescape
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from tests.ecosystem.made_outcome import HOUR, NOON, made_outcome, thin_outcome

from madang.ecosystem.outcome import Outcome
from madang.ecosystem.report import html, odt
from madang.ecosystem.report.document import Document, Figure, Heading, Listing
from madang.ecosystem.report.making import make
from madang.ecosystem.report.order import Form, Order
from madang.ecosystem.report.sections import report
from madang.ecosystem.telling import verdict
from madang.ecosystem.telling.exports import TABLES, table_of
from madang.ecosystem.telling.shown import Form as CellForm
from madang.ecosystem.telling.shown import words
from madang.i18n import LANGUAGES, Reader

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 8 + (480).to_bytes(4) + (240).to_bytes(4)
SEOUL = ZoneInfo("Asia/Seoul")


def reader_of(language: str) -> Reader:
    return Reader(language, SEOUL, NOON + 2 * HOUR)


def document_of(outcome: Outcome, language: str) -> Document:
    return report(outcome, reader_of(language))


def text_of(markup: str) -> str:
    return " ".join(unescape(re.sub(r"<style.*?</style>|<[^>]+>", " ", markup, flags=re.DOTALL)).split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_what_the_exports_say(language: str) -> None:
    """Every number of every exported table that is short enough for the report stands in it as it is read on the pages."""
    outcome, reader = made_outcome(), reader_of(language)
    document = document_of(outcome, language)
    shown = {cell for one in document.blocks if isinstance(one, Listing) for row in one.rows for cell in row}
    compared = 0
    for code in TABLES.keys() - {"evidence", "flow-cells", "indicators"}:
        table = table_of(outcome, reader, code)
        assert table is not None
        for row in table.rows[:30]:
            for column, cell in zip(table.columns, row, strict=True):
                if column.form is not CellForm.TEXT and cell is not None:
                    assert words(reader, column, cell) in shown, (code, column.code, cell)
                    compared += 1
    for one in verdict.pieces(outcome, reader):
        assert {one.value, one.bounds, one.criterion} <= shown
    assert compared > 300


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("make_outcome", [made_outcome, thin_outcome])
def test_no_figure_without_table_and_source(make_outcome: type, language: str) -> None:
    document = document_of(make_outcome(), language)
    tables = {one.title for one in document.blocks if isinstance(one, Listing)}
    for one in document.blocks:
        if isinstance(one, Figure | Listing):
            assert one.source, one.title
        if isinstance(one, Figure):
            assert one.title in tables
    numbers = [one.number for one in document.blocks if isinstance(one, Listing)]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_html_stands_alone(language: str) -> None:
    written = html.write(document_of(made_outcome(), language)).decode()
    assert f'<html lang="{language}">' in written
    assert not re.search(r'(?:src|href)="(?!#)', written)
    assert "<script" not in written
    assert "url(http" not in written
    assert "var(--" not in written
    for one in document_of(made_outcome(), language).blocks:
        if isinstance(one, Heading):
            assert one.text in text_of(written)


def test_names_cannot_break_out_of_it() -> None:
    outcome = made_outcome()
    hostile = Outcome(
        **{name: getattr(outcome, name) for name in outcome.__struct_fields__} | {"names": {"ko": "<b>&\"'"}}
    )
    document = document_of(hostile, "ko")
    assert "<b>" not in html.write(document).decode()
    body = zipfile.ZipFile(io.BytesIO(odt.write(document, lambda _svg: PNG))).read("content.xml")
    assert ET.fromstring(body) is not None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_open_document_is_whole(language: str) -> None:
    document = document_of(made_outcome(), language)
    file = zipfile.ZipFile(io.BytesIO(odt.write(document, lambda _svg: PNG)))
    first = file.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert file.read("mimetype").decode() == odt.MEDIA_TYPE
    trees = {
        name: ET.fromstring(file.read(name))
        for name in ("content.xml", "styles.xml", "meta.xml", "META-INF/manifest.xml")
    }
    listed = {
        value
        for entry in trees["META-INF/manifest.xml"]
        for key, value in entry.attrib.items()
        if key.endswith("full-path")
    }
    assert listed == {
        "/",
        *(name for name in file.namelist() if name not in ("mimetype", "META-INF/manifest.xml")),
    }
    used, defined = set(), set()
    for tree in trees.values():
        for element in tree.iter():
            for key, value in element.attrib.items():
                if key.endswith("}style-name") and not key.endswith("display-name"):
                    used.add(value)
                elif key.endswith("style:1.0}name"):
                    defined.add(value)
    assert used <= defined, "styles that are used and not there"
    pictures = [name for name in file.namelist() if name.endswith(".png")]
    assert len(pictures) == sum(isinstance(one, Figure) for one in document.blocks)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pdf_has_pages(language: str) -> None:
    made = make(Order(made_outcome(), Form.PDF, language, "Asia/Seoul", NOON + 2 * HOUR))
    assert made.startswith(b"%PDF-")
    assert b"Pretendard" in made
    assert len(made) > 100_000


def test_a_city_of_which_little_is_known_gets_one_too() -> None:
    made = make(Order(thin_outcome(), Form.ODT, "en", "Asia/Seoul", NOON + 2 * HOUR))
    assert zipfile.is_zipfile(io.BytesIO(made))
