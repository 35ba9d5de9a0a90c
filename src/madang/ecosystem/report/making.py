"""A report in one of its forms, from an outcome."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from madang import typeface
from madang.ecosystem.outcome import Outcome
from madang.ecosystem.report.sections import report
from madang.i18n import Reader


class Form(StrEnum):
    HTML = "html"
    PDF = "pdf"
    ODT = "odt"


MEDIA_TYPES: Final = {
    Form.HTML: "text/html; charset=utf-8",
    Form.PDF: "application/pdf",
    Form.ODT: "application/vnd.oasis.opendocument.text",
}


class Order(msgspec.Struct, frozen=True):
    """What is to be made. zone: name of the city's time zone. now: when it is made, microseconds UTC."""

    outcome: Outcome
    form: Form
    language: str
    zone: str
    now: int


def make(order: Order) -> bytes:
    """Takes seconds. Raises ProgramFailed."""
    document = report(order.outcome, Reader(order.language, ZoneInfo(order.zone), order.now))
    # What sets pages is large, and HTML does not need it
    if order.form is Form.HTML:
        from madang.ecosystem.report import html  # noqa: PLC0415

        return html.write(document)
    from madang.ecosystem.report import odt, pdf  # noqa: PLC0415

    fonts = typeface.folder()
    if order.form is Form.PDF:
        return pdf.write(document, fonts)
    return odt.write(document, partial(pdf.picture, fonts=fonts))
