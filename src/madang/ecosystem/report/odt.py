"""A report as OpenDocument text, which Hancom Office, LibreOffice and Word open and change: real headings, captions, tables
that repeat their heads, a table of contents.

Written here as XML: the document needs a dozen elements, and the library for it has not been kept for years.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from madang.ecosystem.figures.palette import LIGHT
from madang.ecosystem.report.document import Block, Document, Figure, Heading, Listing, Points, Text

MEDIA_TYPE: Final = "application/vnd.oasis.opendocument.text"
_WIDTH_CM: Final = 17.0
_SPACES: Final = " ".join(
    f'xmlns:{name}="{address}"'
    for name, address in {
        "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
        "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
        "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
        "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
        "draw": "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0",
        "fo": "urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0",
        "svg": "urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0",
        "xlink": "http://www.w3.org/1999/xlink",
        "dc": "http://purl.org/dc/elements/1.1/",
        "meta": "urn:oasis:names:tc:opendocument:xmlns:meta:1.0",
        "manifest": "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0",
    }.items()
)
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'

_FONT: Final = 'style:font-name="Pretendard" style:font-name-asian="Pretendard"'
_BOLD: Final = 'fo:font-weight="bold" style:font-weight-asian="bold"'
_QUIET: Final = f'fo:color="{LIGHT["ink-3"]}"'
_RIGHT: Final = 'fo:text-align="end"'
# name, size in points, properties of its text, of the paragraph
_PARAGRAPHS: Final = (
    ("Title", 22, _BOLD, 'fo:margin-bottom="0.3cm"'),
    ("Lead", 14, f'{_BOLD} fo:color="{LIGHT["accent"]}"', 'fo:margin-bottom="0.2cm"'),
    ("Notice", 9, f'fo:color="{LIGHT["warn"]}"', 'fo:margin-bottom="0.4cm"'),
    ("Heading_20_1", 17, _BOLD, 'fo:margin-top="0.8cm" fo:margin-bottom="0.4cm" fo:break-before="page"'),
    (
        "Heading_20_2",
        12,
        _BOLD,
        'fo:margin-top="0.6cm" fo:margin-bottom="0.2cm" fo:keep-with-next="always"',
    ),
    ("Text", 10, "", 'fo:margin-bottom="0.25cm" fo:line-height="150%"'),
    ("Caption", 9, _BOLD, 'fo:margin-top="0.3cm" fo:margin-bottom="0.1cm" fo:keep-with-next="always"'),
    ("Figure", 10, "", 'fo:keep-with-next="always"'),
    ("Source", 8, _QUIET, 'fo:margin-top="0.1cm" fo:margin-bottom="0.4cm"'),
    ("Contents", 10, "", 'fo:margin-bottom="0.1cm"'),
    ("Head", 8, _BOLD, ""),
    ("HeadRight", 8, _BOLD, _RIGHT),
    ("Cell", 8, "", ""),
    ("CellRight", 8, "", _RIGHT),
)
_CELLS: Final = "".join(
    f'<style:style style:name="{name}" style:family="table-cell"><style:table-cell-properties fo:padding="0.1cm" '
    f'fo:border-bottom="{line}"/></style:style>'
    for name, line in (("Head", f"0.7pt solid {LIGHT['ink']}"), ("Cell", f"0.4pt solid {LIGHT['rule-2']}"))
)

Picture = Callable[[str], bytes]
"""From an SVG to a PNG."""


def write(document: Document, picture: Picture) -> bytes:
    """picture: makes PNGs of the drawings, which every program shows."""
    pictures: dict[str, bytes] = {}
    body = "".join(_blocks(document, picture, pictures))
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as file:
        # First and not compressed, so that programs see by it what the file is
        file.writestr(zipfile.ZipInfo("mimetype"), MEDIA_TYPE, zipfile.ZIP_STORED)
        file.writestr("content.xml", _content(document, body))
        file.writestr("styles.xml", _styles(document))
        file.writestr("meta.xml", _meta(document))
        for name, content in pictures.items():
            file.writestr(name, content, zipfile.ZIP_STORED)
        file.writestr("META-INF/manifest.xml", _manifest(pictures))
    return kept.getvalue()


def _blocks(document: Document, picture: Picture, pictures: dict[str, bytes]) -> Iterator[str]:
    yield _paragraph("Title", document.title)
    yield _paragraph("Lead", document.lead)
    yield _paragraph("Source", document.subtitle)
    if document.notice:
        yield _paragraph("Notice", document.notice)
    yield _contents(document)
    for block in document.blocks:
        if isinstance(block, Figure):
            name = f"Pictures/{len(pictures) + 1}.png"
            pictures[name] = picture(block.svg)
            yield _figure(block, name, pictures[name])
        else:
            yield _written(block)


def _written(block: Block) -> str:
    match block:
        case Heading(level, text):
            return f'<text:h text:style-name="Heading_20_{level}" text:outline-level="{level}">{escape(text)}</text:h>'
        case Text(text):
            return _paragraph("Text", text)
        case Points(items):
            points = "".join(f"<text:list-item>{_paragraph('Text', item)}</text:list-item>" for item in items)
            return f'<text:list text:style-name="Points">{points}</text:list>'
        case Listing():
            return _table(block)
    return ""


def _paragraph(style: str, text: str) -> str:
    return f'<text:p text:style-name="{style}">{escape(text)}</text:p>'


def _figure(block: Figure, name: str, png: bytes) -> str:
    width, height = struct.unpack(">II", png[16:24])
    size = f'svg:width="{_WIDTH_CM}cm" svg:height="{_WIDTH_CM * height / width:.2f}cm"'
    drawn = (
        f'<draw:frame draw:name={quoteattr(block.number)} text:anchor-type="as-char" {size}>'
        f'<draw:image xlink:href="{name}" xlink:type="simple" xlink:show="embed" xlink:actuate="onLoad"/>'
        f"<svg:desc>{escape(block.title)}</svg:desc></draw:frame>"
    )
    return (
        _paragraph("Caption", f"{block.number}. {block.title}")
        + f'<text:p text:style-name="Figure">{drawn}</text:p>'
        + _paragraph("Source", block.source)
    )


def _table(block: Listing) -> str:
    columns = "".join(
        f'<table:table-column table:style-name="{_column(block.right, right)}"/>' for right in block.right
    )
    head = _row(block.heads, block.right, "Head")
    rows = "".join(_row(row, block.right, "Cell") for row in block.rows)
    note = f"{block.note} {block.source}" if block.note else block.source
    return (
        _paragraph("Caption", f"{block.number}. {block.title}")
        + f"<table:table table:name={quoteattr(block.number)}>{columns}"
        + f"<table:table-header-rows>{head}</table:table-header-rows>{rows}</table:table>"
        + _paragraph("Source", note)
    )


def _row(cells: Sequence[str], right: Sequence[bool], style: str) -> str:
    cells_made = []
    for cell, numeric in zip(cells, right, strict=True):
        text = _paragraph(f"{style}Right" if numeric else style, cell)
        cells_made.append(f'<table:table-cell table:style-name="{style}">{text}</table:table-cell>')
    return f"<table:table-row>{''.join(cells_made)}</table:table-row>"


def _column(right: Sequence[bool], numeric: bool) -> str:
    """The style of a column in a table with such columns."""
    return f"{'Number' if numeric else 'Words'}{len(right)}-{sum(right)}"


def _column_styles(document: Document) -> str:
    """Columns of words are twice as wide as those of numbers."""
    found: dict[str, float] = {}
    for block in document.blocks:
        if isinstance(block, Listing):
            share = _WIDTH_CM / (2 * len(block.right) - sum(block.right))
            found[_column(block.right, True)], found[_column(block.right, False)] = share, 2 * share
    return "".join(
        f'<style:style style:name="{name}" style:family="table-column">'
        f'<style:table-column-properties style:column-width="{width:.2f}cm"/></style:style>'
        for name, width in found.items()
    )


def _contents(document: Document) -> str:
    """The chapters; programs bring it up to date with the numbers of pages."""
    chapters = [block.text for block in document.blocks if isinstance(block, Heading) and block.level == 1]
    entries = "".join(_paragraph("Contents", chapter) for chapter in chapters)
    title = escape(document.contents)
    return (
        '<text:table-of-content text:name="contents" text:protected="false">'
        '<text:table-of-content-source text:outline-level="1">'
        f"<text:index-title-template>{title}</text:index-title-template>"
        "</text:table-of-content-source>"
        f'<text:index-body><text:index-title text:name="contents-title">{_paragraph("Caption", document.contents)}'
        f"</text:index-title>{entries}</text:index-body></text:table-of-content>"
    )


def _content(document: Document, body: str) -> str:
    return (
        f'{_HEAD}<office:document-content {_SPACES} office:version="1.3">'
        f"<office:automatic-styles>{_column_styles(document)}</office:automatic-styles>"
        f"<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    )


def _styles(document: Document) -> str:
    paragraphs = "".join(_paragraph_style(*one) for one in _PARAGRAPHS)
    notice = f"{document.notice} · " if document.notice else ""
    country = {"ko": "KR"}.get(document.language, "GB")
    return (
        f'{_HEAD}<office:document-styles {_SPACES} office:version="1.3"><office:font-face-decls>'
        '<style:font-face style:name="Pretendard" svg:font-family="Pretendard" style:font-family-generic="swiss"/>'
        '</office:font-face-decls><office:styles><style:default-style style:family="paragraph">'
        f'<style:text-properties {_FONT} fo:font-size="10pt" fo:color="{LIGHT["ink"]}" '
        f'fo:language="{document.language}" fo:country="{country}" style:language-asian="{document.language}" '
        f'style:country-asian="{country}"/></style:default-style>{paragraphs}{_CELLS}'
        '<text:list-style style:name="Points"><text:list-level-style-bullet text:level="1" text:bullet-char="•">'
        '<style:list-level-properties text:space-before="0.2cm" text:min-label-width="0.5cm"/>'
        "</text:list-level-style-bullet></text:list-style></office:styles>"
        '<office:automatic-styles><style:page-layout style:name="A4"><style:page-layout-properties '
        'fo:page-width="21cm" fo:page-height="29.7cm" fo:margin="2cm"/></style:page-layout></office:automatic-styles>'
        '<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="A4"><style:footer>'
        f'<text:p text:style-name="Source">{escape(notice)}<text:page-number/></text:p>'
        "</style:footer></style:master-page></office:master-styles></office:document-styles>"
    )


def _paragraph_style(name: str, size: int, extra: str, paragraph: str) -> str:
    shown = quoteattr(name.replace("_20_", " "))
    return (
        f'<style:style style:name="{name}" style:display-name={shown} style:family="paragraph">'
        f"<style:paragraph-properties {paragraph}/>"
        f'<style:text-properties fo:font-size="{size}pt" style:font-size-asian="{size}pt" {extra}/></style:style>'
    )


def _meta(document: Document) -> str:
    return (
        f'{_HEAD}<office:document-meta {_SPACES} office:version="1.3"><office:meta>'
        f"<dc:title>{escape(document.title)}</dc:title><dc:language>{document.language}</dc:language>"
        "<meta:generator>Madang</meta:generator></office:meta></office:document-meta>"
    )


def _manifest(pictures: Iterable[str]) -> str:
    parts = {"/": MEDIA_TYPE, **dict.fromkeys(("content.xml", "styles.xml", "meta.xml"), "text/xml")}
    parts |= dict.fromkeys(pictures, "image/png")
    entries = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="{kind}"/>'
        for name, kind in parts.items()
    )
    return f'{_HEAD}<manifest:manifest {_SPACES} manifest:version="1.3">{entries}</manifest:manifest>'
